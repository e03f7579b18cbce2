"""The conversation on a terminal: one line for each exchange, when its answer comes.

    12:00:01 CP1 1.6 < StartTransaction c1 04A1B2C3 meter 0  > tx 1001 Accepted  3 ms
    12:00:31 CP1 1.6 > Reset Soft  no answer  [OCPP-J 1.6 §4.1.1, after frame 12]
    12:00:31 CP1 1.6 ! late_answer ...  [OCPP-J 1.6 §4.1.1, frame 14]

The marks are seen from the program that prints: `<` came in, `>` went out, `=` is a change or a remark, `!` a
finding: something that the other side did against a rule, with the clause and the number of the frame in the journal.
Times are protocol time in UTC, as in the messages and the journal.
"""

from __future__ import annotations

import os
import sys
import textwrap
import time
from typing import Any, NamedTuple, TextIO

from shared.digest import digest
from shared.digest_forms import clean, cut
from shared.journal.entry import CLOSE, FRAME, HELD, IN, NOTE, OPEN, Entry
from shared.journal.journal import Journal
from shared.journal.redaction import redacted
from shared.summary import Summary
from shared.versions import VERSIONS, Version, version

DEBUG, INFO, WARNING, ERROR = "debug", "info", "warning", "error"
LEVELS = (DEBUG, INFO, WARNING, ERROR)

MOST_OPEN = 10_000
"""Exchanges that are remembered until their answer comes; of more, the oldest are printed without."""

_CALL, _RESULT, _ERROR, _RESULT_ERROR, _SEND = 2, 3, 4, 5, 6
_INDENT = 9
_LONGEST_NAME = 24
_LONGEST_TEXT = 400
_MARKS = {True: "<", False: ">"}

_RED, _YELLOW, _CYAN, _DIM, _PLAIN = "31;1", "33", "36", "2", ""


__all__ = ["LEVELS", "Console", "Summary"]


class _Exchange(NamedTuple):
    """A call whose answer has not come: `words` is its digest."""

    action: str
    words: str
    t: float
    seq: int
    is_in: bool


class _Seen:
    """What is known of one station: its version, its connections, and its open exchanges by message id."""

    __slots__ = ("connections", "name", "open", "version")

    def __init__(self, station: str) -> None:
        self.name = clean(station, _LONGEST_NAME) or "-"
        self.version: Version | None = None
        self.connections = 0
        self.open: dict[tuple[bool, str], _Exchange] = {}


