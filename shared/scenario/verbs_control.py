"""Verbs that order other steps, wait, check and change how things are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import Any

from shared.scenario.engine import perform
from shared.scenario.match import Mismatch, against, shown, value_against
from shared.scenario.model import CHARGE_POINT, CSMS, Step
from shared.scenario.play import DEFAULT_WITHIN, Branch, Outcome, settle
from shared.scenario.registry import verb
from shared.scenario.stage import Broken, NotHere
from shared.scenario.tree import Items, Node, Scalar, Table, in_words
from shared.scenario.verbs_wire import _came

Seconds = float
Steps = tuple[Step, ...]
Branches = tuple[Steps, ...]
Value = Any

ROUNDING = 1.0
"""Wh by which two readings of the same energy may differ: 1.6 sends whole Wh."""


@verb()
async def use(branch: Branch, *, fragment: Node, steps: Steps = (), with_: Node | None = None) -> None:
    """Do the steps of a fragment: `use: booted`, `use: {plugged_in: {evse: 2}}`."""
    before = dict(branch.local)
    values = {key.text: branch.value(node) for key, node in with_} if isinstance(with_, Table) else {}
    branch.local = {**branch.local, **values}
    try:
        await perform(branch, steps)
    finally:
        branch.local = before


@verb()
async def wait(branch: Branch, *, seconds: Seconds) -> None:
    """Let time pass: `wait: 8h`."""
    await asyncio.sleep(seconds)


@verb()
async def repeat(branch: Branch, *, times: int, steps: Steps, every: Seconds = 0.0) -> None:
    """Do steps several times, `every` so often."""
    loop = asyncio.get_running_loop()
    for turn in range(times):
        due = loop.time() + every
        branch.local["turn"] = turn + 1
        await perform(branch, steps, turn + 1)
        if every and turn + 1 < times:
            await asyncio.sleep(max(due - loop.time(), 0.0))


@verb()
async def pair(branch: Branch, *, steps: Steps) -> None:
    """Do steps only when both sides are ours: what drives a station that a foreign one does by itself."""
    if len(branch.play.stages) > 1:
        await perform(branch, steps)


@verb()
async def not_applicable(branch: Branch, *, why: str) -> None:
    """The scenario ends here: it is not applicable, for this reason. Mostly inside `pair`."""
    raise NotHere(why)


@verb()
async def parallel(branch: Branch, *, branches: Branches) -> None:
    """Do several lists of steps at the same time; each has a cursor of its own."""
    inner = [Branch(branch.play, branch.station, branch.end, branch) for _ in branches]
    barriers: dict[str, asyncio.Barrier] = {}
    for one in inner:
        one.barriers, one.siblings = barriers, len(inner)
    pairs = enumerate(zip(inner, branches, strict=True), 1)
    await together([perform(one, steps, at) for at, (one, steps) in pairs])
    _joined(branch, inner)


@verb()
async def each(branch: Branch, *, steps: Steps) -> None:
    """Do steps with every station, at the same time."""
    stations = list(branch.play.scenario.stations)
    inner = [Branch(branch.play, station, branch.end, branch) for station in stations]
    barriers: dict[str, asyncio.Barrier] = {}
    for one in inner:
        one.barriers, one.siblings = barriers, len(inner)
    await together([perform(one, steps, at) for at, one in enumerate(inner, 1)])
    _joined(branch, inner)


def _joined(branch: Branch, inner: list[Branch]) -> None:
    """After branches come together, the cursors stand behind all that they saw."""
    for one in inner:
        for key, at in one.cursors.items():
            branch.cursors[key] = max(branch.cursors.get(key, 0), at)
        branch.used |= one.used
        branch.seq = max(branch.seq, one.seq)


async def together(works: list[Coroutine[Any, Any, None]]) -> None:
    """Run all; when one fails the others are ended, in the order in which they were begun."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            if not task.done():
                task.cancel()
            try:
                await task
            except (asyncio.CancelledError, Exception):
                pass
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


@verb()
async def barrier(branch: Branch, *, name: str = "", parties: int | None = None) -> None:
    """Wait until every branch (or station of `each`) has come here."""
    gate = branch.barriers.setdefault(name, asyncio.Barrier(parties or branch.siblings))
    await gate.wait()


