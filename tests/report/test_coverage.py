"""What a run exercised: of the minimum, of all messages, of all values; added up over runs, and as a gate."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from shared.clock import text as clock_text
from shared.journal.entry import Entry
from shared.option_fields import UsageError
from shared.report.coverage_catalogue import ANSWER, REQUEST, enumerations, messages
from shared.report.coverage_matrix import MEASURES, MESSAGES, MINIMUM, VALUES, Matrix, Share
from shared.report.coverage_minimum import rows
from shared.report.events import Event
from shared.report.table import consumers
from shared.versions import V16, V21, V201, VERSIONS, Version
from tests.report.runs import AT, CSMS, STATION, Talk, both_ends, charging, report, run, scenario, small_talk
from tests.support import each_version


def matrix_of(*journals: list[Entry], spoken: str = "1.6", epoch: float = AT) -> Matrix:
    matrix = Matrix()
    for journal in journals:
        matrix.take(journal, spoken, epoch)
    return matrix


def minimum(matrix: Matrix, version: Version) -> set[str]:
    return {f"{message} {variant}" for (message, variant), count in matrix.minimum[version].items() if count}


# --- what there is -------------------------------------------------------------------------------------------------


def test_the_catalogue_counts_each_message_in_its_direction() -> None:
    counts = {str(v): sum(len(m.parts) for m in messages(v)) for v in VERSIONS}
    # 39, 64 and 91 actions; DataTransfer goes both ways; NotifyPeriodicEventStream is never answered
    assert counts == {"1.6": 80, "2.0.1": 130, "2.1": 183}


def test_enumerations_are_found_wherever_they_are() -> None:
    assert enumerations(V16, "Authorize", ANSWER)["idTagInfo.status"][:2] == ("Accepted", "Blocked")
    assert (
        "Sample.Periodic"
        in enumerations(V201, "TransactionEvent", REQUEST)["meterValue[].sampledValue[].context"]
    )
    assert enumerations(V21, "NotifyPeriodicEventStream", ANSWER) == {}
    assert enumerations(V16, "Heartbeat", REQUEST) == {}


def test_the_minimum_has_eight_messages_and_every_status_of_the_version() -> None:
    for version, statuses in ((V16, 9), (V201, 5), (V21, 5)):
        table = rows(version)
        assert len(table) == 8
        assert sum(len(row.variants) for row in table) == 18 + statuses
        words = {row.message: row.variants for row in table}["StatusNotification"]
        path = "status" if version is V16 else "connectorStatus"
        assert set(words) == set(enumerations(version, "StatusNotification", REQUEST)[path])


# --- what was exercised --------------------------------------------------------------------------------------------


def test_requests_answers_errors_and_values_are_counted_by_direction() -> None:
    talk = small_talk()
    talk.refused("Reset", {"type": "Hard"}, "NotSupported", by=CSMS)
    talk.exchange("Heartbeat", {})
    matrix = matrix_of(talk.entries)
    assert dict(matrix.messages[V16]) == {
        (STATION, "BootNotification", REQUEST): 1,
        (STATION, "BootNotification", ANSWER): 1,
        (STATION, "Authorize", REQUEST): 1,
        (STATION, "Authorize", ANSWER): 1,
        (CSMS, "Reset", REQUEST): 1,
        (STATION, "Heartbeat", REQUEST): 1,
    }
    assert matrix.errors[V16] == {(CSMS, "Reset", "NotSupported"): 1}
    assert dict(matrix.values[V16]) == {
        (STATION, "BootNotification", ANSWER, "status", "Accepted"): 1,
        (STATION, "Authorize", ANSWER, "idTagInfo.status", "Expired"): 1,
        (CSMS, "Reset", REQUEST, "type", "Hard"): 1,
    }
    assert matrix.share(V16, MESSAGES) == Share(6, 80)
    assert matrix.share(V16, VALUES).seen == 3


def test_what_is_not_in_the_catalogue_covers_nothing() -> None:
    talk = Talk()
    talk.exchange("NoSuchAction", {}, {})
    talk.exchange("Reset", {"type": "Hard"}, {"status": "Accepted"}, by=STATION)  # from the wrong side
    talk.exchange("TransactionEvent", {}, {})  # of another version
    talk.exchange("Authorize", {"idTag": "x"}, {"idTagInfo": {"status": "Perhaps"}})
    matrix = matrix_of(talk.entries)
    assert set(matrix.messages[V16]) == {(STATION, "Authorize", REQUEST), (STATION, "Authorize", ANSWER)}
    assert not matrix.values[V16]


@each_version
def test_a_charging_session_covers_its_part_of_the_minimum_from_either_end_or_both(version: Version) -> None:
    station, csms, epoch = charging(version)
    journals = [station, csms, both_ends(station, csms)]
    seen = [matrix_of(journal, spoken="", epoch=epoch) for journal in journals]
    assert seen[0].messages == seen[1].messages == seen[2].messages
    assert seen[0].values == seen[1].values == seen[2].values
    for matrix in seen:
        assert matrix.versions == [version]
        assert minimum(matrix, version) - {"MeterValues Transactional"} == {
            "BootNotification Pending",
            "BootNotification Accepted",
            "Authorize Valid",
            "StartTransaction Success",
            "StopTransaction Normal",
            "StatusNotification Available",
            *(
                f"StatusNotification {word}"
                for word in (["Preparing", "Charging", "Finishing"] if version is V16 else ["Occupied"])
            ),
        }


def test_a_send_is_a_message_of_2_1() -> None:
    talk = Talk("2.1")
    talk.frame(
        "out", 6, "1", "NotifyPeriodicEventStream", {"id": 1, "pending": 0, "basetime": "x", "data": []}
    )
    assert dict(matrix_of(talk.entries).messages[V21]) == {(STATION, "NotifyPeriodicEventStream", REQUEST): 1}


def _at(seconds: float) -> str:
    return clock_text(AT + seconds)


def _start(talk: Talk, connector: int, seconds: float, id: int) -> None:
    request = {"connectorId": connector, "idTag": "x", "meterStart": 0, "timestamp": _at(seconds)}
    talk.exchange("StartTransaction", request, {"transactionId": id, "idTagInfo": {"status": "Accepted"}})


def _event(
    talk: Talk, kind: str, evse: int, seconds: float, id: str, answer: Any = None, **more: Any
) -> None:
    info = {"transactionId": id} | more.pop("info", {})
    request = {"eventType": kind, "timestamp": _at(seconds), "seqNo": 0, "triggerReason": "Authorized"}
    talk.exchange(
        "TransactionEvent", request | {"evse": {"id": evse}, "transactionInfo": info} | more, answer
    )


def test_two_starts_at_one_instant_on_two_connectors_are_concurrent() -> None:
    for version in VERSIONS:
        for second, at, concurrent in ((2, 0.5, True), (1, 0.5, False), (2, 5.0, False)):
            talk = Talk(str(version))
            if version is V16:
                _start(talk, 1, 0.2, 1)
                _start(talk, second, at, 2)
            else:
                _event(talk, "Started", 1, 0.2, "a", {})
                _event(talk, "Started", second, at, "b", {})
            assert ("StartTransaction Concurrent" in minimum(matrix_of(talk.entries), version)) is concurrent


def test_a_start_older_than_its_connection_was_offline() -> None:
    for seconds, offline in ((-3600.0, True), (0.2, False)):
        talk = Talk()
        _start(talk, 1, seconds, 1)
        assert ("StartTransaction Offline" in minimum(matrix_of(talk.entries), V16)) is offline
        talk = Talk("2.0.1")
        _event(talk, "Started", 1, seconds, "a", {}, offline=offline)
        assert ("StartTransaction Offline" in minimum(matrix_of(talk.entries), V201)) is offline


@pytest.mark.parametrize(
    ("reason", "variant"),
    [("Local", "Normal"), ("Remote", "Normal"), ("PowerLoss", "Abrupt"), ("EVDisconnected", "Abrupt")],
)
def test_a_stop_is_normal_or_abrupt_by_its_reason(reason: str, variant: str) -> None:
    talk = Talk()
    talk.exchange("StopTransaction", {"transactionId": 1, "reason": reason}, {})
    assert minimum(matrix_of(talk.entries), V16) == {f"StopTransaction {variant}"}
    talk = Talk("2.0.1")
    _event(talk, "Ended", 1, 1, "a", {}, info={"stoppedReason": reason})
    assert minimum(matrix_of(talk.entries), V201) == {f"StopTransaction {variant}"}


def test_a_stop_that_is_sent_again_because_nobody_answered_is_the_timeout() -> None:
    for answered in (True, False):
        talk = Talk()
        talk.exchange("StopTransaction", {"transactionId": 1}, {} if answered else None)
        talk.exchange("StopTransaction", {"transactionId": 1}, {})
        assert ("StopTransaction Timeout" in minimum(matrix_of(talk.entries), V16)) is not answered


def test_a_boot_in_the_middle_of_a_transaction_ends_it_abruptly() -> None:
    talk = Talk()
    _start(talk, 1, 0.2, 7)
    talk.exchange("BootNotification", {}, {"status": "Accepted"})
    talk.exchange("BootNotification", {}, {"status": "Rejected"})
    assert matrix_of(talk.entries).minimum[V16]["StopTransaction", "Abrupt"] == 1


def test_meter_values_and_remote_commands_have_their_variants() -> None:
    talk = Talk()
    talk.exchange("MeterValues", {"connectorId": 1, "meterValue": []}, {})
    talk.exchange("MeterValues", {"connectorId": 1, "transactionId": 3, "meterValue": []}, {})
    for status in ("Accepted", "Rejected"):
        talk.exchange("RemoteStartTransaction", {"idTag": "x"}, {"status": status}, by=CSMS)
        talk.exchange("RemoteStopTransaction", {"transactionId": 1}, {"status": status}, by=CSMS)
    assert minimum(matrix_of(talk.entries), V16) == {
        "MeterValues Periodic",
        "MeterValues Transactional",
        "RemoteStart Success",
        "RemoteStart Rejected",
        "RemoteStop Success",
        "RemoteStop Unknown",
    }


def test_a_status_told_by_an_event_counts_in_2_1() -> None:
    talk = Talk("2.1")
    event = {"variable": {"name": "AvailabilityState"}, "actualValue": "Faulted"}
    talk.exchange("NotifyEvent", {"eventData": [event, {"actualValue": "Reserved"}]}, {})
    assert minimum(matrix_of(talk.entries), V21) == {"StatusNotification Faulted"}


HOSTILE = [
    None,
    7,
    "x",
    [],
    {"status": {}},
    {"idTagInfo": []},
    {"eventData": [3]},
    {"transactionInfo": 3, "eventType": []},
]


@pytest.mark.parametrize("payload", HOSTILE, ids=str)
def test_no_payload_stops_the_counting(payload: Any) -> None:
    for version in VERSIONS:
        talk = Talk(str(version))
        for message in messages(version):
            talk.exchange(message.action, payload, payload, by=message.sender)
        matrix = matrix_of(talk.entries)
        assert (STATION, "Heartbeat", REQUEST) in matrix.messages[version]


# --- files, sums, gates --------------------------------------------------------------------------------------------


def events(talk: Talk | None = None) -> list[Event]:
    return run(scenario(journal=(talk or small_talk()).entries))


def test_the_json_holds_the_whole_matrix_with_what_was_never_seen(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    report("coverage", path, events())
    read = json.loads(path.read_text())
    assert (read["runs"], read["scenarios"], list(read["versions"])) == (1, 1, ["1.6"])
    told = read["versions"]["1.6"]
    assert told["summary"]["messages"] == {"seen": 4, "of": 80}
    assert told["minimum"]["Authorize"] == {"Valid": 0, "Invalid": 0, "Expired": 1}
    authorize = told["messages"][STATION]["Authorize"]
    assert authorize["request"]["count"] == 1
    assert authorize["answer"]["values"]["idTagInfo.status"] == {
        "Accepted": 0,
        "Blocked": 0,
        "Expired": 1,
        "Invalid": 0,
        "ConcurrentTx": 0,
    }
    assert told["messages"][CSMS]["Reset"]["request"] == {
        "count": 0,
        "values": {"type": {"Hard": 0, "Soft": 0}},
    }


def test_runs_are_added_up_in_one_file_that_may_be_missing_at_first(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    other = Talk("2.0.1")
    other.refused("Heartbeat", {}, "InternalError")
    for talk in (small_talk(), other, small_talk()):
        reports = consumers([f"coverage:{path},merge={path}"], io.StringIO())
        for event in events(talk):
            reports(event)
        assert reports.close() == []
    matrix = Matrix()
    matrix.merge(str(path))
    whole = Matrix()
    for talk in (small_talk(), other, small_talk()):
        whole.take(talk.entries, "", AT)
    assert (matrix.runs, matrix.scenarios) == (3, 3)
    for version in VERSIONS:
        assert +matrix.messages[version] == whole.messages[version]
        assert +matrix.values[version] == whole.values[version]
        assert +matrix.errors[version] == whole.errors[version]
        assert +matrix.minimum[version] == whole.minimum[version]
    assert matrix.versions == [V16, V201]


def test_what_was_added_up_is_not_lost_when_a_run_dies(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    report("coverage", path, events())
    before = path.read_text()
    reports = consumers([f"coverage:{path},merge={path}"], io.StringIO())
    reports(events()[0])
    assert path.read_text() == before
    reports.close()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"format": "other"}', '{"format": "ocpp-coverage 1", "versions": {"3.0": {}}}',
     '{"format": "ocpp-coverage 1", "versions": {"1.6": {"minimum": {"Authorize": {"Valid": -1}}}}}'],
)  # fmt: skip
def test_a_file_that_is_no_coverage_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "before.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"before\.json is not a coverage file"):
        consumers([f"coverage:{tmp_path / 'new.json'},merge={path}"], io.StringIO())


def test_an_earlier_run_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*gone\.json: No such file"):
        consumers([f"coverage:{tmp_path / 'new.json'},merge={tmp_path / 'gone.json'}"], io.StringIO())


@pytest.mark.parametrize(
    ("wanted", "is_red"), [("7", False), ("7.4", False), ("7.5", True), ("100", True), ("0", False)]
)
def test_a_version_below_a_threshold_makes_the_run_red(wanted: str, is_red: bool) -> None:
    made = report("coverage", "", events(), minimum=wanted)  # 2 of 27
    assert bool(made.problems) is is_red
    if wanted == "100":
        (problem,) = made.problems
        assert problem.startswith("coverage: minimum of OCPP 1.6 is 2 of 27 (7 %), below 100 %; missing: ")
        assert "Authorize Valid, Authorize Invalid, StartTransaction Success" in problem


def test_a_threshold_holds_for_each_version_and_for_those_that_were_asked_for() -> None:
    made = report("coverage", "", events(), messages="1", versions="1.6+2.1")
    assert made.problems == ["coverage: messages of OCPP 2.1 is 0 of 183 (0 %), below 1 %"]
    assert report("coverage", "", events(), messages="0", versions="2.1").problems == []


def test_a_threshold_is_not_reached_when_nothing_was_said() -> None:
    made = report("coverage", "", run(scenario()), minimum="0")
    assert made.problems == ["coverage: no OCPP message was seen, so no threshold is reached"]


def test_the_words_name_what_was_seen_and_what_is_missing_in_80_columns() -> None:
    out = io.StringIO()
    report("coverage", "", events(), out)
    text = out.getvalue()
    assert all(len(line) <= 80 for line in text.splitlines())
    words = " ".join(text.split())
    assert "OCPP 1.6: minimum 2 of 27 (7 %), messages 4 of 80 (5 %), values 2 of" in words
    assert "BootNotification +Accepted -Rejected -Pending" in words
    assert ">Authorize 1/1" in words
    assert "never >Heartbeat" in words
    assert "Authorize answer idTagInfo.status: 1 of 5, not Accepted, Blocked, Invalid, ConcurrentTx" in words


def test_nothing_of_nothing_is_no_coverage() -> None:
    assert Share(0, 0).percent == 0
    assert str(Share(199, 200)) == "199 of 200 (99 %)"
    assert set(MEASURES) == {MINIMUM, MESSAGES, VALUES}
