"""A station that is cut off, killed and switched off at random points of its sessions, and who receives its messages.

Every step of every session can be where it happens: before a message arrives, after it arrived and before its answer,
some turns of the loop after its answer, between two changes on disk, or at any time in between. A killed station is
made anew from what is on disk.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from charge_point.store import Owed, Store
from shared.chance import Stream
from shared.peer import CallRefused
from shared.versions import V16, Version
from tests.charge_point.scripted import ScriptedCsms, Stage
from tests.charge_point.wired import TOKEN, WIDE

Payload = dict[str, Any]

OWED = ("StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent")
ATTEMPTS = 2
VARIABLES: dict[str, Any] = WIDE | {
    "AllowOfflineTxForUnknownId": True,
    "TxUpdatedInterval": 7,
    "TransactionMessageAttempts": ATTEMPTS,
    "TransactionMessageRetryInterval": 1,
}


class MortalStore(Store):
    """Of which nothing reaches the disk any more after `left` more changes, as if the process had been killed there."""

    __slots__ = ("_owed", "_tried", "died", "left", "made", "of", "tried")

    def __init__(
        self,
        folder: Path,
        made: list[tuple[str, str]],
        of: dict[tuple[str, str], str],
        tried: Counter[tuple[str, str]],
    ) -> None:
        super().__init__(folder)
        self.of = of
        """Our own id of the transaction of each."""
        self.left: int | None = None
        self.died = False
        self.made = made
        """The messages that were kept, in all processes: who is not there when the process dies was never made."""
        self._owed: list[tuple[str, str]] = []
        self.tried: Counter[tuple[str, str]] = tried
        """The failed attempts that were kept, in all processes."""
        self._tried: list[tuple[str, str]] = []

    def attempted(self, owed: Owed) -> None:
        self._tried.append((owed.action, identity(owed.payload)))
        super().attempted(owed)

    def owe(self, station: str, owed: Owed) -> int:
        row = (owed.action, identity(owed.payload))
        self._owed.append(row)
        self.of[row] = owed.transaction
        return super().owe(station, owed)

    def _commit(self) -> None:
        if self.left is not None and not self.died:
            self.left -= 1
            self.died = self.left < 0
        if self.died:
            self._batch = []
        else:
            super()._commit()
            self.made += self._owed
            self.tried.update(self._tried)
        self._owed, self._tried = [], []

    def kill(self) -> None:
        """Nothing more is written."""
        self.died = True
        self.close()


class Receiver:
    """Books every message once, in the order of arrival, as a ledger behind a CSMS does."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.rows: list[tuple[str, str]] = []
        self.copies = 0
        self.numbers: dict[tuple[str, str], int] = {}
        """The transactionIds by which the messages of 1.6 came."""
        self._given: dict[str, int] = {}

    def book(self, action: str, payload: Payload) -> None:
        """A message has arrived; a copy must be of the last one, for the station knows no other to be in doubt."""
        row = (action, identity(payload))
        if row in self.rows:
            assert self.rows[-1] == row, f"{row} came again after {self.rows[-1]}"
            self.copies += 1
        else:
            self.rows.append(row)
        if "transactionId" in payload:
            self.numbers[row] = payload["transactionId"]

    def answer(self, csms: ScriptedCsms, action: str, payload: Payload) -> Payload:
        """A good answer."""
        answer: Payload = csms.token_info() if "idToken" in payload or "idTag" in payload else {}
        if action == "StartTransaction":
            number = self._given.setdefault(payload["timestamp"], len(self._given) + 1)
            self.numbers[(action, identity(payload))] = answer["transactionId"] = number
        return answer


def identity(payload: Payload) -> str:
    """What tells a message from all others, wherever it is met: in 2.x its number, in 1.6 what it says and when."""
    if "seqNo" in payload:
        return f"{payload['transactionInfo']['transactionId']} {payload['seqNo']} {payload['eventType']}"
    kept = {name: value for name, value in payload.items() if name != "transactionId"}
    return repr(sorted(kept.items()))


