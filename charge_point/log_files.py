"""The log files of a station, made of its journal: diagnostics, security events, samples of meters.

Each is text, one line for an entry, the oldest first, with the station's own time in front. The journal holds the last
entries of this run only (`shared.journal`): what is older is not in any file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from shared.digest_forms import clean
from shared.journal.entry import FRAME, OUT
from shared.journal.redaction import redacted
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.station import Station
    from shared.journal.entry import Entry

Payload = dict[str, Any]
Lines = Iterator[str]

DIAGNOSTICS, SECURITY, DATA_COLLECTOR = "DiagnosticsLog", "SecurityLog", "DataCollectorLog"


def content(station: Station, kind: str, oldest: float | None, latest: float | None) -> bytes:
    """The log of this kind between two Unix times of the station's clock, both included; empty for nothing there."""
    reader = _READERS[kind]
    lines: list[str] = []
    offset = station.journal.epoch + station.clock.offset
    for entry in station.journal:
        if entry.station != station.id or entry.end not in ("charge_point", ""):
            continue
        moment = offset + entry.t
        if (oldest is not None and moment < oldest) or (latest is not None and moment > latest):
            continue
        lines += [f"{station.clock.text(moment)} {line}" for line in reader(station, entry)]
    return "".join(f"{line}\n" for line in lines).encode()


def name_of(station: Station, kind: str) -> str:
    """What the file is called: station, kind and time, at most 255 characters (GetLogResponse.filename)."""
    who = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in station.id)[:150]
    stamp = station.clock.now()[:19].replace("-", "").replace(":", "")
    return f"{who}-{kind}-{stamp}Z.log"


def _diagnostics(station: Station, entry: Entry) -> Lines:
    """Every message as it crossed the wire, without secrets, and every remark."""
    if entry.sort == FRAME:
        if isinstance(entry.what, str):
            yield f"{'>' if entry.dir == OUT else '<'} {redacted({'frame': entry.what})['frame']}"
        return
    yield clean(f"= {entry.note or entry.sort} {entry.what!s}".rstrip(), 500)


def _security(station: Station, entry: Entry) -> Lines:
    """Security events (2.x part 2 appendix, SW16 chapter 8). 1.6 sends none for a start, which is one."""
    action, payload = _told(entry)
    if action == "SecurityEventNotification":
        yield f"{payload.get('type', '')} {payload.get('techInfo', '')}".rstrip()
    elif action == "BootNotification" and station.version is V16:
        yield "StartupOfTheDevice"


def _samples(station: Station, entry: Entry) -> Lines:
    """Samples of meters as they were sent: EVSE, measurand, phase, value, unit, with commas between."""
    action, payload = _told(entry)
    if action not in ("TransactionEvent", "MeterValues"):
        return
    evse = payload.get("evseId") or payload.get("evse", {}).get("id", "")
    for value in payload.get("meterValue", ()):
        for sample in value.get("sampledValue", ()):
            unit = sample.get("unit") or sample.get("unitOfMeasure", {}).get("unit", "Wh")
            measurand = sample.get("measurand", "Energy.Active.Import.Register")
            yield f"{evse},{measurand},{sample.get('phase', '')},{sample['value']},{unit}"


def _told(entry: Entry) -> tuple[str, Payload]:
    """Action and payload of a call of the station; nothing of anything else."""
    if entry.sort != FRAME or entry.dir != OUT:
        return "", {}
    parts = entry.parts()
    if len(parts) == 4 and parts[0] == 2 and isinstance(parts[3], dict):
        return str(parts[2]), parts[3]
    return "", {}


_READERS: dict[str, Callable[[Station, Entry], Lines]] = {
    DIAGNOSTICS: _diagnostics,
    SECURITY: _security,
    DATA_COLLECTOR: _samples,
}
"""Kind of log -> the lines that an entry of the journal gives it."""
