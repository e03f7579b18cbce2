"""What no schema objects to, and is wrong all the same: each note, and who earns none."""

from __future__ import annotations

from typing import Any

import pytest

from shared.versions import V2X, V16, V21, V201, Version
from tests.csms.office import Office, Station
from tests.support import each_version

NOW = "2026-01-01T10:00:00.000Z"


def found(station: Station, *, clause: bool | None = None) -> list[str]:
    """Names of the notes, of those with or without a clause if asked for."""
    return [n.note or "" for n in station.notes if clause in (None, bool(n.clause))]


def status(station: Station, word: str, connector: int = 1, **more: Any) -> None:
    if station.version is V16:
        request = {"connectorId": connector, "errorCode": "NoError", "status": word, **more}
    else:
        request = {"evseId": 1, "connectorId": connector, "connectorStatus": word, "timestamp": NOW, **more}
    station.ask("StatusNotification", request)


# --- times --------------------------------------------------------------------------------------------------------

TIMES = [
    ("2026-01-01T10:00:59.000Z", V16, "", ""),
    ("2026-01-01T10:01:30.000Z", V16, "clock_off", ""),
    ("2026-01-01T12:00:59.000+02:00", V201, "", ""),
    ("2026-01-01T12:03:00+02:00", V201, "clock_off", ""),
    ("1970-01-01T00:00:01.000Z", V21, "clock_off", ""),
    ("2020-01-01T00:00:00Z", V201, "", ""),  # an old one may have waited in a queue
    ("2026-01-01T10:00:00", V16, "no_offset", ""),
    ("2026-01-01T10:00:00.123456Z", V16, "", ""),
    ("2026-01-01T10:00:00.123456Z", V201, "long_fraction", "part 2 §3.1"),
    ("2026-01-01T10:00:00.1234+00:00", V21, "long_fraction", "part 2 §3.1"),
]


@pytest.mark.parametrize(("stamp", "version", "name", "clause"), TIMES, ids=str)
def test_a_time_is_held_against_our_clock_and_its_form(
    stamp: str, version: Version, name: str, clause: str
) -> None:
    station = Office().station(version)
    for _ in range(3):
        status(station, "Available", timestamp=stamp)
    assert [(n.note, n.clause) for n in station.notes] == ([(name, clause)] if name else [])  # told once


def test_the_next_connection_is_told_of_a_wrong_clock_again() -> None:
    office = Office()
    for _ in range(2):
        status(office.station(V16), "Available", timestamp="1970-01-01T00:00:00Z")
    assert found(office.station(V16)) == ["clock_off", "clock_off"]


def test_our_clock_goes_on_while_times_are_compared() -> None:
    station = Office().station(V16)
    status(station, "Available", timestamp=NOW)
    station.office.elapsed = 3600.0
    status(station, "Available", timestamp="2026-01-01T11:00:30.000Z")
    assert found(station) == []
    status(station, "Available", timestamp="2026-01-01T11:05:00.000Z")
    assert found(station) == ["clock_off"]


# --- statuses -----------------------------------------------------------------------------------------------------


def test_faulted_needs_an_error_and_the_station_itself_has_three_statuses() -> None:
    station = Office().station(V16)
    status(station, "Faulted", errorCode="GroundFailure")
    status(station, "Unavailable", 0)
    assert found(station) == []
    status(station, "Faulted")
    status(station, "Charging", 0)
    status(station, "Available", 2, errorCode="EVCommunicationError")
    assert found(station, clause=True) == ["faulted_without_error", "station_status", "error_with_status"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["Available", "Preparing", "Finishing", "Available"], []),
        (["Available", "Available"], []),
        (["Available", "Finishing"], ["status_transition"]),
        (["Reserved", "Charging"], ["status_transition", "status_order"]),
        (["Faulted", "Finishing"], []),
    ],
    ids=str,
)
def test_a_way_between_statuses_that_the_table_lacks_is_remarked(words: list[str], names: list[str]) -> None:
    """1.6 §4.9; MinimumStatusDuration may hide one, so it breaks no rule."""
    station = Office().station(V16)
    for word in words:
        status(station, word, errorCode="OtherError" if word == "Faulted" else "NoError")
    assert found(station) == names
    assert found(station, clause=True) == []


