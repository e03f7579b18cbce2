from __future__ import annotations

import asyncio
import inspect
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charge_point import variables
from charge_point.blocks import provisioning
from charge_point.catalogue import Override, Slot
from charge_point.definitions import FEATURES, LIST_TYPES, definitions
from charge_point.device_model import DeviceModel
from shared.clock import Clock
from shared.dispatch import Answer, Refuse, table
from shared.peer import CallRefused, ConnectionLost
from shared.versions import ERROR_CODES, V2X, V16, V21, V201, Version
from shared.wire.schema import schemas
from tests.support import each_2x

ONE_AND_TWO = ((1,), (1, 2))


class Station:
    """The part of a station that the handlers use; keeps what it calls."""

    def __init__(self, version: Version, **overrides: Any) -> None:
        self.model = DeviceModel(version, ONE_AND_TWO, overrides)
        self.clock = Clock(lambda: 0.0, 1_767_261_600.0)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.waiting = False
        self.failure: Exception | None = None

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        assert not schemas(self.model.version).violations(action, payload)
        assert not self.waiting, "a page went out before the one before it was answered"
        self.calls.append((action, payload))
        self.waiting = True
        await asyncio.sleep(1)
        self.waiting = False
        if self.failure is not None:
            raise self.failure
        return {}


def handle(at: Station, action: str, request: dict[str, Any]) -> Answer | dict[str, Any]:
    version = at.model.version
    assert not schemas(version).violations(action, request)
    answer: Answer | dict[str, Any] = table(version, [provisioning])[action].function(at, request)
    payload = answer.payload if isinstance(answer, Answer) else answer
    assert not schemas(version).violations(action, payload, answer=True)
    return answer


def address(path: str) -> dict[str, Any]:
    """`EVSE#1.Power` as component and variable of the wire."""
    place, _, name = path.rpartition(".") if "[" not in path.rpartition(".")[0] else path.partition(".")
    place, _, part = place.partition("[")
    component: dict[str, Any] = {"name": place.partition("#")[0]}
    if part:
        component["instance"] = part[:-1]
    if "#" in place:
        evse, _, connector = place.partition("#")[2].partition(".")
        component["evse"] = {"id": int(evse)} | ({"connectorId": int(connector)} if connector else {})
    name, _, instance = name.partition("[")
    variable = {"name": name} | ({"instance": instance[:-1]} if instance else {})
    return {"component": component, "variable": variable}


def path_of(entry: dict[str, Any]) -> str:
    component, variable = entry["component"], entry["variable"]
    evse = component.get("evse")
    where = (
        ""
        if evse is None
        else f"#{evse['id']}" + (f".{evse['connectorId']}" if "connectorId" in evse else "")
    )
    part = f"[{component['instance']}]" if "instance" in component else ""
    instance = f"[{variable['instance']}]" if "instance" in variable else ""
    return f"{component['name']}{where}{part}.{variable['name']}{instance}"


def get(at: Station, *paths: str, **extra: Any) -> list[dict[str, Any]]:
    answer = handle(at, "GetVariables", {"getVariableData": [address(path) | extra for path in paths]})
    assert isinstance(answer, dict)
    results: list[dict[str, Any]] = answer["getVariableResult"]
    return results


def set_(at: Station, *pairs: tuple[str, str], **extra: Any) -> list[dict[str, Any]]:
    data = [address(path) | {"attributeValue": text} | extra for path, text in pairs]
    answer = handle(at, "SetVariables", {"setVariableData": data})
    assert isinstance(answer, dict)
    results: list[dict[str, Any]] = answer["setVariableResult"]
    return results


