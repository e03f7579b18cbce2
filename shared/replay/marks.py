"""The marks of a log line: timestamps, directions and identities in the spellings that logs have."""

from __future__ import annotations

import re
from typing import Any

from shared.actions import CSMS, STATION
from shared.clock import parse

IN, OUT = "in", "out"
"""Directions in the words of whoever wrote the log."""

A_DAY = 86_400.0

# --- time -------------------------------------------------------------------------------------------------------

_ISO = re.compile(
    r"(?<!\d)(\d{4})[-/](\d\d)[-/](\d\d)[T t_](\d\d:\d\d:\d\d)(?:[.,:](\d{1,9}))?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?(?!\d)",
    re.IGNORECASE,
)
_APACHE = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d)(?:\.(\d+))?(?: ([+-]\d{4}))?")
_SECONDS = re.compile(r"(?<![\w.-])(1\d{9})([.,]\d{1,9})?(?![\w.,-]*\d)")
_THOUSANDTHS = re.compile(r"(?<![\w.-])(1\d{12})(\d{3})?(?:\.\d+)?(?![\w.-])")
_TIME_OF_DAY = re.compile(r"(?<![\d:])(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?![\d:])")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_TIME_MEMBERS = (
    "timestamp @timestamp time ts at date datetime date_time created_at createdat timestamp_ms t".split()
)


def time_in(text: str) -> float | None:
    """Unix seconds of the first timestamp in `text`; one without an offset is taken as UTC.

    ISO 8601 and its relatives with slashes, blanks and decimal commas; seconds and milliseconds since 1970; a time of
    day alone gives seconds from midnight. None without any.
    """
    if found := _ISO.search(text):
        year, month, day, time, fraction, zone = found.groups()
        return _seconds(f"{year}-{month}-{day}", time, fraction, zone)
    if found := _APACHE.search(text):
        day, name, year, time, fraction, zone = found.groups()
        if name in _MONTHS:
            return _seconds(f"{year}-{_MONTHS.index(name) + 1:02d}-{day}", time, fraction, zone)
    if found := _THOUSANDTHS.search(text):
        return int(found[1]) / 1e3 + int(found[2] or 0) / 1e6
    if found := _SECONDS.search(text):
        return float(f"{found[1]}{(found[2] or '').replace(',', '.')}")
    if found := _TIME_OF_DAY.search(text):
        hours, minutes, seconds, fraction = found.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(f"{seconds}.{fraction or 0}")
    return None


def _seconds(date: str, time: str, fraction: str | None, zone: str | None) -> float | None:
    offset = "Z" if not zone or not zone[-1].isdigit() else zone
    try:
        return parse(f"{date}T{time}.{(fraction or '0')[:6]:0<6}{offset}")
    except ValueError:
        return None


def time_among(members: dict[str, Any]) -> float | None:
    """The same of a JSON object with names in lower case."""
    for name in _TIME_MEMBERS:
        value = members.get(name)
        if isinstance(value, str) and (at := time_in(value)) is not None:
            return at
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 1e9:
            return value / next(scale for scale in (1.0, 1e3, 1e6, 1e9) if value / scale < 1e11)
    return None


# --- direction --------------------------------------------------------------------------------------------------

_A_STATION = r"(?:CS|CP|EVSE|station|charge[ _-]?point|charging[ _-]?station|charger|client)"
_A_CSMS = r"(?:CSMS|central[ _-]?system|back[ _-]?(?:end|office)|server)"
_ARROW = r"\s*(?:=+>|-+>|→|>+|to)\s*"
_BACK = r"\s*(?:<=+|<-+|←|<+)\s*"


def _word(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z]){pattern}(?![A-Za-z])", re.IGNORECASE)


_DIRECTIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_word(rf"{_A_STATION}{_ARROW}{_A_CSMS}"), STATION),
    (_word(rf"{_A_CSMS}{_BACK}{_A_STATION}"), STATION),
    (_word(rf"{_A_CSMS}{_ARROW}{_A_STATION}"), CSMS),
    (_word(rf"{_A_STATION}{_BACK}{_A_CSMS}"), CSMS),
    (_word(rf"(?:from|by)(?: the)? {_A_STATION}"), STATION),
    (_word(rf"(?:from|by)(?: the)? {_A_CSMS}"), CSMS),
    (_word(rf"to(?: the)? {_A_STATION}"), CSMS),
    (_word(rf"to(?: the)? {_A_CSMS}"), STATION),
    (_word(r"(?:receiv(?:ed|e|ing)|recv|rx|rcvd|incoming|inbound)"), IN),
    (_word(r"(?:sent|send|sending|tx|transmit(?:ted)?|outgoing|outbound)"), OUT),
    (re.compile(r"<=+|<-+|←|<<+"), IN),
    (re.compile(r"=+>|-+>|→|>>+"), OUT),
    (re.compile(r"(?:^|[\s\[(,;|])(?:in)(?=$|[\s\]),;|:])", re.IGNORECASE), IN),
    (re.compile(r"(?:^|[\s\[(,;|])(?:out)(?=$|[\s\]),;|:])", re.IGNORECASE), OUT),
    (re.compile(r"(?:^|\s)<(?=\s)"), IN),
    (re.compile(r"(?:^|\s)>(?=\s)"), OUT),
)
"""Spelling -> direction; the first that is found anywhere counts, so the plainest words stand first."""

