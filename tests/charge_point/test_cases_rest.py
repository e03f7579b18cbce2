"""Cases of the certification suites that belong to no block of their own, by id: keys, custom data, odd requests."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.configuration import configuration
from shared.peer import CallRefused
from shared.versions import V16, Version
from tests.charge_point.charging import Charging
from tests.charge_point.sessions import AUT, Session
from tests.charge_point.wired import Wired
from tests.support import each_2x

Payload = dict[str, Any]
CUSTOM = {"customData": {"vendorId": "org.openchargealliance", "more": [1, {"a": None}]}}


async def at_16(**more: Any) -> Session:
    made = Session(V16, evses=((1,), (1,)), variables={"MeterValueSampleInterval": 0}, **more)
    await made.start()
    return made


# --- 1.6 ------------------------------------------------------------------------------------------------------


async def test_tc_019__the_keys_are_read_by_name_and_all_at_once() -> None:
    at = await at_16()
    answer = await at.ask("GetConfiguration", {"key": ["SupportedFeatureProfiles"]})
    assert [each["key"] for each in answer["configurationKey"]] == ["SupportedFeatureProfiles"]
    assert not answer.get("unknownKey")
    everything = (await at.ask("GetConfiguration"))["configurationKey"]
    most = int(
        (await at.ask("GetConfiguration", {"key": ["GetConfigurationMaxKeys"]}))["configurationKey"][0][
            "value"
        ]
    )
    names = [each["key"] for each in everything][:most]
    again = await at.ask("GetConfiguration", {"key": names})
    assert [each["key"] for each in again["configurationKey"]] == names
    assert not again.get("unknownKey")
    assert everything == configuration(at.station.model, None)["configurationKey"]
    await at.end()


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [("Testing", "true", "NotSupported"), ("MeterValueSampleInterval", "-1", "Rejected")],
    ids=["TC_040_1", "TC_040_2"],
)
async def test_what_no_key_can_be_is_refused(key: str, value: str, status: str) -> None:
    at = await at_16()
    assert await at.ask("ChangeConfiguration", {"key": key, "value": value}) == {"status": status}
    await at.end()


async def test_tc_041__a_faulted_connector_starts_nothing() -> None:
    at = await at_16()
    at.station.fault(1)
    await at.settle(5)
    assert at.states() == ["Faulted"]
    assert (await at.station.present("04A1B2C3", 1)).outcome != "started"
    await at.settle(60)
    assert at.of("StartTransaction") == []
    await at.end()


async def test_tc_062__tc_p_01__data_of_an_unknown_vendor_is_not_taken(version: Version) -> None:
    at = await Wired(version).start()
    asked = {"vendorId": "org.openchargealliance.octt", "messageId": "none of ours"}
    assert (await at.ask("DataTransfer", asked))["status"] == "UnknownVendorId"
    await at.end()


# --- what comes with it ---------------------------------------------------------------------------------------


@each_2x
async def test_tc_p_03__custom_data_is_passed_over(version: Version) -> None:
    at = await Wired(version).start()
    place: Payload = {
        "component": {"name": "OCPPCommCtrlr"} | CUSTOM,
        "variable": {"name": "OfflineThreshold"} | CUSTOM,
        "attributeType": "Actual",
    }
    data = place | CUSTOM | {"attributeValue": "200"}
    (put,) = (await at.ask("SetVariables", {"setVariableData": [data]} | CUSTOM))["setVariableResult"]
    (got,) = (await at.ask("GetVariables", {"getVariableData": [place | CUSTOM]} | CUSTOM))[
        "getVariableResult"
    ]
    assert (put["attributeStatus"], got["attributeStatus"], got["attributeValue"]) == (
        "Accepted",
        "Accepted",
        "200",
    )
    await at.end()


@each_2x
async def test_tc_p_04__custom_data_of_a_profile_is_passed_over(version: Version) -> None:
    at = Charging(version)
    await at.start()
    profile = at.profile((0, 6.0))
    profile["chargingSchedule"][0]["chargingSchedulePeriod"][0] |= CUSTOM
    profile["chargingSchedule"][0] |= CUSTOM
    assert await at.send(1, profile | CUSTOM) == "Accepted"
    await at.end()


# --- triggers while something goes on -------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize("what", ["Log", "Firmware"], ids=["TC_F_16", "TC_F_19"])
async def test_what_goes_on_is_told_when_asked(version: Version, what: str) -> None:
    at = await Wired(version).start()
    at.files.takes = 30
    if what == "Log":
        request: Payload = {"logType": "DiagnosticsLog", "log": {"remoteLocation": "http://files.test/logs/"}}
        await at.ask("GetLog", {"requestId": 1} | request)
        going = "Uploading"
    else:
        url = at.files.image("2.0.0")
        firmware = {
            "location": url,
            "retrieveDateTime": at.station.clock.text(at.station.clock.time() - 7200),
        }
        await at.ask("UpdateFirmware", {"requestId": 1, "firmware": firmware})
        going = "Downloading"
    await at.settle(5)
    at.forget()
    asked = {"requestedMessage": f"{what}StatusNotification"}
    assert await at.ask("TriggerMessage", asked) == {"status": "Accepted"}
    assert [p["status"] for p in at.of(f"{what}StatusNotification")] == [going]
    await at.end()


# --- words that the schema does not have ------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize(
    ("action", "payload"),
    [
        (
            "GetMonitoringReport",
            {"requestId": 1, "monitoringCriteria": ["DeltaMonitoring", "OtherMonitoring"]},
        ),
        ("SetMonitoringBase", {"monitoringBase": "Other"}),
        ("GetBaseReport", {"requestId": 1, "reportBase": "Other"}),
        ("GetReport", {"requestId": 1, "componentCriteria": ["Available", "Other"]}),
    ],
    ids=["TC_N_04", "TC_N_07", "TC_B_15", "TC_B_19"],
)
async def test_what_is_not_supported_is_refused_by_its_schema(
    version: Version, action: str, payload: Payload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that the standard names is supported, so that only what it does not name is left to ask for."""
    at = await Wired(version).start()
    monkeypatch.setattr(type(at.peer), "_insist_on_valid", lambda *wire, sent: None)
    with pytest.raises(CallRefused) as refused:
        await at.ask(action, payload)
    assert refused.value.code in ("PropertyConstraintViolation", "FormatViolation")
    await at.tasks.end()


