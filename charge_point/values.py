"""Whether a text may become the value of a variable: type, limits, values list and special formats.

The primitive types are those of OCPP 2.x part 2 §2.1.4 (integers of 32 bits without leading zeros or plus sign,
decimals of at most six places, RFC 3339 timestamps with at most three, "true" and "false"). 1.6 leaves the form
of values open (§5.3: content "is not prescribed"); the same forms serve there, with booleans in any case because
a value is a case-insensitive string (§6.9).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from charge_point.definitions import Definition
from shared.clock import parse

_PHASES = frozenset("L1 L2 L3 N L1-N L2-N L3-N L1-L2 L2-L3 L3-L1".split())
_ROTATIONS = frozenset("NotApplicable Unknown RST RTS SRT STR TRS TSR".split())
_PASSWORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*-_=:+|@.")
_HEX = frozenset("0123456789abcdefABCDEF")
_DIGITS = frozenset("0123456789")


class Fault(NamedTuple):
    """Why a value is refused: a reason code of the standard (2.x part 2 appendix 5) and one line for people."""

    reason: str
    text: str


def settled(definition: Definition, text: str) -> str:
    """`text` as it is stored: a list without spaces around its members, everything else as it came."""
    if definition.type in ("MemberList", "SequenceList") or "rotation" in definition.traits:
        return ",".join(members(text))
    return text


def members(text: str) -> tuple[str, ...]:
    """The members of a comma separated list; none of an empty text."""
    return tuple(member.strip(" ") for member in text.split(",")) if text.strip(" ") else ()


def fault(definition: Definition, text: str) -> Fault | None:
    """What is wrong with `text` as a value of `definition`; None when it may be stored."""
    found = _CHECKS[definition.type](definition, text)
    if found is None and not definition.is_number:
        found = _length_fault(definition, text)
    if found is None:
        for word, check in _FORMATS.items():
            if word in definition.traits:
                found = found or check(text)
    return found


def _wrong(definition: Definition, text: str, expected: str) -> Fault:
    shown = text if len(text) <= 40 else text[:37] + "..."
    return Fault("InvalidValue", f"{definition.name} takes {expected}, not '{shown}'")


def _integer(definition: Definition, text: str) -> Fault | None:
    digits = text[1:] if text.startswith("-") else text
    plain = bool(digits) and _DIGITS.issuperset(digits) and (digits[0] != "0" or text == "0")
    if not plain or len(digits) > 10 or not -(2**31) <= int(text) < 2**31:
        return _wrong(definition, text, "an integer of 32 bits")
    return _range_fault(definition, float(text))


def _decimal(definition: Definition, text: str) -> Fault | None:
    whole, dot, places = (text[1:] if text.startswith("-") else text).partition(".")
    plain = bool(whole) and _DIGITS.issuperset(whole) and _DIGITS.issuperset(places) and len(whole) <= 15
    if not plain or len(places) > 6 or (dot and not places):
        return _wrong(definition, text, "a decimal of at most six places")
    return _range_fault(definition, float(text))


def _range_fault(definition: Definition, value: float) -> Fault | None:
    """B05.FR.08."""
    if definition.low is not None and value < definition.low:
        return Fault("ValueTooLow", f"{definition.name} is at least {definition.low:g}")
    if definition.high is not None and value > definition.high:
        return Fault("ValueTooHigh", f"{definition.name} is at most {definition.high:g}")
    return None


def _boolean(definition: Definition, text: str) -> Fault | None:
    return None if text in ("true", "false") else _wrong(definition, text, "true or false")


def _moment(definition: Definition, text: str) -> Fault | None:
    wrong = _wrong(definition, text, "an RFC 3339 timestamp with at most three decimals")
    digits = text[:4] + text[5:7] + text[8:10] + text[11:13] + text[14:16] + text[17:19]
    marks = text[4:5] + text[7:8] + text[10:11].upper() + text[13:14] + text[16:17]
    rest = text[19:]
    if rest.startswith("."):
        zone = rest[1:].lstrip("0123456789")
        if not 1 <= len(rest) - 1 - len(zone) <= 3:
            return wrong
        rest = zone
    zoned = rest in ("Z", "z") or (len(rest) == 6 and rest[0] in "+-" and rest[3] == ":")
    if len(digits) != 14 or not _DIGITS.issuperset(digits) or marks != "--T::" or not zoned:
        return wrong
    try:
        parse(text.upper())
    except ValueError:
        return wrong
    return None


def _string(definition: Definition, text: str) -> Fault | None:
    return None


def _option(definition: Definition, text: str) -> Fault | None:
    if text in definition.values:
        return None
    return _wrong(definition, text, f"one of {', '.join(definition.values)}")


def _list(definition: Definition, text: str) -> Fault | None:
    chosen = members(text)
    phased = "phased" in definition.traits
    for member in chosen:
        if member not in definition.values and not (phased and _with_phase(definition, member)):
            return _wrong(definition, text, f"members of {', '.join(definition.values)}")
    if len(set(chosen)) < len(chosen):
        return Fault("InvalidValue", f"{definition.name} names a member twice")
    if not chosen and "filled" in definition.traits:
        return Fault("InvalidValue", f"{definition.name} needs at least one member")
    return None


def _with_phase(definition: Definition, member: str) -> bool:
    """1.6 §9.1 MeterValuesSampledData: a measurand may be combined with a phase, `Voltage.L1`."""
    measurand, _, phase = member.rpartition(".")
    return phase in _PHASES and measurand in definition.values


def _length_fault(definition: Definition, text: str) -> Fault | None:
    if definition.high is not None and len(text) > definition.high:
        return Fault("TooLargeElement", f"{definition.name} is at most {definition.high:g} characters long")
    if definition.low is not None and len(text) < definition.low:
        return Fault("InvalidValue", f"{definition.name} is at least {definition.low:g} characters long")
    return None


def _password(text: str) -> Fault | None:
    """A00.FR.205: only characters of passwordString (part 2 §2.1.4)."""
    if _PASSWORD.issuperset(text):
        return None
    return Fault("InvalidValue", "a password has letters, digits and * - _ = : + | @ . only")


def _hex(text: str) -> Fault | None:
    """1.6 whitepaper A00.FR.205 and §7.2: bytes in hexadecimal, so an even number of digits."""
    if _HEX.issuperset(text) and len(text) % 2 == 0:
        return None
    return Fault("InvalidValue", "the key is 16 to 20 bytes as hexadecimal digits, two for each")


def _offset(text: str) -> Fault | None:
    """ClockCtrlr.TimeOffset: a sign, hours and minutes, or nothing."""
    plain = len(text) == 6 and text[0] in "+-" and text[3] == ":" and _DIGITS.issuperset(text[1:3] + text[4:])
    if not text or (plain and int(text[1:3]) <= 14 and int(text[4:]) < 60):
        return None
    return Fault("InvalidValue", "a time offset is written +hh:mm or -hh:mm")


def _zone(text: str) -> Fault | None:
    """ClockCtrlr.TimeZone: a name of the IANA time zone database."""
    from zoneinfo import ZoneInfo  # few set one

    try:
        ZoneInfo(text or "UTC")
    except (KeyError, ValueError, OSError):  # not there, no such name, a folder of them
        return Fault("InvalidValue", f"{text!r} is not the name of a time zone, as Europe/Amsterdam is")
    return None


def _rotation(text: str) -> Fault | None:
    """1.6 §9.1.7: a list of connector and phase rotation, `0.RST,1.RTS`."""
    seen = set()
    for item in members(text):
        connector, _, rotation = item.partition(".")
        if not connector or not _DIGITS.issuperset(connector) or rotation not in _ROTATIONS:
            return Fault("InvalidValue", "phase rotations are written connector.rotation, as 0.RST,1.RTS")
        seen.add(int(connector))
    if len(seen) < len(members(text)):
        return Fault("InvalidValue", "a connector has one phase rotation")
    return None


def _address(text: str) -> Fault | None:
    """2.1 C25.FR.50: whose station it is, a password, and its version."""
    known = text.lower()
    whose = "{chargingstationid}" in known or "{roamingevseid}" in known
    if not text or (whose and "{totp}" in known and "{version}" in known):
        return None
    needed = "{chargingstationid} or {roamingevseid}, {totp} and {version}"
    return Fault("InvalidValue", f"the template of an address needs {needed}")


_CHECKS: dict[str, Callable[[Definition, str], Fault | None]] = {
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "dateTime": _moment,
    "string": _string,
    "OptionList": _option,
    "MemberList": _list,
    "SequenceList": _list,
}

TYPES = tuple(_CHECKS)
"""The types that a variable can have (DataEnumType)."""

_FORMATS: dict[str, Callable[[str], Fault | None]] = {
    "password": _password,
    "hex": _hex,
    "offset": _offset,
    "zone": _zone,
    "rotation": _rotation,
    "address": _address,
}
