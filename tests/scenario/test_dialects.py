"""Scenario files of other tools run as they are, on 1.6 and translated on 2.x."""

from __future__ import annotations

import pytest

from shared.report.events import Verdict
from shared.scenario.load import load_text
from shared.scenario.tree import ScenarioError
from shared.versions import V2X, V16
from tests.scenario.played import Played

GUIDE = """\
scenario:
  - boot_notification:
      expect_status: Accepted
  - status_notification:
      connector: 1
      status: Available
  - authorize:
      id_tag: "VALID123"
      expect_status: Accepted
  - start_transaction:
      connector: 1
      id_tag: "VALID123"
  - meter_values:
      energy: [0, 5000, 10000]
  - stop_transaction:
      reason: Local
"""

MOCKPOINT = """\
steps:
  - action: bootNotification
  - action: authorize
    id_tag: "RFID12345"
  - action: startTransaction
    id_tag: "RFID12345"
  - action: meterValues
  - action: sleep
    duration_ms: 5000
  - action: stopTransaction
"""


def sent(played: Played, at: int, action: str) -> list[dict[str, object]]:
    """The payloads of the station's calls of `action` in one round."""
    frames = [
        e for e in played.journals[at] if e.end == "charge_point" and e.dir == "out" and e.kind == "call"
    ]
    return [e.parts()[3] for e in frames if e.parts()[2] == action]


@pytest.mark.parametrize("text", [GUIDE, MOCKPOINT], ids=["guide", "mockpoint"])
@pytest.mark.parametrize("over", ["memory", "sockets"])
def test_a_file_of_another_tool_runs_on_every_version(text: str, over: str) -> None:
    played = Played(text, over=over)
    assert [e.verdict for e in played.finished] == [Verdict.PASSED] * 3, played.finished


def test_the_guides_readings_are_sent_one_by_one_and_the_last_ends_the_transaction() -> None:
    played = Played(GUIDE, versions=(V16,))
    values = [p["meterValue"][0]["sampledValue"][0]["value"] for p in sent(played, 0, "MeterValues")]  # type: ignore[index]
    assert values == ["0", "5000", "10000"]
    (stop,) = sent(played, 0, "StopTransaction")
    assert (stop["meterStop"], stop["reason"], stop["idTag"]) == (10000, "Local", "VALID123")
    (start,) = sent(played, 0, "StartTransaction")
    assert (start["connectorId"], start["idTag"]) == (1, "VALID123")


def test_on_2x_the_transaction_is_told_in_events() -> None:
    played = Played(GUIDE, versions=V2X)
    for at in range(2):
        events = sent(played, at, "TransactionEvent")
        assert [e["eventType"] for e in events] == ["Started", "Updated", "Updated", "Updated", "Ended"]
        assert [e["seqNo"] for e in events] == [0, 1, 2, 3, 4]
        assert len({e["transactionInfo"]["transactionId"] for e in events}) == 1  # type: ignore[index]


def test_mockpoints_pause_is_in_milliseconds() -> None:
    played = Played(MOCKPOINT, versions=(V16,))
    assert played.finished[0].protocol_seconds == pytest.approx(5, abs=0.5)


def test_a_status_that_was_not_expected_fails_at_its_step() -> None:
    played = Played(GUIDE.replace("expect_status: Accepted\n  - start", "expect_status: Blocked\n  - start"))
    assert played.verdicts == {Verdict.FAILED}
    assert played.failure.line == 7
    assert (played.failure.expected, played.failure.actual) == ("Blocked", "Accepted")
    first = Played(GUIDE.replace("Accepted", "Rejected", 1))
    assert (first.verdicts, first.failure.line) == ({Verdict.FAILED}, 2)


def test_steps_may_be_bare_words_and_arguments_may_stand_beside_them() -> None:
    text = (
        "scenario:\n- boot_notification\n- heartbeat:\n- authorize:\n  id_tag: A\n  expect_status: Accepted\n"
        "- data_transfer: {vendor_id: me, expect_status: [UnknownVendorId, Accepted]}\n- sleep: 2\n"
    )
    played = Played(text)
    played.passes()
    assert sent(played, 0, "DataTransfer") == [{"vendorId": "me"}]


def test_an_unknown_step_is_refused_in_its_own_spelling() -> None:
    with pytest.raises(ScenarioError, match=r"x:2: no step 'autorize'; did you mean 'authorize'"):
        load_text("scenario:\n  - autorize: {id_tag: A}", "x")
    with pytest.raises(
        ScenarioError, match=r"x:2: no step 'bootNotifikation'; did you mean 'bootNotification'"
    ):
        load_text("steps:\n  - action: bootNotifikation", "x")
    with pytest.raises(ScenarioError, match="authorize has no member 'idtag'; did you mean 'id_tag'"):
        load_text("steps:\n  - action: authorize\n    idtag: A", "x")


def test_an_unknown_member_of_the_file_is_a_warning() -> None:
    (one,) = load_text(f"seed: 7\ncolour: red\n{MOCKPOINT}", "x")
    assert one.warnings == ("line 2: 'colour' is not known in this dialect, and means nothing",)
