"""The device model as OCPP 1.6 shows it: configuration keys, each a view on one variable (1.6 chapter 9).

A key is a variable whose row carries one; everything else that a 1.6 station keeps is invisible here. A list
is limited by its own `...MaxLength` key (1.6 §5.3).
"""

from __future__ import annotations

from typing import Any

from charge_point.catalogue import Slot
from charge_point.definitions import READ_ONLY, WRITE_ONLY
from charge_point.device_model import DeviceModel
from charge_point.values import Fault, members

Payload = dict[str, Any]


def configuration(model: DeviceModel, keys: list[str] | None) -> Payload:
    """The GetConfiguration answer: the asked keys in their order, each once, or all when none is asked (1.6 §5.8).

    Keys are case-insensitive (CiString50) and come back in their standard spelling. A write-only key is named
    without a value (whitepaper §7.2), as is one that was never set (1.6 §7.29).
    """
    if not keys:
        return {"configurationKey": [_key_value(model, slot) for slot in model.catalogue.keys.values()]}
    known: dict[str, Payload] = {}
    unknown: dict[str, str] = {}
    for key in keys:
        slot = model.catalogue.keys.get(key.lower())
        if slot is None:
            unknown.setdefault(key.lower(), key)
        else:
            known.setdefault(slot.path, _key_value(model, slot))
    answer: Payload = {"configurationKey": list(known.values())}
    if unknown:
        answer["unknownKey"] = list(unknown.values())
    return answer


def _key_value(model: DeviceModel, slot: Slot) -> Payload:
    row = slot.definition
    shown: Payload = {"key": row.key, "readonly": row.access == READ_ONLY}
    if row.access == WRITE_ONLY:
        return shown
    text = model.read(slot)
    if text is None and row.type == "MemberList":
        text = ""  # an empty list is a value: no measurands (1.6 §3.16.5)
    return shown if text is None else {**shown, "value": text[:500]}


def change(model: DeviceModel, key: str, value: str) -> str:
    """The ConfigurationStatus of a change: Accepted, RebootRequired, Rejected or NotSupported (1.6 §5.3)."""
    slot = model.catalogue.keys.get(key.lower())
    if slot is None:
        return "NotSupported"
    if not slot.writable or _fault(model, slot, value) is not None:
        return "Rejected"
    written = model.write(slot, value)
    if written.fault is not None:
        return "Rejected"
    return "RebootRequired" if written.reboot else "Accepted"


def _fault(model: DeviceModel, slot: Slot, value: str) -> Fault | None:
    """The rules that only 1.6 has."""
    row = slot.definition
    chosen = members(value)
    limit = f"{row.component}.{row.variable}MaxLength"
    if model.has(limit) and len(chosen) > model.integer(limit):
        return Fault("TooManyElements", f"{row.key} takes {model.text(limit)} items")
    if "rotation" in row.traits:
        connectors = model.integer("NumberOfConnectors")
        if any(_connector(item) > connectors for item in chosen):
            return Fault("InvalidValue", f"this station has {connectors} connectors")
    if row.key == "SecurityProfile" and value in ("1", "2") and not model.text("AuthorizationKey"):
        return Fault("InvalidValue", "this profile needs an AuthorizationKey")  # whitepaper A05.FR.02
    return None


def _connector(item: str) -> int:
    number = item.partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() else 0  # the form is checked by the write
