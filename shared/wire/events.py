"""What a message from the peer turns out to be: the events that `Rpc.receive` gives."""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.wire.schema import Payload, Violation


class Called(NamedTuple):
    """A call of the peer. `violations` is only ever non-empty when the schema is not enforced."""

    id: str
    action: str
    payload: Payload
    violations: list[Violation] | tuple[()] = ()


class Sent(NamedTuple):
    """A SEND of the peer (2.1), to be handled and never answered."""

    id: str
    action: str
    payload: Payload
    violations: list[Violation] | tuple[()] = ()


class Answered(NamedTuple):
    """The answer to our open call. With `violations` it breaks the schema."""

    id: str
    action: str
    payload: Payload
    violations: list[Violation] | tuple[()] = ()


class Refused(NamedTuple):
    """The CALLERROR to our open call. `flaws` says how it breaks §4.2.3, if it does."""

    id: str
    action: str
    code: str
    description: str
    details: Any
    flaws: str = ""


class Unusable(NamedTuple):
    """A message that could not be used: `symptom` (of `shared.versions`, or one below), and why in words.

    `refused_with` is the error code that was answered, None when the version says silence.
    """

    symptom: str
    why: str
    id: str = ""
    action: str = ""
    refused_with: str | None = None
    violations: list[Violation] | tuple[()] = ()


# Symptoms that are never answered, whatever the version (J-errata 3.1, 2.x part 4 §4.1.4: drop and log).
LATE_ANSWER = "an answer after we had given up"
DUPLICATE_ANSWER = "a second answer to one call"
UNKNOWN_ANSWER = "an answer to a call that we never made"
BROKEN_ANSWER = "an answer that is not formed as one"
ANSWER_REFUSED = "our answer was refused"
UNREADABLE_CALL = "the peer could not read a message of ours"

Event = Called | Sent | Answered | Refused | Unusable

GoodCall = tuple[str, str, Payload]
"""Id, action and payload of a call that is right in every way: `Called` in the form that is cheapest to make."""
