"""The conversation as a person sees it: one line for each exchange, and the table at the end."""

from __future__ import annotations

import contextlib
import io
import os
import pty
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shared.console
from shared.clock import VIRTUAL_EPOCH, Clock
from shared.console import LEVELS, Console, Summary
from shared.journal.entry import IN, OUT
from shared.journal.journal import Journal
from shared.versions import V16, V201, VERSIONS, Version
from tests.support import each_version


class Wire:
    """A journal whose time is set by hand, and what was printed of it."""

    def __init__(self, **options: Any) -> None:
        self.now = 0.0
        self.journal = Journal(Clock(lambda: self.now, VIRTUAL_EPOCH))
        self.stream = options.pop("stream", io.StringIO())
        options.setdefault("colour", False)
        options.setdefault("width", 0)
        self.console = Console(self.journal, self.stream, end="csms", **options)

    @property
    def lines(self) -> list[str]:
        stream: io.StringIO = self.stream
        return stream.getvalue().splitlines()

    def open(self, version: Version = V16, station: str = "CP1", url: str = "ws://h/CP1") -> Wire:
        self.journal.opened("csms", station, f"{version.subprotocol} {url}")
        return self

    def frame(self, direction: str, *parts: Any, station: str = "CP1") -> int:
        return self.journal.frame("csms", station, direction, orjson.dumps(parts).decode())

    def exchange(
        self, id: str = "1", action: str = "Heartbeat", answer: Any = None, station: str = "CP1"
    ) -> None:
        self.frame(IN, 2, id, action, {}, station=station)
        self.frame(OUT, 3, id, answer or {}, station=station)


def test_a_call_and_its_answer_are_one_line_when_the_answer_comes() -> None:
    wire = Wire().open()
    wire.now = 1.0
    wire.frame(IN, 2, "a", "StartTransaction", {"connectorId": 1, "idTag": "04A1", "meterStart": 0})
    assert len(wire.lines) == 1
    wire.now = 1.0034
    wire.frame(OUT, 3, "a", {"transactionId": 1001, "idTagInfo": {"status": "Accepted"}})
    assert wire.lines == [
        "10:00:00 CP1 1.6 = connected  ws://h/CP1",
        "10:00:01 CP1 1.6 < StartTransaction c1 04A1 meter 0  > tx 1001 Accepted  3 ms",
    ]


def test_our_own_call_is_marked_as_going_out() -> None:
    wire = Wire().open(V201)
    wire.frame(OUT, 2, "a", "Reset", {"type": "OnIdle"})
    wire.now = 2.5
    wire.frame(IN, 3, "a", {"status": "Scheduled"})
    assert wire.lines[-1] == "10:00:02 CP1 2.0.1 > Reset OnIdle  < Scheduled  2.5 s"


def test_an_answer_without_members_is_ok() -> None:
    wire = Wire().open()
    wire.exchange(action="StatusNotification")
    assert wire.lines[-1].endswith("< StatusNotification  > ok  0 ms")


def test_calls_of_both_sides_with_one_id_are_told_apart() -> None:
    wire = Wire().open()
    wire.frame(IN, 2, "a", "Heartbeat", {})
    wire.frame(OUT, 2, "a", "ClearCache", {})
    wire.frame(IN, 3, "a", {"status": "Accepted"})
    wire.frame(OUT, 3, "a", {"currentTime": "2026-01-01T10:00:00Z"})
    assert [line[17:] for line in wire.lines[1:]] == [
        "> ClearCache  < Accepted  0 ms",
        "< Heartbeat  > 10:00:00  0 ms",
    ]


def test_a_refusal_is_printed_with_its_code_and_description() -> None:
    wire = Wire().open()
    wire.frame(IN, 2, "a", "Bogus", {})
    wire.frame(OUT, 4, "a", "NotImplemented", "no such action", {})
    assert wire.lines[-1] == "10:00:00 CP1 1.6 < Bogus  > NotImplemented: no such action  0 ms"