# --- a master pass --------------------------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize(
    ("chosen", "display", "ended"),
    [(None, True, 2), (1, True, 1), (1, False, 2)],
    ids=["TC_C_47", "TC_C_48", "without a display"],
)
async def test_a_master_pass_ends_what_is_chosen(
    version: Version, chosen: int | None, display: bool, ended: int
) -> None:
    at = await Session.at(
        version,
        AUT,
        AUT,
        evses=2,
        AuthCtrlr__MasterPassGroupId="MASTERS",
        DisplayMessageCtrlr__Enabled=display,
    )
    for evse in (1, 2):
        await at.plug(evse)
        await at.station.present(f"DRIVER{evse}", evse)
        await at.settle(5)
    at.script["Authorize"] = lambda request: {
        "idTokenInfo": {"status": "Accepted", "groupIdToken": {"idToken": "MASTERS", "type": "Central"}}
    }
    at.forget()
    assert (await at.station.present("BOSS", chosen)).outcome == "stopped"
    await at.settle(5)
    last = [p for p in at.of("TransactionEvent") if p["eventType"] == "Ended"]
    assert [p["transactionInfo"]["stoppedReason"] for p in last] == ["MasterPass"] * ended
    await at.end()


async def test_tc_084__a_lower_security_profile_is_refused() -> None:
    at = await at_16()
    at.station.model.put("SecurityProfile", 2)
    asked = {"key": "SecurityProfile", "value": "1"}
    assert await at.ask("ChangeConfiguration", asked) == {"status": "Rejected"}
    await at.end()
