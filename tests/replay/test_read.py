"""Journals as recordings: whole, cut off, packed, of both ends, of several runs, and files that are none."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from shared.actions import CSMS, STATION
from shared.clock import Clock
from shared.journal.entry import IN, OUT
from shared.journal.files import JournalFile
from shared.journal.journal import Journal
from shared.replay.read import Unreadable, read
from shared.versions import V201

BOOT = '[2,"b","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}]'
BOOTED = '[3,"b",{"currentTime":"2026-01-01T10:00:00Z","interval":300,"status":"Accepted"}]'
BEAT = '[2,"h","Heartbeat",{}]'
REFUSED = '[4,"h","InternalError","no",{}]'


async def keep(path: Path, end: str = CSMS, both: bool = False) -> None:
    """A journal file of one station: a boot, a minute later a heartbeat that is refused on a second connection."""
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    file = JournalFile(str(path), journal, pytest.fail)
    for call, answer in ((BOOT, BOOTED), (BEAT, REFUSED)):
        for who in (end, *([STATION] if both else [])):
            journal.opened(who, "CP1", "ocpp2.0.1 ws://mock/CP1")
        for frame, sender in ((call, STATION), (answer, CSMS)):
            for who in (end, *([STATION] if both else [])):
                journal.frame(who, "CP1", OUT if who == sender else IN, frame)
            await asyncio.sleep(30)
        journal.note("CP1", "a_remark", "about it", end=end)
        journal.spoiled(end, "CP1", "held", BEAT, fault="drop")
        journal.closed(end, "CP1", "1000")
    file.close()


@pytest.mark.parametrize(("end", "both"), [(CSMS, False), (STATION, False), (CSMS, True)], ids=str)
async def test_a_journal_of_either_end_or_of_both_is_the_same_recording(
    end: str, both: bool, tmp_path: Path
) -> None:
    await keep(path := tmp_path / "a.jsonl", end, both)
    recording = read(path)
    assert [frame.raw for frame in recording.frames] == [BOOT, BOOTED, BEAT, REFUSED]
    assert [frame.sender for frame in recording.frames] == [STATION, CSMS] * 2
    assert [frame.connection for frame in recording.frames] == [0, 0, 1, 1]
    assert [round(frame.at - recording.frames[0].at, 3) for frame in recording.frames] == [0, 30, 60, 90]
    assert recording.version("CP1") is V201
    assert not recording.cut_short
    boot, beat = recording.exchanges("CP1")
    assert (boot.action, boot.answer, boot.error) == ("BootNotification", json.loads(BOOTED)[2], None)
    assert (beat.action, beat.answer, beat.error) == ("Heartbeat", None, ("InternalError", "no", {}))
    assert beat.answered_at is not None
    assert round(beat.answered_at - beat.at, 3) == 30


async def test_numbers_and_lines_are_those_of_the_file(tmp_path: Path) -> None:
    await keep(path := tmp_path / "a.jsonl")
    lines = path.read_text().splitlines()
    for frame in read(path).frames:
        entry = json.loads(lines[frame.line - 1])
        assert (entry["seq"], entry["frame"]) == (frame.number, frame.raw)


async def test_a_half_written_last_line_is_left_out(tmp_path: Path) -> None:
    await keep(path := tmp_path / "a.jsonl")
    whole = path.read_bytes()
    frame = whole.rindex(b'"frame"')
    path.write_bytes(whole[: frame + 20])
    recording = read(path)
    assert recording.cut_short
    assert len(recording.frames) < 5
    assert recording.frames[-1].raw == REFUSED  # the one that was held never went over the wire


async def test_a_packed_journal_is_read_even_when_it_was_cut_off(tmp_path: Path) -> None:
    await keep(path := tmp_path / "a.jsonl")
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert [frame.raw for frame in read(packed).frames] == [BOOT, BOOTED, BEAT, REFUSED]
    packed.write_bytes(packed.read_bytes()[:-60])
    assert read(packed).cut_short


async def test_a_run_that_was_appended_after_a_killed_one_is_read_on(tmp_path: Path) -> None:
    await keep(path := tmp_path / "a.jsonl")
    path.write_bytes(path.read_bytes() + b'{"seq":99,"at":"20')
    await keep(path)
    assert [frame.raw for frame in read(path).frames] == [BOOT, BOOTED, BEAT, REFUSED] * 2


async def test_a_broken_line_in_the_middle_is_an_error_with_its_line(tmp_path: Path) -> None:
    await keep(path := tmp_path / "a.jsonl")
    lines = path.read_text().splitlines()
    lines[2] = lines[2][:30]
    path.write_text("\n".join(lines))
    with pytest.raises(Unreadable, match=r"a\.jsonl:3: expected a journal line"):
        read(path)


async def test_an_entry_that_lacks_something_is_an_error_with_its_line(tmp_path: Path) -> None:
    await keep(path := tmp_path / "a.jsonl")
    path.write_text(path.read_text().replace('"at":"2026', '"at":"next', 2))
    with pytest.raises(Unreadable, match=r"a\.jsonl:2: expected seq \(a number\), at \(a timestamp\)"):
        read(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "x:1: the file is empty"),
        (b"nothing here\nat all\n", "no OCPP frame in the whole file"),
        (b"\xff\xfe\n" + BOOT.encode(), "x:1: not UTF-8 text"),
        (b"\x1f\x8b" + b"0" * 40, "damaged gzip data"),
    ],
    ids=["empty", "no frames", "binary", "damaged"],
)
def test_a_file_that_is_no_recording_is_told_apart(content: bytes, words: str, tmp_path: Path) -> None:
    (path := tmp_path / "x").write_bytes(content)
    with pytest.raises(Unreadable, match=words):
        read(path)


def test_a_file_that_is_not_there_or_a_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no such file"):
        read(tmp_path / "none")
    with pytest.raises(Unreadable, match="is a directory, not a file"):
        read(tmp_path)


async def test_an_answer_to_an_answer_and_a_binary_frame_are_kept(tmp_path: Path) -> None:
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    file = JournalFile(str(tmp_path / "a"), journal, pytest.fail)
    for direction, frame in (
        (IN, BEAT),
        (OUT, "[3,1]"),
        (IN, '[5,"h","FormatViolation","",{}]'),
        (IN, b"\xff\x00"),
    ):
        journal.frame(CSMS, "CP1", direction, frame)
    file.close()
    frames = read(tmp_path / "a").frames
    assert [frame.kind for frame in frames] == ["call", "unreadable", "answer_error", "unreadable"]
    assert frames[2].action == "Heartbeat"
    assert frames[3].raw == b"\xff\x00"
