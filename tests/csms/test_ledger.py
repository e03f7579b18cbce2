from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms import record as records
from csms.ledger import Ledger
from csms.record import Account, StationRecord
from csms.transaction import Sequence, registers
from shared.dispatch import Payload
from shared.versions import V2X, V16, V21, V201, Version
from tests.csms.office import Office, Station

START = {"connectorId": 1, "idTag": "TAG", "meterStart": 100, "timestamp": "2026-01-01T10:00:00Z"}
STOP = {"meterStop": 1600, "timestamp": "2026-01-01T11:00:00Z"}


def start(station: Station, **members: Any) -> int:
    answer = station.ask("StartTransaction", {**START, **members})
    return int(answer["transactionId"])


def stop(station: Station, id: int, **members: Any) -> Payload:
    return station.ask("StopTransaction", {**STOP, "transactionId": id, **members})


def open_ids(station: Station, **where: int) -> list[int | str]:
    return [t.id for t in station.office.policies.ledger.open(station.record, **where)]


def bills(station: Station) -> list[Any]:
    return station.office.policies.ledger.billed(station.record)


def reading(value: float | str, **members: Any) -> list[Payload]:
    return [{"timestamp": "2026-01-01T10:00:00Z", "sampledValue": [{"value": value, **members}]}]


# --- 1.6 ---------------------------------------------------------------------------------------------------


def test_transactions_are_numbered_from_1000_across_all_stations() -> None:
    office = Office()
    one, other = office.station(V16, "A"), office.station(V16, "B")

    assert [start(one), start(other), start(one, connectorId=2)] == [1000, 1001, 1002]


def test_a_start_that_comes_again_keeps_its_number() -> None:
    station = Office().station(V16)
    first = start(station)

    again = station.office.station(V16)  # after a reconnect, too
    assert start(again) == first
    assert open_ids(again) == [first]
    assert again.noted("duplicate_start")[-1].detail == {"transaction": first}
    assert not again.noted("duplicate_start")[-1].is_finding


@pytest.mark.parametrize(
    "other",
    [{"connectorId": 2}, {"idTag": "OTHER"}, {"meterStart": 101}, {"timestamp": "2026-01-01T10:00:01Z"}],
)
def test_a_start_that_differs_is_another_transaction(other: Payload) -> None:
    station = Office().station(V16)

    assert start(station) != start(station, **other)


def test_a_repeated_start_of_an_ended_transaction_does_not_open_it_again() -> None:
    station = Office().station(V16)
    id = start(station)
    stop(station, id)

    assert start(station) == id
    assert open_ids(station) == []
    assert len(bills(station)) == 1


def test_a_stopped_transaction_is_billed_with_what_it_drew() -> None:
    station = Office().station(V16)
    id = start(station)

    answer = stop(station, id, reason="EVDisconnected")

    assert answer == {}
    assert open_ids(station) == []
    (bill,) = bills(station)
    assert bill == (id, 0, 1, "TAG", START["timestamp"], STOP["timestamp"], 1500.0, "EVDisconnected")


def test_a_stop_with_a_tag_is_answered_with_its_worth_and_an_omitted_reason_is_local() -> None:
    station = Office().station(V16)

    assert stop(station, start(station), idTag="TAG") == {"idTagInfo": {"status": "Accepted"}}
    assert bills(station)[0].reason == "Local"


@pytest.mark.parametrize("id", [-1, 0, 7])
def test_a_stop_of_an_unknown_transaction_is_answered_as_any_other(id: int) -> None:
    """1.6 §4.10; errata 3.18 for -1."""
    station = Office().station(V16)

    assert stop(station, id) == {}
    assert stop(station, id, idTag="TAG") == {"idTagInfo": {"status": "Accepted"}}
    assert [n.detail for n in station.noted("unknown_transaction")] == [{"transaction": id}] * 2
    assert bills(station) == []


def test_a_stop_that_comes_again_is_billed_once() -> None:
    station = Office().station(V16)
    id = start(station)

    assert stop(station, id) == stop(station, id)
    assert len(bills(station)) == 1
    assert len(station.noted("duplicate_stop")) == 1


def test_open_transactions_are_found_by_connector_oldest_first() -> None:
    station = Office().station(V16)
    ids = [start(station, connectorId=n) for n in (2, 1, 3)]

    assert open_ids(station) == ids
    assert open_ids(station, connector=1) == [ids[1]]
    assert open_ids(station, connector=9) == []


