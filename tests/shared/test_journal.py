"""The journal in memory, on disk, and what must never be in the file."""

# ruff: noqa: E501 - rows of tables

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from shared.clock import VIRTUAL_EPOCH, Clock
from shared.journal.entry import Entry
from shared.journal.files import JournalFile
from shared.journal.journal import Evicted, Journal
from shared.journal.redaction import redacted

ROOT = Path(__file__).resolve().parents[2]
CALL = '[2,"7","Heartbeat",{}]'
SECRET = "hunter2secret"


def make_journal(**limits: int) -> Journal:
    return Journal(Clock(lambda: 0.0, VIRTUAL_EPOCH), **limits)


def frames(journal: Journal, count: int) -> None:
    for number in range(count):
        journal.frame("csms", "CP1", "in", f'[2,"{number}","Heartbeat",{{}}]')


# --- in memory ---------------------------------------------------------------------------------------------


def test_entries_are_numbered_from_one_whatever_their_sort() -> None:
    journal = make_journal()
    numbers = [
        journal.opened("csms", "CP1", "ocpp1.6"),
        journal.frame("csms", "CP1", "in", CALL),
        journal.note("CP1", "odd", "a word"),
        journal.closed("csms", "CP1", "1000"),
    ]
    assert numbers == [1, 2, 3, 4] == [entry.seq for entry in journal]


def test_only_the_last_entries_are_kept() -> None:
    journal = make_journal(limit=5)
    frames(journal, 12)
    assert [entry.seq for entry in journal] == [8, 9, 10, 11, 12]
    assert len(journal) == 5


def test_large_frames_are_kept_up_to_a_number_of_bytes() -> None:
    journal = make_journal(max_bytes=10_000)
    for _ in range(100):
        journal.frame("csms", "CP1", "in", "x" * 4000)
    assert len(journal) == 2
    journal.frame("csms", "CP1", "in", "x" * 50_000)
    assert [len(entry.what) for entry in journal] == [50_000]
    frames(journal, 3)
    assert len(journal) == 3


def test_a_reader_hears_each_entry_once_and_in_order_until_it_leaves() -> None:
    journal = make_journal()
    frames(journal, 2)
    heard: list[int] = []
    leave = journal.subscribe(lambda entry: heard.append(entry.seq))
    frames(journal, 3)
    leave()
    frames(journal, 2)
    assert heard == [3, 4, 5]


def test_a_reader_that_leaves_while_it_is_told_does_not_hide_the_entry_from_the_next() -> None:
    journal = make_journal()
    heard: list[str] = []

    def first(entry: Entry) -> None:
        heard.append("first")
        leave()

    leave = journal.subscribe(first)
    journal.subscribe(lambda entry: heard.append("second"))
    frames(journal, 2)
    assert heard == ["first", "second", "second"]


def test_a_cursor_gives_what_came_after_it() -> None:
    journal = make_journal(limit=10)
    frames(journal, 8)
    assert [entry.seq for entry in journal.since(0)] == list(range(1, 9))
    assert [entry.seq for entry in journal.since(5)] == [6, 7, 8]
    assert list(journal.since(8)) == []
    assert list(journal.since(99)) == []


def test_a_cursor_that_fell_behind_is_told_so_at_once() -> None:
    journal = make_journal(limit=5)
    frames(journal, 12)
    assert [entry.seq for entry in journal.since(7)] == [8, 9, 10, 11, 12]
    with pytest.raises(Evicted, match="entries 7 to 7 are no longer"):
        journal.since(6)


def test_what_comes_while_a_cursor_is_read_moves_nothing() -> None:
    journal = make_journal(limit=3)
    frames(journal, 3)
    seen = []
    for entry in journal.since(0):
        seen.append(entry.seq)
        frames(journal, 1)
    assert seen == [1, 2, 3]


