"""Provisioning, the part about configuration: variables, reports and 1.6 keys (B05-B08; 1.6 §5.3, §5.8)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Protocol

from charge_point import configuration, variables
from charge_point.catalogue import Slot
from charge_point.device_model import DeviceModel
from charge_point.limits import keep_limits, send_pages
from charge_point.statuses import status
from shared.answers import answers
from shared.clock import Clock
from shared.dispatch import Answer, Refuse, on
from shared.versions import COUNT, V2X, V16, refusal

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


class Owner(Protocol):
    """What these handlers need of a station."""

    @property
    def model(self) -> DeviceModel:
        """Its variables."""

    @property
    def clock(self) -> Clock:
        """Its time, for `generatedAt`."""

    def call(self, action: str, payload: Payload) -> Awaitable[Any]:
        """Send a request of its own and wait for the answer."""


@on("GetVariables", *V2X)
@answers(
    "getVariableResult",
    "the device model, one result for each variable asked for; OccurrenceConstraintViolation and "
    "FormatViolation beyond its limits",
    clause="B06.FR.01-B06.FR.17",
    state=True,
)
def get_variables(station: Owner, request: Payload) -> Payload:
    """B06."""
    items = request["getVariableData"]
    keep_limits(station.model, "DeviceDataCtrlr", "GetVariables", items, request)
    return {"getVariableResult": [variables.get_result(station.model, item) for item in items]}


@on("SetVariables", *V2X)
@answers(
    "setVariableResult",
    "the device model, one result for each variable to be set, with its effect; the same errors "
    "beyond its limits",
    clause="B05.FR.01-B05.FR.13",
    state=True,
)
def set_variables(station: Owner, request: Payload) -> Payload:
    """B05."""
    items = request["setVariableData"]
    keep_limits(station.model, "DeviceDataCtrlr", "SetVariables", items, request)
    heeded = [item for item in items if not _ignored(station, item)]
    results = iter(variables.set_results(station.model, heeded))
    return {"setVariableResult": [next(results) if item in heeded else _pretended(item) for item in items]}


def _ignored(station: Owner, item: Payload) -> bool:
    """Whether a station of this kind only pretends to set a variable (2.x) or key (1.6)."""
    ignored = station.setup.quirks.ignored_settings if hasattr(station, "setup") else ()
    if not ignored:
        return False
    names = {item["key"]} if "key" in item else {item["variable"]["name"]}
    if "component" in item:
        names.add(f"{item['component']['name']}.{item['variable']['name']}")
    return "*" in ignored or not names.isdisjoint(ignored)


def _pretended(item: Payload) -> Payload:
    named: Payload = {name: item[name] for name in ("component", "variable", "attributeType") if name in item}
    return {**named, "attributeStatus": "Accepted"}


def _filterless(station: Owner) -> bool:
    return hasattr(station, "setup") and bool(station.setup.quirks.ignores_filter)


@on("GetBaseReport", *V2X)
@answers(
    "status",
    "Accepted, and NotifyReport follows; EmptyResultSet when there is nothing to report",
    clause="B07.FR.01-B07.FR.12",
    state=True,
)
def get_base_report(station: Owner, request: Payload) -> Answer | Payload:
    """B07: the answer first, then the report in NotifyReports."""
    slots = variables.inventory(station.model, request["reportBase"])
    return _reported(station, slots, request["requestId"])


@on("GetReport", *V2X)
@answers(
    "status",
    "Accepted, and NotifyReport follows; EmptyResultSet when nothing fits; the same errors beyond the limits",
    clause="B08.FR.01-B08.FR.18",
    state=True,
)
def get_report(station: Owner, request: Payload) -> Answer | Payload:
    """B08: limited to criteria and variables, EmptyResultSet when nothing is left (B08.FR.15)."""
    wanted = request.get("componentVariable", [])
    keep_limits(station.model, "DeviceDataCtrlr", "GetReport", wanted, request)
    criteria = request.get("componentCriteria", [])
    if _filterless(station):
        criteria, wanted = [], []
    slots = variables.selection(station.model, criteria, wanted)
    return _reported(station, slots, request["requestId"])


def _reported(station: Owner, slots: list[Slot], request_id: int) -> Answer | Payload:
    if not slots:
        return {"status": "EmptyResultSet", "statusInfo": {"reasonCode": "NotFound"}}
    reports = variables.pages(station.model, slots, request_id, station.clock.now())
    return Answer({"status": "Accepted"}, lambda: send_pages(station, "NotifyReport", reports))


@on("SetNetworkProfile", *V2X)
@answers(
    "status",
    "Rejected for a slot other than 1 and 2, an address other than ws or wss, SOAP, or a lower security profile; "
    "Failed for VPN and APN, which this station does not have; else Accepted: it is dialled after a restart "
    "when NetworkConfigurationPriority names its slot; with security profile 3 the statusInfo says that no certificate "
    "of the station is shown",
    clause="B09.FR.01-B09.FR.05, B10.FR.01-B10.FR.09",
    state=True,
)
def set_network_profile(station: Station, request: Payload) -> Payload:
    """Keep a network profile (B09)."""
    from charge_point import network

    slot, data = request["configurationSlot"], request["connectionData"]
    if why := network.why_not(station, slot, data):
        return status(station.version, "Rejected", "InvalidValue", why)
    if why := network.what_lacks(data):
        return status(station.version, "Failed", "UnsupportedParam", why)
    station.part(network.NetworkProfiles).set(str(int(slot)), data)
    if unshown := network.what_is_not_shown(data):
        station.note("no_client_certificate", unshown)
        return status(station.version, "Accepted", "NoError", unshown)
    return {"status": "Accepted"}


@on("GetConfiguration", V16)
@answers(
    "configurationKey, unknownKey",
    "the keys asked for, in their order, or all; OccurenceConstraintViolation beyond GetConfigurationMaxKeys",
    clause="1.6 §5.8, §9",
    state=True,
)
def get_configuration(station: Owner, request: Payload) -> Payload:
    """1.6 §5.8; more keys than GetConfigurationMaxKeys are refused."""
    keys = request.get("key") or []
    most = station.model.integer("GetConfigurationMaxKeys")
    if len(keys) > most:
        code = refusal(V16, COUNT).code or ""
        raise Refuse(code, f"GetConfiguration takes at most {most} keys, not {len(keys)}")
    return configuration.configuration(station.model, [] if _filterless(station) else keys)


@on("ChangeConfiguration", V16)
@answers(
    "status",
    "Accepted with its effect, RebootRequired, Rejected for a value that is not allowed or a read-"
    "only key, NotSupported for an unknown one",
    clause="1.6 §5.3, §9",
    state=True,
)
def change_configuration(station: Owner, request: Payload) -> Payload:
    """1.6 §5.3."""
    if _ignored(station, request):
        return {"status": "Accepted"}
    return {"status": configuration.change(station.model, request["key"], request["value"])}
