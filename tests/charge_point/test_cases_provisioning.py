"""Provisioning cases of the 2.0.1 suite with the station under test, by their ids: variables and reports (block B)."""

from __future__ import annotations

from typing import Any

import pytest

from shared.versions import V201, Version
from tests.charge_point.watching import Watching, place, spelled
from tests.support import each_2x

Payload = dict[str, Any]

THRESHOLD, LOCAL = "OCPPCommCtrlr.OfflineThreshold", "AuthCtrlr.LocalAuthorizeOffline"
STATE = "EVSE#1.AvailabilityState"


class Provisioning(Watching):
    """Reads, writes and reports by names."""

    async def get(self, *names: str, **more: Any) -> list[Payload]:
        """GetVariables; gives the results, which echo what was asked."""
        items = [place(name) | more for name in names]
        results: list[Payload] = (await self.ask("GetVariables", {"getVariableData": items}))[
            "getVariableResult"
        ]
        self._echoed(items, results)
        return results

    async def put(self, *pairs: tuple[str, str], **more: Any) -> list[Payload]:
        """SetVariables; gives the results, which echo what was asked."""
        items = [place(name) | {"attributeValue": value} | more for name, value in pairs]
        results: list[Payload] = (await self.ask("SetVariables", {"setVariableData": items}))[
            "setVariableResult"
        ]
        self._echoed(items, results)
        return results

    def _echoed(self, items: list[Payload], results: list[Payload]) -> None:
        for item, result in zip(items, results, strict=True):
            assert (result["component"], result["variable"]) == (item["component"], item["variable"])
            assert result["attributeType"] == item.get("attributeType", "Actual")

    async def report(self, action: str, **request: Any) -> list[Payload]:
        """The entries of a report, from parts with seqNo from 0; [] for EmptyResultSet."""
        self.forget()
        answer = await self.ask(action, {"requestId": 5} | request)
        await self.settle(2)
        pages = self.of("NotifyReport")
        assert answer["status"] == ("Accepted" if pages else "EmptyResultSet")
        assert [page["seqNo"] for page in pages] == list(range(len(pages)))
        assert [page["tbc"] for page in pages] == [True] * (len(pages) - 1) + [False] * bool(pages)
        assert all(page["requestId"] == 5 and page["generatedAt"] for page in pages)
        return [entry for page in pages for entry in page["reportData"]]


async def provisioning(version: Version, **setup: Any) -> Provisioning:
    w = Provisioning(version, **setup)
    await w.start()
    return w


def value(entry: Payload) -> str:
    text: str = entry["variableAttribute"][0].get("value", "")
    return text


@each_2x
@pytest.mark.parametrize("names", [[THRESHOLD], [THRESHOLD, LOCAL]], ids=["b_06_b_09", "b_07_b_10"])
async def test_tc_b_06_07_09_10__variables_are_written_and_read(version: Version, names: list[str]) -> None:
    w = await provisioning(version)
    wanted = {THRESHOLD: "300", LOCAL: "true"}
    for result in await w.put(*((name, wanted[name]) for name in names), attributeType="Actual"):
        assert (result["attributeStatus"], result.get("attributeStatusInfo")) == ("Accepted", None)
    for name, result in zip(names, await w.get(*names, attributeType="Actual"), strict=True):
        assert (result["attributeStatus"], result["attributeValue"]) == ("Accepted", wanted[name])
        assert "attributeStatusInfo" not in result
    await w.end()


@each_2x
@pytest.mark.parametrize(
    ("name", "taken"),
    [
        (THRESHOLD, {"60"}),
        ("SmartChargingCtrlr.LimitChangeSignificance", {"60", "60.1"}),
        ("AuthCtrlr.AuthorizeRemoteStart", {"true"}),
        ("ClockCtrlr.NextTimeOffsetTransitionDateTime", {"2026-03-29T01:00:00Z"}),
    ],
)
async def test_tc_b_11__only_values_of_the_right_form_are_taken(
    version: Version, name: str, taken: set[str]
) -> None:
    w = await provisioning(version)
    for text in ("60", "60.1", "true", "2026-03-29T01:00:00Z", "abc"):
        (result,) = await w.put((name, text))
        assert result["attributeStatus"] == ("Accepted" if text in taken else "Rejected"), text
        if text not in taken:
            assert result["attributeStatusInfo"]["reasonCode"] == "InvalidValue"
    await w.end()


