"""Every answer of the CSMS: that there is one, that it obeys its schema, and what state does to it."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csms.authorizer import TokenPolicy
from csms.blocks import MODULES
from csms.blocks.answers import row_of
from csms.payments import Payments
from csms.registrar import Registrar
from csms.server import handlers
from csms.tariff import Tariff
from csms.vendors import Vendors
from shared import dispatch
from shared.actions import SENDS, STATION, of
from shared.dispatch import Payload
from shared.versions import V2X, V16, V21, V201, VERSIONS, Version
from shared.wire.schema import schemas
from tests.csms.office import Office, Station, sample, status_of, token_of

ROWS = [(version, action.name) for version in VERSIONS for action in of(version, STATION)]
STATEFUL = [(v, name) for v, name in ROWS if row_of(handlers(v)[name].function).state]

each_row = pytest.mark.parametrize(("version", "action"), ROWS, ids=str)


# --- every action ------------------------------------------------------------------------------------------


def test_there_are_14_25_and_37_of_them() -> None:
    assert [len(of(version, STATION)) for version in VERSIONS] == [14, 25, 37]


def test_every_action_of_the_catalogue_has_one_handler_and_no_other_has_one(version: Version) -> None:
    table = dispatch.table(version, MODULES)

    assert set(table) == {action.name for action in of(version, STATION)}


@each_row
def test_every_handler_has_a_row_and_says_what_it_does(version: Version, action: str) -> None:
    function = handlers(version)[action].function

    row = row_of(function)
    assert all((row.fields, row.source, row.clause))
    assert (function.__doc__ or "").strip()


@each_row
@pytest.mark.parametrize("full", [False, True], ids=["required members", "all members"])
@pytest.mark.parametrize("upstream", [False, True], ids=["", "upstream"])
def test_every_request_is_answered_by_its_schema(
    version: Version, action: str, full: bool, upstream: bool
) -> None:
    policy = TokenPolicy(group="G" * 20, cache_for=60)
    station = Office(tokens=policy, upstream=upstream).station(version)

    station.ask(action, sample(version, action, full=full))
    station.ask(action, sample(version, action, full=full))


@pytest.mark.parametrize("action", [a.name for a in of(V201, STATION)])
@pytest.mark.parametrize("full", [False, True], ids=["required members", "all members"])
def test_a_handler_of_both_2x_versions_makes_what_both_schemas_allow(action: str, full: bool) -> None:
    served = {handlers(v)[action].function for v in V2X}
    if len(served) > 1:
        pytest.skip("each version has a handler of its own")
    answer = Office().station(V201).ask(action, sample(V201, action, full=full))

    for version in V2X:
        assert not schemas(version).violations(action, answer, answer=True)


@each_row
def test_a_handler_leaves_the_request_as_it_came(version: Version, action: str) -> None:
    request = sample(version, action, full=True)
    before = copy.deepcopy(request)

    Office().station(version).ask(action, request)

    assert request == before


# --- the rows that depend on state -------------------------------------------------------------------------

Case = Callable[[Version], None]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Register the test of an action's row; the function is called like the action."""
    CASES[function.__name__] = function
    return function


@pytest.mark.parametrize(("version", "action"), STATEFUL, ids=str)
def test_an_answer_depends_on_state_as_its_row_says(version: Version, action: str) -> None:
    CASES[action](version)


def test_no_row_that_depends_on_state_is_without_its_case() -> None:
    assert set(CASES) == {action for _, action in STATEFUL}


@case
def BootNotification(version: Version) -> None:
    station = Office(registrar=Registrar(["Pending", "Accepted"], retry=3, heartbeat=90)).station(
        version, booted=False
    )

    answers = [station.boot() for _ in range(2)]

    assert [(a["status"], a["interval"]) for a in answers] == [("Pending", 3), ("Accepted", 90)]