async def report(at: Station, action: str, **request: Any) -> list[dict[str, Any]]:
    """The entries of all pages, checked for order."""
    answer = handle(at, action, {"requestId": 42, **request})
    assert isinstance(answer, Answer)
    assert answer.payload["status"] == "Accepted"
    assert at.calls == []  # nothing goes out before the answer
    consequence = answer.then()
    assert inspect.isawaitable(consequence)
    await consequence
    assert {name for name, _ in at.calls} == {"NotifyReport"}
    pages = [payload for _, payload in at.calls]
    assert [page["seqNo"] for page in pages] == list(range(len(pages)))
    assert [page["tbc"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert {(page["requestId"], page["generatedAt"]) for page in pages} == {(42, "2026-01-01T10:00:00.000Z")}
    return [entry for page in pages for entry in page["reportData"]]


# --- GetVariables (B06) --------------------------------------------------------------------------------------


@each_2x
def test_each_asked_variable_is_answered_under_its_name_and_type(version: Version) -> None:
    at = Station(version)
    results = get(at, "ocppcommctrlr.offlinethreshold", "AuthCtrlr.LocalAuthorizeOffline")
    assert [(r["attributeStatus"], r["attributeValue"], r["attributeType"]) for r in results] == [
        ("Accepted", "60", "Actual"),
        ("Accepted", "true", "Actual"),
    ]
    assert results[0]["component"] == {"name": "ocppcommctrlr"}
    assert results[0]["variable"] == {"name": "offlinethreshold"}


@each_2x
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("UnknownComponent.OfflineThreshold", "UnknownComponent"),
        ("OCPPCommCtrlr.UnknownVariable", "UnknownVariable"),
        ("OCPPCommCtrlr#1.OfflineThreshold", "UnknownComponent"),
        ("EVSE#3.Power", "UnknownComponent"),
        ("EVSE#0.Power", "UnknownComponent"),
        ("Connector#2.0.ConnectorType", "UnknownComponent"),
        ("TxCtrlr#0.TxStartPoint", "UnknownComponent"),
        ("EVSE#1.0.Power", "UnknownComponent"),
        ("EVSE.Power", "UnknownComponent"),
        ("Connector#1.2.ConnectorType", "UnknownComponent"),
        ("Connector#2.2.ConnectorType", "Accepted"),
        ("OCPPCommCtrlr.MessageAttempts", "UnknownVariable"),
        ("OCPPCommCtrlr.MessageAttempts[transactionevent]", "Accepted"),
        ("OCPPCommCtrlr.MessageAttempts[Other]", "UnknownVariable"),
        ("OCPPCommCtrlr[x].OfflineThreshold", "UnknownComponent"),
        ("SecurityCtrlr.BasicAuthPassword", "Rejected"),
    ],
)
def test_the_status_of_a_read(version: Version, path: str, status: str) -> None:
    (result,) = get(Station(version), path)
    assert result["attributeStatus"] == status
    assert ("attributeValue" in result) is (status == "Accepted")
    assert {name: result[name] for name in ("component", "variable")} == address(path)


@each_2x
@pytest.mark.parametrize("kind", ["Target", "MinSet", "MaxSet"])
def test_an_attribute_type_that_a_variable_has_not_is_named(version: Version, kind: str) -> None:
    at = Station(version)
    for results in (
        get(at, "OCPPCommCtrlr.OfflineThreshold", attributeType=kind),
        set_(at, ("OCPPCommCtrlr.OfflineThreshold", "1"), attributeType=kind),
    ):
        assert [(r["attributeStatus"], r["attributeType"]) for r in results] == [
            ("NotSupportedAttributeType", kind)
        ]
    assert at.model.changes() == {}


@each_2x
def test_an_empty_instance_is_none(version: Version) -> None:
    item = {
        "component": {"name": "TxCtrlr", "instance": ""},
        "variable": {"name": "TxStartPoint", "instance": ""},
    }
    answer = handle(Station(version), "GetVariables", {"getVariableData": [item]})
    assert isinstance(answer, dict)
    assert answer["getVariableResult"][0]["attributeStatus"] == "Accepted"