@verb()
async def never(branch: Branch, *, what: Node, while_: Steps = (), for_: Seconds = 0.0) -> None:
    """This must not come `while` steps are done, or `for` so long; at any station. Findings of either end count."""
    talks = branch.play.talks.values()
    starts = {(talk.end, station): len(seen) for talk in talks for station, seen in talk.of.items()}
    if while_:
        await perform(branch, while_)
    if for_:
        await asyncio.sleep(for_)
    patterns = list(what) if isinstance(what, Items) else [what]
    for talk in talks:
        for station, messages in talk.of.items():
            here = branch.of(station, talk.end)
            for message in messages[starts.get((talk.end, station), 0) :]:
                if talk is not branch.talk and message.kind != "note":
                    continue  # the other end saw the same messages
                for pattern in patterns:
                    if against(pattern, message, here.context) is None:
                        raise _came(here, pattern, message)


# --- how things stand -----------------------------------------------------------------------------------------

_QUESTION = re.compile(r"([\w-]+)\.([\w.]+)(?:\(([^)]*)\))?")


@verb()
async def check(branch: Branch, *, what: Node, within: Seconds = 0.0) -> None:
    """How things stand: `csms.open(A): 0`, `csms.billed(A): $A.meter.delivered`, `station.status: Available`.

    With `within` it may take so long to come true. Energies are equal when they differ by no more than 1 Wh.
    """
    if not isinstance(what, Table):
        raise Broken("check is followed by a table of questions and answers")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        wrongs = [wrong for key, wanted in what if (wrong := _stands(branch, key.text, wanted)) is not None]
        if not wrongs:
            return
        if loop.time() >= deadline:
            raise branch.failed(
                f"{wrongs[0].path} is {wrongs[0].actual}, not {wrongs[0].expected}", wrongs[0]
            )
        await asyncio.sleep(min(0.1, deadline - loop.time()))


def _stands(branch: Branch, question: str, wanted: Node) -> Mismatch | None:
    if question.startswith("$"):
        actual = branch.resolve(question)
    else:
        found = _QUESTION.fullmatch(question)
        role = (
            {"csms": CSMS, "station": CHARGE_POINT, "charge_point": CHARGE_POINT}.get(found[1])
            if found
            else None
        )
        if found is None or role is None:
            if found is not None and found[1] in branch.play.scenario.stations:
                actual = branch.stage(CHARGE_POINT).ask(found[2], found[1])
            else:
                raise Broken(f"{question!r} is not a question (as in csms.open(A) or station.status)")
        else:
            station = found[3].strip() if found[3] else branch.station
            station = str(branch.resolve(station))
            station = branch.play.scenario.alias.get(station, station)
            actual = branch.stage(role).ask(found[2], station)
    wrong = value_against(wanted, actual, branch.context, question)
    if wrong is None or not isinstance(wanted, Scalar):
        return wrong
    meant = branch.resolve(wanted.text)
    if isinstance(actual, float) and isinstance(meant, (int, float)) and abs(actual - meant) <= ROUNDING:
        return None
    return wrong


SILENCE = 10.0
"""Seconds for which a station that is connected may keep silent before it is asked to boot."""