def test_what_happened_between_two_connections_need_not_be_told() -> None:
    office = Office()
    status(office.station(V16), "Available")
    again = office.station(V16)
    status(again, "Finishing")
    assert found(again) == []


def test_a_status_that_comes_before_or_after_its_transaction_is_remarked() -> None:
    station = Office().station(V16)
    status(station, "Preparing")
    status(station, "Charging")
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": NOW}
    station.ask("StartTransaction", start)
    status(station, "SuspendedEV")
    status(station, "Preparing")
    assert [n.what for n in station.noted("status_order")] == [
        "connector 1 is Charging, where no transaction is open",
        "connector 1 is Preparing, where a transaction is open",
    ]


@pytest.mark.parametrize("version", V2X, ids=str)
def test_charging_at_a_connector_that_is_available_is_a_finding_unless_it_happened_offline(
    version: Version,
) -> None:
    """G01.FR.03."""
    station = Office().station(version)
    status(station, "Available")
    place: Any = {"evse": {"id": 1, "connectorId": 1}, "info": {"chargingState": "Charging"}}
    station.event("Started", 0, token="T", **place)
    station.event("Updated", 1, offline=True)
    assert "status_missing" not in found(station)
    station.event("Updated", 2)
    assert station.noted("status_missing")[0].clause == "G01.FR.03"
    status(station, "Occupied")
    station.event("Updated", 3)
    assert len(station.noted("status_missing")) == 1


# --- tokens, boots ------------------------------------------------------------------------------------------------


def test_an_empty_token_breaks_a_rule_of_2x_alone_and_none_with_no_authorization() -> None:
    old, new = Office().station(V16), Office().station(V21)
    old.ask("Authorize", {"idTag": ""})
    new.ask("Authorize", {"idToken": {"idToken": "", "type": "NoAuthorization"}})
    assert (found(old), found(old, clause=True), found(new)) == (["empty_token"], [], [])
    new.ask("Authorize", {"idToken": {"idToken": "", "type": "ISO14443"}})
    assert found(new, clause=True) == ["empty_token"]


def test_an_authorization_without_its_token_is_a_finding_until_the_token_has_come() -> None:
    """E02.FR.01."""
    station = Office().station(V201)
    station.event("Started", 0, triggerReason="Authorized")
    station.event("Updated", 1, triggerReason="Authorized", token="T")
    station.event("Updated", 2, triggerReason="Authorized")
    station.event("Ended", 3, triggerReason="Authorized")
    assert [n.clause for n in station.noted("authorized_without_token")] == ["E02.FR.01, E03.FR.01"]


@each_version
def test_a_second_boot_on_a_connection_is_remarked_once_it_was_accepted(version: Version) -> None:
    office = Office()
    station = office.station(version, booted=False)
    station.boot()
    assert found(station) == []
    station.boot()
    assert found(station) == ["boot_again"]
    office.station(version).boot()
    assert len(station.notes) == 1


# --- transactions -------------------------------------------------------------------------------------------------

START = {"connectorId": 1, "idTag": "T", "meterStart": 100, "timestamp": NOW}