def test_why_a_call_was_refused_goes_below_where_the_line_is_full() -> None:
    wire = Wire(width=60).open()
    wire.frame(IN, 2, "a", "Heartbeat", {})
    wire.frame(OUT, 4, "a", "FormationViolation", "a member that the schema does not know", {})
    assert wire.lines[1:] == [
        "10:00:00 CP1 1.6 < Heartbeat  > FormationViolation  0 ms",
        "         a member that the schema does not know",
    ]


def test_our_refusal_of_what_cannot_be_read_has_a_line_of_its_own() -> None:
    wire = Wire().open(V201)
    wire.journal.frame("csms", "CP1", IN, "[2,")
    wire.frame(OUT, 4, "-1", "RpcFrameworkError", "broken", {})
    assert wire.lines[-1] == "10:00:00 CP1 2.0.1 > CALLERROR -1 RpcFrameworkError: broken"


def test_a_send_is_printed_at_once() -> None:
    wire = Wire().open(VERSIONS[2])
    wire.frame(IN, 6, "a", "NotifyPeriodicEventStream", {"id": 1, "data": [], "pending": 0})
    assert wire.lines[-1] == "10:00:00 CP1 2.1 < NotifyPeriodicEventStream stream 1 0 values 0 pending"


def test_a_call_that_expires_is_a_finding_with_its_own_frame_number() -> None:
    wire = Wire().open()
    call = wire.frame(OUT, 2, "a", "Reset", {"type": "Soft"})
    wire.now = 30.0
    wire.journal.note(
        "CP1", "unanswered_call", "Reset a had no answer", end="csms", ref=77, clause="OCPP-J 1.6 §4.1.1"
    )
    assert wire.lines[-1] == (
        f"10:00:30 CP1 1.6 ! unanswered_call  > Reset Soft  for 30.0 s  [OCPP-J 1.6 §4.1.1, frame {call}]"
    )
    wire.frame(IN, 3, "a", {"status": "Accepted"})
    assert len(wire.lines) == 2


def test_a_finding_is_printed_with_clause_and_frame() -> None:
    wire = Wire().open()
    wire.journal.note("CP1", "late_answer", "to Reset a", end="csms", ref=12, clause="OCPP-J 1.6 §4.1.1")
    assert wire.lines[-1] == "10:00:00 CP1 1.6 ! late_answer  to Reset a  [OCPP-J 1.6 §4.1.1, frame 12]"


def test_a_finding_too_long_for_the_terminal_goes_on_below() -> None:
    wire = Wire(width=60).open()
    text = "MeterValues: /meterValue/0/sampledValue/0/value: 1 is not of type string; and more " * 5
    wire.journal.note("CP1", "invalid_request", text, end="csms", ref=12, clause="OCPP-J 1.6 §4.2.1")
    first, *rest = wire.lines[1:]
    assert first == "10:00:00 CP1 1.6 ! invalid_request"
    assert rest[0] == "         MeterValues: /meterValue/0/sampledValue/0/value: 1"
    assert rest[3] == "         [OCPP-J 1.6 §4.2.1, frame 12]"
    assert len(rest) == 4
    assert max(map(len, wire.lines)) <= 60


def test_a_remark_is_printed_and_a_command_that_was_sent_is_not_said_twice() -> None:
    wire = Wire().open()
    wire.journal.note("CP1", "replaced", "by a newer one", end="csms")
    wire.journal.note("CP1", "command", "reset: Accepted", end="csms", sent=True)
    wire.journal.note("CP1", "command", "reset: skipped", end="csms", sent=False)
    assert [line[17:] for line in wire.lines[1:]] == [
        "= replaced  by a newer one",
        "= command  reset: skipped",
    ]


def test_what_was_open_when_the_connection_ended_is_said() -> None:
    wire = Wire().open()
    wire.frame(OUT, 2, "a", "Reset", {"type": "Soft"})
    wire.frame(IN, 2, "b", "Heartbeat", {})
    wire.journal.closed("csms", "CP1", "1006")
    assert [line[17:] for line in wire.lines[1:]] == [
        "> Reset Soft  unanswered when the connection ended",
        "< Heartbeat  we had not answered when the connection ended",
        "= connection ended  1006",
    ]