def test_a_note_with_a_clause_is_a_finding() -> None:
    journal = make_journal()
    ref = journal.frame("csms", "CP1", "in", CALL)
    journal.note("CP1", "remark", "a word", ref=ref)
    journal.note("CP1", "late_answer", "too late", ref=ref, clause="OCPP-J 1.6 §4.1.1", seconds=3)
    (finding,) = journal.findings()
    assert (finding.note, finding.what, finding.ref, finding.clause, finding.detail) == (
        "late_answer",
        "too late",
        1,
        "OCPP-J 1.6 §4.1.1",
        {"seconds": 3},
    )
    assert [entry.is_finding for entry in journal] == [False, False, True]


@pytest.mark.parametrize(
    ("what", "kind", "parts"),
    [
        (CALL, "call", 4),
        ('[3,"7",{}]', "answer", 3),
        ('[4,"7","GenericError","",{}]', "error", 5),
        ('[5,"7","GenericError","",{}]', "answer_error", 5),
        ('[6,"7","NotifyPeriodicEventStream",{}]', "send", 4),
        ('[7,"7"]', "unreadable", 2),
        ("[true]", "unreadable", 1),
        ("{}", "unreadable", 0),
        ("[", "unreadable", 0),
        ("", "unreadable", 0),
        (b"\xff", "unreadable", 0),
    ],
)
def test_a_frame_is_read_when_asked_for(what: str | bytes, kind: str, parts: int) -> None:
    journal = make_journal()
    journal.frame("csms", "CP1", "in", what)
    (entry,) = journal
    assert (entry.kind, len(entry.parts())) == (kind, parts)


async def test_times_are_protocol_time_since_the_beginning() -> None:
    await asyncio.sleep(5)
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    await asyncio.sleep(2.5)
    journal.frame("csms", "CP1", "in", CALL)
    (entry,) = journal
    assert entry.t == 2.5
    assert entry.line(journal.epoch)["at"] == "2026-01-01T10:00:07.500000Z"


# --- as lines ----------------------------------------------------------------------------------------------


def line_of(what: str | bytes) -> dict[str, Any]:
    journal = make_journal()
    journal.frame("csms", "CP1", "in", what)
    return next(iter(journal)).line(journal.epoch)


def test_a_line_has_what_is_needed_to_find_and_to_replay_the_frame() -> None:
    assert line_of(CALL) == {
        "seq": 1,
        "at": "2026-01-01T10:00:00.000000Z",
        "t": 0.0,
        "end": "csms",
        "station": "CP1",
        "dir": "in",
        "kind": "call",
        "id": "7",
        "action": "Heartbeat",
        "frame": CALL,
    }


def test_bytes_are_written_in_base64() -> None:
    line = line_of(b"\xff\x00[2")
    assert b64decode(line["bytes"]) == b"\xff\x00[2"
    assert "frame" not in line


def test_a_note_s_line_says_to_which_frame_it_belongs() -> None:
    journal = make_journal()
    journal.note("CP1", "odd", "a word", end="csms", ref=3, clause="§1", n=0)
    line = next(iter(journal)).line(journal.epoch)
    assert {k: line[k] for k in ("kind", "note", "text", "ref", "clause", "detail")} == {
        "kind": "note",
        "note": "odd",
        "text": "a word",
        "ref": 3,
        "clause": "§1",
        "detail": {"n": 0},
    }


# --- on disk -----------------------------------------------------------------------------------------------


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_entry_is_in_the_file_as_soon_as_it_is_in_the_journal(tmp_path: Path) -> None:
    journal, path, failures = make_journal(), tmp_path / "j.jsonl", list[str]()
    file = JournalFile(str(path), journal, failures.append)
    for count in (1, 2, 3):
        frames(journal, 1)
        assert len(written(path)) == count
    file.close()
    frames(journal, 1)
    assert [line["seq"] for line in written(path)] == [1, 2, 3]
    file.close()
    assert failures == []


def test_the_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    for _ in range(2):
        journal = make_journal()
        file = JournalFile(str(path), journal, print)
        frames(journal, 2)
        file.close()
    assert [line["seq"] for line in written(path)] == [1, 2, 1, 2]


