from __future__ import annotations

import pytest

from csms.record import StationRecord
from csms.registrar import EARLY, STATUSES, Registrar
from shared.dispatch import Payload, Refuse
from shared.versions import V2X, V16, V21, V201, Version
from tests.csms.office import EPOCH, Office, Station, sample, token_of


def pending(version: Version, *, status: str = "Pending") -> Station:
    station = Office(registrar=Registrar([status])).station(version, booted=False)
    station.boot()
    return station


def trigger(version: Version, message: str, **members: object) -> tuple[str, Payload, Payload]:
    return "TriggerMessage", {"requestedMessage": message, **members}, {"status": "Accepted"}


def refused(station: Station, action: str, **members: object) -> bool:
    try:
        station.ask(action, {**sample(station.version, action), **members})
    except Refuse as refusal:
        return refusal.code == "SecurityError"
    return False


# --- boot --------------------------------------------------------------------------------------------------


def test_a_boot_is_accepted_with_the_heartbeat_interval_and_the_time(version: Version) -> None:
    station = Office().station(version, booted=False)

    answer = station.boot()

    assert answer == {"status": "Accepted", "interval": 60, "currentTime": "2026-01-01T10:00:00.000Z"}
    assert station.record.registration == "Accepted"


def test_a_sequence_is_answered_in_order_and_its_last_for_ever(version: Version) -> None:
    registrar = Registrar(["Pending", "Rejected", "Accepted"], retry=7, heartbeat=300)
    station = Office(registrar=registrar).station(version, booted=False)

    answers = [station.boot() for _ in range(5)]

    assert [a["status"] for a in answers] == ["Pending", "Rejected", "Accepted", "Accepted", "Accepted"]
    assert [a["interval"] for a in answers] == [7, 7, 300, 300, 300]


def test_each_station_has_its_own_place_in_the_sequence() -> None:
    office = Office(registrar=Registrar(["Pending", "Accepted"]))
    one, other = office.station(V16, "A", booted=False), office.station(V16, "B", booted=False)

    assert [s.boot()["status"] for s in (one, other, one, other)] == [
        "Pending",
        "Pending",
        "Accepted",
        "Accepted",
    ]


def test_the_sequence_goes_on_after_a_reconnect(version: Version) -> None:
    office = Office(registrar=Registrar(["Pending", "Accepted"]))
    office.station(version, booted=False).boot()

    assert office.station(version, booted=False).boot()["status"] == "Accepted"


def test_upstream_counts_the_boots_of_all_stations_together() -> None:
    office = Office(registrar=Registrar(["Pending", "Accepted"], upstream=True))

    first, second = (office.station(V201, name, booted=False).boot() for name in "AB")

    assert (first["status"], second["status"]) == ("Pending", "Accepted")
    assert first["interval"] == 60


def test_a_station_can_have_a_sequence_of_its_own() -> None:
    registrar = Registrar(["Accepted"], per_station={"Late": ["Rejected", "Accepted"]})
    office = Office(registrar=registrar)

    assert office.station(V16, "Late", booted=False).boot()["status"] == "Rejected"
    assert office.station(V16, "Other", booted=False).boot()["status"] == "Accepted"


@pytest.mark.parametrize(
    ("version", "expected"), [(V16, "Accepted"), (V201, "Rejected"), (V21, "Rejected")], ids=str
)
def test_only_2x_identities_find_their_sequence_in_any_case(version: Version, expected: str) -> None:
    registrar = Registrar(["Accepted"], per_station={"LATE": ["Rejected"]})

    assert registrar.sequence_of("late", version)[0] == expected


@pytest.mark.parametrize("wrong", [[], ["Accepted", "Acepted"]])
def test_a_sequence_that_nobody_can_follow_is_an_error(wrong: list[str]) -> None:
    with pytest.raises(ValueError, match="boot sequence"):
        Registrar(wrong)