@each_2x
@pytest.mark.parametrize(
    ("case", "name", "type", "status"),
    [
        ("b_32_b_35", "UnknownComponent.OfflineThreshold", "Actual", "UnknownComponent"),
        ("b_33_b_36", "OCPPCommCtrlr.UnknownVariable", "Actual", "UnknownVariable"),
        ("b_34_b_37", THRESHOLD, "Target", "NotSupportedAttributeType"),
    ],
)
async def test_tc_b_32_to_37__what_is_not_there_is_told_by_its_own_status(
    version: Version, case: str, name: str, type: str, status: str
) -> None:
    w = await provisioning(version)
    assert [one["attributeStatus"] for one in await w.get(name, attributeType=type)] == [status]
    assert [one["attributeStatus"] for one in await w.put((name, "300"), attributeType=type)] == [status]
    await w.end()


@each_2x
async def test_tc_b_39__a_read_only_variable_is_not_written(version: Version) -> None:
    w = await provisioning(version)
    item = place("OCPPCommCtrlr.MessageTimeout") | {"attributeValue": "10"}
    item["variable"]["instance"] = "Default"
    (result,) = (await w.ask("SetVariables", {"setVariableData": [item]}))["setVariableResult"]
    assert result["attributeStatus"] == "Rejected"
    assert (result["component"], result["variable"]) == (item["component"], item["variable"])
    await w.end()


@each_2x
async def test_tc_b_12__the_configuration_inventory_has_what_can_be_written(version: Version) -> None:
    w = await provisioning(version)
    entries = await w.report("GetBaseReport", reportBase="ConfigurationInventory")
    assert {one["variableAttribute"][0]["mutability"] for one in entries} == {"ReadWrite", "WriteOnly"}
    writable = {slot.path for slot in w.station.model.catalogue.slots if slot.writable}
    assert len(entries) == len(writable)
    await w.end()


@each_2x
async def test_tc_b_13_b_53__the_full_inventory_has_everything_with_its_characteristics(
    version: Version,
) -> None:
    w = await provisioning(version, evses=((1,), (1, 2)))
    entries = await w.report("GetBaseReport", reportBase="FullInventory")
    assert len(entries) == len(w.station.model.catalogue.slots)
    for entry in entries:
        told = entry["variableCharacteristics"]
        attribute = entry["variableAttribute"][0]
        if told["dataType"] in ("OptionList", "MemberList", "SequenceList"):
            allowed = set(told["valuesList"].split(","))
            assert allowed - {""}, spelled(entry)
            assert set(filter(None, attribute.get("value", "").split(","))) <= allowed, spelled(entry)
        assert ("value" in attribute) is (attribute["mutability"] != "WriteOnly")
    await w.end()


@each_2x
async def test_tc_b_14__the_summary_has_states_and_trouble(version: Version) -> None:
    w = await provisioning(version, evses=((1,), (1,)))
    names = {spelled(one) for one in await w.report("GetBaseReport", reportBase="SummaryInventory")}
    assert names == {"ChargingStation.AvailabilityState", STATE, "EVSE#2.AvailabilityState"}
    w.station.fault(2)
    await w.settle()
    entries = await w.report("GetBaseReport", reportBase="SummaryInventory")
    trouble = {spelled(one) for one in entries if one["variable"]["name"] == "Problem"}
    assert trouble == {"ChargingStation.Problem", "EVSE#2.Problem", "Connector#2.1.Problem"}
    await w.end()


@each_2x
async def test_tc_b_16__a_criterion_reports_what_it_names_where_it_is_true(version: Version) -> None:
    w = await provisioning(version)
    entries = await w.report("GetReport", componentCriteria=["Enabled"])
    assert {(one["variable"]["name"], value(one)) for one in entries} == {("Enabled", "true")}
    full = await w.report("GetBaseReport", reportBase="FullInventory")
    on = {
        str(one["component"]) + str(one["variable"]) for one in full if one["variable"]["name"] == "Enabled"
    }
    off = {str(one["component"]) + str(one["variable"]) for one in full if value(one) == "false"}
    assert {str(one["component"]) + str(one["variable"]) for one in entries} == on - off
    await w.end()


