"""What can be typed at the station: `plug_in`, `present TOKEN`, `unplug`, `status`, and any message by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TextIO

from charge_point.authorization import Token
from charge_point.block_words import block_words
from charge_point.blocks.availability import status_of
from charge_point.connector import NotNow
from charge_point.ev import vehicle
from charge_point.generator import generating_words
from charge_point.hands import ev_stops, limit, meter_fault
from charge_point.messages import Messages
from charge_point.restarting import watchdog
from charge_point.smart_charging.words import charging_words
from charge_point.spoiling import spoiling_words
from shared.digest_forms import clean
from shared.faults.prompt import fault_words
from shared.option_fields import UsageError
from shared.prompt import Prompt, Word, converse, numbers
from shared.summary import table
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.connection import Connection
    from charge_point.evse import Evse
    from charge_point.station import Station

FOOTER = """\
  MESSAGE [EVSE [CONNECTOR]]      tell it now: Heartbeat, StatusNotification 1
  MESSAGE {JSON}                  send it so: DataTransfer {"vendorId": "me"}
'help messages' lists the messages of the version that is spoken."""

_PLACE = "[EVSE [CONNECTOR]]"

LAST_WORDS = 5.0
"""Seconds that `quit` waits for the answers to what was said before it."""


STATES: dict[str, Callable[[Station], bool]] = {
    "accepted": lambda station: station.registration.accepted,
    "charging": lambda station: any(one.transaction is not None for one in station.evses),
    "idle": lambda station: (
        not any(one.transaction is not None for one in station.evses) and not len(station.outbox)
    ),
}
"""What can be waited for."""


async def serve_terminal(
    station: Station,
    connection: Connection | None,
    quit: Callable[[], object],
    *,
    stdin: TextIO | None = None,
    write: Callable[[str], object] | None = None,
) -> None:
    """Do what is typed or piped until there is no more; `quit` is called when somebody wants to stop."""
    prompt = Terminal(station, connection, quit).prompt
    await converse(prompt, stdin=stdin, write=write, shown=f"{clean(station.id)}> ")


class Terminal:
    """The words of the station's prompt. Without a `connection` there is no going offline."""

    def __init__(self, station: Station, connection: Connection | None, quit: Callable[[], object]) -> None:
        self._station = station
        self._connection = connection
        self._quit = quit
        self._messages = Messages(station)
        faults = fault_words(connection.faults) if connection is not None else []
        more = [
            *charging_words(station, self._where),
            *block_words(station),
            *spoiling_words(station),
            *generating_words(station),
            *faults,
        ]
        words = [*self._at_the_plug(), *self._to_the_station(), *more, *self._else()]
        self.prompt = Prompt(
            words,
            otherwise=self._messages.tell,
            more=self._messages.names,
            topics=self._messages.about,
            complete=lambda typed: self._messages.names() if " " not in typed.lstrip() else (),
            footer=FOOTER,
        )

    def _at_the_plug(self) -> list[Word]:
        return [
            Word(
                "plug_in",
                "plug_in [PLACE] [CAR]",
                "put the cable in (at EVSE 1)\n"
                "PLACE is EVSE [CONNECTOR]; CAR is NAME=VALUE..., as in battery=60000 soc=30.",
                _possible(self._plug_in),
            ),
            Word(
                "present",
                "present TOKEN [EVSE]",
                "show a token: to begin, or to stop\nIt stops what it began, and unlocks a cable that was left.",
                self._present,
            ),
            Word("unplug", "unplug [EVSE]", "take the cable away", _possible(self._unplug)),
            self._evse_word("drive_in", "a car comes to the parking bay", self._station.drive_in),
            self._evse_word("drive_off", "the car leaves it, without its cable", self._station.drive_off),
            self._evse_word("ev_pauses", "the car takes no more energy", lambda e: self._evse(e).ev_pauses()),
            self._evse_word("ev_stops", "the car ends its session", lambda e: ev_stops(self._station, e)),
            Word(
                "driver_limit",
                "driver_limit LIMIT [EVSE]",
                "limit the session\nLIMIT is energy=WH, time=SECONDS, soc=PERCENT or cost=AMOUNT.",
                _possible(self._driver_limit),
            ),
            self._evse_word("ev_resumes", "the car takes energy again", lambda e: self._evse(e).ev_resumes()),
            Word(
                "emergency_stop",
                "emergency_stop",
                "somebody hits the red button",
                _possible(lambda rest: self._station.emergency_stop()),
            ),
        ]

    def _to_the_station(self) -> list[Word]:
        station = self._station
        words = [
            Word(
                "status",
                "status",
                "how things stand",
                lambda rest: self._status(),
            ),
            Word(
                "fault",
                f"fault {_PLACE} [ERROR]",
                "break a connector\nERROR is an error code of 1.6, as in GroundFailure.",
                _possible(self._fault),
            ),
            Word(
                "meter_fault",
                "meter_fault KIND [EVSE] [BY]",
                "let the meter lie\nKIND is frozen, rolled_back (BY Wh), drifting (BY percent), missing_phase or none.",
                _possible(self._meter_fault),
            ),
            self._place_word("clear_fault", "the connector is sound again", station.clear_fault),
            Word(
                "power_cycle",
                "power_cycle [SECONDS] [backup]",
                "cut the power (for 5 s)\nWith backup, transactions are ended before the station dies.",
                _possible(self._power_cycle),
            ),
            Word(
                "watchdog",
                "watchdog",
                "the station hangs and is restarted",
                _possible(lambda rest: watchdog(self._station)),
            ),
            Word("reset", "reset [KIND]", "restart as a Reset of the CSMS does", _possible(self._reset)),
        ]
        if self._connection is not None:
            words += [
                Word("go_offline", "go_offline", "cut the connection and stay away", self._go_offline),
                Word("come_online", "come_online", "dial again", self._come_online),
            ]
        return words

    def _else(self) -> list[Word]:
        return [
            Word(
                "call",
                "call ACTION {JSON}",
                "send any call as it is, valid or not",
                self._messages.call,
                lambda typed: self._messages.names(),
            ),
            Word("raw", "raw TEXT", "put TEXT on the wire, whatever it is", self._messages.raw),
            Word(
                "wait",
                "wait SECONDS | STATE",
                "wait so long, or until it is so\n"
                "STATE is accepted, charging or idle. For commands that are piped in.",
                self._wait,
                lambda typed: STATES,
            ),
            Word("quit", "quit", "switch the station off", lambda rest: self._stop()),
        ]

    def _place_word(self, name: str, help: str, act: Callable[[int, int | None], object]) -> Word:
        """A word that is followed by an EVSE and a connector."""
        usage = f"{name} {_PLACE}"

        def run(rest: str) -> str:
            evse, connector = (*numbers(rest, 2, usage), None, None)[:2]
            act(1 if evse is None else evse, connector)
            return self._where(1 if evse is None else evse)

        return Word(name, usage, help, _possible(run))

    def _evse_word(self, name: str, help: str, act: Callable[[int], object]) -> Word:
        """A word that is followed by an EVSE."""
        usage = f"{name} [EVSE]"

        def run(rest: str) -> str:
            evse = next(iter(numbers(rest, 1, usage)), 1)
            act(evse)
            return self._where(evse)

        return Word(name, usage, help, _possible(run))

    def _evse(self, id: int) -> Evse:
        found = self._station.evse(id)
        if found is None:
            raise ValueError(f"{self._station.id} has no EVSE {id}")
        return found

    # --- the driver --------------------------------------------------------------------------------------

    def _plug_in(self, rest: str) -> str:
        words = rest.split()
        car = dict(word.split("=", 1) for word in words if "=" in word)
        place = " ".join(word for word in words if "=" not in word)
        evse, connector = (*numbers(place, 2, f"plug_in {_PLACE} [NAME=VALUE...]"), None, None)[:2]
        evse = 1 if evse is None else evse
        ev = vehicle(car, self._station.setup.ev) if car else None
        self._station.plug_in(evse, connector, ev=ev)
        return self._where(evse)

    async def _present(self, rest: str) -> str:
        token, _, place = rest.partition(" ")
        if not token:
            raise UsageError("present which token? usage: present TOKEN [EVSE]")
        evse = next(iter(numbers(place, 1, "present TOKEN [EVSE]")), None)
        outcome = await self._station.present(Token(token), evse)
        where = f" at EVSE {outcome.evse.id}" if outcome.evse is not None else ""
        why = "" if outcome.outcome in ("started", "stopped", "unlocked") else clean(outcome.reason, 80)
        return f"{clean(token)} {outcome.outcome}{where}{': ' if why else ''}{why}"

    def _driver_limit(self, rest: str) -> str:
        words = rest.split()
        pairs = dict(word.split("=", 1) for word in words if "=" in word)
        place = " ".join(word for word in words if "=" not in word)
        usage = "driver_limit LIMIT [EVSE]"
        evse = next(iter(numbers(place, 1, usage)), 1)
        try:
            limits = {name: float(value) for name, value in pairs.items()}
        except ValueError:
            limits = {}
        if not limits:
            raise UsageError(f"{rest!r} is no limit; usage: {usage}")
        limit(self._station, evse, **limits)
        return self._where(evse)

    def _unplug(self, rest: str) -> str:
        evse = next(iter(numbers(rest, 1, "unplug [EVSE]")), 1)
        if self._station.unplug(evse):
            return self._where(evse)
        return f"the cable is out of the car, but locked in EVSE {evse}: present the token that it belongs to"

    # --- the station -------------------------------------------------------------------------------------

    def _status(self) -> str:
        station = self._station
        online = "connected" if station.is_online else "offline"
        registration = station.registration.status or "not registered"
        count = len(station.outbox)
        owed = f", {count} transaction message{'s' if count > 1 else ''} not delivered yet" if count else ""
        rows: list[tuple[str, ...]] = [
            ("evse", "connector", "status", "cable", "token", "transaction", "Wh", "W")
        ]
        for one in station.evses:
            rows += [_connector_row(station, one, at) for at in range(len(one.connectors))]
        lines = table(rows, left=(0, 1, 2, 3, 4, 5))
        head = f"{clean(station.id)} OCPP {station.version}, {online}, {registration}{owed}"
        return "\n".join([head, *(line.rstrip() for line in lines)])

    def _fault(self, rest: str) -> str:
        parts = rest.split()
        error = parts.pop() if parts and not parts[-1].isdigit() else "OtherError"
        evse, connector = (*numbers(" ".join(parts), 2, f"fault {_PLACE} [ERROR]"), None, None)[:2]
        self._station.fault(1 if evse is None else evse, connector, error)
        return self._where(1 if evse is None else evse)

    def _meter_fault(self, rest: str) -> str:
        kind, _, numbers_ = rest.partition(" ")
        parts = numbers_.split()
        try:
            evse, by = int(parts[0]) if parts else 1, float(parts[1]) if len(parts) > 1 else None
        except ValueError:
            raise UsageError(f"{rest!r} is not what follows; usage: meter_fault KIND [EVSE] [BY]") from None
        meter_fault(self._station, evse, kind, by)
        return f"the meter of EVSE {evse}: {kind}"

    def _power_cycle(self, rest: str) -> str:
        parts = [part for part in rest.split() if part != "backup"]
        try:
            (seconds,) = (float(part) for part in parts or ("5",))
        except ValueError:
            raise UsageError(f"{rest!r} is not what follows; usage: power_cycle [SECONDS] [backup]") from None
        self._station.power_cycle(max(seconds, 0.0), backup="backup" in rest.split())
        return f"the power is off for {seconds:g} s"

    def _reset(self, rest: str) -> str:
        kind = rest or ("Hard" if self._station.version is V16 else "Immediate")
        kinds = ("Hard", "Soft") if self._station.version is V16 else ("Immediate", "OnIdle")
        if kind not in kinds:
            raise UsageError(
                f"{kind!r} is not a kind of reset on OCPP {self._station.version} ({', '.join(kinds)})"
            )
        outcome = self._station.reset(kind)
        if outcome.then is not None and isinstance(work := outcome.then(), Awaitable):
            self._station.tasks.spawn(_finish(work))
        return outcome.status

    def _go_offline(self, rest: str) -> str:
        assert self._connection is not None
        self._connection.go_offline()
        return "offline until come_online"

    def _come_online(self, rest: str) -> str:
        assert self._connection is not None
        self._connection.come_online()
        return ""

    async def _stop(self) -> str:
        """What was typed before it is said first, if the CSMS listens."""
        if self._station.is_online:
            await self._station.until(lambda: self._station.has_said_all, within=LAST_WORDS)
        self._quit()
        return ""

    async def _wait(self, rest: str) -> str | None:
        station = self._station
        if rest in STATES:
            await station.until(lambda: STATES[rest](station))
            return None
        try:
            await asyncio.sleep(max(float(rest), 0.0))
        except ValueError:
            raise UsageError(f"wait for how many seconds, or for what? ({', '.join(STATES)})") from None
        return None

    def _where(self, evse: int) -> str:
        """How the EVSE is now, in a few words."""
        one = self._station.evse(evse)
        if one is None:
            return ""
        return f"EVSE {evse}: {status_of(self._station, one, one.active)}"


def _possible(act: Callable[[str], str | None]) -> Callable[[str], str | None]:
    """`act`, whose refusals (not now, no such EVSE) are told to who typed it."""

    def run(rest: str) -> str | None:
        try:
            return act(rest)
        except (NotNow, ValueError) as wrong:
            raise UsageError(str(wrong)) from None

    return run


async def _finish(work: Awaitable[object]) -> None:
    await work


def _connector_row(station: Station, one: Evse, at: int) -> tuple[str, ...]:
    c = one.connectors[at]
    mine = c is one.active
    transaction = one.transaction if mine else None
    wh = one.meter.advance(station.clock.elapsed()) - transaction.meter_start if transaction else 0.0
    return (
        str(one.id),
        f"{c.id}" if station.version is not V16 else f"{c.id} ({c.number})",
        status_of(station, one, c),
        c.cable.value,
        clean(one.token.id) if mine and one.token else "",
        clean(station.number_of(transaction) or transaction.id, 12) if transaction else "",
        f"{wh:.0f}" if transaction else "",
        f"{one.meter.watts:.0f}" if transaction else "",
    )