def test_meter_values_move_the_register_of_their_transaction() -> None:
    station = Office().station(V16)
    id = start(station)

    station.ask("MeterValues", connectorId=1, transactionId=id, meterValue=reading("0.7", unit="kWh"))
    assert station.record.transactions.open[id].energy == 600.0
    station.ask("MeterValues", connectorId=1, transactionId=55, meterValue=reading("800"))
    station.ask("MeterValues", connectorId=1, transactionId=-1, meterValue=reading("800"))
    station.ask("MeterValues", connectorId=1, meterValue=reading("800"))

    assert station.record.transactions.open[id].energy == 600.0
    assert [n.detail for n in station.noted("unknown_transaction")] == [{"transaction": 55}]


def test_a_meter_stop_below_its_meter_start_is_noted() -> None:
    station = Office().station(V16)
    id = start(station, meterStart=2000)

    stop(station, id)

    (note,) = station.noted("meter_stop_below_start")
    assert note.detail == {"transaction": id, "expected": 2000.0, "got": 1600.0}
    assert note.clause


def test_messages_of_long_ago_count_as_late() -> None:
    station = Office().station(V16)
    station.office.elapsed = 61.0

    id = start(station)
    start(station, connectorId=2, timestamp="2026-01-01T10:01:00.5Z")
    start(station, connectorId=3, timestamp="not a time")

    assert [n.detail for n in station.noted("late_event")] == [{"transaction": id, "got": START["timestamp"]}]


def test_a_start_uses_up_its_reservation() -> None:
    station = Office().station(V16)
    reserve = {"connectorId": 1, "expiryDate": START["timestamp"], "idTag": "TAG", "reservationId": 4}
    station.called("ReserveNow", reserve, {"status": "Accepted"})
    assert station.record.reservations == {4: reserve}

    start(station, reservationId=4)

    assert station.record.reservations == {}


def test_upstream_draws_its_transaction_ids() -> None:
    station = Office(upstream=True).station(V16)

    ids = [start(station, connectorId=n) for n in range(1, 5)]

    assert all(1 <= id < 2**31 for id in ids)
    assert len(set(ids)) == 4
    assert max(ids) > 2000


# --- 2.x ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_session_is_billed_with_token_place_and_energy(version: Version) -> None:
    station = Office().station(version)

    station.event("Started", 0, evse={"id": 2, "connectorId": 1}, meterValue=reading(1000))
    station.event("Updated", 1, token="TAG")
    station.event("Updated", 2, meterValue=reading(1500), info={"chargingState": "Charging"})
    assert open_ids(station, evse=2, connector=1) == ["TX1"]
    assert station.record.transactions.open["TX1"].charging_state == "Charging"
    station.event(
        "Ended", 3, meterValue=reading(3.5, unitOfMeasure={"unit": "kWh"}), info={"stoppedReason": "Remote"}
    )

    assert open_ids(station) == []
    assert bills(station) == [
        ("TX1", 2, 1, "TAG", "2026-01-01T10:00:00.000Z", "2026-01-01T10:00:03.000Z", 2500.0, "Remote")
    ]
    assert station.notes == []


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_transaction_goes_on_after_a_reconnect(version: Version) -> None:
    station = Office().station(version)
    station.event("Started", 0)

    again = station.office.station(version)
    again.event("Updated", 1)

    assert open_ids(again) == ["TX1"]
    assert again.notes == []


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_transaction_is_learnt_from_an_update(version: Version) -> None:
    station = Office().station(version)

    station.event("Updated", 4, evse={"id": 1})

    assert open_ids(station, evse=1) == ["TX1"]
    assert station.noted("unknown_transaction")[0].detail == {"transaction": "TX1", "got": 4}


def test_a_gap_is_a_finding_with_what_was_expected() -> None:
    station = Office().station(V201)
    station.event("Started", 0)

    station.event("Updated", 3)

    (note,) = station.noted("seqno_gap")
    assert note.detail == {"transaction": "TX1", "expected": 1, "got": 3}
    assert "E01.FR.07" in note.clause
    assert station.office.policies.ledger.counts["seqno_gap"] == 1


def test_an_event_that_fills_a_gap_is_late_and_counted_once() -> None:
    station = Office().station(V201)
    station.event("Started", 0)
    station.event("Updated", 2)

    station.event("Updated", 1)
    station.event("Updated", 1)

    late = {"transaction": "TX1", "expected": 3, "got": 1}
    assert [n.detail for n in station.noted("late_event")] == [late]
    assert len(station.noted("seqno_duplicate")) == 1
    assert station.record.transactions.open["TX1"].sequence.missing == 0  # type: ignore[union-attr]