# --- the gate ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATUSES[1:])
def test_an_unaccepted_station_gets_a_security_error_and_a_finding(version: Version, status: str) -> None:
    station = pending(version, status=status)

    assert refused(station, "Heartbeat")

    (note,) = station.noted("not_registered")
    assert note.clause == {
        (V16, "Pending"): "1.6 §4.2; J-errata 3.10",
        (V16, "Rejected"): "1.6 §4.2; J-errata 3.10",
    }.get((version, status), "B02.FR.09" if status == "Pending" else "B03.FR.07")


def test_a_station_may_send_everything_once_it_is_accepted(version: Version) -> None:
    station = Office(registrar=Registrar(["Pending", "Accepted"])).station(version, booted=False)
    station.boot()
    assert refused(station, "Heartbeat")
    station.boot()

    assert not refused(station, "Heartbeat")
    assert len(station.noted("not_registered")) == 1


def test_registration_outlives_the_connection(version: Version) -> None:
    station = pending(version)

    again = station.office.station(version, booted=False)

    assert refused(again, "Heartbeat")


def test_a_triggered_message_passes_once_and_the_next_one_does_not(version: Version) -> None:
    station = pending(version)

    station.called(*trigger(version, "Heartbeat"))

    assert not refused(station, "Heartbeat")
    assert refused(station, "Heartbeat")
    assert refused(station, "StatusNotification")


def test_a_triggered_message_may_overtake_the_answer_to_the_trigger(version: Version) -> None:
    station = pending(version)

    station.called("TriggerMessage", {"requestedMessage": "Heartbeat"})

    assert not refused(station, "Heartbeat")


def test_a_rejected_trigger_permits_nothing(version: Version) -> None:
    station = pending(version)

    station.called("TriggerMessage", {"requestedMessage": "Heartbeat"}, {"status": "Rejected"})

    assert refused(station, "Heartbeat")


def test_a_trigger_that_names_no_connector_permits_a_status_of_each() -> None:
    station = pending(V16)

    station.called(*trigger(V16, "StatusNotification"))

    assert not any(refused(station, "StatusNotification", connectorId=n) for n in (0, 1, 2))


def test_a_trigger_that_names_a_connector_permits_one_status(version: Version) -> None:
    station = pending(version)
    place: Payload = {"connectorId": 1} if version is V16 else {"evse": {"id": 1, "connectorId": 1}}

    station.called(*trigger(version, "StatusNotification", **place))

    assert not refused(station, "StatusNotification")
    assert refused(station, "StatusNotification")


def test_the_status_of_2_1_may_come_as_an_event_when_it_was_triggered() -> None:
    station = pending(V21)

    station.called(*trigger(V21, "StatusNotification", evse={"id": 1, "connectorId": 1}))

    assert not refused(station, "NotifyEvent")


def test_the_extended_trigger_of_1_6_permits_the_certificate_request_that_it_names() -> None:
    station = pending(V16)

    station.called(
        "ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"}, {"status": "Accepted"}
    )

    assert not refused(station, "SignCertificate")


@pytest.mark.parametrize("version", V2X, ids=str)
@pytest.mark.parametrize("call", ["GetBaseReport", "GetReport"])
def test_the_report_that_was_asked_for_passes_by_its_request_id(version: Version, call: str) -> None:
    station = pending(version)

    station.called(call, {**sample(version, call), "requestId": 42}, {"status": "Accepted"})

    assert not refused(station, "NotifyReport", requestId=42, seqNo=0, tbc=True)
    assert not refused(station, "NotifyReport", requestId=42, seqNo=1, tbc=False)
    assert refused(station, "NotifyReport", requestId=43)
    assert refused(station, "NotifyReport", requestId=42)


@pytest.mark.parametrize("version", V2X, ids=str)
def test_other_calls_excuse_no_message_while_pending(version: Version) -> None:
    """B02.FR.02 names TriggerMessage, GetBaseReport and GetReport, and no other."""
    station = pending(version)

    station.called("GetLog", sample(version, "GetLog"), {"status": "Accepted"})
    monitoring = {"requestId": 5, "monitoringCriteria": ["DeltaMonitoring"]}
    station.called("GetMonitoringReport", monitoring, {"status": "Accepted"})

    assert refused(station, "LogStatusNotification")
    assert refused(station, "NotifyMonitoringReport", requestId=5)
    assert refused(station, "NotifyReport", requestId=5)


