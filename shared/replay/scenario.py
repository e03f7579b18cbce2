"""A recording as a scenario: what our role said is sent, what the other side said is expected.

The scenario is a beginning, to be read and cut to what it is to show: a replay holds everything against the recording,
a scenario only what stands in it. Ids that the other side makes up are kept from where they first appear and referred
to later (`$m3.answer.transactionId`); times are not compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shared.actions import STATION
from shared.replay.compare import IDS, is_time
from shared.replay.recording import SEND, Exchange, Recording

_SPECIAL = ("/", "$", ">", "<", "!=")
_WORDS = ("any", "absent")
"""What a text in an expectation means more than itself by (`shared.scenario.match`)."""

_PAUSE = 1.0
"""Shorter pauses than this (s) are not kept."""

_PATIENCE = 30.0

_OWN_BUSINESS = "Heartbeat"
"""What a station of ours sends by itself."""


def scenarios(recording: Recording, role: str) -> str:
    """YAML with one scenario of `role` ("csms", "charge_point") for each station: `scenario from-journal`."""
    return "---\n".join(_scenario(recording, station, role) for station in recording.stations)


def _scenario(recording: Recording, station: str, role: str) -> str:
    writer = _Writer(role)
    steps = [line for exchange in recording.exchanges(station) for line in writer.step(exchange)]
    head = [
        f"scenario: {_json(f'{station} as recorded')}",
        f"about: {_json(f'What {station} and its CSMS said to each other in {recording.path}.')}",
        f"role: {role}",
        f"versions: {recording.version(station).name}",
        "steps:",
    ]
    return "\n".join([*head, *(f"  - {step}" for step in steps or ["wait: 1s"])]) + "\n"


class _Writer:
    """Writes the steps of one station in order. Owns what is known of ids so far."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._references: dict[tuple[str, str | int], str] = {}
        self._count = 0
        self._last: float | None = None

    def step(self, exchange: Exchange) -> Iterator[str]:
        """The lines of an exchange, without their dashes."""
        if exchange.action == _OWN_BUSINESS:
            return
        pause = exchange.at - self._last if self._last is not None else 0.0
        self._last = exchange.answered_at or exchange.at
        self._count += 1
        name = f"m{self._count}"
        if exchange.sender != self._role:
            yield self._expected(exchange, name, pause)
            return
        if pause >= _PAUSE:
            yield f"wait: {pause:.0f}s"
        if exchange.action == "BootNotification" and self._role == STATION:
            yield self._boot(exchange)
        else:
            yield self._sent(exchange, name)

    def _boot(self, exchange: Exchange) -> str:
        """A station of ours boots by itself, and must not do so twice."""
        status = (exchange.answer or {}).get("status")
        return f"boot_notification: {{expect_status: {status}}}" if status else "boot_notification"

    def _sent(self, exchange: Exchange, name: str) -> str:
        body = self._said(exchange.request, "")
        members = [f"send: {{{exchange.action}: {_json(body)}}}"]
        if exchange.answer is not None:
            wanted = self._wanted(exchange.answer, "", f"{name}.answer", "")
            if wanted:
                members.append(f"answered: {_json(wanted)}")
        elif exchange.error is not None:
            members.append(f"error: {exchange.error[0]}")
        elif exchange.call.kind != SEND:
            members.append("no_wait: true")
        return f"{{{', '.join([*members, f'as: {name}'])}}}"

    def _expected(self, exchange: Exchange, name: str, pause: float) -> str:
        wanted = self._wanted(exchange.request, "", name, "")
        what = f"expect: {{{exchange.action}: {_json(wanted)}}}"
        if exchange.answer is not None:
            self._owned(exchange.answer, f"{name}.answer", "")
        return f"{{{what}, within: {max(pause, 0.0) + _PATIENCE:.0f}s, as: {name}}}"

    def _said(self, value: Any, member: str) -> Any:
        """What we send: the ids of the other side as references."""
        if isinstance(value, dict):
            return {key: self._said(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self._said(item, member) for item in value]
        if member in IDS and isinstance(value, str | int):
            return self._references.setdefault((member, value), "") or value
        return value

    def _wanted(self, value: Any, member: str, place: str, path: str) -> Any:
        """What must come: no times, ids as references or kept for later."""
        if isinstance(value, dict):
            made = {}
            for key, item in value.items():
                if isinstance(item, str) and is_time(item):
                    continue
                inside = self._wanted(item, key, place, f"{path}.{key}")
                if inside not in ({}, []):
                    made[key] = inside
            return made
        if isinstance(value, list):
            items = [self._wanted(item, member, place, f"{path}.{at}") for at, item in enumerate(value)]
            return [] if any(item in ({}, []) for item in items) else items
        if member in IDS and isinstance(value, str | int):
            known = self._references.get((member, value))
            if known is None:
                self._references[member, value] = f"${place}{path}"
                return "any"
            return known or value
        return _plain(value)

    def _owned(self, answer: Any, place: str, path: str) -> None:
        """Ids in an answer that our own program gives: they are others in every run."""
        if isinstance(answer, dict):
            for key, item in answer.items():
                if key in IDS and isinstance(item, str | int):
                    self._references.setdefault((key, item), f"${place}{path}.{key}")
                else:
                    self._owned(item, place, f"{path}.{key}")


def _plain(value: Any) -> Any:
    """A value that is to be the same, whatever its text would mean to an expectation."""
    is_special = isinstance(value, str) and (value in _WORDS or value.startswith(_SPECIAL) or not value)
    return {"equals": value} if is_special else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