def test_an_event_that_happened_offline_is_late_but_no_fault() -> None:
    station = Office().station(V21)

    station.event("Started", 0, offline=True)

    (note,) = station.noted("late_event")
    assert not note.is_finding
    assert note.detail == {"transaction": "TX1", "expected": 0, "got": 0}


def test_a_repeated_event_is_answered_alike_and_entered_once() -> None:
    station = Office().station(V201)
    station.event("Started", 0, token="T", meterValue=reading(100))
    first = station.event("Updated", 1, token="T", meterValue=reading(400))

    again = station.event("Updated", 1, token="T", meterValue=reading(300))

    assert again == first
    assert station.record.transactions.open["TX1"].energy == 300.0
    (note,) = station.noted("seqno_duplicate")
    assert note.detail == {"transaction": "TX1", "expected": 2, "got": 1}
    assert not note.is_finding


def test_the_last_event_may_come_again_after_a_late_one() -> None:
    station = Office().station(V201)
    station.event("Started", 0)
    for number in (2, 1, 2):
        station.event("Updated", number)
    station.event("Updated", 2, at="2026-01-01T10:09:00Z")

    same, another = station.noted("seqno_duplicate")
    assert not same.is_finding
    assert another.is_finding


def test_a_repeated_event_has_its_values_noted_once() -> None:
    signed = {"signedMeterData": "AA==", "encodingMethod": "OCMF", "signingMethod": "", "publicKey": ""}
    station = Office().station(V201)

    for _ in range(2):
        station.event("Started", 0, meterValue=reading(5, signedMeterValue=signed))

    assert len(station.noted("signed_meter_values")) == 1


def test_a_late_event_does_not_turn_back_the_charging_state() -> None:
    station = Office().station(V201)
    station.event("Started", 0, info={"chargingState": "EVConnected"})
    station.event("Updated", 2, info={"chargingState": "SuspendedEV"})

    station.event("Updated", 1, info={"chargingState": "Charging"})

    assert station.record.transactions.open["TX1"].charging_state == "SuspendedEV"


def test_the_token_that_came_first_is_billed_and_an_omitted_reason_is_local() -> None:
    station = Office().station(V201)
    station.event("Started", 0, token="FIRST")

    station.event("Ended", 1, token="OTHER")

    (bill,) = bills(station)
    assert (bill.token, bill.reason) == ("FIRST", "Local")


def test_a_number_used_twice_for_different_events_is_a_finding_and_both_count() -> None:
    """Some stations number Started and Ended 0 alike."""
    station = Office().station(V201)
    station.event("Started", 0)

    station.event("Ended", 0, at="2026-01-01T10:30:00Z")

    assert station.noted("seqno_duplicate")[0].is_finding
    assert open_ids(station) == []
    assert bills(station)[0].stopped == "2026-01-01T10:30:00Z"


def test_a_repeated_end_is_billed_once() -> None:
    station = Office().station(V201)
    station.event("Started", 0)
    station.event("Ended", 1)

    station.event("Ended", 1)

    assert len(bills(station)) == 1
    assert station.notes[-1].note == "seqno_duplicate"
    assert not station.noted("event_after_end")


def test_an_event_after_the_end_is_a_finding_but_one_that_comes_late_is_none() -> None:
    station = Office().station(V201)
    station.event("Started", 0)
    station.event("Ended", 2)

    station.event("Updated", 1)
    assert not station.noted("event_after_end")
    station.event("Updated", 3)
    assert station.noted("event_after_end")[0].is_finding
    assert open_ids(station) == []


def test_a_session_whose_events_come_backwards_is_billed_whole() -> None:
    station = Office().station(V201)

    station.event("Ended", 2, meterValue=reading(900))
    station.event("Updated", 1, meterValue=reading(500))
    station.event("Started", 0, token="T", meterValue=reading(400), evse={"id": 1, "connectorId": 1})

    (bill,) = bills(station)
    assert (bill.energy, bill.token, bill.started, bill.evse) == (500.0, "T", "2026-01-01T10:00:00.000Z", 1)