@case
def Authorize(version: Version) -> None:
    station = Office(tokens=TokenPolicy(statuses={"BAD": "Expired"})).station(version)

    assert [status_of(station.ask("Authorize", token_of(version, t))) for t in ("BAD", "GOOD")] == [
        "Expired",
        "Accepted",
    ]


@case
def StartTransaction(version: Version) -> None:
    station = Office(tokens=TokenPolicy(statuses={"BAD": "NoCredit"})).station(version)
    start: Payload = {"connectorId": 1, "idTag": "BAD", "meterStart": 0, "timestamp": "2026-01-01T10:00:00Z"}

    first, same, other = (station.ask("StartTransaction", {**start, "meterStart": m}) for m in (0, 0, 1))

    assert [a["transactionId"] for a in (first, same, other)] == [1000, 1000, 1001]
    assert status_of(first) == "Blocked"


@case
def StopTransaction(version: Version) -> None:
    station = Office(tokens=TokenPolicy(group="G")).station(version)
    stop = {"transactionId": 1, "meterStop": 0, "timestamp": "2026-01-01T10:00:00Z"}

    assert station.ask("StopTransaction", stop) == {}
    assert station.ask("StopTransaction", stop, idTag="T") == {
        "idTagInfo": {"status": "Accepted", "parentIdTag": "G"}
    }


@case
def TransactionEvent(version: Version) -> None:
    station = Office(tariff=Tariff(7.0), tokens=TokenPolicy(mode="whitelist")).station(version)
    refused, accepted = {"idTokenInfo": {"status": "Blocked"}}, {"idTokenInfo": {"status": "Accepted"}}

    assert station.event("Started", 0) == {}
    assert station.event("Updated", 1, token="valid_token") == {**accepted, "totalCost": 7.0}
    assert station.event("Updated", 2) == {"totalCost": 7.0}
    assert station.event("Ended", 3, token="stranger") == {**refused, "totalCost": 7.0}
    assert station.event("Started", 0, "TX2", token="stranger") == refused


@case
def SignCertificate(version: Version) -> None:
    assert _with_and_without_upstream(version, "SignCertificate") == [
        {"status": "Rejected"},
        {"status": "Accepted"},
    ]


@case
def Get15118EVCertificate(version: Version) -> None:
    assert _with_and_without_upstream(version, "Get15118EVCertificate") == [
        {"status": "Failed", "exiResponse": ""},
        {"status": "Accepted", "exiResponse": "mock_exi_response_data"},
    ]


@case
def GetCertificateStatus(version: Version) -> None:
    assert _with_and_without_upstream(version, "GetCertificateStatus") == [
        {"status": "Failed"},
        {"status": "Accepted"},
    ]


@case
def DataTransfer(version: Version) -> None:
    vendors = Vendors(
        {
            "com.acme": {
                "Hello": {"status": "Accepted", "data": {"to": "you"}},
                "Bye": {"status": "Rejected"},
            },
            "com.any": {"*": {"status": "Accepted", "data": "yes"}},
        }
    )
    station = Office(vendors=vendors).station(version)

    def answer(vendor: str, message: str | None = None) -> Payload:
        named = {} if message is None else {"messageId": message}
        return station.ask("DataTransfer", {"vendorId": vendor, **named})

    data: Any = '{"to":"you"}' if version is V16 else {"to": "you"}
    assert answer("com.acme", "Hello") == {"status": "Accepted", "data": data}
    assert answer("com.acme", "Bye") == {"status": "Rejected"}
    assert answer("com.acme", "Else") == answer("com.acme") == {"status": "UnknownMessageId"}
    assert answer("com.any") == answer("com.any", "X") == {"status": "Accepted", "data": "yes"}
    assert answer("org.stranger") == {"status": "UnknownVendorId"}
    assert Office(upstream=True).station(version).ask("DataTransfer", vendorId="x") == {"status": "Accepted"}


