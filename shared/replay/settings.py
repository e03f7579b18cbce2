"""How both sides of a recording were set up, as far as it shows: `station:` and `csms:` of the scenario made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from shared.actions import STATION
from shared.replay.recording import Exchange

_NAMES = {
    "vendor": ("chargePointVendor", "vendorName"),
    "model": ("chargePointModel", "model"),
    "serial": ("chargePointSerialNumber", "serialNumber"),
    "firmware": ("firmwareVersion", "firmwareVersion"),
    "iccid": ("iccid", "iccid"),
    "imsi": ("imsi", "imsi"),
}
"""Setting of a station -> the members of BootNotification that tell it, in 1.6 and in 2.x."""


def setting(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """The lines `station: {...}` and `csms: {...}`."""
    yield f"station: {json.dumps(_station(exchanges), ensure_ascii=False)}"
    csms = _csms(exchanges)
    if csms:
        yield f"csms: {json.dumps(csms, ensure_ascii=False)}"


def _station(exchanges: Sequence[Exchange]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    boot = next((e.request for e in exchanges if e.action == "BootNotification"), {})
    told = {**boot.get("chargingStation", {}), **boot.get("chargingStation", {}).get("modem", {}), **boot}
    for name, members in _NAMES.items():
        text = next((told[member] for member in members if told.get(member)), None)
        if isinstance(text, str):
            made[name] = text
    made["evses"] = _layout(exchanges)
    interval = _interval(exchanges)
    if interval is not None:
        made["meter_interval"] = interval
    return made


def _layout(exchanges: Sequence[Exchange]) -> list[list[int]]:
    """The connectors of each EVSE that the station spoke of; of 1.6 each connector is one."""
    seen: dict[int, set[int]] = {}
    for one in exchanges:
        if one.sender == STATION:
            for evse, connector in _places(one.request):
                if evse:
                    seen.setdefault(evse, set()).add(connector or 1)
    return [sorted(seen.get(evse, {1})) for evse in range(1, max(seen, default=1) + 1)]


def _places(said: dict[str, Any]) -> Iterator[tuple[int, int]]:
    if isinstance(said.get("evse"), dict):
        yield said["evse"].get("id", 0), said["evse"].get("connectorId", 1)
    elif "evseId" in said:
        yield said["evseId"], said.get("connectorId", 1)
    elif isinstance(said.get("connectorId"), int):
        yield said["connectorId"], 1
    for event in said.get("eventData") or ():
        evse = event.get("component", {}).get("evse", {})
        yield evse.get("id", 0), evse.get("connectorId", 1)


def _interval(exchanges: Sequence[Exchange]) -> int | None:
    """Seconds between readings in a transaction: 0 where there were none, None where there was no transaction."""
    last: dict[Any, float] = {}
    pauses: list[float] = []
    for one in exchanges:
        said = one.request
        key = said.get("transactionId") or said.get("transactionInfo", {}).get("transactionId")
        if one.action == "StartTransaction" and one.answer:
            last[one.answer.get("transactionId")] = one.at
        elif said.get("eventType") == "Started":
            last[key] = one.at
        elif (
            one.action == "MeterValues" or said.get("triggerReason") == "MeterValuePeriodic"
        ) and key in last:
            pauses.append(one.at - last[key])
            last[key] = one.at
    if not last:
        return None
    return max(round(median(pauses)), 1) if pauses else 0


def _csms(exchanges: Sequence[Exchange]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    boots = [e.answer for e in exchanges if e.action == "BootNotification" and e.answer]
    statuses = [str(answer.get("status")) for answer in boots]
    if statuses and set(statuses) != {"Accepted"}:
        made["boot_status_sequence"] = statuses
    for status, name in (("Accepted", "heartbeat_interval"), ("Pending", "retry_interval")):
        found = [a.get("interval") for a in boots if a.get("status") == status]
        if found and isinstance(found[-1], int):
            made[name] = found[-1]
    return made