@pytest.mark.parametrize("ended", [True, False])
def test_an_id_that_is_used_again_is_a_finding_and_another_transaction(ended: bool) -> None:
    """E01.FR.08."""
    station = Office().station(V201)
    station.office.elapsed = 48 * 3600.0
    station.event("Started", 0, token="T", meterValue=reading(0))
    station.event("Ended" if ended else "Updated", 1, meterValue=reading(500))

    station.event("Started", 0, at="2026-01-02T10:00:00Z", meterValue=reading(500))
    station.event("Ended", 1, at="2026-01-02T11:00:00Z", meterValue=reading(700))

    assert [note.note for note in station.notes] == ["transaction_id_reused"]
    assert station.notes[0].clause == "E01.FR.08"
    assert [bill.energy for bill in bills(station)] == [500.0, 200.0]
    assert open_ids(station) == []
    again = Account.from_json(station.record.transactions.to_json())
    assert [t.energy for t in again.closed.values()] == [500.0, 200.0]


def test_a_start_that_is_sent_again_with_a_new_time_is_the_same_transaction() -> None:
    station = Office().station(V201)
    station.event("Started", 0)

    station.event("Started", 0, at="2026-01-02T10:00:00Z")

    assert open_ids(station) == ["TX1"]
    assert station.noted("seqno_duplicate")[0].is_finding


def test_a_running_number_may_begin_anywhere() -> None:
    """part 2 E §1.3.2: a counter per EVSE is allowed."""
    station = Office().station(V201)

    station.office.elapsed = 120.0
    station.event("Started", 117)
    station.event("Ended", 118)

    (note,) = station.notes
    assert (note.note, note.clause, note.detail) == ("first_seq_no", "", {"transaction": "TX1", "got": 117})


def test_a_transaction_without_an_id_is_answered_and_not_kept() -> None:
    station = Office().station(V201)

    assert station.event("Started", 0, "", token="T") == {"idTokenInfo": {"status": "Accepted"}}
    assert open_ids(station) == []
    assert station.noted("empty_transaction_id")[0].clause == "E01.FR.08"


def test_the_remote_start_id_is_remembered_and_the_reservation_used() -> None:
    station = Office().station(V201)
    reserve = {
        "id": 9,
        "expiryDateTime": "2026-01-01T11:00:00Z",
        "idToken": {"idToken": "T", "type": "Central"},
    }
    station.called("ReserveNow", reserve, {"status": "Accepted"})

    station.event("Started", 0, info={"remoteStartId": 77}, reservationId=9)

    transaction = station.record.transactions.open["TX1"]
    assert (transaction.remote_start_id, transaction.reservation) == (77, 9)
    assert station.record.reservations == {}


def test_signed_values_are_noted_in_both_families() -> None:
    signed = {"signedMeterData": "AA==", "encodingMethod": "OCMF", "signingMethod": "", "publicKey": ""}
    two, one = Office().station(V201), Office().station(V16)

    two.event("Started", 0, meterValue=reading(5, signedMeterValue=signed))
    id = start(one)
    stop(one, id, transactionData=[*reading("0A0B", format="SignedData"), *reading("9999")])

    assert two.noted("signed_meter_values")[0].detail == {"count": 1}
    assert one.noted("signed_meter_values")[0].detail == {"count": 1}
    assert bills(one)[0].energy == 1500.0


# --- meter values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ({"value": "58.8"}, 58.8),
        ({"value": 58.8}, 58.8),
        ({"value": "2", "unit": "kWh"}, 2000.0),
        ({"value": 2, "unitOfMeasure": {"unit": "kWh"}}, 2000.0),
        ({"value": 2, "unitOfMeasure": {"multiplier": 3}}, 2000.0),
        ({"value": 2, "unitOfMeasure": {"unit": "Wh", "multiplier": -1}}, 0.2),
        ({"value": 2, "measurand": "Energy.Active.Import.Register", "location": "Outlet"}, 2.0),
        ({"value": 2, "measurand": "Power.Active.Import"}, None),
        ({"value": 2, "phase": "L1"}, None),
        ({"value": 2, "location": "Inlet"}, None),
        ({"value": "n/a"}, None),
        ({"value": None}, None),
    ],
)
def test_only_the_billing_register_is_read_in_wh(sample: Payload, expected: float | None) -> None:
    values = [{"sampledValue": [sample]}]

    first, last, signed, _ = registers(values, V201)

    assert first == last
    assert last == (pytest.approx(expected) if expected is not None else None)
    assert signed == 0


def test_the_first_and_the_last_reading_are_told_apart() -> None:
    values = [{"sampledValue": [{"value": n}]} for n in (3, 5, 9)]

    assert registers(values, V16) == (3.0, 9.0, 0, None)