@each_2x
def test_a_variable_without_a_value_reads_as_empty(version: Version) -> None:
    (result,) = get(Station(version), "ClockCtrlr.NextTimeOffsetTransitionDateTime")
    assert (result["attributeStatus"], result["attributeValue"]) == ("Accepted", "")


@each_2x
def test_a_live_value_never_outgrows_the_reporting_size(version: Version) -> None:
    at = Station(version)
    at.model.live = lambda slot: "x" * 3000
    (result,) = get(at, "SecurityCtrlr.Identity")
    assert result["attributeValue"] == "x" * 2500


# --- SetVariables (B05) --------------------------------------------------------------------------------------


@each_2x
def test_each_change_is_answered_by_itself(version: Version) -> None:
    at = Station(version, WebSocketPingInterval=Override(reboot=True))
    results = set_(
        at,
        ("OCPPCommCtrlr.OfflineThreshold", "300"),
        ("OCPPCommCtrlr.MessageTimeout[Default]", "20"),
        ("OCPPCommCtrlr.HeartbeatInterval", "0"),
        ("OCPPCommCtrlr.HeartbeatInterval2", "1"),
        ("Nowhere.HeartbeatInterval", "1"),
        ("OCPPCommCtrlr.ResetRetries", "true"),
        ("OCPPCommCtrlr.WebSocketPingInterval", "7"),
        ("SecurityCtrlr.OrganizationName", "x" * 900),
    )
    assert [(r["attributeStatus"], r.get("attributeStatusInfo", {}).get("reasonCode")) for r in results] == [
        ("Accepted", None),
        ("Rejected", "ReadOnly"),
        ("Rejected", "ValueTooLow"),
        ("UnknownVariable", None),
        ("UnknownComponent", None),
        ("Rejected", "InvalidValue"),
        ("RebootRequired", None),
        ("Rejected", "TooLargeElement"),
    ]
    assert {r["attributeType"] for r in results} == {"Actual"}
    assert get(at, "OCPPCommCtrlr.OfflineThreshold")[0]["attributeValue"] == "300"
    assert at.model.seconds("WebSocketPingInterval") == 60.0


@each_2x
def test_of_a_variable_named_twice_only_the_first_is_set(version: Version) -> None:
    at = Station(version)
    results = set_(
        at,
        ("OCPPCommCtrlr.OfflineThreshold", "10"),
        ("OCPPCommCtrlr.ResetRetries", "2"),
        ("ocppcommctrlr.offlinethreshold", "20"),
    )
    assert [r["attributeStatus"] for r in results] == ["Accepted", "Accepted", "Rejected"]
    assert at.model.integer("OfflineThreshold") == 10


@each_2x
def test_the_password_is_written_and_never_told(version: Version) -> None:
    at = Station(version)
    assert (
        set_(at, ("SecurityCtrlr.BasicAuthPassword", "DummyPasswd_12345"))[0]["attributeStatus"] == "Accepted"
    )
    assert at.model.text("BasicAuthPassword") == "DummyPasswd_12345"
    (refused,) = get(at, "SecurityCtrlr.BasicAuthPassword")
    assert (refused["attributeStatus"], refused["attributeStatusInfo"]["reasonCode"]) == (
        "Rejected",
        "WriteOnly",
    )
    everything = [variables.entry(at.model, slot) for slot in at.model.catalogue.slots]
    assert "DummyPasswd" not in str(everything)


@each_2x
def test_a_value_longer_than_the_configuration_size_is_refused(version: Version) -> None:
    at = Station(version, ConfigurationValueSize=Override(value=20))
    (result,) = set_(at, ("SecurityCtrlr.OrganizationName", "x" * 21))
    assert (result["attributeStatus"], result["attributeStatusInfo"]["reasonCode"]) == (
        "Rejected",
        "TooLargeElement",
    )
    assert set_(at, ("SecurityCtrlr.OrganizationName", "x" * 20))[0]["attributeStatus"] == "Accepted"


