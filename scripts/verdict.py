"""Verdicts over a journal file: an ordered list of exchanges, each with the fields that decide.

Shared by the demo and the self-test. An exchange is a call with its answer; the list is met when each of its rows is
found after the one before it. What a row saves (`SAVE("tx")`) a later one can ask for (`SAME("tx")`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class SAVE:
    """Any value, remembered under `name`."""

    name: str


@dataclass(frozen=True)
class SAME:
    """The value remembered under `name`."""

    name: str


@dataclass(frozen=True)
class MORE:
    """A number greater than the one remembered under `name`."""

    name: str


@dataclass(frozen=True)
class AT_LEAST:
    """A number not below this one."""

    number: float


class ANY:
    """Any value, as long as the member is there."""


@dataclass(frozen=True)
class Row:
    """One exchange that must have happened: who called, what, and the decisive members of call and answer.

    `by` is "charge_point" or "csms". Paths are dotted (`idTagInfo.status`, `evse.0.id`).
    """

    action: str
    request: Fields = field(default_factory=dict)
    answer: Fields = field(default_factory=dict)
    by: str = "charge_point"

    def __str__(self) -> str:
        asked = _words(self.request)
        answered = _words(self.answer)
        arrow = "->" if self.by == "charge_point" else "<-"
        return f"{arrow} {self.action}{' ' if asked else ''}{asked}{' => ' if answered else ''}{answered}"


@dataclass(frozen=True)
class Exchange:
    """A call and its answer as they stand in a journal, written at the CSMS's end."""

    seq: int
    station: str
    by: str
    action: str
    request: Any
    answer: Any
    error: str = ""


def exchanges(path: str | Path) -> list[Exchange]:
    """All answered calls of a CSMS's journal file, in the order of the calls. A half-written line is skipped.

    Several runs may have written the file one after another: its lines are the order, not their numbers.
    """
    calls: dict[tuple[str, str, str], tuple[int, int, str, Any]] = {}
    found: list[tuple[int, Exchange]] = []
    for at, text in enumerate(Path(path).read_bytes().splitlines()):
        try:
            line = orjson.loads(text)
        except ValueError:
            continue
        if "frame" not in line or line["kind"] not in ("call", "answer", "error"):
            continue
        frame = orjson.loads(line["frame"])
        station, inward = line["station"], line["dir"] == "in"
        if line["kind"] == "call":
            by = "charge_point" if inward else "csms"
            calls[station, by, frame[1]] = (at, line["seq"], frame[2], frame[3])
            continue
        by = "csms" if inward else "charge_point"  # an answer travels against its call
        call = calls.pop((station, by, frame[1]), None)
        if call is None:
            continue
        error = frame[2] if line["kind"] == "error" else ""
        called, seq, action, request = call
        answer = None if error else frame[2]
        found.append((called, Exchange(seq, station, by, action, request, answer, error)))
    return [exchange for _, exchange in sorted(found, key=lambda pair: pair[0])]


def judge(rows: Iterable[Row], happened: Iterable[Exchange]) -> list[tuple[Row, Exchange | None]]:
    """Each row with the exchange that met it, in order; None for one that did not happen after the one before."""
    remaining = list(happened)
    saved: dict[str, Any] = {}
    verdict: list[tuple[Row, Exchange | None]] = []
    for row in rows:
        for at, exchange in enumerate(remaining):
            captures = _meets(row, exchange, saved)
            if captures is not None:
                saved |= captures
                verdict.append((row, exchange))
                del remaining[: at + 1]
                break
        else:
            verdict.append((row, None))
    return verdict


def _meets(row: Row, exchange: Exchange, saved: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the exchange gives to save when it meets the row, else None."""
    if exchange.action != row.action or exchange.by != row.by or exchange.error:
        return None
    captures: dict[str, Any] = {}
    for fields, payload in ((row.request, exchange.request), (row.answer, exchange.answer)):
        for path, wanted in fields.items():
            if not _fits(wanted, dig(payload, path), saved, captures):
                return None
    return captures


_NOTHING = object()


def dig(payload: Any, path: str) -> Any:
    """The member of `payload` at a dotted path; a private marker when there is none."""
    for step in path.split("."):
        if isinstance(payload, dict) and step in payload:
            payload = payload[step]
        elif (
            isinstance(payload, list)
            and step.lstrip("-").isdigit()
            and -len(payload) <= int(step) < len(payload)
        ):
            payload = payload[int(step)]
        else:
            return _NOTHING
    return payload


def _fits(wanted: Any, actual: Any, saved: Mapping[str, Any], captures: dict[str, Any]) -> bool:
    if actual is _NOTHING:
        return False
    if wanted is ANY:
        return True
    if isinstance(wanted, SAVE):
        captures[wanted.name] = actual
        return True
    if isinstance(wanted, SAME):
        return wanted.name in saved and bool(saved[wanted.name] == actual)
    if isinstance(wanted, MORE):
        return wanted.name in saved and float(actual) > float(saved[wanted.name])
    if isinstance(wanted, AT_LEAST):
        return bool(actual >= wanted.number)
    return bool(wanted == actual)


def _words(fields: Fields) -> str:
    shown = []
    for path, wanted in fields.items():
        if wanted is ANY or isinstance(wanted, SAVE):
            shown.append(path.rpartition(".")[2])
        elif isinstance(wanted, SAME):
            shown.append(f"{path.rpartition('.')[2]}=same")
        elif isinstance(wanted, MORE):
            shown.append(f"{path.rpartition('.')[2]}>{wanted.name}")
        elif isinstance(wanted, AT_LEAST):
            shown.append(f"{path.rpartition('.')[2]}>={wanted.number}")
        else:
            shown.append(f"{wanted}")
    return " ".join(shown)
