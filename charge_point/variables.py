"""The device model as OCPP 2.x shows it: results of Get- and SetVariables, entries and pages of reports.

Everything here turns slots of a `DeviceModel` into wire dicts; nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from charge_point.catalogue import Catalogue, Slot
from charge_point.definitions import LIST_TYPES, READ_ONLY, WRITE_ONLY
from charge_point.device_model import DeviceModel
from charge_point.values import Fault

Payload = dict[str, Any]

PAGE = 50
"""Entries in one NotifyReport: some 15 KB, few messages without a frame that a peer may find too large."""

TROUBLE = frozenset({"Problem", "Tripped", "Overload", "Fallback"})
"""Variables that tell of an abnormal state when true (B07.FR.09)."""

_NO_SLOT = "UnknownVariable"
_NO_COMPONENT = "UnknownComponent"


def find(catalogue: Catalogue, component: Payload, variable: Payload) -> Slot | str:
    """The slot that a component and a variable of the wire name, or the status that says which is unknown.

    Names are case-insensitive (part 2, ComponentType, VariableType); an empty instance is none (B06.FR.15).
    """
    evse = component.get("evse") or {}
    known = catalogue.components.get(
        (
            component["name"].lower(),
            component.get("instance", "").lower(),
            evse.get("id", 0),
            evse.get("connectorId", 0),
        )
    )
    if known is None or evse.get("id") == 0 or evse.get("connectorId") == 0:
        return _NO_COMPONENT
    return known.get((variable["name"].lower(), variable.get("instance", "").lower()), _NO_SLOT)


def get_result(model: DeviceModel, item: Payload) -> Payload:
    """The GetVariableResult of one GetVariableData (B06.FR.02-15): names as asked, type Actual when omitted."""
    result = _named(item)
    slot = find(model.catalogue, item["component"], item["variable"])
    if isinstance(slot, str):
        result["attributeStatus"] = slot
    elif (target := _wanted_attribute(model, slot, result["attributeType"])) is not None:
        result |= target
    elif slot.definition.access == WRITE_ONLY:
        result["attributeStatus"] = "Rejected"  # B06.FR.09
        result["attributeStatusInfo"] = info(Fault("WriteOnly", f"{slot.definition.name} is write-only"))
    else:
        result["attributeStatus"] = "Accepted"
        result["attributeValue"] = _reported(model, slot)
    return result


def _wanted_attribute(model: DeviceModel, slot: Slot, kind: str) -> Payload | None:
    """The result for another attribute than Actual, or for the lack of that one (B06.FR.08)."""
    if kind == "Actual" and "no_actual" not in slot.definition.traits:
        return None
    value = model.attribute(slot, kind)
    if value is None:
        return {"attributeStatus": "NotSupportedAttributeType"}
    return {"attributeStatus": "Accepted", "attributeValue": value}


def set_results(model: DeviceModel, items: list[Payload]) -> list[Payload]:
    """A SetVariableResult for each SetVariableData, in order (B05.FR.01-13).

    Of two items that name the same variable, which the CSMS shall not send (B05.FR.13), the first is set and
    the others are rejected.
    """
    done: set[Slot] = set()
    results = []
    for item in items:
        result = _named(item)
        slot = find(model.catalogue, item["component"], item["variable"])
        if isinstance(slot, str):
            result["attributeStatus"] = slot
        elif model.attribute(slot, result["attributeType"]) is not None:
            _reject(result, Fault("ReadOnly", f"that attribute of {slot.definition.name} is read-only"))
        elif result["attributeType"] != "Actual" or "no_actual" in slot.definition.traits:
            result["attributeStatus"] = "NotSupportedAttributeType"
        elif slot in done:
            _reject(result, Fault("TooManyElements", f"{slot.definition.name} is in this request twice"))
        else:
            done.add(slot)
            _set(model, slot, item["attributeValue"], result)
        results.append(result)
    return results


def _set(model: DeviceModel, slot: Slot, text: str, result: Payload) -> None:
    limit = model.integer("DeviceDataCtrlr.ConfigurationValueSize")
    if len(text) > limit:
        _reject(result, Fault("TooLargeElement", f"a value is at most {limit} characters long"))
        return
    written = model.write(slot, text)
    if written.fault is not None:
        _reject(result, written.fault)
    else:
        result["attributeStatus"] = "RebootRequired" if written.reboot else "Accepted"


def _named(item: Payload) -> Payload:
    """B05.FR.02, 03, 12; B06.FR.02, 03, 11, 14: component, variable and type of the request."""
    return {
        "attributeType": item.get("attributeType", "Actual"),
        "component": item["component"],
        "variable": item["variable"],
    }


def _reject(result: Payload, fault: Fault) -> None:
    result["attributeStatus"] = "Rejected"
    result["attributeStatusInfo"] = info(fault)


def info(fault: Fault) -> Payload:
    """The StatusInfoType that says why."""
    return {"reasonCode": fault.reason, "additionalInfo": fault.text[:512]}


def _reported(model: DeviceModel, slot: Slot) -> str:
    """B06.FR.13: empty when there is no value; never more than fits ReportingValueSize."""
    return (model.read(slot) or "")[: model.integer("DeviceDataCtrlr.ReportingValueSize")]


# --- reports -------------------------------------------------------------------------------------------------


def entry(model: DeviceModel, slot: Slot) -> Payload:
    """The ReportData of one variable, with its characteristics (B08.FR.12) and without a write-only value."""
    row = slot.definition
    attribute: Payload = {"type": "Actual", "mutability": row.access}
    if row.access != WRITE_ONLY:  # B07.FR.03 and B08.FR.03 as of errata 2025-02
        attribute["value"] = _reported(model, slot)
    if slot.writable:
        attribute["persistent"] = True
    if "constant" in row.traits:
        attribute["persistent"] = attribute["constant"] = True
    attributes = [] if "no_actual" in row.traits else [attribute]
    for kind in ("Target", "MinSet", "MaxSet"):
        value = model.attribute(slot, kind)
        if value is not None:
            attributes.append({"type": kind, "mutability": READ_ONLY, "value": value})
    return {
        "component": component_of(slot),
        "variable": variable_of(slot),
        "variableAttribute": attributes,
        "variableCharacteristics": _characteristics(model.catalogue, slot),
    }


def component_of(slot: Slot) -> Payload:
    """The ComponentType that names it on the wire."""
    component: Payload = {"name": slot.definition.component}
    if slot.component_instance:
        component["instance"] = slot.component_instance
    if slot.evse:
        component["evse"] = {"id": slot.evse}
    if slot.connector:
        component["evse"]["connectorId"] = slot.connector
    return component


def variable_of(slot: Slot) -> Payload:
    """The VariableType that names it on the wire."""
    row = slot.definition
    return {"name": row.variable, "instance": row.instance} if row.instance else {"name": row.variable}


def is_monitorable(slot: Slot) -> bool:
    """Whether a monitor may be set on it: on what the station knows to change, and on every setting."""
    return "monitor" in slot.definition.traits or slot.writable


def _characteristics(catalogue: Catalogue, slot: Slot) -> Payload:
    row = slot.definition
    found: Payload = {
        "dataType": row.type,
        # a variable can only be monitored where monitors can be set
        "supportsMonitoring": is_monitorable(slot) and "monitoring" in catalogue.features,
    }
    if row.unit:
        found["unit"] = row.unit
    if (
        row.low is not None and row.is_number
    ):  # of a text it is our own check, which the field does not foresee
        found["minLimit"] = _plain(row.low)
    if row.high is not None:
        found["maxLimit"] = _plain(row.high)
    if row.type in LIST_TYPES:
        found["valuesList"] = ",".join(row.values)
    return found


def _plain(limit: float) -> int | float:
    return int(limit) if float(limit).is_integer() else limit


def inventory(model: DeviceModel, base: str) -> list[Slot]:
    """The slots of a base report: ConfigurationInventory, FullInventory or SummaryInventory (B07.FR.07-09)."""
    return [slot for slot in model.catalogue.slots if _BASES[base](model, slot)]


def _is_summary(model: DeviceModel, slot: Slot) -> bool:
    """The availability of the station, its EVSEs and connectors that differ from theirs, and all trouble."""
    row = slot.definition
    if row.variable == "AvailabilityState" and slot.connector:
        return model.read(slot) != model.text(f"EVSE#{slot.evse}.AvailabilityState")
    return row.variable == "AvailabilityState" or (row.variable in TROUBLE and model.read(slot) == "true")


_BASES: dict[str, Callable[[DeviceModel, Slot], bool]] = {
    "ConfigurationInventory": lambda model, slot: slot.definition.access != READ_ONLY,
    "FullInventory": lambda model, slot: True,
    "SummaryInventory": _is_summary,
}


def selection(model: DeviceModel, criteria: list[str], wanted: list[Payload]) -> list[Slot]:
    """The slots of a custom report: components that meet any of `criteria`, limited to the `wanted` ones.

    `criteria` are of ComponentCriterionEnumType, `wanted` are ComponentVariableTypes; either may be empty.
    Criteria alone report the variables they name, where true (as certification case TC_B_16_CS demands); with
    `wanted`, a component without the variable passes too, except for Problem (B08.FR.05, 07-10, 13; TC_B_18_CS).
    """
    if criteria and not wanted:
        return [
            s for s in model.catalogue.slots if s.definition.variable in criteria and model.read(s) == "true"
        ]
    met: dict[tuple[str, str, int, int], bool] = {}
    found = []
    for slot in model.catalogue.slots:
        if wanted and not any(is_wanted(slot, item) for item in wanted):
            continue
        component = (
            slot.definition.component.lower(),
            slot.component_instance.lower(),
            slot.evse,
            slot.connector,
        )
        if criteria and component not in met:
            variables = model.catalogue.components[component].values()
            met[component] = any(_meets(model, variables, criterion) for criterion in criteria)
        if not criteria or met[component]:
            found.append(slot)
    return found


def _meets(model: DeviceModel, variables: Iterable[Slot], criterion: str) -> bool:
    named = [slot for slot in variables if slot.definition.variable == criterion]
    if not named:
        return criterion != "Problem"
    return any(model.read(slot) == "true" for slot in named)


def is_wanted(slot: Slot, item: Payload) -> bool:
    """What the item leaves out matches anything: variable, instances, EVSE, connector (B08.FR.20-25)."""
    row = slot.definition
    component, variable = item["component"], item.get("variable") or {}
    evse = component.get("evse") or {}
    return bool(
        component["name"].lower() == row.component.lower()
        and component.get("instance", slot.component_instance).lower() == slot.component_instance.lower()
        and evse.get("id", slot.evse) == slot.evse
        and evse.get("connectorId", slot.connector) == slot.connector
        and variable.get("name", row.variable).lower() == row.variable.lower()
        and variable.get("instance", row.instance).lower() == row.instance.lower()
    )


def pages(
    model: DeviceModel, slots: list[Slot], request_id: int, now: str, page: int = PAGE
) -> list[Payload]:
    """The NotifyReports of `slots` as of `now`: seqNo from 0, `tbc` on all but the last (B07.FR.04, 10)."""
    entries = [entry(model, slot) for slot in slots]
    starts = range(0, len(entries) or 1, page)
    reports = []
    for number, start in enumerate(starts):
        report: Payload = {"requestId": request_id, "generatedAt": now, "seqNo": number}
        report["tbc"] = number < len(starts) - 1
        if entries:
            report["reportData"] = entries[start : start + page]
        reports.append(report)
    return reports