@each_2x
async def test_tc_b_17_b_18__a_report_of_one_variable_by_itself_and_by_a_criterion(version: Version) -> None:
    w = await provisioning(version)
    wanted = [place(STATE)]
    for criteria in ([], ["Available"]):
        request: Payload = {"componentCriteria": criteria} if criteria else {}
        (entry,) = await w.report("GetReport", componentVariable=wanted, **request)
        assert spelled(entry) == STATE
        assert [one["type"] for one in entry["variableAttribute"]] == ["Actual"]
        assert entry["variableAttribute"][0]["mutability"] == "ReadOnly"
        told = entry["variableCharacteristics"]
        assert told["valuesList"] == "Available,Occupied,Reserved,Unavailable,Faulted"
        assert told["dataType"] == "OptionList"
    assert await w.report("GetReport", componentVariable=wanted, componentCriteria=["Problem"]) == []
    w.station.fault(1)
    await w.settle()
    assert len(await w.report("GetReport", componentVariable=wanted, componentCriteria=["Problem"])) == 1
    await w.end()


@each_2x
async def test_tc_b_54_55_56__what_a_request_leaves_out_means_all_of_it(version: Version) -> None:
    w = await provisioning(version, evses=((1,), (1,), (1,)))
    items = place("DeviceDataCtrlr.ItemsPerMessage")
    instances = {
        one["variable"]["instance"] for one in await w.report("GetReport", componentVariable=[items])
    }
    assert instances >= {"GetReport", "GetVariables"}
    items["variable"]["instance"] = "GetReport"
    assert len(await w.report("GetReport", componentVariable=[items])) == 1
    states = await w.report("GetReport", componentVariable=[place("EVSE.AvailabilityState")])
    assert [spelled(one) for one in states] == [f"EVSE#{id}.AvailabilityState" for id in (1, 2, 3)]
    await w.end()


async def test_tc_b_02__a_pending_station_is_read_written_and_reported() -> None:
    w = Provisioning(V201)
    w.pending("Pending", "Accepted")
    await w.start()
    assert (await w.put((THRESHOLD, "300")))[0]["attributeStatus"] == "Accepted"
    assert (await w.get(THRESHOLD))[0]["attributeStatus"] == "Accepted"
    assert len(await w.report("GetBaseReport", reportBase="FullInventory")) > 100
    start = {"idToken": {"idToken": "04A1B2C3", "type": "ISO14443"}, "remoteStartId": 1}
    assert (await w.ask("RequestStartTransaction", start))["status"] == "Rejected"
    w.forget()
    assert (await w.ask("TriggerMessage", {"requestedMessage": "BootNotification"}))["status"] == "Accepted"
    await w.settle(2)
    assert w.of("BootNotification")[0]["reason"] == "Triggered"
    assert w.statuses() == [(1, 1, "Available")]
    await w.end()


async def test_tc_b_30__a_rejected_station_answers_with_a_security_error() -> None:
    w = Provisioning(V201)
    w.pending("Rejected")
    await w.start()
    request = {"requestId": 1, "reportBase": "FullInventory"}
    assert await w.refused("GetBaseReport", request) == "SecurityError"
    await w.end()


@each_2x
async def test_two_reports_asked_for_at_once_are_both_whole(version: Version) -> None:
    w = await provisioning(version, evses=((1,),) * 4)
    for id in (1, 2):
        assert w.peer is not None
        await w.peer.call("GetBaseReport", {"requestId": id, "reportBase": "FullInventory"})
    await w.settle(5)
    for id in (1, 2):
        pages = [page for page in w.of("NotifyReport") if page["requestId"] == id]
        assert [page["seqNo"] for page in pages] == list(range(len(pages)))
        assert sum(len(page["reportData"]) for page in pages) == len(w.station.model.catalogue.slots)
    await w.end()
