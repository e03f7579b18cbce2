"""A recording as a scenario: what our role said is sent, what the other side said is expected.

The scenario is a beginning, to be read and cut to what it is to show: a replay holds everything against the recording,
a scenario only what stands in it. Ids that the other side makes up are kept from where they first appear and referred
to later (`$m3.answer.transactionId`); times are not compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from shared.actions import CSMS, STATION, known
from shared.replay.compare import IDS, is_time
from shared.replay.driving import Driver
from shared.replay.recording import SEND, Exchange, Recording
from shared.replay.settings import setting
from shared.replay.told import NotTold
from shared.versions import Version
from shared.wire.schema import schemas

_SPECIAL = ("/", "$", ">", "<", "!=")
_WORDS = ("any", "absent")
"""What a text in an expectation means more than itself by (`shared.scenario.match`)."""

_PAUSE = 1.0
"""Shorter pauses than this (s) are not kept."""

_SHORT = 0.05
"""Before what people do even short pauses (s) are kept: what happens by itself meanwhile goes first."""

_INSTANT = 0.2
"""Messages that follow each other faster (s) were caused together."""

_LATE = 5.0
"""An answer after so long (s) was meant to be late."""

_RESTARTS = frozenset({"Reset", "UpdateFirmware", "SignedUpdateFirmware"})
"""Commands after which a station of ours is away."""

_PATIENCE = 30.0

MEASURED = frozenset({"meterStart", "meterStop", "value", "timeSpentCharging"})
"""Members that hold what was metered."""

_OWN_BUSINESS = "Heartbeat"
"""What a station of ours sends by itself."""


def scenarios(recording: Recording, role: str) -> str:
    """YAML with one scenario of `role` ("csms", "charge_point") for each station: `scenario from-journal`."""
    return "---\n".join(_scenario(recording, station, role) for station in recording.stations)


def _scenario(recording: Recording, station: str, role: str) -> str:
    exchanges = recording.exchanges(station)
    version = recording.version(station)
    writer = _Writer(role, version, exchanges)
    for at, exchange in enumerate(exchanges):
        writer.step(exchange, at)
    steps = writer.lines
    if role == CSMS and len({exchange.at for exchange in exchanges}) == 1 < len(exchanges):
        writer.untold = writer.untold or "the log has no times, so nobody knows when somebody did something"
    if writer.untold:
        steps.insert(0, f"pair: {{not_applicable: {_json(writer.untold)}}}")
    head = [
        f"scenario: {_json(f'{station} as recorded')}",
        f"about: {_json(f'What {station} and its CSMS said to each other in {recording.path}.')}",
        f"role: {role}",
        f"versions: {version.name}",
        *(setting(exchanges) if role == CSMS else ()),
        "steps:",
    ]
    return "\n".join([*head, *(f"  - {step}" for step in steps or ["wait: 1s"])]) + "\n"


class _Writer:
    """Writes the steps of one station in order. Owns what is known of ids so far."""

    def __init__(self, role: str, version: Version, exchanges: Sequence[Exchange]) -> None:
        self._role = role
        self._version = version
        self._driver = Driver(exchanges)
        self.untold = ""
        """Why a station of ours cannot be driven to do the same."""
        self._references: dict[tuple[str, str | int], str] = {}
        self.lines: list[str] = []
        self._begun = 0
        """The line that the present burst begins with."""
        self._count = 0
        self._before = "start"
        """What the message before is kept as."""
        self._burst: dict[str, str] = {}
        """Actions of the other side in the present instant, and the message before them."""
        self._register = ""
        """Where the reading stands that the last transaction began with."""
        self._last: float | None = None

    def step(self, exchange: Exchange, at: int) -> None:
        """Write the lines of exchange number `at`, without their dashes."""
        if exchange.action == _OWN_BUSINESS:
            return
        begun = len(self.lines)
        self.lines += self._steps(exchange, at)
        if not self._burst or next(iter(self._burst)) == exchange.action:
            self._begun = begun
        if exchange.sender == STATION and (stub := self._stub(exchange)):
            ours = self._role == CSMS
            self.lines.insert(self._begun if ours else begun, stub if ours else f"pair: [{stub}]")

    def _stub(self, exchange: Exchange) -> str:
        """What has a CSMS of ours answer as it was recorded, where it would not by itself: refused, late, never."""
        if exchange.call.kind == SEND or not self._is_valid(exchange):
            return ""  # what cannot be read is refused by itself
        if exchange.action == "BootNotification" and self._role == STATION:
            return ""  # it was answered before the first step
        at = "" if self._role == CSMS else ", at: csms"
        if exchange.error is not None:
            return f"{{answer: {exchange.action}, error: {_json(exchange.error[0])}{at}}}"
        if exchange.answer is None:
            return f"{{answer: {exchange.action}, silence: true{at}}}"
        late = (exchange.answered_at or exchange.at) - exchange.at
        info = "idTagInfo" if "idTagInfo" in exchange.answer else "idTokenInfo"
        status = (exchange.answer.get(info) or {}).get("status", "Accepted")
        refusal = {} if status == "Accepted" else {info: {"status": status}}
        if not refusal and late < _LATE:
            return ""
        after = f", after: {late:.0f}s" if late >= _LATE else ""
        return f"{{answer: {{{exchange.action}: {_json(refusal)}}}{after}{at}}}"

    def _steps(self, exchange: Exchange, at: int) -> Iterator[str]:
        pause = exchange.at - self._last if self._last is not None else 0.0
        yield from self._driven(exchange, at, pause)
        self._last = exchange.answered_at or exchange.at
        self._count += 1
        name = f"m{self._count}"
        since, self._before = self._since(exchange, pause), name
        if exchange.sender != self._role:
            yield self._expected(exchange, name, pause, since)
            return
        if pause >= _PAUSE:
            yield f"wait: {pause:.0f}s"
        if exchange.action == "BootNotification" and self._role == STATION:
            yield self._boot(exchange, name)
        else:
            yield self._sent(exchange, name)

    def _since(self, exchange: Exchange, pause: float) -> str:
        """Behind which message this one may stand: in one instant different messages have no order of their own."""
        if exchange.sender == self._role:
            self._burst = {} if pause > _INSTANT else self._burst
            return ""
        if pause > _INSTANT or not self._burst:
            self._burst = {exchange.action: self._before}
            return ""
        if exchange.action in self._burst:
            return ""
        first = next(iter(self._burst.values()))
        self._burst[exchange.action] = first
        return first

    def _driven(self, exchange: Exchange, at: int, pause: float) -> Iterator[str]:
        """What makes the other side act when it is ours: people at the station, the operator of the CSMS."""
        done: list[str] = []
        if self._role == STATION and exchange.sender == CSMS:
            done = [self._called(exchange)]
        elif self._role == CSMS and not self.untold:
            try:
                done = list(self._driver.steps(exchange, at))
            except NotTold as why:
                self.untold = f"a station of ours cannot do the same: {why}"
        if done:
            self._burst = {}
            steps = [f"wait: {round(pause, 2):g}s"] if pause >= _SHORT else []
            made = ", ".join(f"{{{step}}}" if ":" in step else step for step in [*steps, *done])
            yield f"pair: [{made}]"

    def _called(self, exchange: Exchange) -> str:
        """What has a CSMS of ours call the station as it was called then."""
        if exchange.action in _RESTARTS:
            self.untold = self.untold or f"{exchange.action} would restart a station of ours"
        said = _json(self._said(exchange.request, ""))
        broken = "" if self._is_valid(exchange) else ", valid: false"
        error = f", error: {exchange.error[0]}" if exchange.error else ""
        return f"call: {{{exchange.action}: {said}}}{error}{broken}"

    def _is_valid(self, exchange: Exchange) -> bool:
        """Whether the version has the message, and its schema allows what stands in it."""
        if not known(self._version, exchange.action):
            return False
        return not schemas(self._version).violations(exchange.action, exchange.request)

    def _boot(self, exchange: Exchange, name: str) -> str:
        """A station of ours boots by itself, and must not do so twice."""
        status = (exchange.answer or {}).get("status")
        if status != "Accepted":
            self.untold = self.untold or f"a CSMS of ours does not answer its boot with {status or 'nothing'}"
        body = f"{{expect_status: {status}}}" if status else ""
        return f"{{boot_notification: {body}, as: {name}}}"

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
        late = (exchange.answered_at or exchange.at) - exchange.at
        if late >= _LATE:
            members.append(f"within: {late + _PATIENCE:.0f}s")
        if exchange.error is None and not self._is_valid(exchange):
            members.append("valid: false")
        return f"{{{', '.join([*members, f'as: {name}'])}}}"

    def _expected(self, exchange: Exchange, name: str, pause: float, since: str) -> str:
        wanted = self._wanted(exchange.request, "", name, "")
        what = f"expect: {{{exchange.action}: {_json(wanted)}}}"
        if not self._is_valid(exchange):
            self.untold = self.untold or "a station of ours sends nothing that is against its schema"
            pattern = f'/"{re.escape(exchange.action)}"/'
            return f"{{expect: {{raw: {_json(pattern)}}}, within: {max(pause, 0.0) + _PATIENCE:.0f}s, as: {name}}}"
        if exchange.answer is not None:
            self._owned(exchange.answer, f"{name}.answer", "")
        after = f", since: {since}" if since else ""
        return f"{{{what}, within: {max(pause, 0.0) + _PATIENCE:.0f}s{after}, as: {name}}}"

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
        if member in MEASURED and (member != "value" or "sampledValue" in path):
            return self._measured(member, place, path)
        if member in IDS and isinstance(value, str | int):
            known = self._references.get((member, value))
            if known is None:
                self._references[member, value] = f"${place}{path}"
                return "any"
            return known or value
        return _plain(value)

    def _measured(self, member: str, place: str, path: str) -> str:
        """What is metered is another in every run: it must be there, and a register must not fall (1.6 §6.45)."""
        if member == "meterStart":
            self._register = f"${place}{path}"
        return f">= {self._register}" if member == "meterStop" and self._register else "any"

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