def test_the_end_of_a_replaced_connection_leaves_the_exchanges_of_the_newer() -> None:
    wire = Wire().open().open()
    wire.frame(IN, 2, "a", "Heartbeat", {})
    wire.journal.closed("csms", "CP1", "4000 replaced")
    wire.frame(OUT, 3, "a", {"currentTime": "2026-01-01T10:00:00Z"})
    assert wire.lines[-1].endswith("< Heartbeat  > 10:00:00  0 ms")


def test_entries_of_the_other_end_are_left_alone() -> None:
    wire = Wire()
    wire.journal.opened("charge_point", "CP1", "ocpp1.6 ws://h/CP1")
    wire.journal.frame("charge_point", "CP1", OUT, '[2,"a","Heartbeat",{}]')
    assert wire.lines == []


@each_version
def test_the_version_stands_on_each_line(version: Version) -> None:
    wire = Wire().open(version)
    wire.exchange()
    assert all(line.startswith(f"10:00:00 CP1 {version} ") for line in wire.lines)


def test_lines_are_cut_to_the_width_but_keep_their_answer() -> None:
    wire = Wire(width=80).open()
    wire.frame(IN, 2, "a", "DataTransfer", {"vendorId": "x" * 30, "messageId": "y" * 30, "data": "z" * 300})
    wire.frame(OUT, 3, "a", {"status": "UnknownVendorId"})
    assert (
        wire.lines[-1] == "10:00:00 CP1 1.6 < DataTransfer xxxxxxxxxxxxxxxxxxxxx..  > UnknownVendorId  0 ms"
    )
    assert len(wire.lines[-1]) <= 80


def test_what_a_station_sends_cannot_steer_the_terminal() -> None:
    wire = Wire(level="debug")
    wire.open(station="\x1b[2J\nCP", url="ws://h/\x07")
    wire.frame(IN, 2, "\x1b]0;a", "\x1b[31mBoot", {"\x1b": "\x1b"}, station="\x1b[2J\nCP")
    wire.frame(OUT, 4, "\x1b]0;a", "\x1b", "\x1b\n", {}, station="\x1b[2J\nCP")
    wire.journal.note("CP1", "x", "\x1b[31m", end="csms", clause="\x1b")
    assert "\x1b" not in wire.stream.getvalue()
    assert all(line.isprintable() for line in wire.lines)
    assert len(wire.lines) == 5


def test_debug_prints_the_frames_too_without_their_secrets() -> None:
    wire = Wire(level="debug").open()
    wire.frame(OUT, 2, "a", "ChangeConfiguration", {"key": "AuthorizationKey", "value": "s3cret"})
    wire.frame(IN, 3, "a", {"status": "Accepted"})
    wire.journal.frame("csms", "CP1", IN, b"\x00\xff")
    assert "s3cret" not in wire.stream.getvalue()
    assert [line[17:] for line in wire.lines[2:]] == [
        '< [3,"a",{"status":"Accepted"}]',
        "> ChangeConfiguration AuthorizationKey=***  < Accepted  0 ms",
        "< 2 bytes: 00 ff",
    ]


def test_warning_prints_only_what_went_wrong() -> None:
    wire = Wire(level="warning").open()
    wire.exchange()
    wire.journal.note("CP1", "replaced", "", end="csms")
    wire.frame(IN, 2, "b", "Bogus", {})
    wire.frame(OUT, 4, "b", "NotImplemented", "", {})
    wire.journal.note("CP1", "late_answer", "", end="csms", clause="x")
    assert [line[17:30] for line in wire.lines] == ["< Bogus  > No", "! late_answer"]


def test_error_does_not_even_listen() -> None:
    listens = {}
    for level in LEVELS:
        journal = Journal(Clock(lambda: 0.0, 0.0))
        Console(journal, io.StringIO(), end="csms", level=level)
        listens[level] = bool(journal._readers)
    assert listens == {"debug": True, "info": True, "warning": True, "error": False}