def test_power_is_told_where_the_last_entry_has_it_beside_a_reading() -> None:
    reading, power = {"value": "9"}, {"value": "11", "unit": "kW", "measurand": "Power.Active.Import"}
    of_a_phase = power | {"phase": "L1"}

    def watts(*entries: list[Payload]) -> float | None:
        return registers([{"sampledValue": samples} for samples in entries], V16)[3]

    assert watts([power, reading]) == 11_000.0
    assert watts([power], [reading, power]) == 11_000.0
    assert watts([reading, power], [reading]) is None
    assert watts([power]) is None
    assert watts([reading, of_a_phase]) is None


# --- sequence numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "arrivals", "missing"),
    [
        ([0, 1, 2], "fresh fresh", 0),
        ([0, 3, 1, 2], "fresh fills fills", 0),
        ([0, 5, 3, 3], "fresh fills again", 3),
        ([5, 0, 2, 0], "fills fills again", 3),
        ([5, 4, 4], "fills again", 0),
        ([0, 2**31 - 1, 7], "fresh fills", 2**31 - 3),
        ([1, 1, 2], "again fresh", 0),
    ],
)
def test_a_sequence_knows_what_came_and_what_is_missing(
    numbers: list[int], arrivals: str, missing: int
) -> None:
    sequence = Sequence(numbers[0])

    assert [sequence.take(n) for n in numbers[1:]] == arrivals.split()
    assert sequence.missing == missing


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_a_sequence_agrees_with_a_set(numbers: list[int]) -> None:
    sequence, came = Sequence(numbers[0]), {numbers[0]}

    for number in numbers[1:]:
        expected = "again" if number in came else "fresh" if number > max(came) else "fills"
        assert sequence.take(number) == expected
        came.add(number)

    assert sequence.missing == max(came) - min(came) + 1 - len(came)


def test_a_sequence_stays_small_whatever_comes() -> None:
    sequence = Sequence(0)

    for number in range(0, 100_000, 2):
        sequence.take(number)

    assert len(sequence.gaps or ()) <= 32


# --- what is kept ------------------------------------------------------------------------------------------


def test_closed_transactions_are_bounded_and_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_CLOSED", 3)
    station = Office().station(V16)

    ids = [start(station, meterStart=n) for n in range(5)]
    for id in ids:
        stop(station, id)

    assert [bill.transaction for bill in bills(station)] == ids[-3:]
    assert len(station.record.transactions.starts) == 3


def test_a_station_that_never_ends_anything_does_not_fill_our_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csms.ledger.MOST_OPEN", 3)
    station = Office().station(V201)

    for number in range(5):
        station.event("Started", 0, f"TX{number}", token="T")

    assert open_ids(station) == ["TX2", "TX3", "TX4"]


def test_a_record_survives_being_written_as_json() -> None:
    office = Office()
    old, new = office.station(V16, "A"), office.station(V21, "B")
    old.boot()
    open_one = start(old)
    stop(old, start(old, connectorId=2))
    old.ask("StatusNotification", connectorId=1, errorCode="NoError", status="Charging")
    new.boot()
    new.event("Started", 0, token="T", meterValue=reading(5), evse={"id": 1, "connectorId": 2})
    new.event("Updated", 3)
    new.ask("NotifyReport", requestId=3, generatedAt=START["timestamp"], seqNo=0, tbc=True)
    new.ask("OpenPeriodicEventStream", constantStreamData={"id": 1, "variableMonitoringId": 2, "params": {}})

    for station in (old, new):
        written = json.dumps(station.record.to_json())
        read = StationRecord.from_json(json.loads(written))
        assert json.dumps(read.to_json()) == written
        assert (read.version, read.registration, read.boots) == (station.version, "Accepted", 1)
        assert read.statuses == station.record.statuses
        station.office.csms.records[station.session.id] = read

    again = office.station(V16, "A")
    assert start(again) == open_one
    late = office.station(V21, "B")
    late.event("Updated", 1)
    assert late.noted("late_event")
    assert late.record.reports[3].next_number == 1  # type: ignore[index]
    assert list(late.record.streams or ()) == [1]


def test_restored_records_keep_their_numbers_and_tokens_to_themselves() -> None:
    record = StationRecord("CP1", V16)
    first = Office().station(V16)
    start(first)
    record.account = Account.from_json(json.loads(json.dumps(first.record.transactions.to_json())))
    ledger = Ledger()

    ledger.restore([record])

    assert ledger.next_id == 1001
    assert ledger.charges_elsewhere("tag", "CP2", None)
    assert not ledger.charges_elsewhere("tag", "CP1", 1000)