class Console:
    """Prints what the journal hears of from now on, until `close`.

    `level`: "debug" also prints the frames as they are, "warning" only what went wrong, "error" nothing (and then
    it costs nothing). `colour` and `width` (characters, 0: lines are not cut) are the terminal's own if None; what
    is not a terminal gets neither. With sys.stderr as `stream` whatever sys.stderr is at the time is written to.
    """

    def __init__(
        self,
        journal: Journal,
        stream: TextIO,
        *,
        end: str,
        level: str = INFO,
        colour: bool | None = None,
        width: int | None = None,
    ) -> None:
        self._journal = journal
        self._end = end
        self._stream = None if stream is sys.stderr else stream
        self._width = width
        terminal = is_terminal(stream)
        self._cuts = width is None and terminal
        self._coloured = wants_colour(terminal) if colour is None else colour
        self._stations: dict[str, _Seen] = {}
        self._open = 0
        self._is_gone = False
        self._verbose = level == DEBUG
        self._whole = level in (DEBUG, INFO)
        self._unsubscribe = journal.subscribe(self._take) if level != ERROR else None

    def close(self) -> None:
        """Print nothing more."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._stations.clear()

    # --- reading the journal -----------------------------------------------------------------------------

    def _take(self, entry: Entry) -> None:
        if self._is_gone or (entry.end and entry.end != self._end):
            return
        seen = self._stations.get(entry.station)
        if seen is None:
            seen = _Seen(entry.station)
            if entry.sort in (OPEN, FRAME):  # not for remarks on stations that were never let in
                self._stations[entry.station] = seen
        if entry.sort == FRAME:
            self._frame(seen, entry)
        elif entry.sort == NOTE:
            self._note(seen, entry)
        elif entry.sort == OPEN:
            self._opened(seen, entry)
        elif entry.sort == CLOSE:
            self._closed(seen, entry)

    def _opened(self, seen: _Seen, entry: Entry) -> None:
        subprotocol, _, url = _text(entry).partition(" ")
        try:
            seen.version = version(subprotocol)
        except KeyError:
            url = _text(entry)
        seen.connections += 1
        if self._whole:
            self._print(entry.t, seen, f"= connected  {url}".rstrip(), colour=_CYAN)

    def _closed(self, seen: _Seen, entry: Entry) -> None:
        seen.connections -= 1
        if seen.connections <= 0:  # else a newer connection of this station goes on
            for exchange in seen.open.values():
                who = "we had not answered" if exchange.is_in else "unanswered"
                self._print(
                    entry.t, seen, f"{_call(exchange)}  {who} when the connection ended", colour=_YELLOW
                )
            self._open -= len(seen.open)
            self._stations.pop(entry.station, None)
        if self._whole:
            self._print(entry.t, seen, f"= connection ended  {_text(entry)}", colour=_CYAN)

    def _note(self, seen: _Seen, entry: Entry) -> None:
        name, text = entry.note, _text(entry)
        if not entry.clause:
            # what became of a command that was sent is the line of its exchange
            if self._whole and not (name == "command" and entry.detail and entry.detail.get("sent")):
                self._print(entry.t, seen, f"= {name}  {text}".rstrip())
            return
        ref = entry.ref
        pending = None
        if name == "unanswered_call":
            pending = next((at for at, exchange in seen.open.items() if exchange.seq == ref), None)
            if pending is None:  # a fault held it: what is noted is not what crossed the wire
                pending = next((at for at, exchange in seen.open.items() if not exchange.is_in), None)
        if pending is not None:
            exchange = seen.open.pop(pending)
            self._open -= 1
            ref = exchange.seq
            whose = entry.detail.get("whose") if entry.detail else None
            text = f"{_call(exchange)}  for {_duration(entry.t - exchange.t)}"
            text = f"{whose}: {text}" if whose else text
        where = f", frame {ref}" if ref else ""
        self._finding(entry.t, seen, f"! {name}", text, f"  [{clean(entry.clause, 60)}{where}]")

    def _frame(self, seen: _Seen, entry: Entry) -> None:
        is_in = entry.dir == IN
        if self._verbose:
            mark = "|" if entry.dir == HELD else _MARKS[is_in]
            self._print(entry.t, seen, f"{mark} {_raw(entry)}", colour=_DIM)
        if entry.dir == HELD:  # not on the wire: a note says what became of it
            return
        parts = entry.parts()
        kind = parts[0] if len(parts) > 2 and isinstance(parts[1], str) and type(parts[0]) is int else 0
        if kind in (_CALL, _SEND):
            self._call(seen, entry, is_in, parts)
        elif kind in (_RESULT, _ERROR):
            self._answer(seen, entry, is_in, parts)
        elif kind == _RESULT_ERROR:
            self._print(entry.t, seen, f"{_MARKS[is_in]} CALLRESULTERROR {_refusal(parts)}", colour=_YELLOW)

    def _call(self, seen: _Seen, entry: Entry, is_in: bool, parts: list[Any]) -> None:
        action = parts[2] if isinstance(parts[2], str) else "?"
        payload = parts[3] if len(parts) > 3 else {}
        words = digest(seen.version or VERSIONS[-1], action, payload)
        exchange = _Exchange(clean(action, 40), words, entry.t, entry.seq, is_in)
        if parts[0] == _SEND:
            if self._whole:
                self._print(entry.t, seen, _call(exchange))
            return
        self._open += (is_in, parts[1]) not in seen.open
        seen.open[is_in, parts[1]] = exchange
        if self._open > MOST_OPEN:
            self._forget_one()

    def _answer(self, seen: _Seen, entry: Entry, is_in: bool, parts: list[Any]) -> None:
        exchange = seen.open.pop((not is_in, parts[1]), None)
        mark = _MARKS[is_in]
        if exchange is None:
            # an answer to nothing is a finding, which says so; our CALLERROR to what nobody could read is news
            if parts[0] == _ERROR and not is_in:
                self._print(
                    entry.t, seen, f"{mark} CALLERROR {clean(parts[1])} {_refusal(parts)}", colour=_YELLOW
                )
            return
        self._open -= 1
        took = f"  {_duration(entry.t - exchange.t)}"
        if parts[0] == _ERROR:
            self._refused(
                entry.t, seen, _call(exchange), f"  {mark} {clean(parts[2], 40)}", _why(parts), took
            )
        elif self._whole:
            words = digest(seen.version or VERSIONS[-1], exchange.action, parts[2], answer=True) or "ok"
            self._print(entry.t, seen, _call(exchange), f"  {mark} {words}{took}")

    def _forget_one(self) -> None:
        """The oldest exchange of the first station that has one will not be printed."""
        for seen in self._stations.values():
            if seen.open:
                del seen.open[next(iter(seen.open))]
                self._open -= 1
                return

    # --- writing -----------------------------------------------------------------------------------------

    def _print(self, t: float, seen: _Seen, text: str, tail: str = "", colour: str = _PLAIN) -> None:
        """One line; where it is too long for the terminal `text` is cut before `tail` is."""
        head = self._head(t, seen)
        width = self._terminal_width()
        if width:
            text = cut(text, max(width - len(head) - len(tail), min(len(text), 24)))
        line = head + text + tail
        self._write(cut(line, width) if width else line, colour)

    def _refused(self, t: float, seen: _Seen, call: str, code: str, why: str, took: str) -> None:
        """One line, or where that is too long why it was refused on lines below."""
        whole = f"{code}: {why}{took}" if why else f"{code}{took}"
        width = self._terminal_width()
        if not width or not why or len(self._head(t, seen)) + len(call) + len(whole) <= width:
            self._print(t, seen, call, whole, _YELLOW)
            return
        self._print(t, seen, call, f"{code}{took}", _YELLOW)
        self._below(why, width, _YELLOW)

    def _finding(self, t: float, seen: _Seen, name: str, text: str, tail: str) -> None:
        """One line; on a terminal that is too narrow for it the text goes below."""
        head = self._head(t, seen)
        width = self._terminal_width()
        line = f"{head}{name}  {text}{tail}"
        if not width or len(line) <= width:
            self._write(line, _RED)
            return
        fits = len(head) + len(name) + len(tail) <= width
        self._write(cut(f"{head}{name}{tail if fits else ''}", width), _RED)
        self._below(text, width, _RED)
        if not fits:
            self._below(tail.strip(), width, _RED)

    def _below(self, text: str, width: int, colour: str) -> None:
        """`text` on up to three lines of their own, indented to where a station's name stands."""
        for part in textwrap.wrap(text, max(width - _INDENT, 10), max_lines=3, placeholder=" .."):
            self._write(cut(f"{'':{_INDENT}}{part}", width), colour)

    def _head(self, t: float, seen: _Seen) -> str:
        clock = time.strftime("%H:%M:%S", time.gmtime(self._journal.epoch + t))
        spoken = f" {seen.version}" if seen.version is not None else ""
        return f"{clock} {seen.name}{spoken} "

    def _terminal_width(self) -> int:
        if self._width is not None:
            return self._width
        return columns(self._stream or sys.stderr) if self._cuts else 0

    def _write(self, line: str, colour: str) -> None:
        stream = self._stream or sys.stderr
        text = f"\x1b[{colour}m{line}\x1b[0m\n" if colour and self._coloured else f"{line}\n"
        try:
            try:
                stream.write(text)
            except UnicodeEncodeError:
                stream.write(text.encode("ascii", "backslashreplace").decode())
            stream.flush()
        except (OSError, ValueError):
            self._is_gone = True  # nobody reads any more: the conversation goes on without us


