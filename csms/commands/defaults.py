"""Where the defaults of commands come from: flags, open transactions, the clock, and the words of each version.

One word means one thing in every command: `evse`, `connector`, `token`, `transaction`, `url`, ... A station of
1.6 numbers its connectors through and knows no EVSE, so there `evse=2` and `connector=2` are the same; in 2.x
`connector=2` alone means EVSE 2 in a request that names EVSEs only.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeVar

from csms.commands.registry import NotOnThisVersion, Payload, Session, wrong
from csms.commands.wire import typed
from shared.versions import V2X, V16, V201, Version

if TYPE_CHECKING:
    from csms.options import CsmsOptions

T = TypeVar("T")

FALLBACK_ID = "test_transaction_123"
"""The transaction id of a command when no transaction is open (2.x)."""
FALLBACK_ID_16 = 1
"""The same in 1.6, where ids are numbers."""

TOKEN = "test_token"
FIRMWARE_URL = {V16: "https://example.com/firmware/v1.6.bin"}
"""What `--compat upstream` has stations download; 2.x: the other one."""
FIRMWARE_URL_2X = "https://example.com/firmware/v2.0.bin"
LOG_URL = "https://example.com/logs"
DIAGNOSTICS_URL = "https://example.com/diagnostics"


def flags(to: Session) -> CsmsOptions:
    """The options of the program; its defaults where a CSMS was made without any."""
    options: CsmsOptions | None = to.csms.options
    return _no_flags() if options is None else options


@cache
def _no_flags() -> CsmsOptions:
    from csms.options import CsmsOptions

    return CsmsOptions()


def upstream(to: Session) -> bool:
    """Whether `--compat upstream` asks for the defaults of the older mock server."""
    return bool(flags(to).compat == "upstream")


def chosen(value: T | None, default: T) -> T:
    """`value`, or `default` when none was given (an empty text was)."""
    return default if value is None else value


def present(**members: object) -> Payload:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def only(to: Session, versions: tuple[Version, ...], **options: object) -> None:
    """NotOnThisVersion when one of `options` is given and the station's version is none of `versions`."""
    if to.version in versions:
        return
    for name, value in options.items():
        if value is not None:
            raise NotOnThisVersion(f"{name}= has no meaning in OCPP {to.version}")


# --- where ----------------------------------------------------------------------------------------------------


def connector_16(to: Session, evse: int | None, connector: int | None) -> int:
    """The connector of a 1.6 request: as named, else as `--connector-id` says."""
    if evse and connector is not None:
        if connector != 1:
            raise NotOnThisVersion(f"OCPP {to.version} numbers connectors through; evse={evse} names none")
        return evse
    found = connector if connector is not None else evse
    return int(flags(to).connector_id) if found is None else found


def evse_2x(evse: int | None, connector: int | None, default: int | None = 1) -> int | None:
    """The EVSE of a 2.x request that names no connector."""
    if evse is not None:
        return evse
    return default if connector is None else connector


def evse_type(evse: int | None, connector: int | None) -> Payload | None:
    """An EVSEType: EVSE and connector as far as they were named; a connector alone is one of EVSE 1."""
    if evse is None and connector is None:
        return None
    return {"id": 1 if evse is None else evse} | present(connectorId=connector)


# --- who ------------------------------------------------------------------------------------------------------


def id_token(to: Session, text: str | None, kind: str | None, default: str = TOKEN) -> Payload:
    """An IdTokenType. A token that the back office makes up is of type Central (2.x part 2, IdTokenEnumType)."""
    made_up = "ISO14443" if upstream(to) else "Central"
    return {"idToken": default if text is None else text, "type": kind or made_up}


def transaction(to: Session, given: str | None, evse: int | None, connector: int | None) -> int | str:
    """The id as given, or of the station's oldest open transaction (there, if a place is named), or the fallback."""
    if given is not None:
        return _transaction_id(to.version, given)
    if to.version is V16:
        place = None if evse is None and connector is None else connector_16(to, evse, connector)
        found = to.csms.ledger.open(to.station, connector=place)
    elif evse is not None:
        found = to.csms.ledger.open(to.station, evse=evse, connector=connector)
    else:
        found = to.csms.ledger.open(to.station, evse=connector)
    if found:
        id: int | str = found[0].id
        return id
    return FALLBACK_ID_16 if to.version is V16 else FALLBACK_ID


def _transaction_id(version: Version, text: str) -> int | str:
    if version is not V16:
        return text
    try:
        return int(text)
    except ValueError:
        raise wrong(f"transaction: {text!r} is not a whole number, as OCPP 1.6 wants it") from None


# --- when -----------------------------------------------------------------------------------------------------


def moment(to: Session, text: str | None, default: float | None = None) -> str | None:
    """A timestamp: `text` as it stands or, when it is a number, that many seconds from now.

    Without a text it is `default` seconds from now, or None when there is no default either.
    """
    seconds = default
    if text is not None:
        try:
            seconds = float(typed({"type": "number"}, text))  # type: ignore[arg-type]
        except ValueError:
            return text
    if seconds is None:
        return None
    stamp: str = to.csms.clock.text(to.csms.clock.time() + seconds)
    return stamp


# --- words that changed between 1.6 and 2.x ---------------------------------------------------------------------

_PAIRS = (
    ("ChargePointMaxProfile", "ChargingStationMaxProfile"),
    ("CentralSystemRootCertificate", "CSMSRootCertificate"),
    ("SignChargePointCertificate", "SignChargingStationCertificate"),
)
_IN_2X = dict(_PAIRS) | {"DiagnosticsStatusNotification": "LogStatusNotification"}
_IN_16 = {new: old for old, new in _PAIRS}


def spelled(to: Session, word: str) -> str:
    """`word` as the station's version spells it, when it is one of those that were renamed."""
    return (_IN_16 if to.version is V16 else _IN_2X).get(word, word)


# --- versions ---------------------------------------------------------------------------------------------------


def protocol_name(version: Version) -> str:
    """OCPPVersionEnumType: 2.0.1's own list ends at OCPP20, which means 2.0.1."""
    return "OCPP20" if version is V201 else "OCPP21"


def two(to: Session) -> bool:
    """Whether the station speaks 2.x."""
    return to.version in V2X