def test_a_triggered_message_that_a_boot_overtook_still_passes(version: Version) -> None:
    station = pending(version)
    station.called(*trigger(version, "Heartbeat"))

    station.boot()

    assert not refused(station, "Heartbeat")
    assert refused(station, "Heartbeat")


def test_what_was_triggered_while_accepted_permits_nothing_later(version: Version) -> None:
    station = Office(registrar=Registrar(["Accepted", "Pending"])).station(version, booted=False)
    station.boot()
    station.called(*trigger(version, "Heartbeat"))

    station.boot()

    assert refused(station, "Heartbeat")


def test_an_open_permission_ends_with_the_next_boot(version: Version) -> None:
    station = pending(version)
    station.called(*trigger(version, "MeterValues"))
    assert not any(refused(station, "MeterValues") for _ in range(3))

    station.boot()

    assert refused(station, "MeterValues")


def test_a_custom_trigger_may_bring_any_one_message() -> None:
    station = pending(V21)
    station.called(*trigger(V21, "CustomTrigger", customTrigger="Diagnose"))

    assert not refused(station, "DataTransfer")
    assert refused(station, "DataTransfer")


def test_lenient_registration_serves_and_still_tells(version: Version) -> None:
    station = Office(registrar=Registrar(["Rejected"], registration="lenient")).station(version, booted=False)
    station.boot()

    assert not refused(station, "Heartbeat")
    assert station.noted("not_registered")


def test_upstream_serves_in_every_state(version: Version) -> None:
    station = Office(registrar=Registrar(["Rejected"], upstream=True)).station(version, booted=False)
    station.boot()

    assert not refused(station, "Heartbeat")


def test_a_station_that_never_booted_is_served_with_one_warning(version: Version) -> None:
    station = Office().station(version, booted=False)

    station.ask("Heartbeat")
    station.ask("Heartbeat")

    (note,) = station.noted("never_booted")
    assert not note.is_finding


def test_strict_registration_refuses_a_station_that_never_booted(version: Version) -> None:
    station = Office(registrar=Registrar(registration="strict")).station(version, booted=False)

    assert refused(station, "Heartbeat")
    assert station.noted("not_registered")[0].is_finding
    station.boot()
    assert not refused(station, "Heartbeat")


def test_asking_may_send_tells_without_refusing() -> None:
    record = StationRecord("CP1", V201)
    record.registration = "Pending"

    verdict = Registrar().may_send(record, V201, "Heartbeat", {})

    assert verdict is not None
    assert verdict.clause == "B02.FR.09"
    assert Registrar().may_send(record, V201, "BootNotification", {}) is None


# --- boots that come too early -----------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "clause"), [("Pending", "B02.FR.04"), ("Rejected", "B03.FR.02")])
def test_a_boot_before_the_interval_is_a_finding(version: Version, status: str, clause: str) -> None:
    station = pending(version, status=status)

    station.office.elapsed = 5 * EARLY - 0.1
    station.boot()

    assert station.noted("early_boot")[0].clause == ("1.6 §4.2" if version is V16 else clause)


def test_a_boot_after_the_interval_is_none(version: Version) -> None:
    station = pending(version)

    station.office.elapsed = 5.0
    station.boot()

    assert not station.noted("early_boot")


def test_a_triggered_boot_may_come_early(version: Version) -> None:
    station = pending(version)
    station.called(*trigger(version, "BootNotification"))

    station.boot()

    assert not station.noted("early_boot")


def test_a_new_connection_may_boot_at_once(version: Version) -> None:
    station = pending(version)

    again = station.office.station(version, booted=False)
    again.boot()

    assert not again.noted("early_boot")


def test_the_clock_of_the_answer_is_the_offices(version: Version) -> None:
    station = Office().station(version, booted=False)
    station.office.elapsed = 61.5

    assert station.boot()["currentTime"] == "2026-01-01T10:01:01.500Z"
    assert station.session.csms.clock.time() == EPOCH + 61.5


def test_a_token_is_not_looked_at_before_registration(version: Version) -> None:
    station = pending(version)

    assert refused(station, "Authorize", **token_of(version, "T"))