def profile(**members: Any) -> Payload:
    period = {"startPeriod": 0, "limit": 16.0, **members.pop("period", {})}
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    return {
        "id": 5,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
        **members,
    }


@case
def NotifyEVChargingSchedule(version: Version) -> None:
    station = Office().station(version)

    def answer(unit: str, *limits: float) -> str:
        periods = [{"startPeriod": 60 * at, "limit": limit} for at, limit in enumerate(limits)]
        schedule = {"id": 1, "chargingRateUnit": unit, "chargingSchedulePeriod": periods}
        request = {"timeBase": "2026-01-01T10:00:00Z", "chargingSchedule": schedule, "evseId": 1}
        return str(station.ask("NotifyEVChargingSchedule", request)["status"])

    assert answer("A", 32.0) == "Accepted"  # nothing of ours limits it
    station.called("SetChargingProfile", {"evseId": 1, "chargingProfile": profile()}, {"status": "Accepted"})
    assert answer("A", 16.0) == "Accepted"
    assert answer("A", 16.0, 17.0) == "Rejected"
    assert answer("W", 22000.0) == "Accepted"  # cannot be compared
    elsewhere = {"chargingProfileCriteria": {"evseId": 2}}
    station.called("ClearChargingProfile", elsewhere, {"status": "Accepted"})
    assert answer("A", 17.0) == "Rejected"
    station.called("ClearChargingProfile", {"chargingProfileId": 5}, {"status": "Accepted"})
    assert answer("A", 17.0) == "Accepted"
    falling = profile()
    falling["chargingSchedule"][0]["chargingSchedulePeriod"].append({"startPeriod": 60, "limit": 6.0})
    station.called("SetChargingProfile", {"evseId": 1, "chargingProfile": falling}, {"status": "Accepted"})
    assert answer("A", 16.0, 6.0) == "Accepted"
    assert answer("A", 17.0, 6.0) == "Rejected"
    assert answer("A", 16.0) == "Rejected"