def test_a_file_that_cannot_be_opened_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        JournalFile(str(tmp_path / "none" / "j.jsonl"), make_journal(), print)
    with pytest.raises(OSError, match="directory"):
        JournalFile(str(tmp_path), make_journal(), print)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_writing_once_and_nothing_else() -> None:
    journal, failures, heard = make_journal(), list[str](), list[int]()
    JournalFile("/dev/full", journal, failures.append)
    journal.subscribe(lambda entry: heard.append(entry.seq))
    frames(journal, 3)
    assert failures == ["journal /dev/full: No space left on device; no further entry is written to it"]
    assert heard == [1, 2, 3]


def test_half_a_line_that_a_killed_process_left_spoils_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text('{"seq":1}\n{"seq":2,"fra')
    journal = make_journal()
    file = JournalFile(str(path), journal, print)
    frames(journal, 1)
    file.close()
    lines = path.read_text().splitlines()
    assert lines[:2] == ['{"seq":1}', '{"seq":2,"fra']
    assert [json.loads(line)["seq"] for line in lines[2:]] == [1]


KILLED = """
import os, signal, sys
from shared.clock import Clock
from shared.journal.files import JournalFile
from shared.journal.journal import Journal

journal = Journal(Clock(lambda: 0.0, 0.0))
file = JournalFile(sys.argv[1], journal, print)
for number in range(50):
    journal.frame("csms", "CP1", "in", '[3,"%d",{}]' % number)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="kills with a signal")
def test_a_killed_process_leaves_every_entry_behind(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, timeout=30, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [line["id"] for line in written(path)] == [str(number) for number in range(50)]


def test_a_file_that_takes_a_line_in_pieces_gets_all_of_it(tmp_path: Path) -> None:
    class Slow:
        """A raw file that takes three bytes at a time, as a nearly full disk does."""

        def __init__(self) -> None:
            self.taken = b""

        def write(self, rest: memoryview) -> int:
            self.taken += bytes(rest[:3])
            return min(3, len(rest))

    journal = make_journal()
    file = JournalFile(str(tmp_path / "j.jsonl"), journal, print)
    slow = Slow()
    file._file = slow  # type: ignore[assignment]
    frames(journal, 2)
    assert [json.loads(line)["seq"] for line in slow.taken.splitlines()] == [1, 2]


def test_words_with_half_a_surrogate_pair_are_written_all_the_same(tmp_path: Path) -> None:
    journal = make_journal()
    file = JournalFile(str(tmp_path / "j.jsonl"), journal, print)
    journal.note("CP1", "odd", "a \ud800 b")
    journal.note("CP1", "odd", "detail", thing=Path("x"))
    file.close()
    assert [line["text"] for line in written(tmp_path / "j.jsonl")] == ["a \ud800 b", "detail"]


# --- secrets -----------------------------------------------------------------------------------------------


def call(action: str, payload: Any) -> str:
    return json.dumps([2, "1", action, payload])


PASSWORD_OF_2X = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "basicauthpassword"}}
NETWORK = {"ocppCsmsUrl": f"wss://me:{SECRET}@host/ocpp", "messageTimeout": 5}
HEADER = "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="

SECRETS = [
    call("ChangeConfiguration", {"key": "AuthorizationKey", "value": SECRET}),
    call("ChangeConfiguration", {"key": "AUTHORIZATIONKEY", "value": SECRET}),
    json.dumps([3, "1", {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": SECRET}]}]),
    call("SetVariables", {"setVariableData": [PASSWORD_OF_2X | {"attributeValue": SECRET}]}),
    json.dumps([3, "1", {"getVariableResult": [PASSWORD_OF_2X | {"attributeValue": SECRET, "attributeStatus": "Accepted"}]}]),
    call("NotifyReport", {"reportData": [PASSWORD_OF_2X | {"variableAttribute": [{"type": "Actual", "value": SECRET}]}]}),
    call("NotifyEvent", {"eventData": [PASSWORD_OF_2X | {"actualValue": SECRET}]}),
    call("SetVariables", {"setVariableData": [{"component": {"name": "NetworkConfiguration"}, "variable": {"name": "VpnKey"}, "attributeValue": SECRET}]}),
    call("SetNetworkProfile", {"connectionData": NETWORK}),
    call("SetNetworkProfile", {"connectionData": {"basicAuthPassword": SECRET}}),
    call("SetNetworkProfile", {"connectionData": {"apn": {"apn": "a", "apnPassword": SECRET, "simPin": SECRET}}}),
    call("SetNetworkProfile", {"connectionData": {"vpn": {"server": "s", "user": "u", "password": SECRET, "key": SECRET}}}),
    call("GetDiagnostics", {"location": f"ftp://user:{SECRET}@host/path"}),
    call("DataTransfer", {"vendorId": "v", "data": json.dumps({"password": SECRET})}),
    call("DataTransfer", {"vendorId": "v", "data": f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}"}),
    call("DataTransfer", {"vendorId": "v", "data": f"Authorization: Basic {SECRET}"}),
    call("DataTransfer", {"Password": SECRET}),
    '[2,"1","ChangeConfiguration",{"key":"\\u0041uthorizationKey","value":"' + SECRET + '"}]',
    '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"' + SECRET,
    '[2,"1","X",{"password":' + "[" * 900 + f'"{SECRET}"' + "]" * 900 + "}]",
    '[2,"1","X",{"a":' + "[" * 900 + '{"password":"' + SECRET + '"}' + "]" * 900 + "}]",
]  # fmt: skip


@pytest.mark.parametrize("frame", SECRETS, ids=lambda frame: frame[:60])
def test_no_secret_is_written_down(frame: str, tmp_path: Path) -> None:
    journal = make_journal()
    file = JournalFile(str(tmp_path / "j.jsonl"), journal, print)
    journal.frame("csms", "CP1", "in", frame)
    journal.frame("csms", "CP1", "in", frame.encode())
    file.close()
    text, data = written(tmp_path / "j.jsonl")
    assert SECRET not in str(text)
    assert SECRET.encode() not in b64decode(data["bytes"])
    assert "***" in text["frame"]


@pytest.mark.parametrize(
    "words",
    [
        f"Authorization: Basic {HEADER}",
        f"dialled ws://me:{HEADER}@host/CP1",
        f"{{'Authorization': 'Basic {HEADER}'}}",
    ],
)
def test_no_secret_is_written_in_words_either(words: str) -> None:
    assert HEADER not in str(redacted({"text": words, "detail": {"header": words, "password": HEADER}}))


@pytest.mark.parametrize(
    "frame",
    [
        call("Authorize", {"idTag": "04E9B1A2"}),
        call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}),
        call("StatusNotification", {"info": "wrong password", "connectorId": 1}),
        call("SetVariables", {"setVariableData": [{"component": {"name": "A"}, "variable": {"name": "VpnServer"}, "attributeValue": "s"}]}),
        call("UpdateFirmware", {"location": "https://host/a@b"}),
        call("GetConfiguration", {"key": ["AuthorizationKey"]}),
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(frame: str) -> None:
    assert json.loads(redacted({"frame": frame})["frame"]) == json.loads(frame)


def test_what_stays_is_kept_to_the_byte() -> None:
    frame = '[2, "1",\t"Heartbeat", {}]'
    assert redacted({"frame": frame}) == {"frame": frame}


def test_a_frame_is_read_as_an_entry_whichever_way_it_is_read() -> None:
    journal = Journal(Clock(lambda: 5.0, 0.0), limit=3)
    told: list[Entry] = []
    leave = journal.subscribe(told.append)
    journal.frame("csms", "CP1", "in", "[]")
    leave()
    journal.frame("csms", "CP1", "out", "[3]")
    journal.note("CP1", "odd", clause="part 1")
    frames = [
        Entry(1, 0.0, "csms", "CP1", "in", "frame", "[]"),
        Entry(2, 0.0, "csms", "CP1", "out", "frame", "[3]"),
    ]
    assert told == frames[:1]
    assert [*journal][:2] == [*journal.since(0)][:2] == frames
    assert all(type(entry) is Entry for entry in (*journal, *journal.since(1), *told))
    assert [entry.note for entry in journal.findings()] == ["odd"]