def _call(exchange: _Exchange) -> str:
    return f"{_MARKS[exchange.is_in]} {exchange.action} {exchange.words}".rstrip()


def _refusal(parts: list[Any]) -> str:
    """Code and description of a CALLERROR."""
    code, why = clean(parts[2], 40), _why(parts)
    return f"{code}: {why}" if why else code


def _why(parts: list[Any]) -> str:
    return clean(parts[3], _LONGEST_TEXT) if len(parts) > 3 and isinstance(parts[3], str) else ""


def _text(entry: Entry) -> str:
    text = entry.what if isinstance(entry.what, str) else entry.what.decode("utf-8", "replace")
    return clean(text, _LONGEST_TEXT)


def _raw(entry: Entry) -> str:
    """A frame as it was, without the secrets in it."""
    if isinstance(entry.what, bytes):
        return f"{len(entry.what)} bytes: {entry.what[:40].hex(' ')}"
    return clean(redacted({"frame": entry.what})["frame"], 2000)


def _duration(seconds: float) -> str:
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"


def is_terminal(stream: TextIO) -> bool:
    """Whether a person is looking, as far as can be known."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def wants_colour(terminal: bool) -> bool:
    """Colour only on a terminal that can, unless NO_COLOR is set (no-color.org)."""
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns(stream: TextIO) -> int:
    """The width of the terminal behind `stream`; 80 where it cannot be asked."""
    for number in (_descriptor(stream), 2):
        try:
            return os.get_terminal_size(number).columns or 80
        except (OSError, ValueError):
            continue
    return 80


def _descriptor(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):
        return -1