# --- limits of a request -------------------------------------------------------------------------------------


def request_of(action: str, count: int, filler: str = "") -> dict[str, Any]:
    item = address("OCPPCommCtrlr.OfflineThreshold")
    extra: dict[str, Any] = {"customData": {"vendorId": "v", "filler": filler}} if filler else {}
    if action == "GetVariables":
        return {"getVariableData": [item] * count, **extra}
    if action == "SetVariables":
        return {"setVariableData": [item | {"attributeValue": "1"}] * count, **extra}
    return {"requestId": 1, "componentVariable": [item] * count, **extra}


@each_2x
@pytest.mark.parametrize("action", ["GetVariables", "SetVariables", "GetReport"])
def test_a_request_beyond_the_announced_limits_is_a_call_error(version: Version, action: str) -> None:
    at = Station(
        version,
        **{
            f"DeviceDataCtrlr.ItemsPerMessage[{action}]": 3,
            f"DeviceDataCtrlr.BytesPerMessage[{action}]": len(orjson.dumps(request_of(action, 3))),
        },
    )
    handle(at, action, request_of(action, 3))
    with pytest.raises(Refuse, match="at most 3 items, not 4") as refused:
        handle(at, action, request_of(action, 4))
    assert refused.value.code == "OccurrenceConstraintViolation"
    with pytest.raises(Refuse, match=r"at most .* bytes") as refused:
        handle(at, action, request_of(action, 3, filler="x"))
    assert refused.value.code == "FormatViolation"
    assert {"OccurrenceConstraintViolation", "FormatViolation"} <= ERROR_CODES[version]


# --- reports (B07, B08) --------------------------------------------------------------------------------------


@each_2x
async def test_the_full_inventory_has_every_variable(version: Version) -> None:
    at = Station(version)
    entries = await report(at, "GetBaseReport", reportBase="FullInventory")
    assert len(at.calls) > 1
    paths = [path_of(entry) for entry in entries]
    assert paths == [slot.path for slot in at.model.catalogue.slots]
    for entry in entries:
        attribute = entry["variableAttribute"][0]
        traits = entry["variableCharacteristics"]
        assert ("value" in attribute) is (attribute["mutability"] != "WriteOnly")
        if traits["dataType"] in LIST_TYPES:
            allowed = traits["valuesList"].split(",")
            assert all(member in allowed for member in filter(None, attribute.get("value", "").split(",")))


