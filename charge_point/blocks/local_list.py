"""The local authorization list as the CSMS keeps it (D01, D02; 1.6 §5.10, §5.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from charge_point.authorization import Token, TokenInfo, info_of, note_unsupported
from charge_point.keeping import keep_local_list
from charge_point.statuses import status
from shared.answers import answers
from shared.dispatch import on
from shared.versions import V2X, V16

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]

NOT_SUPPORTED_16 = -1
"""The version of a station without a local list (1.6 §5.10)."""


class Unfit(Exception):
    """An update that cannot be done, with its reason code."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


class Update(NamedTuple):
    """An update in one form for all versions; an entry without what is known of it is to be removed."""

    version: int
    full: bool
    entries: list[tuple[Token, TokenInfo | None]]


@on("GetLocalListVersion", V16)
@answers(
    "listVersion",
    "the version last given, 0 when the list is empty, -1 when LocalAuthListEnabled is false or not there",
    clause="1.6 §5.10",
    state=True,
)
def get_version_16(station: Station, request: Payload) -> Payload:
    """The version of the list."""
    known = station.authorizer.list_version(V16) if _is_on(station) else NOT_SUPPORTED_16
    return {"listVersion": known}


@on("GetLocalListVersion", *V2X)
@answers(
    "versionNumber",
    "the version last given, 0 before the first and when LocalAuthListCtrlr.Enabled is false or not there",
    clause="D02.FR.01-D02.FR.03",
    state=True,
)
def get_version_2x(station: Station, request: Payload) -> Payload:
    """The version of the list."""
    return {"versionNumber": station.authorizer.list_version(station.version) if _is_on(station) else 0}


@on("SendLocalList", V16)
@answers(
    "status",
    "NotSupported when the list is off; VersionMismatch for a Differential that is not newer; Failed for version 0 or "
    "less, an idTag twice, a Full entry without idTagInfo, more than SendLocalListMaxLength or LocalAuthListMaxLength "
    "entries; else Accepted, and the list is changed",
    clause="1.6 §5.15, §6.41; errata 3.52",
    state=True,
)
def send_list_16(station: Station, request: Payload) -> Payload:
    """Replace or change the list."""
    if not _is_on(station):
        return status(V16, "NotSupported")
    entries = [
        (Token(wire["idTag"]), info_of(wire["idTagInfo"]) if "idTagInfo" in wire else None)
        for wire in request.get("localAuthorizationList", ())
    ]
    return _send_list(station, Update(request["listVersion"], request["updateType"] == "Full", entries))


@on("SendLocalList", *V2X)
@answers(
    "status",
    "Failed when the list is off, for version 0 or less, a token twice, a Full entry without idTokenInfo, and beyond "
    "ItemsPerMessage, BytesPerMessage or the limit of Entries; VersionMismatch for a Differential that is not newer; "
    "else Accepted, and the list is changed",
    clause="D01.FR.04-D01.FR.06, D01.FR.11, D01.FR.15-D01.FR.19",
    state=True,
)
def send_list_2x(station: Station, request: Payload) -> Payload:
    """Replace or change the list."""
    if not _is_on(station):
        return status(
            station.version, "Failed", "NotEnabled", "there is no local list, or it is switched off"
        )
    most = station.model.integer("LocalAuthListCtrlr.BytesPerMessage")
    if len(orjson.dumps(request)) > most:
        return status(station.version, "Failed", "TooLargeElement", f"at most {most} bytes are taken")
    entries = [
        (
            Token(wire["idToken"]["idToken"], wire["idToken"]["type"]),
            info_of(wire["idTokenInfo"]) if "idTokenInfo" in wire else None,
        )
        for wire in request.get("localAuthorizationList", ())
    ]
    return _send_list(station, Update(request["versionNumber"], request["updateType"] == "Full", entries))


def _is_on(station: Station) -> bool:
    return station.model.flag("LocalAuthListEnabled")


def _send_list(station: Station, update: Update) -> Payload:
    try:
        _examine(station, update)
    except Unfit as unfit:
        return status(station.version, "Failed", unfit.code, str(unfit))
    own = station.authorizer
    done = own.update_list(update.version, dict(update.entries), full=update.full, limit=_limit(station))
    if done == "Accepted":
        keep_local_list(station)
        note_unsupported(
            station, (token for token, info in update.entries if info is not None), "a local list"
        )
        return status(station.version, done)
    code = "OutOfStorage" if done == "Failed" else "InvalidValue"
    return status(station.version, done, code, f"the list has version {own.version}")


def _examine(station: Station, update: Update) -> None:
    """What is wrong with the update itself. Raises Unfit."""
    if update.version <= 0:  # D01.FR.18; 1.6 errata 3.52
        raise Unfit("ValuePositiveOnly", "the version of a list is greater than 0")
    most = station.model.integer("SendLocalListMaxLength")
    if len(update.entries) > most:  # D01.FR.11; 1.6 §9.3.3
        raise Unfit("TooManyElements", f"at most {most} entries are taken in one message")
    if len({token.key for token, _ in update.entries}) < len(update.entries):  # D01.FR.06; 1.6 §6.41
        raise Unfit("InvalidValue", "a token is there twice")
    if update.full and any(info is None for _, info in update.entries):
        # AuthorizationData: required when updateType is Full (1.6 §7.1; 2.x AuthorizationDataType)
        raise Unfit("MissingParam", "a full list says of every token what is known of it")


def _limit(station: Station) -> int:
    """The most entries that the list holds: a variable of its own in 1.6, in 2.x the limit of Entries."""
    if station.version is V16:
        return station.model.integer("LocalAuthListMaxLength")
    return int(station.model.slot("LocalAuthListCtrlr.Entries").definition.high or 0)
