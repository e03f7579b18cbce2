"""The three OCPP versions and, in one table, how each answers a message that it cannot use.

A `Version` is a constant to compare by identity: `V16`, `V201`, `V21`, and `V2X` for the two that share a
message set. What differs between them in spelling or rule stands here, so that nothing else asks which one it is.
"""

from __future__ import annotations

from typing import NamedTuple


class Version:
    """One OCPP version as negotiated by its WebSocket subprotocol (OCPP-J 1.6 §3.1.2, 2.x part 4 §3.1.2)."""

    __slots__ = ("folder", "name", "order", "schema_suffix", "subprotocol")

    def __init__(self, order: int, name: str, folder: str, schema_suffix: str) -> None:
        self.order = order
        self.name = name
        self.subprotocol = f"ocpp{name}"
        self.folder = folder
        """The folder of the `ocpp` package that holds the version's JSON schemas."""
        self.schema_suffix = schema_suffix
        """What a request's schema file appends to the action: nothing in 1.6, `Request` in 2.x."""

    def __repr__(self) -> str:
        return f"OCPP {self.name}"

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (version, (self.name,))

    @property
    def has_send(self) -> bool:
        """Whether message types 5 (CALLRESULTERROR) and 6 (SEND) exist (OCPP-J 2.1 §4.2.3, §4.2.4)."""
        return self is V21


V16 = Version(0, "1.6", "v16", "")
V201 = Version(1, "2.0.1", "v201", "Request")
V21 = Version(2, "2.1", "v21", "Request")
VERSIONS = (V16, V201, V21)
V2X = (V201, V21)

_BY_NAME = {v.name: v for v in VERSIONS} | {v.subprotocol: v for v in VERSIONS}


def version(name: str) -> Version:
    """The version called `name` ("2.0.1") or negotiated as `name` ("ocpp2.0.1"); KeyError when there is none."""
    return _BY_NAME[name]


# --- what an unusable message is answered with ---------------------------------------------------------------

NO_ID = "-1"
"""The message id of a CALLERROR whose request had no readable id (2.x part 4 §4.2.3); 1.6 has no such rule."""

SILENCE = None


class Refusal(NamedTuple):
    """How one version answers one symptom: with `code`, or not at all; under the message's own id or "-1"."""

    code: str | None
    echo: bool = True


# The symptoms, in the order in which a receiver finds them.
NOT_UTF8 = "not UTF-8"
BINARY = "a binary frame"
NOT_JSON = "not JSON"
NOT_ARRAY = "not a JSON array"
NO_TYPE = "no message type"
UNKNOWN_TYPE = "an unknown message type"
BAD_ID = "no readable message id"
NUMERIC_ID = "a message id that is a number"
LONG_ID = "a message id of more than 36 characters"
ARITY = "the wrong number of elements"
BAD_ACTION = "an action that is not a string"
DUPLICATE_ID = "the id of a call that is still in work"
UNKNOWN_ACTION = "an action that this version does not know"
NOT_OFFERED = "an action that this side does not offer"
NOT_OBJECT = "a payload that is not an object"
WRONG_TYPE = "a member of the wrong type"
MISSING = "a required member missing"
COUNT = "too few or too many items"
BAD_VALUE = "a value that is not allowed"
EXTRA = "a member that the schema does not know"
NOT_REGISTERED = "a message that may not be sent before registration is accepted"
INTERNAL = "an error of our own"

_NO = Refusal(SILENCE)


def _all(code: str) -> tuple[Refusal, Refusal, Refusal]:
    return Refusal(code), Refusal(code), Refusal(code)


def _split(v16: str, v2x: str) -> tuple[Refusal, Refusal, Refusal]:
    return Refusal(v16), Refusal(v2x), Refusal(v2x)


_FRAMEWORK = Refusal("RpcFrameworkError", echo=False)
_UNREADABLE = (_NO, _FRAMEWORK, _FRAMEWORK)

REFUSALS: dict[str, tuple[Refusal, Refusal, Refusal]] = {
    # 1.6 has no id for a message without a readable one, so it stays silent; 2.x part 4 §4.2.3 answers "-1"
    NOT_UTF8: _UNREADABLE,
    BINARY: _UNREADABLE,
    NOT_JSON: _UNREADABLE,
    NOT_ARRAY: _UNREADABLE,
    NO_TYPE: _UNREADABLE,
    BAD_ID: _UNREADABLE,
    # 1.6 §4.1.3 and 2.1 §4.1.3/§4.4: SHALL ignore; 2.0.1 §4.4: SHALL answer
    UNKNOWN_TYPE: (_NO, Refusal("MessageTypeNotSupported"), _NO),
    # 1.6 Table 3, 2.x Table 4: a string of at most 36 characters
    NUMERIC_ID: _split("FormationViolation", "RpcFrameworkError"),
    LONG_ID: _split("FormationViolation", "RpcFrameworkError"),
    # 2.x part 4 §4.3: RpcFrameworkError is for content that is no valid RPC request
    ARITY: _split("FormationViolation", "RpcFrameworkError"),
    BAD_ACTION: _split("FormationViolation", "RpcFrameworkError"),
    # 1.6 §4.2.3(2), 2.x part 4 §4.2.3(2) name the situation and leave the code open
    DUPLICATE_ID: _split("GenericError", "RpcFrameworkError"),
    # 1.6 Table 7, 2.x part 4 §4.3: NotImplemented = not known, NotSupported = recognised but not supported
    UNKNOWN_ACTION: _all("NotImplemented"),
    NOT_OFFERED: _all("NotSupported"),
    # 1.6 spells it Formation (J-errata 5.2), 2.x Format (part 4 §4.3)
    NOT_OBJECT: _split("FormationViolation", "FormatViolation"),
    WRONG_TYPE: _all("TypeConstraintViolation"),
    # 1.6 Table 7: ProtocolError is "incomplete"; 2.x part 4 §4.3 has occurrence constraints for it
    MISSING: _split("ProtocolError", "OccurrenceConstraintViolation"),
    # 1.6 with one r (J-errata 5.1), 2.x with two (part 4 §4.3)
    COUNT: _split("OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
    # errata 1.6 3.38, 3.39; 2.x part 4 §4.3
    BAD_VALUE: _all("PropertyConstraintViolation"),
    # J-errata 3.2: extra members are not allowed; 2.x part 4 §4.3: not conform the PDU structure
    EXTRA: _split("FormationViolation", "ProtocolError"),
    # J-errata 3.10; B01.FR.10, B02.FR.09, B03.FR.07
    NOT_REGISTERED: _all("SecurityError"),
    INTERNAL: _all("InternalError"),
}
"""Symptom -> what 1.6, 2.0.1 and 2.1 answer, in that order."""


def refusal(version: Version, symptom: str) -> Refusal:
    """How `version` answers a message with `symptom` (one of the constants above)."""
    return REFUSALS[symptom][version.order]


ERROR_CODES: dict[Version, frozenset[str]] = {
    V16: frozenset(
        "NotImplemented NotSupported InternalError ProtocolError SecurityError FormationViolation "
        "PropertyConstraintViolation OccurenceConstraintViolation TypeConstraintViolation GenericError".split()
    ),
}
ERROR_CODES[V201] = ERROR_CODES[V21] = (
    ERROR_CODES[V16] - {"FormationViolation", "OccurenceConstraintViolation"}
) | {"FormatViolation", "OccurrenceConstraintViolation", "MessageTypeNotSupported", "RpcFrameworkError"}
"""The codes a version may send (1.6 Table 7; 2.x part 4 §4.3). Every code is accepted when received."""