@each_2x
async def test_a_refused_page_does_not_end_a_report_but_a_lost_connection_does(version: Version) -> None:
    refused, lost = Station(version), Station(version)
    refused.failure = CallRefused("NotifyReport", "InternalError", "", {})
    lost.failure = ConnectionLost("gone")
    for at in (refused, lost):
        answer = handle(at, "GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
        assert isinstance(answer, Answer)
        consequence = answer.then()
        assert inspect.isawaitable(consequence)
        await consequence
    assert [payload["tbc"] for _, payload in refused.calls][-1] is False
    assert len(lost.calls) == 1


@each_2x
async def test_what_is_reported_is_what_get_variables_says(version: Version) -> None:
    at = Station(version)
    entries = await report(at, "GetBaseReport", reportBase="FullInventory")
    for entry in entries:
        for attribute in entry["variableAttribute"]:
            (result,) = get(at, path_of(entry), attributeType=attribute["type"])
            assert result.get("attributeValue") == attribute.get("value")


@each_2x
async def test_the_configuration_inventory_has_what_can_be_set(version: Version) -> None:
    at = Station(version)
    entries = await report(at, "GetBaseReport", reportBase="ConfigurationInventory")
    assert {entry["variableAttribute"][0]["mutability"] for entry in entries} == {"ReadWrite", "WriteOnly"}
    assert [path_of(entry) for entry in entries] == [s.path for s in at.model.catalogue.slots if s.writable]
    assert all(entry["variableAttribute"][0]["persistent"] for entry in entries)


@each_2x
async def test_the_summary_tells_of_availability_and_of_connectors_that_differ(version: Version) -> None:
    at = Station(version)
    at.model.live = lambda slot: "Faulted" if slot.connector == 2 else None
    entries = await report(at, "GetBaseReport", reportBase="SummaryInventory")
    assert [path_of(entry) for entry in entries] == [
        "ChargingStation.AvailabilityState",
        "EVSE#1.AvailabilityState",
        "EVSE#2.AvailabilityState",
        "Connector#2.2.AvailabilityState",
    ]


@each_2x
async def test_a_variable_is_reported_with_its_characteristics(version: Version) -> None:
    at = Station(version, **{"EVSE#2.Power": Override(high=50_000.0)})
    (state,) = await report(at, "GetReport", componentVariable=[address("EVSE#1.AvailabilityState")])
    assert state == {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "AvailabilityState"},
        "variableAttribute": [{"type": "Actual", "mutability": "ReadOnly", "value": "Available"}],
        "variableCharacteristics": {
            "dataType": "OptionList",
            "valuesList": "Available,Occupied,Reserved,Unavailable,Faulted",
            "supportsMonitoring": True,
        },
    }
    power = variables.entry(at.model, at.model.slot("EVSE#2.Power"))["variableCharacteristics"]
    assert power == {
        "dataType": "decimal",
        "unit": "W",
        "minLimit": 0,
        "maxLimit": 50_000,
        "supportsMonitoring": True,
    }


def test_monitoring_is_only_promised_where_monitors_can_be_set() -> None:
    assert not monitorable(FEATURES - {"monitoring"})
    told = monitorable(FEATURES)
    assert {"EVSE#1.Power", "TxCtrlr.TxStartPoint", "SecurityCtrlr.BasicAuthPassword"} <= told
    assert "EVSE#1.SupplyPhases" not in told


def monitorable(features: frozenset[str]) -> set[str]:
    model = DeviceModel(V201, features=features)
    return {
        slot.path
        for slot in model.catalogue.slots
        if variables.entry(model, slot)["variableCharacteristics"]["supportsMonitoring"]
    }


@each_2x
@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"component": {"name": "clockctrlr"}}, None),
        (
            address("DeviceDataCtrlr.ItemsPerMessage"),
            [f"DeviceDataCtrlr.ItemsPerMessage[{x}]" for x in ("GetReport", "GetVariables", "SetVariables")],
        ),
        (
            address("DeviceDataCtrlr.ItemsPerMessage[GetReport]"),
            ["DeviceDataCtrlr.ItemsPerMessage[GetReport]"],
        ),
        (address("EVSE.AvailabilityState"), ["EVSE#1.AvailabilityState", "EVSE#2.AvailabilityState"]),
        (address("EVSE#2.AvailabilityState"), ["EVSE#2.AvailabilityState"]),
        (
            address("Connector#2.ConnectorType"),
            ["Connector#2.1.ConnectorType", "Connector#2.2.ConnectorType"],
        ),
        (address("Connector#2.2.ConnectorType"), ["Connector#2.2.ConnectorType"]),
        (
            address("Connector.ConnectorType"),
            [f"Connector#{place}.ConnectorType" for place in ("1.1", "2.1", "2.2")],
        ),
    ],
)
async def test_what_a_report_request_leaves_out_matches_all(
    version: Version, item: dict[str, Any], expected: list[str] | None
) -> None:
    at = Station(version)
    found = [path_of(entry) for entry in await report(at, "GetReport", componentVariable=[item])]
    if expected is None:
        expected = [
            slot.path for slot in at.model.catalogue.slots if slot.definition.component == "ClockCtrlr"
        ]
        assert len(expected) > 1
    assert found == expected