def test_numbers_that_were_never_given_and_those_of_other_transactions_are_findings() -> None:
    """1.6 §6.49; errata 3.16, 3.18."""
    station = Office().station(V16)
    id = station.ask("StartTransaction", START)["transactionId"]
    value = {"timestamp": "2026-01-01T10:00:50.000Z", "sampledValue": [{"value": "200"}]}
    stop = {"transactionId": id, "meterStop": 200, "timestamp": "2026-01-01T10:00:30.000Z"}
    station.ask("StopTransaction", stop)
    station.ask("StopTransaction", stop)  # again
    assert found(station, clause=True) == []
    station.ask("StopTransaction", stop | {"timestamp": "2026-01-01T10:00:40.000Z"})
    station.ask("MeterValues", {"connectorId": 1, "transactionId": id, "meterValue": [value]})
    for number, clause in ((0, True), (-2, True), (-1, False), (777, False)):
        before = len(found(station, clause=True))
        station.ask("StopTransaction", stop | {"transactionId": number})
        station.ask("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [value]})
        assert len(found(station, clause=True)) == before + (2 if clause else 0)
    assert found(station).count("stale_transaction_id") == 2


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_first_event_with_number_0_that_is_not_started_is_a_finding(version: Version) -> None:
    station = Office().station(version)
    station.event("Updated", 0)
    station.event("Updated", 4, "TX2")  # its start may have gone elsewhere
    assert [bool(n.clause) for n in station.noted("unknown_transaction")] == [True, False]


@each_version
def test_a_register_may_begin_anew_with_a_transaction_and_not_fall_in_one(version: Version) -> None:
    """J02.FR.16 binds the values of one transaction."""
    station = Office().station(version)

    def value(wh: float) -> list[dict[str, Any]]:
        return [{"timestamp": NOW, "sampledValue": [{"value": str(wh) if version is V16 else wh}]}]

    for at, readings in ((0, (500, 400, 600)), (1, (0, 50, 100))):
        stamp = f"2026-01-01T10:00:0{at}.000Z"
        if version is V16:
            request = START | {"meterStart": readings[0], "timestamp": stamp}
            id = station.ask("StartTransaction", request)["transactionId"]
            told = {"connectorId": 1, "transactionId": id, "meterValue": value(readings[1])}
            station.ask("MeterValues", told)
            station.ask(
                "StopTransaction", {"transactionId": id, "meterStop": readings[2], "timestamp": stamp}
            )
        else:
            place: Any = {"evse": {"id": 1, "connectorId": 1}}
            station.event("Started", 0, f"TX{at}", token="T", meterValue=value(readings[0]), **place)
            station.event("Updated", 1, f"TX{at}", meterValue=value(readings[1]))
            station.event("Ended", 2, f"TX{at}", meterValue=value(readings[2]))
    assert found(station, clause=True) == ["meter_backwards"]
    assert found(station, clause=False) == ["register_reset"]


@each_version
@pytest.mark.parametrize(
    ("watts", "energy", "unit", "names"),
    [
        (11_000, 550, "W", []),
        (11, 0.55, "kW", ["energy_disagrees"]),
        (11_000, 0.55, "W", ["energy_disagrees"]),
        (0, 0, "W", []),
        (11_000, 550_000, "W", ["energy_disagrees"]),
    ],
)
def test_energy_goes_with_the_power(
    version: Version, watts: float, energy: float, unit: str, names: list[str]
) -> None:
    """kWh that are told as Wh: no rule is broken that one could name, and the bill is wrong."""
    station = Office().station(version)

    def values(minute: int) -> list[dict[str, Any]]:
        told: list[Any] = [energy * minute / 3, watts]
        more: list[dict[str, Any]] = [{}, {"measurand": "Power.Active.Import"}]
        if version is V16:
            more[1]["unit"] = unit
        else:
            more[1]["unitOfMeasure"] = {"unit": unit}
        samples = [{"value": str(v) if version is V16 else v, **m} for v, m in zip(told, more, strict=True)]
        return [{"timestamp": f"2026-01-01T10:{minute:02}:00.000Z", "sampledValue": samples}]

    station.office.elapsed = 900.0
    if version is V16:
        id = station.ask("StartTransaction", START)["transactionId"]
        for minute in (3, 6, 9):
            request = {"connectorId": 1, "transactionId": id, "meterValue": values(minute)}
            station.ask("MeterValues", request)
    else:
        for number in range(3):
            kind = "Updated" if number else "Started"
            station.event(kind, number, token="T", meterValue=values(3 * number + 3))
    assert [n for n in found(station) if n == "energy_disagrees"] == names


def test_quick_readings_are_compared_over_a_while_and_pauses_are_left_out() -> None:
    def told(wh_per_wh: float, watts: list[int]) -> list[str]:
        station = Office().station(V16)
        station.office.elapsed = 7200.0
        id, wh = station.ask("StartTransaction", START)["transactionId"], 100.0
        for second, power in enumerate(watts):
            wh += power / 3600 * wh_per_wh
            samples = [{"value": f"{wh}"}, {"value": f"{power}", "measurand": "Power.Active.Import"}]
            stamp = f"2026-01-01T10:{second // 60:02}:{second % 60:02}.000Z"
            value = [{"timestamp": stamp, "sampledValue": samples}]
            station.ask("MeterValues", {"connectorId": 1, "transactionId": id, "meterValue": value})
        return [name for name in found(station) if name != "late_event"]

    assert told(0.001, [11_000] * 60) == ["energy_disagrees"]
    assert told(1, [11_000] * 60) == []
    assert told(1, [11_000] * 2 + [0] * 3000 + [11_000] * 30) == []


# --- promises -----------------------------------------------------------------------------------------------------


def test_an_accepted_setting_of_1_6_has_its_value() -> None:
    station = Office().station(V16)
    station.called("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "77"}, {"status": "Accepted"})
    station.called("ChangeConfiguration", {"key": "Mine", "value": "B, A"}, {"status": "Accepted"})
    station.called("ChangeConfiguration", {"key": "Other", "value": "1"}, {"status": "Rejected"})
    told = [
        {"key": "heartbeatinterval", "readonly": False, "value": "77.0"},
        {"key": "Mine", "readonly": False, "value": "a,b"},
        {"key": "Other", "readonly": False, "value": "2"},
    ]
    station.called("GetConfiguration", {}, {"configurationKey": told})
    assert found(station) == []
    told[0]["value"] = "60"
    station.called("GetConfiguration", {"key": ["HeartbeatInterval"]}, {"configurationKey": told})
    assert found(station, clause=True) == ["unasked_keys", "setting_ignored"]


def test_an_accepted_setting_of_2x_has_its_value_until_the_next_boot() -> None:
    station = Office().station(V201)
    named = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
    set_ = {"setVariableData": [{**named, "attributeValue": "77"}]}
    done = {"setVariableResult": [{**named, "attributeStatus": "Accepted"}]}
    told = {"getVariableResult": [{**named, "attributeStatus": "Accepted", "attributeValue": "60"}]}
    station.called("SetVariables", set_, done)
    station.boot()
    station.called("GetVariables", {"getVariableData": [named]}, told)
    assert found(station) == []
    station.called("SetVariables", set_, done)
    station.called("GetVariables", {"getVariableData": [named]}, told)
    assert [n.clause for n in station.noted("setting_ignored")] == ["B05.FR.10"]


@each_version
def test_an_accepted_reset_is_followed_by_a_restart(version: Version) -> None:
    office = Office()
    station = office.station(version)
    reset = {"type": "Hard" if version is V16 else "Immediate"}
    station.called("Reset", reset, {"status": "Accepted"})
    office.elapsed = 60.0
    station.ask("Heartbeat")
    assert found(station) == []
    office.elapsed = 500.0
    station.ask("Heartbeat")
    station.ask("Heartbeat")
    assert [n.note for n in station.notes if n.clause] == ["reset_ignored"]
    station.called("Reset", reset, {"status": "Accepted"})
    office.elapsed = 1000.0
    again = office.station(version)  # it has restarted
    again.ask("Heartbeat")
    assert found(again) == ["reset_ignored"]


def test_a_report_tells_of_nothing_that_was_not_asked_for() -> None:
    """B08.FR.11."""
    station = Office().station(V201)
    asked = [{"component": {"name": "TxCtrlr"}, "variable": {"name": "TxStartPoint"}}]
    call = {"requestId": 5, "componentVariable": asked}
    station.called("GetReport", call, {"status": "Accepted"})
    entry = {**asked[0], "variableAttribute": [{"value": "x"}]}
    report = {"requestId": 5, "generatedAt": NOW, "seqNo": 0, "tbc": True, "reportData": [entry]}
    station.ask("NotifyReport", report)
    assert found(station) == []
    other = entry | {"component": {"name": "AuthCtrlr"}}
    station.ask("NotifyReport", report | {"seqNo": 1, "reportData": [entry, other]})
    assert found(station, clause=True) == ["unasked_report"]
