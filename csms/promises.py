"""Promises of stations, and whether they were kept: settings, resets, and reports of what was asked for alone.

A setting that was accepted has its value (1.6 §5.3; 2.x B05.FR.10); an accepted Reset is followed by a restart (1.6
§5.14; B11.FR.03); GetConfiguration and GetReport are answered with what they name (1.6 §5.8; B08.FR.11). What was
promised is forgotten when the station boots: it may be otherwise then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.dispatch import Payload
from shared.versions import V16

if TYPE_CHECKING:
    from csms.record import StationRecord
    from csms.session import Session

UNHURRIED = 120.0
"""Seconds from the answer to a Reset in which a station may still talk as if nothing was to happen."""

MOST = 200
"""Settings, and reports, that are remembered of one station."""


def asked(record: StationRecord, action: str, request: Payload) -> None:
    """Remember what a report was asked for, where it is limited to named components and variables."""
    named = request.get("componentVariable")
    if action != "GetReport" or not named or request.get("componentCriteria"):
        return
    if record.filters is None:
        record.filters = {}
    record.filters[request["requestId"]] = [
        (one["component"]["name"].lower(), one.get("variable", {}).get("name", "").lower()) for one in named
    ]
    while len(record.filters) > MOST:
        del record.filters[next(iter(record.filters))]


def check_report(session: Session, request: Payload) -> None:
    """A part of a report that holds what nobody asked for."""
    filters = session.station.filters
    wanted = filters.get(request.get("requestId", 0)) if filters else None
    if not wanted or not filters:
        return
    for entry in request.get("reportData", ()):
        component, variable = entry["component"]["name"].lower(), entry["variable"]["name"].lower()
        if not any(component == c and v in ("", variable) for c, v in wanted):
            words = (
                f"NotifyReport {request['requestId']} tells of {entry['component']['name']}, not asked for"
            )
            session.note("unasked_report", words, clause="B08.FR.11", request=request["requestId"])
            del filters[request["requestId"]]  # once is enough
            return


def promised(session: Session, action: str, request: Payload, answer: Payload) -> None:
    """Take up what the answer to a call of ours promises, or tells of an earlier promise."""
    record = session.station
    if action == "ChangeConfiguration":
        if answer.get("status") == "Accepted":
            _remember(record, request["key"].lower(), request["value"])
    elif action == "SetVariables":
        for wanted, result in zip(request["setVariableData"], answer["setVariableResult"], strict=False):
            if result["attributeStatus"] == "Accepted" and wanted.get("attributeType", "Actual") == "Actual":
                _remember(record, _name(wanted), wanted["attributeValue"])
    elif action == "GetConfiguration":
        _told_16(session, request, answer)
    elif action == "GetVariables":
        for result in answer["getVariableResult"]:
            if result.get("attributeType", "Actual") == "Actual" and "attributeValue" in result:
                _compare(session, _name(result), result["attributeValue"], "B05.FR.10")
    elif action == "Reset" and answer.get("status") == "Accepted" and "evseId" not in request:
        record.reset_due = (session.number, session.csms.clock.elapsed() + UNHURRIED)


def reset_due(session: Session, action: str) -> None:
    """A message of a station that has promised to restart."""
    record = session.station
    assert record.reset_due is not None
    number, until = record.reset_due
    if number != session.number:  # it has gone, and come back
        record.reset_due = None
    elif action != "BootNotification" and session.csms.clock.elapsed() > until:
        record.reset_due = None
        words = f"{action} {UNHURRIED:g} s after a Reset was accepted, and no restart since"
        session.note("reset_ignored", words, clause="1.6 §5.14" if session.version is V16 else "B11.FR.03")


def _told_16(session: Session, request: Payload, answer: Payload) -> None:
    told = answer.get("configurationKey", ())
    wanted = {key.lower() for key in request.get("key") or ()}
    unasked = [one["key"] for one in told if wanted and one["key"].lower() not in wanted]
    if unasked:
        words = (
            f"GetConfiguration is answered with {len(unasked)} keys that were not asked for, as {unasked[0]}"
        )
        session.note("unasked_keys", words, clause="1.6 §5.8")
    for one in told:
        if "value" in one:
            _compare(session, one["key"].lower(), one["value"], "1.6 §5.3")


def _remember(record: StationRecord, name: str, value: str) -> None:
    if record.settings is None:
        record.settings = {}
    record.settings[name] = value
    while len(record.settings) > MOST:
        del record.settings[next(iter(record.settings))]


def _compare(session: Session, name: str, value: str, clause: str) -> None:
    settings = session.station.settings
    given = settings.get(name) if settings else None
    if given is not None and settings is not None and not _is_same(given, value):
        del settings[name]  # told once
        words = f"{name} was accepted as {given!r}, and is {value!r}"
        session.note("setting_ignored", words, clause=clause, expected=given, got=value)


def _is_same(one: str, other: str) -> bool:
    """Whether two spellings of a value mean the same: numbers, lists and words in any case."""
    first, second = one.strip().lower(), other.strip().lower()
    if first == second or {part.strip() for part in first.split(",")} == {
        p.strip() for p in second.split(",")
    }:
        return True
    try:
        return float(first) == float(second)
    except ValueError:
        return False


def _name(entry: Payload) -> str:
    """A component and variable of 2.x as one word: its names do not differ by case (part 2 §2.1.4)."""
    component, variable = entry["component"], entry["variable"]
    evse: dict[str, Any] = component.get("evse", {})
    parts = [component["name"], component.get("instance", ""), str(evse.get("id", ""))]
    parts += [str(evse.get("connectorId", "")), variable["name"], variable.get("instance", "")]
    return ".".join(part for part in parts if part).lower()