def test_a_closed_console_prints_nothing_more() -> None:
    wire = Wire().open()
    wire.console.close()
    wire.exchange()
    assert len(wire.lines) == 1


def test_a_console_whose_reader_is_gone_lets_the_conversation_go_on() -> None:
    tried: list[str] = []

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            tried.append(text)
            raise BrokenPipeError

    wire = Wire(stream=Gone())
    seen: list[object] = []
    wire.journal.subscribe(seen.append)
    wire.open().exchange()
    assert len(seen) == 3
    assert len(tried) == 1


def test_letters_that_the_stream_cannot_write_are_spelled_out() -> None:
    raw = io.BytesIO()
    wire = Wire(stream=io.TextIOWrapper(raw, encoding="ascii"))
    wire.journal.note("CP1", "x", "", end="csms", clause="§1")
    assert raw.getvalue() == b"10:00:00 CP1 ! x    [\\xa71]\n"


def test_memory_stays_bounded_when_nothing_is_ever_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.console, "MOST_OPEN", 10)
    wire = Wire().open().open(station="CP2")
    for number in range(100):
        wire.frame(IN, 2, f"{number}", "Heartbeat", {}, station=f"CP{number % 2 + 1}")
    held = [id for seen in wire.console._stations.values() for _, id in seen.open]
    assert len(held) == 10
    wire.frame(OUT, 3, "99", {}, station="CP2")
    assert wire.lines[-1].endswith("CP2 1.6 < Heartbeat  > ok  0 ms")
    wire.journal.closed("csms", "CP1", "1000")
    wire.journal.closed("csms", "CP2", "1000")
    assert not wire.console._stations
    assert wire.console._open == 0


def test_remarks_about_stations_never_let_in_are_not_remembered() -> None:
    wire = Wire()
    for number in range(100):
        wire.journal.note(f"CP{number}", "not_admitted", "404", end="csms")
    assert not wire.console._stations


_FRAMES = (
    st.text()
    | st.binary()
    | st.lists(
        st.sampled_from([2, 3, 4, 5, 6, "2", None, True])
        | st.text(max_size=3)
        | st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2)
        | st.sampled_from(["Heartbeat", "a", "Authorize"]),
        max_size=6,
    ).map(lambda parts: orjson.dumps(parts).decode())
)


@given(st.lists(st.tuples(st.sampled_from([IN, OUT]), _FRAMES), max_size=12), st.sampled_from([0, 1, 20, 80]))
def test_any_frames_are_survived_and_fit_the_width(frames: list[tuple[str, str | bytes]], width: int) -> None:
    wire = Wire(level="debug", width=width).open()
    for direction, frame in frames:
        wire.journal.frame("csms", "CP1", direction, frame)
    wire.journal.closed("csms", "CP1", "1000")
    assert all(line.isprintable() for line in wire.lines)
    assert not width or all(len(line) <= width for line in wire.lines)


# --- the terminal ---------------------------------------------------------------------------------------------