@case
def PullDynamicScheduleUpdate(version: Version) -> None:
    station = Office().station(version)
    rejected = {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidProfile"}}
    ask = {"chargingProfileId": 5}
    assert station.ask("PullDynamicScheduleUpdate", ask) == rejected

    dynamic = profile(chargingProfileKind="Dynamic", period={"limit_L2": 10.0})
    station.called("SetChargingProfile", {"evseId": 1, "chargingProfile": dynamic}, {"status": "Rejected"})
    assert station.ask("PullDynamicScheduleUpdate", ask) == rejected
    station.called("SetChargingProfile", {"evseId": 1, "chargingProfile": dynamic}, {"status": "Accepted"})
    given = {"limit": 16.0, "limit_L2": 10.0}
    assert station.ask("PullDynamicScheduleUpdate", ask) == {"status": "Accepted", "scheduleUpdate": given}

    update = {"chargingProfileId": 5, "scheduleUpdate": {"limit": 8.0}}
    station.called("UpdateDynamicSchedule", update, {"status": "Accepted"})
    assert station.ask("PullDynamicScheduleUpdate", ask)["scheduleUpdate"] == {"limit": 8.0, "limit_L2": 10.0}
    station.called("ClearChargingProfile", {"chargingProfileId": 5}, {"status": "Accepted"})
    assert station.ask("PullDynamicScheduleUpdate", ask) == rejected

    for replacing in (dynamic, profile()):  # the same id, no longer dynamic
        station.called(
            "SetChargingProfile", {"evseId": 1, "chargingProfile": replacing}, {"status": "Accepted"}
        )
    assert station.ask("PullDynamicScheduleUpdate", ask) == rejected


def _with_and_without_upstream(version: Version, action: str) -> list[Payload]:
    return [Office(upstream=u).station(version).ask(action, sample(version, action)) for u in (False, True)]


# --- the upstream table of TransactionEvent ------------------------------------------------------------------


@pytest.mark.parametrize("version", V2X, ids=str)
@pytest.mark.parametrize(("mode", "status"), [("whitelist", "Blocked"), ("blacklist", "Accepted")])
def test_upstream_judges_a_start_without_a_token_and_no_other_event(
    version: Version, mode: str, status: str
) -> None:
    station = Office(upstream=True, tokens=TokenPolicy(mode=mode)).station(version)

    assert station.event("Started", 0) == {"idTokenInfo": {"status": status}}
    assert station.event("Updated", 1, token="T") == {"totalCost": 10.0}
    assert station.event("Ended", 2, token="T") == {}


# --- the others ----------------------------------------------------------------------------------------------


def test_the_status_of_connectors_is_kept() -> None:
    office = Office()
    old, new = office.station(V16, "A"), office.station(V21, "B")

    old.ask("StatusNotification", connectorId=0, errorCode="NoError", status="Available")
    old.ask("StatusNotification", connectorId=2, errorCode="NoError", status="SuspendedEVSE")
    time = "2026-01-01T10:00:00Z"
    new.ask("StatusNotification", timestamp=time, connectorStatus="Occupied", evseId=2, connectorId=1)
    new.ask("NotifyEvent", generatedAt=time, seqNo=0, eventData=[availability("Reserved", 1, 1)])
    new.ask("NotifyEvent", generatedAt=time, seqNo=0, eventData=[availability("Faulted")])

    assert old.record.statuses == {(0, 0): "Available", (0, 2): "SuspendedEVSE"}
    assert new.record.statuses == {(2, 1): "Occupied", (1, 1): "Reserved", (0, 0): "Faulted"}


def availability(value: str, evse: int = 0, connector: int = 0) -> Payload:
    place = {"evse": {"id": evse, "connectorId": connector}} if evse else {}
    return {
        "eventId": 1,
        "timestamp": "2026-01-01T10:00:00Z",
        "trigger": "Delta",
        "actualValue": value,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", **place},
        "variable": {"name": "AvailabilityState"},
    }


def test_other_events_leave_the_status_alone() -> None:
    station = Office().station(V21)
    other = {**availability("true", 1, 1), "variable": {"name": "Problem"}}

    station.ask("NotifyEvent", generatedAt="2026-01-01T10:00:00Z", seqNo=0, eventData=[other])

    assert station.record.statuses is None


REMEMBERED = [
    (version, name)
    for version, name in ROWS
    if "is kept" in row_of(handlers(version)[name].function).source and name != "StatusNotification"
]


@pytest.mark.parametrize(("version", "action"), REMEMBERED, ids=str)
def test_a_notification_that_is_kept_can_be_looked_up(version: Version, action: str) -> None:
    station = Office().station(version)
    request = sample(version, action, full=True)

    station.ask(action, request)

    assert station.record.last == {action: request}


def report(station: Station, action: str, request_id: int, number: int | None, **members: Any) -> None:
    numbered = {} if number is None else {"seqNo": number}
    station.ask(action, {**sample(station.version, action), "requestId": request_id, **numbered, **members})


REPORTS = [(v, a) for v, a in ROWS if "the report of its requestId" in row_of(handlers(v)[a].function).source]
REPORTS += [
    (v, a) for v, a in ROWS if "the report of their requestId" in row_of(handlers(v)[a].function).source
]


@pytest.mark.parametrize(("version", "action"), REPORTS, ids=str)
def test_a_report_is_put_together_from_its_parts(version: Version, action: str) -> None:
    station = Office().station(version)
    station.record.expect_report(8, "a call of ours")
    numbered = "seqNo" in sample(version, action)

    report(station, action, 8, 0 if numbered else None, tbc=True)
    assert station.record.reports is not None
    found = station.record.reports[8]
    assert not found.complete
    report(station, action, 8, 1 if numbered else None, tbc=False)

    assert (found.action, found.complete, len(found.parts)) == (action, True, 2)
    assert station.record.expected == {}
    assert station.notes == []


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_missing_part_is_a_finding_and_a_repeated_one_counts_once(version: Version) -> None:
    station = Office().station(version)
    station.record.expect_report(8, "GetBaseReport")

    for number in (0, 0, 2, 2, 3):
        report(station, "NotifyReport", 8, number, tbc=number < 3)

    (gap,) = station.noted("report_gap")
    assert gap.detail == {"request": 8, "expected": 1, "got": 2}
    assert gap.clause == "B07.FR.10"
    assert len(station.noted("report_repeated")) == 2
    assert len((station.record.reports or {})[8].parts) == 3


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_report_that_nobody_asked_for_is_noted_and_kept(version: Version) -> None:
    station = Office().station(version)

    report(station, "NotifyReport", 8, 0)

    assert station.noted("unsolicited_report")
    assert 8 in (station.record.reports or {})


@pytest.mark.parametrize(("action", "number"), [("NotifyReport", 0), ("NotifyDisplayMessages", None)])
def test_a_second_report_under_one_id_replaces_the_first(action: str, number: int | None) -> None:
    station = Office().station(V201)
    report(station, action, 8, number, tbc=False)

    report(station, action, 8, number, tbc=True)

    found = (station.record.reports or {})[8]
    assert (len(found.parts), found.complete) == (1, False)
    assert not station.noted("report_repeated")


def test_reports_are_bounded() -> None:
    station = Office().station(V201)

    for request_id in range(1, 40):
        report(station, "NotifyReport", request_id, 0)

    assert list(station.record.reports or {}) == list(range(24, 40))


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_monitor_is_known_from_its_report_and_from_our_setting_it(version: Version) -> None:
    station = Office().station(version)
    place: Payload = {"component": {"name": "EVSE"}, "variable": {"name": "Power"}}
    rule: Payload = {"value": 5.0, "type": "Delta", "severity": 4}
    request = {"setMonitoringData": [{**rule, **place}]}
    result = {"id": 7, "status": "Accepted", "type": "Delta", "severity": 4, **place}

    station.called("SetVariableMonitoring", request, {"setMonitoringResult": [result]})
    assert station.record.monitors == {7: {**rule, **place}}
    station.called(
        "ClearVariableMonitoring", {"id": [7]}, {"clearMonitoringResult": [{"id": 7, "status": "Accepted"}]}
    )
    assert station.record.monitors == {}

    monitor = {"id": 9, "transaction": False, **rule, "severity": 2}
    monitor |= {"eventNotificationType": "CustomMonitor"} if version is V21 else {}
    report(station, "NotifyMonitoringReport", 1, 0, monitor=[{**place, "variableMonitoring": [monitor]}])
    assert station.record.monitors == {9: {**place, **monitor}}


# --- periodic event streams ----------------------------------------------------------------------------------


def values(station: Station, id: int, pending: int, *readings: str) -> None:
    data = [{"t": float(at), "v": reading} for at, reading in enumerate(readings)]
    station.ask(
        "NotifyPeriodicEventStream", id=id, pending=pending, basetime="2026-01-01T10:00:00Z", data=data
    )


def test_a_stream_is_opened_fed_and_closed() -> None:
    """N11.FR.04, N15.FR.03, N13.FR.02."""
    station = Office().station(V21)
    station.record.set_monitor(7, {"severity": 3})
    opened = {"constantStreamData": {"id": 1, "variableMonitoringId": 7, "params": {"interval": 5}}}

    assert station.ask("OpenPeriodicEventStream", opened) == {"status": "Accepted"}
    values(station, 1, 0, "1.5", "1.6")
    stream = (station.record.streams or {})[1]
    assert stream["monitor"] == {"severity": 3}
    assert [value[2] for value in stream["values"]] == ["1.5", "1.6"]
    assert station.ask("ClosePeriodicEventStream", id=1) == {}

    assert station.record.streams == {}
    assert station.notes == []


def test_values_of_a_stream_that_is_not_open_are_a_finding() -> None:
    station = Office().station(V21)

    values(station, 3, 0, "1")
    station.ask("ClosePeriodicEventStream", id=3)

    assert [n.clause for n in station.noted("unknown_stream")] == ["N11.FR.02"] * 2


def test_a_stream_that_falls_behind_is_noted_and_its_memory_is_bounded() -> None:
    """N15.FR.05."""
    station = Office().station(V21)
    station.ask(
        "OpenPeriodicEventStream", constantStreamData={"id": 1, "variableMonitoringId": 7, "params": {}}
    )

    for pending in (0, 0, 5):
        values(station, 1, pending, *(["1"] * 60))

    assert len(station.noted("stream_falls_behind")) == 1
    assert len((station.record.streams or {})[1]["values"]) == 100


@case
def NotifySettlement(version: Version) -> None:
    station = Office().station(version)
    settled = {
        "pspRef": "P1",
        "status": "Settled",
        "settlementAmount": 7.5,
        "settlementTime": "2026-01-01T10:00:00Z",
        "transactionId": "T1",
    }

    answers = [station.ask("NotifySettlement", {**settled, "pspRef": ref}) for ref in ("P1", "P2", "P1")]

    assert [answer["receiptId"] for answer in answers] == ["CP1-1", "CP1-2", "CP1-1"]
    assert answers[0]["receiptUrl"] == "https://receipts.example/csms/CP1-1"
    for status in ("Canceled", "Rejected", "Failed"):
        assert station.ask("NotifySettlement", {**settled, "status": status}) == {}
    assert station.ask("NotifySettlement", {**settled, "receiptUrl": "https://terminal.example/1"}) == {}


@case
def VatNumberValidation(version: Version) -> None:
    station = Office(payments=Payments(vat_numbers={"NL 123": "Example BV", "DE9": ""})).station(version)

    accepted, plain, other = (
        station.ask("VatNumberValidation", vatNumber=n) for n in ("nl123", "DE9", "DE8")
    )

    assert [answer["status"] for answer in (accepted, plain, other)] == ["Accepted", "Accepted", "Rejected"]
    assert (accepted["company"]["name"], accepted["company"]["country"]) == ("Example BV", "NL")
    assert "company" not in plain


# --- single rules --------------------------------------------------------------------------------------------


def test_charging_needs_get_an_honest_no_in_the_words_of_each_version() -> None:
    answers = [
        Office().station(v).ask("NotifyEVChargingNeeds", sample(v, "NotifyEVChargingNeeds")) for v in V2X
    ]

    assert answers == [{"status": "Rejected"}, {"status": "NoChargingProfile"}]


def test_a_vat_number_that_nobody_knows_is_named_again_and_rejected() -> None:
    station = Office().station(V21)

    assert station.ask("VatNumberValidation", vatNumber="NL1", evseId=2) == {
        "status": "Rejected",
        "vatNumber": "NL1",
        "evseId": 2,
    }
    assert "evseId" not in station.ask("VatNumberValidation", vatNumber="NL1")


def test_a_swap_that_goes_on_with_another_token_is_a_finding() -> None:
    station = Office().station(V21)
    battery = {"evseId": 1, "serialNumber": "B1", "soC": 20, "soH": 90}

    for event, request, token in (("BatteryIn", 7, "A"), ("BatteryOut", 7, "a"), ("BatteryIn", 8, "B")):
        swap = {"eventType": event, "requestId": request, "idToken": {"idToken": token, "type": "Central"}}
        assert station.ask("BatterySwap", {**swap, "batteryData": [battery]}) == {}
    assert station.noted("swap_of_another") == []
    swap = {"eventType": "BatteryOut", "requestId": 8, "idToken": {"idToken": "C", "type": "Central"}}
    station.ask("BatterySwap", {**swap, "batteryData": [battery]})

    assert [entry.is_finding for entry in station.noted("swap_of_another")] == [True]


def test_every_certificate_of_a_chain_fails_for_itself() -> None:
    request = sample(V21, "GetCertificateChainStatus")
    one = request["certificateStatusRequests"][0]
    other = {
        **one,
        "source": "OCSP",
        "certificateHashData": {**one["certificateHashData"], "serialNumber": "9"},
    }

    answer = Office().station(V21).ask("GetCertificateChainStatus", certificateStatusRequests=[one, other])

    found = [
        (c["source"], c["status"], c["certificateHashData"]["serialNumber"])
        for c in answer["certificateStatus"]
    ]
    assert found == [("CRL", "Failed", one["certificateHashData"]["serialNumber"]), ("OCSP", "Failed", "9")]


@pytest.mark.parametrize("version", V2X, ids=str)
@pytest.mark.parametrize(
    ("action", "payload", "clause"),
    [
        ("FirmwareStatusNotification", {"status": "Installing"}, "L01.FR.20"),
        ("PublishFirmwareStatusNotification", {"status": "Published"}, "L03.FR.04"),
        ("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "CSO"}}, "K11.FR.05"),
    ],
)
def test_a_notification_that_breaks_its_rule_is_answered_and_found(
    version: Version, action: str, payload: Payload, clause: str
) -> None:
    station = Office().station(version)

    assert station.ask(action, payload) == {}
    assert [note.clause for note in station.notes] == [clause]


@pytest.mark.parametrize("version", V2X, ids=str)
def test_an_idle_station_needs_no_request_id(version: Version) -> None:
    station = Office().station(version)

    station.ask("FirmwareStatusNotification", status="Idle")

    assert station.notes == []


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_reservation_ends_with_its_status_update(version: Version) -> None:
    station = Office().station(version)
    token = {"idToken": "T", "type": "Central"}
    reserve = {"id": 4, "expiryDateTime": "2026-01-01T11:00:00Z", "idToken": token}
    station.called("ReserveNow", reserve, {"status": "Accepted"})
    station.called("ReserveNow", {**reserve, "id": 5}, {"status": "Accepted"})
    station.called("ReserveNow", {**reserve, "id": 6}, {"status": "Occupied"})
    assert list(station.record.reservations or {}) == [4, 5]

    station.ask("ReservationStatusUpdate", reservationId=4, reservationUpdateStatus="Expired")
    station.called("CancelReservation", {"reservationId": 5}, {"status": "Accepted"})

    assert station.record.reservations == {}


def test_the_version_of_the_local_list_is_remembered(version: Version) -> None:
    station = Office().station(version)
    name = "listVersion" if version is V16 else "versionNumber"

    station.called("SendLocalList", {name: 4, "updateType": "Full"}, {"status": "Failed"})
    assert station.record.local_list_version is None
    station.called("SendLocalList", {name: 5, "updateType": "Full"}, {"status": "Accepted"})
    assert station.record.local_list_version == 5
    station.called("GetLocalListVersion", {}, {name if version is V16 else "versionNumber": 6})
    assert station.record.local_list_version == 6


# --- the vendors' table and the page ---------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{}, {"status": "Fine"}, {"status": "Accepted", "extra": 1}])
def test_a_vendors_answer_needs_a_status_of_the_standard(wrong: Payload) -> None:
    with pytest.raises(ValueError, match=r"com\.acme/Hello"):
        Vendors({"com.acme": {"Hello": wrong}})


def test_the_page_of_answers_is_what_the_source_says() -> None:
    script = Path(__file__).parents[2] / "scripts" / "docs_answers.py"

    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_sends_are_never_answered_by_their_row() -> None:
    for action in SENDS:
        assert row_of(handlers(V21)[action].function).fields == "(never answered)"
