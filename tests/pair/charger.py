"""One charge point as its program makes it, and what it and the CSMS talk over."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from charge_point.connection import Connection
from charge_point.firmware_habits import FirmwareHabits
from charge_point.making import backoff_of, setup_of
from charge_point.options import ChargePointOptions
from charge_point.options import resolve as charge_point_options
from charge_point.station import Station
from charge_point.transfer import Transfers
from shared.chance import Stream
from shared.dialer import Dialer, Target
from shared.journal.journal import Journal
from shared.tasks import Tasks
from tests.pair.conversation import Conversation
from tests.pair.words import MODEL, VENDOR

if TYPE_CHECKING:
    from tests.pair.pair import Pair

SPEED = 200
"""Over sockets a second of the plan lasts so much less."""

WAIT_IN_MEMORY = 3600.0
WAIT_OVER_SOCKETS = 10.0


class Over:
    """What the pair talks over, and what becomes of the plan's seconds there."""

    def __init__(self, *, sockets: bool) -> None:
        self.sockets = sockets
        self.patience = WAIT_OVER_SOCKETS if sockets else WAIT_IN_MEMORY

    def after(self, seconds: float) -> float:
        """So many seconds of the plan."""
        return seconds / SPEED if self.sockets else seconds

    def whole(self, seconds: int) -> int:
        """The same for what OCPP counts in whole seconds: over sockets one."""
        return 1 if self.sockets else seconds

    def delay(self, seconds: float) -> str:
        """`--delay`: over sockets it counts from the accepted boot, for the plan's five seconds are not there."""
        return f"--delay {self.after(seconds)}{' --start-on accepted' if self.sockets else ''}"


class Charger:
    """One charge point, as its program makes it. `stop` ends the program; `start` begins it anew."""

    def __init__(self, pair: Pair, identity: str, arguments: str, reboot_seconds: float) -> None:
        self.journal = Journal(pair.clock)
        self.talk = Conversation(self.journal)
        self.bugs: list[BaseException] = []
        self.attempts: list[float] = []
        """Seconds that were waited after each attempt that failed."""
        self.url = pair.url
        self.identity = identity
        self._pair = pair
        self._arguments = arguments
        self._reboot_seconds = reboot_seconds
        self._starts = 0

    def start(self) -> None:
        """Switch on: a new station dials."""
        pair, self._starts = self._pair, self._starts + 1
        options = self.options()
        setup = replace(
            setup_of(options, str(self._starts)),
            reboot_seconds=self._reboot_seconds,
            updates=FirmwareHabits(installing=pair.over.after(10)),
        )
        self.tasks = Tasks(self.bugs.append)
        self.station = Station(self.identity, setup, self.journal, self.tasks, version=pair.version)
        self.station.part(Transfers).through = pair.network
        self.dialer = Dialer(
            Target(self.url, self.identity, (pair.version,)),
            lambda: backoff_of(options, self.station),
            Stream(0, self.identity, "dialling"),
            tell=lambda sentence, wait: self.attempts.append(wait),
            dial=pair.dial,
        )
        self.connection = Connection(self.station, self.dialer, run_id=str(self._starts), bugs=self.bugs)
        self._dialling = self.tasks.spawn(self.connection.run())

    def options(self) -> ChargePointOptions:
        """The options of the program."""
        over = self._pair.over
        back = (
            f"--reconnect-min {over.after(1) * 2} --reconnect-random {over.after(1)}" if over.sockets else ""
        )
        words = f"--csms {self.url} --id {self.identity} --ocpp-version {self._pair.version.name} {back}"
        who = ["--vendor", VENDOR, "--model", MODEL]
        return charge_point_options([*shlex.split(words), *who, *shlex.split(self._arguments)], {})

    def hang_up(self, seconds: float) -> None:
        """Close the connection properly, and dial again after so many seconds of the plan."""
        self.connection.redial(self._pair.over.after(seconds))

    def connect_to(self, url: str) -> None:
        """Another address of the CSMS is configured: leave, and dial that one."""
        self.url = url
        self.dialer.target = self.dialer.target._replace(base_url=url)
        self.hang_up(1)

    async def stop(self) -> None:
        """Switch off, with a proper close."""
        await self.connection.end()
        await self.tasks.end()