async def test_a_component_without_an_instance_asked_means_all_its_instances() -> None:
    at = Station(V21)
    found = await report(at, "GetReport", componentVariable=[address("NetworkConfiguration.OcppCsmsUrl")])
    assert [path_of(entry) for entry in found] == [f"NetworkConfiguration[{n}].OcppCsmsUrl" for n in (1, 2)]


@each_2x
async def test_a_report_by_criterion_tells_the_true_ones_of_the_inventory(version: Version) -> None:
    at = Station(version)
    at.model.put("AuthCacheEnabled", False)
    found = {path_of(e) for e in await report(at, "GetReport", componentCriteria=["Enabled"])}
    assert found == {
        slot.path
        for slot in at.model.catalogue.slots
        if slot.definition.variable == "Enabled" and at.model.read(slot) == "true"
    }
    assert "LocalAuthListCtrlr.Enabled" in found
    assert "AuthCacheCtrlr.Enabled" not in found


@each_2x
async def test_several_criteria_are_an_or(version: Version) -> None:
    found = await report(Station(version), "GetReport", componentCriteria=["Problem", "Available"])
    assert "EVSE#1.Available" in {path_of(entry) for entry in found}
    assert {entry["variableAttribute"][0]["value"] for entry in found} == {"true"}


@each_2x
async def test_criteria_limit_the_wanted_variables(version: Version) -> None:
    at = Station(version)
    wanted = [address("EVSE#1.AvailabilityState")]
    assert handle(
        at, "GetReport", {"requestId": 1, "componentCriteria": ["Problem"], "componentVariable": wanted}
    ) == {
        "status": "EmptyResultSet",
        "statusInfo": {"reasonCode": "NotFound"},
    }
    found = await report(at, "GetReport", componentCriteria=["Available"], componentVariable=wanted)
    assert [path_of(entry) for entry in found] == ["EVSE#1.AvailabilityState"]
    at.model.live = lambda slot: "false" if slot.definition.variable == "Available" else None
    answer = handle(
        at, "GetReport", {"requestId": 1, "componentCriteria": ["Available"], "componentVariable": wanted}
    )
    assert isinstance(answer, dict)
    assert answer["status"] == "EmptyResultSet"


@each_2x
async def test_a_component_without_the_criterions_variable_passes_unless_it_is_problem(
    version: Version,
) -> None:
    at = Station(version)
    found = await report(
        at, "GetReport", componentCriteria=["Enabled", "Active"], componentVariable=[address("EVSE#2.Power")]
    )
    assert [path_of(entry) for entry in found] == ["EVSE#2.Power"]


@each_2x
def test_an_unknown_component_gives_an_empty_result(version: Version) -> None:
    answer = handle(
        Station(version), "GetReport", {"requestId": 1, "componentVariable": [address("Nothing.Here")]}
    )
    assert isinstance(answer, dict)
    assert answer["status"] == "EmptyResultSet"


def test_the_handlers_stand_in_the_table_of_each_version() -> None:
    assert set(table(V16, [provisioning])) == {"GetConfiguration", "ChangeConfiguration"}
    for version in V2X:
        assert set(table(version, [provisioning])) == {
            "GetVariables",
            "SetVariables",
            "GetBaseReport",
            "GetReport",
            "SetNetworkProfile",
        }


@each_2x
def test_every_entry_is_valid_with_all_features(version: Version) -> None:
    every = frozenset(row.needs for row in definitions(version)) - {""}
    model = DeviceModel(version, ONE_AND_TWO, features=every)
    reports = variables.pages(model, list(model.catalogue.slots), 7, "2026-01-01T10:00:00Z", page=9)
    assert sum(len(page["reportData"]) for page in reports) == len(model.catalogue.slots)
    for page in reports:
        assert not schemas(version).violations("NotifyReport", page)


# --- properties ----------------------------------------------------------------------------------------------

WRITABLE = {
    version: [s for s in DeviceModel(version, ONE_AND_TWO).catalogue.slots if s.writable] for version in V2X
}