_DIRECTION_MEMBERS = (
    "direction dir way flow from sender source origin type event kind level action msg message".split()
)


def direction_in(text: str) -> str:
    """IN or OUT in the words of the log's writer, "charge_point" or "csms" for its sender, "" when nothing is said."""
    return next((meaning for spelling, meaning in _DIRECTIONS if spelling.search(text)), "")


def direction_among(members: dict[str, Any]) -> str:
    """The same of a JSON object with names in lower case; `from` and its like hold a role."""
    for name in _DIRECTION_MEMBERS:
        value = members.get(name)
        if not isinstance(value, str) or "[" in value:
            continue
        if name in ("from", "sender", "source", "origin"):
            value = f"from {value}"
        if direction := direction_in(value):
            return direction
    return ""


# --- station ----------------------------------------------------------------------------------------------------

_IDENTITY = r"[A-Za-z0-9*_=+|@.:-]{0,47}[A-Za-z0-9*_=+|@]"
_KEYED = re.compile(
    r"(?:charge[ _-]?box[ _-]?(?:id|identity)?|charge[ _-]?point[ _-]?(?:id|identity)?|"
    r"charging[ _-]?station[ _-]?(?:id)?|charger[ _-]?(?:id)?|station[ _-]?(?:id)?|cp[ _-]?id|cs[ _-]?id|identity|"
    rf"client[ _-]?id)\s*[=:#]\s*[\"']?({_IDENTITY})",
    re.IGNORECASE,
)
_URL = re.compile(rf"wss?://[^\s\"']*/({_IDENTITY})(?=[\s\"',;)\]?]|$)")
_WORD = r"[A-Za-z0-9*_+@.-]{0,47}[A-Za-z0-9*_+@]"
_BEFORE_VERB = re.compile(
    rf"(?:^|[\s:\]])({_WORD}):?\s*(?:\||:|-)?\s*(?:receive message|send(?:ing)? |sent |received |"
    r"<<|>>|<-|->|<=|=>|←|→|"
    r"(?:CS|CP|CSMS)\s*(?:->|<-|=>|<=|→|←))",
    re.IGNORECASE,
)
_BRACKETED = re.compile(rf"[\[(]({_IDENTITY})[\])]")
_IN_A_COLUMN = re.compile(rf"(?:^|[,;|\t])\s*\"?({_IDENTITY})\"?\s*(?=[,;|\t])")
_NO_IDENTITY = re.compile(
    r"(?:trace|debug|info|notice|warn|warning|error|fatal|main|ocpp.*|ws|wss|websocket|rx|tx|in|out|recv|send|sent|sending|"
    r"received?|inbound|outbound|incoming|outgoing|server|client|csms|cs|cp|message|msg|json|call|callresult|callerror|"
    r"request|response|utc|gmt|[a-z]?\d+|[\d:.,/TZ+-]+|.*(?:thread|exec|worker|pool|task|http|logger).*|mo|station|charger|log)",
    re.IGNORECASE,
)
_STATION_MEMBERS = (
    "station station_id stationid chargepoint charge_point chargepointid charge_point_id chargepointidentity "
    "chargeboxid charge_box_id chargingstation charging_station charging_station_id chargingstationid charger "
    "charger_id chargerid cp cp_id cpid cs_id identity client_id clientid device device_id".split()
)


def station_in(before: str, after: str) -> str:
    """The identity that stands in the text before or after a frame; "" when none does."""
    text = f"{before} {after}"
    for spelling in (_KEYED, _URL):
        if found := spelling.search(text):
            return found[1]
    for spelling in (_BEFORE_VERB, _BRACKETED, _IN_A_COLUMN):
        for word in spelling.findall(before):
            if not _NO_IDENTITY.fullmatch(word) and time_in(word) is None:
                return str(word)
    return ""


def station_among(members: dict[str, Any]) -> str:
    """The same of a JSON object with names in lower case."""
    return next((str(members[name]) for name in _STATION_MEMBERS if isinstance(members.get(name), str)), "")