def _on_terminal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """What a console with its own settings writes to a terminal of 64 columns."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "get_terminal_size", lambda number: os.terminal_size((64, 24)))
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        wire = Wire(stream=stream, colour=None, width=None)
        wire.journal.note("CP1", "late_answer", "x" * 100, end="csms", clause="§1", ref=3)
        wire.open()
        wire.frame(IN, 2, "a", "Authorize", {"idTag": "x" * 24})
        wire.frame(OUT, 3, "a", {"idTagInfo": {"status": "Accepted"}})
    written = b""
    with (
        os.fdopen(master, "rb", buffering=0) as screen,
        contextlib.suppress(OSError),
    ):  # EIO: nobody writes any more
        while piece := screen.read(10_000):
            written += piece
    return written.decode()


def test_a_terminal_gets_colour_and_lines_of_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    written = _on_terminal(monkeypatch, TERM="xterm")
    assert "\x1b[31;1m10:00:00 CP1 ! late_answer" in written
    assert "[§1, frame 3]" in written
    assert "> Accepted  0 ms" in written
    plain = written.replace("\x1b[31;1m", "").replace("\x1b[36m", "").replace("\x1b[0m", "")
    assert max(map(len, plain.splitlines())) <= 64


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colour_can_be_declined(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    assert "\x1b" not in _on_terminal(monkeypatch, **environment)


def test_what_is_no_terminal_gets_neither_colour_nor_cuts() -> None:
    wire = Wire(colour=None, width=None).open(url="ws://h/" + "x" * 200)
    assert "\x1b" not in wire.lines[0]
    assert len(wire.lines[0]) > 200


# --- the summary ----------------------------------------------------------------------------------------------


def _summed(wire: Wire) -> Summary:
    return Summary(wire.journal, end="csms")


def test_the_summary_counts_calls_errors_and_findings_of_each_station() -> None:
    wire = Wire()
    summary = _summed(wire)
    wire.open().exchange()
    wire.frame(OUT, 2, "b", "Reset", {"type": "Soft"})
    wire.frame(IN, 4, "b", "InternalError", "", {})
    wire.journal.frame("csms", "CP1", IN, ' [ 2, "c", "Heartbeat", {}]')
    wire.open(V201, "CP2")
    first = wire.journal.note("CP2", "seqno_gap", "", end="csms", clause="E01.FR.07")
    wire.journal.note("CP2", "seqno_gap", "", end="csms", clause="E01.FR.07", ref=3)
    wire.journal.note("CP2", "replaced", "", end="csms")
    assert summary.finding_count == 2
    table = summary.render(energy=lambda station: (1, 1234.5) if station == "CP1" else (0, 0.0))
    assert table.splitlines() == [
        "station  OCPP   connects  calls <  calls >  errors  sessions    kWh  findings",
        "CP1      1.6           1        2        1       1         1  1.234         0",
        "CP2      2.0.1         1        0        0       0         0  0.000         2",
        "all 2                  2        2        1       1         1  1.234         2",
        "",
        "finding    against    count  first at frame",
        f"seqno_gap  E01.FR.07      2  CP2 {first}, CP2 3",
        "also noted: replaced",
    ]


def test_the_summary_covers_what_the_journal_has_dropped() -> None:
    journal = Journal(Clock(lambda: 0.0, 0.0), limit=2)
    summary = Summary(journal, end="csms")
    for number in range(50):
        journal.frame("csms", "CP1", IN, f'[2,"{number}","Heartbeat",{{}}]')
        journal.note("CP1", "late_answer", "", end="csms", clause="x")
    assert summary.stations["CP1"].calls_in == 50
    assert summary.finding_count == 50


def test_a_summary_of_many_stations_names_the_first_and_sums_up_the_others() -> None:
    wire = Wire()
    summary = _summed(wire)
    for number in range(100):
        wire.open(station=f"CP{number}" + "x" * 60)
        wire.journal.note("CP1", "kind_of_a_remark_with_a_long_name" * 2 + str(number), "", end="csms")
    lines = summary.render(80).splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("and 60 more") for line in lines)
    assert any(line.startswith("all 100 ") for line in lines)


def test_a_summary_of_nothing_says_so() -> None:
    wire = Wire()
    assert _summed(wire).render() == "no station has connected\n"
    assert Summary(wire.journal, end="charge_point").render() == "never connected\n"


def test_a_good_run_ends_with_no_findings() -> None:
    wire = Wire()
    summary = _summed(wire)
    wire.open().exchange()
    assert summary.render().splitlines()[-1] == "no findings: nothing was seen that breaks a rule"


def test_stations_under_ever_new_names_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.summary.MOST_STATIONS", 3)
    wire = Wire()
    summary = _summed(wire)
    for number in range(10):
        wire.open(station=f"CP{number}")
    assert list(summary.stations) == ["CP0", "CP1", "CP2", "others"]
    assert summary.stations["others"].connections == 7