@verb()
async def registered(branch: Branch, *, within: Seconds = 300.0) -> None:
    """Wait until the station is registered: by a BootNotification now, or by an earlier one that still holds.

    A station that is connected and does not boot is asked to.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    ask_at = loop.time() + SILENCE
    while (
        branch.own.peer(branch.station) is None
        or (status := branch.own.ask("registration", branch.station)) != "Accepted"
        or _is_on_its_way(branch)
    ):
        if loop.time() >= deadline:
            raise branch.failed(f"{branch.station} is not registered within {within:g} s")
        if branch.own.peer(branch.station) is None:
            ask_at = loop.time() + SILENCE
        elif branch.end == CSMS and not status and loop.time() >= ask_at:
            ask_at = deadline
            await branch.act(CSMS, "ask_for_boot")
        await asyncio.sleep(min(0.1, deadline - loop.time()))
    await settle()
    boots = [m.at + 1 for m in branch.messages if m.is_call and m.action == "BootNotification"]
    branch.cursor = max([branch.cursor, *boots])


def _is_on_its_way(branch: Branch) -> bool:
    """Whether the answer to the last boot was decided on but has not left: the station does not know of it yet."""
    boots = [m for m in branch.messages if m.is_call and m.action == "BootNotification"]
    return branch.end == CSMS and bool(boots) and boots[-1].answer is None


@verb()
async def boots(branch: Branch, *, within: Seconds = 300.0) -> None:
    """Wait until the station boots; one that is connected and does not, since it did before, is told to restart.

    The boot is there for the `expect` that follows.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    restart_at = loop.time() + SILENCE
    while not any(m.is_call and m.action == "BootNotification" for m in branch.messages):
        if loop.time() >= deadline:
            raise branch.failed(f"{branch.station} does not boot within {within:g} s")
        if branch.own.peer(branch.station) is None:
            restart_at = max(restart_at, loop.time() + SILENCE)
        elif branch.end == CSMS and loop.time() >= restart_at:
            restart_at = deadline
            action, payload = await branch.act(CSMS, "build", name="reset", options={})
            await branch.act(CSMS, "call", action=action, payload=payload)
        await asyncio.sleep(min(0.1, deadline - loop.time()))


@verb("capture")
async def capture(branch: Branch, *, value: Value) -> Outcome:
    """Keep a value `as` a name."""
    return Outcome(None, branch.play, value)


@verb()
async def sut(
    branch: Branch, *, what: Node, equals: Node | None = None, within: Seconds = DEFAULT_WITHIN
) -> Outcome:
    """Ask the system under test, or have it do something, through its hook; without one the scenario is inconclusive.

    A central system or station of ours answers by itself.
    """
    name, arguments = _call(branch, what)
    value = await branch.play.hooks.sut(branch, name, arguments, within)
    if equals is not None:
        wrong = value_against(equals, value, branch.context, f"sut.{name}")
        if wrong is not None:
            raise branch.failed(
                f"{name} of the system under test is {shown(value)}, not {wrong.expected}", wrong
            )
    return Outcome(None, branch.play, value)


@verb()
async def operator(branch: Branch, *, what: Node, within: Seconds = 120.0) -> Outcome:
    """Have somebody do something at a foreign station: by a shell command, or by asking; ours does it by itself."""
    name, arguments = _call(branch, what)
    value = await branch.play.hooks.operator(branch, name, arguments, within)
    if name == "present":
        branch.presented(arguments.get("token", "a token"), value)
    return Outcome(None, branch.play, value)


def _call(branch: Branch, what: Node) -> tuple[str, dict[str, Any]]:
    """`plug_in`, or `{plug_in: {evse: 1}}`, as a name and arguments."""
    if isinstance(what, Scalar):
        return what.text, {}
    if not isinstance(what, Table) or len(what.entries) != 1:
        raise Broken(f"{in_words(what)} is not one thing to do")
    name, body = what.entries[0]
    value = branch.value(body)
    if value is None:
        return name.text, {}
    return name.text, value if isinstance(value, dict) else {"value": value}


@verb()
async def restore(branch: Branch, *, what: str) -> None:
    """Put back what the scenario changed: `restore: config`."""
    if what != "config":
        raise Broken(f"{what!r} cannot be restored (config)")
    for station in list(branch.play.scenario.stations):
        await branch.of(station).act(CSMS, "restore_config")


@verb()
async def set_clock(branch: Branch, *, ahead: Seconds) -> None:
    """Set the station's clock so far ahead of the true time (negative: behind)."""
    await branch.act(CHARGE_POINT, "set_clock", ahead=ahead)


# --- faults on the wire ---------------------------------------------------------------------------------------


@verb()
async def inject(branch: Branch, *, fault: Node) -> None:
    """A fault on the wire at this end: `hang_up: {before_answer_to: tx.started, times: 1}`, or any other of `--inject`.

    `inject: reset` takes them all away.
    """
    if isinstance(fault, Scalar) and fault.text == "reset":
        await branch.own.act("reset_faults", branch.station, {})
        return
    spec = fault.text if isinstance(fault, Scalar) else branch.value(fault)
    await branch.own.act("inject", branch.station, {"spec": spec})