def near(slot: Slot) -> st.SearchStrategy[str]:
    row = slot.definition
    return st.one_of(
        st.sampled_from(["true", "false", "0", "1", "-1", "60", "2026-01-01T00:00:00Z", "+02:00", "x" * 16]),
        st.lists(st.sampled_from([*row.values, "Bogus"]), max_size=4).map(",".join),
        st.text(max_size=1000),
    )


CHANGES = st.sampled_from(V2X).flatmap(
    lambda version: st.tuples(
        st.just(version),
        st.lists(
            st.sampled_from(WRITABLE[version]).flatmap(
                lambda slot: st.tuples(st.just(slot.path), near(slot))
            ),
            min_size=1,
            max_size=6,
        ),
    )
)


@given(CHANGES)
def test_an_accepted_value_is_read_back_and_keeps_to_its_characteristics(
    case: tuple[Version, list[tuple[str, str]]],
) -> None:
    version, pairs = case
    at = Station(version)
    at.model.consent = lambda slot, text: None
    results = set_(at, *pairs)
    assert [path_of(result) for result in results] == [path for path, _ in pairs]
    for (path, text), result in zip(pairs, results, strict=True):
        if result["attributeStatus"] not in ("Accepted", "RebootRequired"):
            assert result["attributeStatus"] == "Rejected"
            assert result["attributeStatusInfo"]["reasonCode"]
            continue
        shown = variables.entry(at.model, at.model.slot(path))
        traits = shown["variableCharacteristics"]
        (read,) = get(at, path)
        if shown["variableAttribute"][0]["mutability"] == "WriteOnly":
            assert read["attributeStatus"] == "Rejected"
            continue
        back = read["attributeValue"]
        assert back.split(",") == [member.strip(" ") for member in text.split(",")] or back == text
        if traits["dataType"] in ("integer", "decimal"):
            assert traits.get("minLimit", -(2**31)) <= float(back) <= traits.get("maxLimit", 2**31)
        elif "maxLimit" in traits:
            assert len(back) <= traits["maxLimit"]
        if traits["dataType"] in LIST_TYPES:
            assert set(filter(None, back.split(","))) <= set(traits["valuesList"].split(","))


names = st.one_of(
    st.sampled_from(
        ["EVSE", "evse", "Connector", "TxCtrlr", "OCPPCommCtrlr", "Available", "MessageAttempts", "Power"]
    ),
    st.text(max_size=50),
)
components = st.fixed_dictionaries(
    {"name": names},
    optional={
        "instance": names,
        "evse": st.fixed_dictionaries({"id": st.integers(0, 3)}, optional={"connectorId": st.integers(0, 3)}),
    },
)
variable_names = st.fixed_dictionaries(
    {"name": names}, optional={"instance": names | st.just("TransactionEvent")}
)
asked = st.fixed_dictionaries(
    {"component": components, "variable": variable_names},
    optional={"attributeType": st.sampled_from(["Actual", "Target", "MinSet", "MaxSet"])},
)


@given(st.sampled_from(V2X), st.lists(asked, min_size=1, max_size=5))
def test_any_valid_question_gets_one_valid_answer_for_each_item(
    version: Version, items: list[dict[str, Any]]
) -> None:
    at = Station(version)
    answer = handle(at, "GetVariables", {"getVariableData": items})
    assert isinstance(answer, dict)
    assert [(r["component"], r["variable"]) for r in answer["getVariableResult"]] == [
        (item["component"], item["variable"]) for item in items
    ]
    set_answer = handle(
        at, "SetVariables", {"setVariableData": [item | {"attributeValue": "1"} for item in items]}
    )
    assert isinstance(set_answer, dict)
    assert len(set_answer["setVariableResult"]) == len(items)
    wanted = [{name: item[name] for name in ("component", "variable")} for item in items]
    handle(at, "GetReport", {"requestId": 1, "componentVariable": wanted})