class Ordeal:
    """Sessions of one station under `cuts` blows, drawn from `seed`."""

    def __init__(self, version: Version, folder: Path, seed: int, cuts: int) -> None:
        self.version = version
        self.folder = folder
        self.chance = Stream(seed, "cuts")
        self.left = cuts
        self.receiver = Receiver(version)
        self.made: list[tuple[str, str]] = []
        self.of: dict[tuple[str, str], str] = {}
        self.given_up: list[tuple[str, str]] = []
        self.tried: Counter[tuple[str, str]] = Counter()
        self.resumed = 0
        """Messages that a new process took up with attempts behind them."""
        self.kinds: dict[str, int] = {}
        self._runs = 0
        self._struck: asyncio.Event = asyncio.Event()
        self._how = ""
        self.stage = self._new_stage()

    def _new_stage(self) -> Stage:
        self._runs += 1
        self.store = MortalStore(self.folder, self.made, self.of, self.tried)
        return Stage(self.version, store=self.store, run_id=str(self._runs), variables=VARIABLES)

    # --- blows --------------------------------------------------------------------------------------------

    def _take(
        self, csms: ScriptedCsms, stage: Stage, action: str, payload: Payload
    ) -> Payload | Exception | None:
        """A message has come to the end of the wire; or not, if the blow falls before."""
        if self.store.died or stage is not self.stage:
            return None  # it was never sent: the process was gone before
        draw = self.chance.random()
        if not self.left or draw < 0.45:
            self.receiver.book(action, payload)
            return self.receiver.answer(csms, action, payload)
        if draw < 0.52:
            return CallRefused("any", "InternalError", "", {})
        self.left -= 1
        how = self.chance.choice(("cut", "cut", "kill", "power"))
        if draw < 0.65:
            self._strike(f"{how} before", how, 0)
            return None
        self.receiver.book(action, payload)
        if draw < 0.80:
            self._strike(f"{how} before the answer", how, 0)
            return None
        if draw < 0.90:
            self.store.left = self.chance.integer(0, 3)
            self._strike("kill between changes", "kill", 12)
        else:
            self._strike(f"{how} after the answer", how, self.chance.integer(0, 12))
        return self.receiver.answer(csms, action, payload)

    def _strike(self, kind: str, how: str, turns: int) -> None:
        """The blow falls after so many turns of the loop."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self._how = how
        loop = asyncio.get_running_loop()
        stage = self.stage

        def fall(left: int) -> None:
            if left:
                loop.call_soon(fall, left - 1)
            elif stage is self.stage:
                if how == "kill":
                    self.store.kill()
                elif how == "cut":
                    stage.cut()
                self._struck.set()

        fall(turns)

    async def _recover(self) -> None:
        """After the blow: away for a while, and there again."""
        self._struck.clear()
        stage = self.stage
        away = self.chance.choice((0.0, 0.5, 5.0, 40.0))
        if self._how == "kill" or self.store.died or self.store.left is not None:  # whatever else fell
            self.store.kill()
            self._note()
            stage.station.store = stage.station.outbox.store = None
            stage.cut()
            stage.station.switch_off()
            self.stage = stage = self._new_stage()
            self.resumed += sum(bool(owed.attempts) for owed in self.store.owed(stage.station.id))
        elif self._how == "power":
            backup = self.chance.random() < 0.5
            stage.station.power_cycle(away, backup=backup)
            if backup and self.chance.random() < 0.8:  # else the link goes before the last words are said
                await stage.station.until(lambda: not stage.station.is_online, within=6)
        stage.cut()  # two blows may have fallen at once
        await asyncio.sleep(away)
        self.connect()

    def connect(self) -> None:
        """The link is there again."""
        csms = self.stage.connect(keep=False)
        for action in OWED:
            csms.script[action] = partial(self._take, csms, self.stage, action)

    def _note(self) -> None:
        """What the journal of this process says of messages that were given up."""
        for entry in self.stage.journal:
            if entry.note == "given_up":
                assert entry.detail is not None
                self.given_up.append((entry.what.split(" ")[0], identity(entry.detail["lost"])))
        assert "thinned" not in self.stage.notes()

    # --- the course of things -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Sessions until all blows have fallen, and everything is said."""
        self.connect()
        await asyncio.sleep(1)
        while self.left:
            await self._session()
        await self._rest()

    async def _session(self) -> None:
        for act in (self._plug, self._present, None, self._present, self._unplug):
            if act is not None:
                await act()
            await self._sleep(self.chance.uniform(0.0, 12.0))
            if self.left and self.chance.random() < 0.1:
                self.left -= 1
                self._strike("at any time", self.chance.choice(("cut", "kill", "power")), 0)
                await self._sleep(0.1)

    async def _sleep(self, seconds: float) -> None:
        """Time passes, with the blows that fall in it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0 or self._struck.is_set():
            try:
                async with asyncio.timeout(max(left, 0.0)):
                    await self._struck.wait()
            except TimeoutError:
                return
            await self._recover()

    async def _plug(self) -> None:
        if self.stage.station.evses[0].active.cable.name == "OUT":
            self.stage.station.plug_in()

    async def _unplug(self) -> None:
        if self.stage.station.evses[0].active.cable.name != "OUT":
            self.stage.station.unplug()

    async def _present(self) -> None:
        self.stage.tasks.spawn(self.stage.station.present(TOKEN))

    async def _rest(self) -> None:
        """No more blows: the last transaction ends, and everything that is owed is delivered."""
        await self._sleep(60)
        self.stage.station.emergency_stop()
        await self._sleep(600)
        for failure in self.stage.failures:
            raise failure
        assert self.stage.station.has_said_all
        assert self.version is V16 or not any(one.transaction for one in self.stage.station.evses)
        self._note()
        self.stage.station.switch_off()
        self.store.close()

    def check(self) -> None:
        """Each message is in the ledger once, in the order in which they were made, or noted as given up."""
        lost = set(self.given_up)
        assert len(self.made) == len(set(self.made))
        booked = self.receiver.rows
        delivered = [one for one in self.made if one not in lost]
        # what was given up after its answer got lost is in the ledger all the same
        assert [one for one in booked if one not in lost] == delivered
        # a process that was killed in between has not begun to count anew
        assert all(times < ATTEMPTS for times in self.tried.values())
        order = {one: at for at, one in enumerate(self.made)}
        assert [order[one] for one in booked] == sorted(order[one] for one in booked)
        by_transaction: dict[str, list[tuple[str, str]]] = {}
        for one in self.made:
            by_transaction.setdefault(self.of[one], []).append(one)
        for mine in by_transaction.values():
            (self._check_16 if self.version is V16 else self._check_2x)(mine)

    def _check_2x(self, mine: list[tuple[str, str]]) -> None:
        """A transaction has its numbers without a gap, and ends."""
        words = [text.split(" ") for _, text in mine]
        assert [int(number) for _, number, _ in words] == list(range(len(mine)))
        assert (words[0][2], words[-1][2]) == ("Started", "Ended")

    def _check_16(self, mine: list[tuple[str, str]]) -> None:
        """A transaction has one number from its start to its stop, or none if its start was given up (errata 3.18)."""
        assert (mine[0][0], mine[-1][0]) == ("StartTransaction", "StopTransaction")
        came = {self.receiver.numbers[one] for one in mine if one in self.receiver.numbers}
        assert len(came - {-1}) <= 1
        assert -1 not in came or mine[0] in self.given_up
