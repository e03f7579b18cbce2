"""Reads a recording: a journal of ours, or a log that somebody else wrote, packed with gzip or not."""

from __future__ import annotations

import gzip
import zlib
from base64 import b64decode
from binascii import Error as NotBase64
from pathlib import Path
from typing import Any

import orjson

from shared.actions import CSMS, STATION
from shared.clock import parse
from shared.journal.entry import IN, OUT
from shared.replay import shapes
from shared.replay.recording import Frame, Recording, Unreadable, kind_of, other, parts_of, with_actions
from shared.versions import Version
from shared.versions import version as version_called

_GZIP = b"\x1f\x8b"
_EXPECTED = "expected a journal line: a JSON object with seq, t, end, station and kind"


def read(path: str | Path) -> Recording:
    """The recording in the file at `path`. Raises `Unreadable`, its text naming file and line.

    The last line may be half written, as a process that was killed leaves it: it is left out. Of a journal in which
    both ends of one process wrote, every frame is taken once.
    """
    name = str(path)
    lines, is_whole = _lines(name)
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise Unreadable(f"{name}:1: the file is empty; expected a journal, or a log with OCPP frames")
    recording = Recording(name, cut_short=not is_whole)
    if _is_journal(first):
        _read_journal(lines, recording)
    else:
        shapes.read_log(lines, recording)
    if not recording.frames:
        raise Unreadable(
            f'{name}:{len(lines)}: no OCPP frame in the whole file; expected lines that hold one, as [2,"id",...]'
        )
    recording.frames = with_actions(recording.frames)
    return recording


def _lines(name: str) -> tuple[list[str], bool]:
    """The lines, and whether the last one is known to be whole."""
    file = Path(name)
    if file.is_dir():
        raise Unreadable(f"{name}: is a directory, not a file")
    try:
        content = file.read_bytes()
    except OSError as problem:
        raise Unreadable(f"{name}: {(problem.strerror or str(problem)).lower()}") from None
    is_whole = True
    if content.startswith(_GZIP):
        content, is_whole = _unpacked(name, content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        number = content[: fault.start].count(b"\n") + 1
        if b"\n" in content[fault.start :]:
            raise Unreadable(f"{name}:{number}: not UTF-8 text") from None
        text, is_whole = content[: fault.start].decode("utf-8-sig"), False
    # not splitlines(): a frame may hold other line ends that Unicode knows
    return [line.removesuffix("\r") for line in text.split("\n")], is_whole


def _unpacked(name: str, content: bytes) -> tuple[bytes, bool]:
    """What gzip holds; of a file that was cut off, as much as there is."""
    if len(content) < 18:
        return b"", False
    try:
        return gzip.decompress(content), True
    except EOFError:
        stream = zlib.decompressobj(wbits=31)
        return stream.decompress(content), False
    except (OSError, zlib.error) as problem:
        raise Unreadable(f"{name}: damaged gzip data ({problem})") from None


# --- a journal of ours ------------------------------------------------------------------------------------------


def _is_journal(line: str) -> bool:
    entry = _entry(line)
    if entry is not None:
        return True
    return line.startswith('{"seq":')  # the only line, and half written


def _entry(line: str) -> dict[str, Any] | None:
    try:
        parsed = orjson.loads(line)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) and {"seq", "kind", "t"} <= parsed.keys() else None


def _read_journal(lines: list[str], recording: Recording) -> None:
    entries: list[tuple[int, dict[str, Any]]] = []
    broken = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        entry = _entry(line)
        if entry is None:
            if broken:
                break
            broken = number
            continue
        if broken and entry["seq"] != 1:  # seq 1: another run was appended after one that was killed
            break
        broken = 0
        entries.append((number, entry))
    else:
        recording.cut_short |= broken > 0
        _take(entries, recording)
        return
    raise Unreadable(f"{recording.path}:{broken}: {_EXPECTED}")


def _take(entries: list[tuple[int, dict[str, Any]]], recording: Recording) -> None:
    end = _end(entries)
    connections: dict[str, int] = {}
    for line, entry in entries:
        if entry.get("end") != end:
            continue
        station = str(entry.get("station", ""))
        if entry["kind"] == "open":
            connections[station] = connections.get(station, -1) + 1
            _take_version(str(entry.get("text", "")), station, recording)
        elif ("frame" in entry or "bytes" in entry) and entry.get("dir") in (IN, OUT):
            recording.frames.append(_frame(recording.path, line, entry, max(connections.get(station, 0), 0)))


def _end(entries: list[tuple[int, dict[str, Any]]]) -> str:
    """The end whose frames are taken: both saw the same, the CSMS's come first."""
    ends = [entry.get("end", "") for _, entry in entries if "frame" in entry or "bytes" in entry]
    return max((CSMS, STATION), key=ends.count)


def _take_version(text: str, station: str, recording: Recording) -> None:
    try:
        found: Version = version_called(text.partition(" ")[0])
    except KeyError:
        return
    recording.versions[station] = found


def _frame(path: str, line: int, entry: dict[str, Any], connection: int) -> Frame:
    try:
        raw = entry["frame"] if "frame" in entry else b64decode(entry["bytes"])
        at = parse(entry["at"])
        number, end = int(entry["seq"]), entry["end"]
        sender = end if entry["dir"] == OUT else other(end)
        if not isinstance(raw, str | bytes):
            raise TypeError
    except (KeyError, TypeError, ValueError, NotBase64):
        raise Unreadable(
            f"{path}:{line}: expected seq (a number), at (a timestamp), end (csms or charge_point), dir (in or out) "
            "and frame or bytes"
        ) from None
    parts = parts_of(raw)
    return Frame(
        number, line, at, str(entry.get("station", "")), sender, raw, kind_of(parts), parts, connection
    )


__all__ = ["Recording", "Unreadable", "read"]
