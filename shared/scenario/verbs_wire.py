"""Verbs that look at the wire, and those that put something on it."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.actions import SENDS, may_lack
from shared.peer import CallFailed, CallRefused, ConnectionLost, InvalidAnswer
from shared.scenario.check import schema_of, typed
from shared.scenario.match import Mismatch, against, agreed, answer_against, concerns, value_against
from shared.scenario.play import DEFAULT_WITHIN, Branch, Outcome, StepFailed, settle
from shared.scenario.registry import verb
from shared.scenario.stage import Broken, CannotDo, NotHere
from shared.scenario.talk import Message
from shared.scenario.tree import Items, Node, Scalar, Table, in_words

Seconds = float

_LACKS = ("NotImplemented", "NotSupported")
"""The errors by which the other side says that it does not have a message (OCPP-J 1.6 §4.2.3, 2.x part 4 §4.3)."""


@verb()
async def expect(
    branch: Branch,
    *,
    what: Node,
    within: Seconds = DEFAULT_WITHIN,
    since: str | None = None,
    count: int | None = None,
    at_least: int | None = None,
    answered: Node | None = None,
    by: str | None = None,
    any_order: bool = False,
) -> Outcome | None:
    """Wait for a message: a fact (`booted`, `tx.started`), an action, or call, answer, error, finding, closed.

    What stands in it must be in the message, more may be. `answered` is what its answer must hold. A list is expected
    in order, or in `any_order`. `count` is how many there must be `within` the time, whose end is awaited (0: none may
    come); `at_least` waits for so many only. `since` begins anew after a message that was kept (`start`: at the very
    beginning), and sees what was matched before.
    """
    branch.cursor = _begin(branch, since)
    if since is not None:
        branch.used = set()  # it looks anew, also at what was matched before
    if count is not None:
        return await _counted(branch, what, count, within, answered, by)
    wanted = list(what) if isinstance(what, Items) else [what] * (at_least or 1)
    found: list[Message] = []
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    origin = branch.cursor
    for one in wanted:
        if any_order:
            branch.cursor = origin
        left = max(deadline - loop.time(), 0.0)
        found.append(await _one(branch, one, within, left, answered, by))
    branch.cursor = max(message.at for message in found) + 1
    await settle()
    check_forbidden(branch, branch.cursor, closes=True)
    branch.seq = found[-1].seq
    return Outcome(found[-1], branch.play)


def _begin(branch: Branch, since: str | None) -> int:
    if since is None:
        return branch.cursor
    if since == "start":
        return 0
    kept = branch.play.values.get(since)
    message = kept.message if isinstance(kept, Outcome) else None
    if message is None:
        raise Broken(f"{since} is not a message that was kept")
    return message.at + 1 if message.station == branch.station else branch.cursor


async def _one(
    branch: Branch, what: Node, within: float, left: float, answered: Node | None, by: str | None
) -> Message:
    """The next message that is wanted, behind the cursor."""
    wanted = _wanted(what, within)
    try:
        async with asyncio.timeout(left):
            while True:
                message = _search(branch, what, answered, by)
                if message is not None:
                    branch.used.add(message.seq)
                    branch.cursor = message.at + 1
                    return message
                await branch.talk.news()
    except TimeoutError:
        message = _search(branch, what, answered, by)
        if message is not None:
            branch.used.add(message.seq)
            branch.cursor = message.at + 1
            return message
        raise _missed(branch, what, wanted, answered, by) from None


def _wanted(what: Node, within: float) -> str:
    return f"{in_words(what, 200)} within {within:g} s"


def _fits(
    branch: Branch, what: Node, message: Message, answered: Node | None, by: str | None
) -> Mismatch | None:
    if by is not None and message.by != by:
        return Mismatch("by", by, message.by)
    wrong = against(what, message, branch.context)
    if wrong is not None or answered is None:
        return wrong
    if message.answer is None:
        return Mismatch("answer", in_words(answered), "no answer yet", pending=True)
    return answer_against(answered, message.answer, branch.context)


def _search(branch: Branch, what: Node, answered: Node | None, by: str | None) -> Message | None:
    messages = branch.messages
    for at in range(branch.cursor, len(messages)):
        message = messages[at]
        if message.seq not in branch.used and _fits(branch, what, message, answered, by) is None:
            return message
    return None


def _missed(branch: Branch, what: Node, wanted: str, answered: Node | None, by: str | None) -> StepFailed:
    """What came instead: the last message of the kind, with where it differs, or all that came; then a token that
    was turned away before, from which it may follow that nothing came."""
    before = branch.play.turned_away.get(branch.station)
    why = f"; {before}" if before else ""
    seen = branch.messages[branch.cursor :]
    found = _nearest(branch, what, seen, answered, by)
    if found is not None:
        message, wrong = found
        words = f"expected {wanted}; {wrong.path or 'it'} is {wrong.actual}, not {wrong.expected}{why}"
        return branch.failed(words, wrong, message)
    came = [m.action or m.kind for m in seen if m.kind != "answer" and m.kind != "note"]
    names = list(dict.fromkeys(came))
    said = ", ".join(f"{n} x{came.count(n)}" if came.count(n) > 1 else n for n in names) or "nothing"
    words = f"expected {wanted} of {branch.station}; {len(came)} messages came meanwhile: {said}{why}"
    return branch.failed(words, Mismatch("", in_words(what, 200), said))


def _nearest(
    branch: Branch, what: Node, seen: list[Message], answered: Node | None, by: str | None
) -> tuple[Message, Mismatch] | None:
    """The message of the kind that was wanted which differs in the last of its members; of several the last."""
    best: tuple[int, Message, Mismatch] | None = None
    for message in seen:
        if message.seq in branch.used or not concerns(what, message, branch.talk.end):
            continue
        wrong = _fits(branch, what, message, answered, by)
        if wrong is not None and (best is None or agreed(what, wrong) >= best[0]):
            best = agreed(what, wrong), message, wrong
    return None if best is None else best[1:]


async def _counted(
    branch: Branch, what: Node, count: int, within: float, answered: Node | None, by: str | None
) -> Outcome | None:
    """Exactly `count` of them until `within` has passed."""
    await asyncio.sleep(within)
    found: list[Message] = []
    while (message := _search(branch, what, answered, by)) is not None:
        branch.used.add(message.seq)
        branch.cursor = message.at + 1
        found.append(message)
    if len(found) < count:
        raise _missed(branch, what, f"{count} of {_wanted(what, within)}, {len(found)} came", answered, by)
    if len(found) > count:
        words = f"expected {count} of {in_words(what)} within {within:g} s; {len(found)} came"
        wrong = Mismatch("count", str(count), str(len(found)))
        raise branch.failed(words, wrong, found[count])
    check_forbidden(branch, len(branch.messages), closes=True)
    branch.seq = found[-1].seq if found else 0
    return Outcome(found[-1], branch.play) if found else None


# --- what must not come ---------------------------------------------------------------------------------------


@verb()
async def forbid(
    branch: Branch, *, what: Node, until: Seconds | None = None, since: str | None = None
) -> None:
    """From here on this must not come: until the next match of an `expect`, or for so long, which is awaited.

    With `since` it must not have come either since a message that was kept (`start`: since the very beginning).
    """
    begin = len(branch.messages) if since is None else _begin(branch, since)
    branch.forbidden.append((what, begin, branch.station, branch.end))
    if until is not None:
        await asyncio.sleep(until)
        check_forbidden(branch, len(branch.messages), closes=True)


def check_forbidden(branch: Branch, end: int, *, closes: bool = False) -> None:
    """Raise StepFailed when something forbidden came before place `end` of its conversation."""
    for what, start, station, side in branch.forbidden:
        here = branch.of(station, side)
        for message in here.messages[start : end if station == branch.station else None]:
            if against(what, message, here.context) is None:
                raise _came(here, what, message)
    if closes:
        branch.forbidden.clear()


def _came(branch: Branch, what: Node, message: Message) -> StepFailed:
    text = str(message) if message.kind != "note" else f"{message.action}: {message.text}"
    words = f"{in_words(what)} must not come, but {text}"
    return branch.failed(words, Mismatch("", f"no {in_words(what)}", text), message)


@verb()
async def answered(
    branch: Branch, *, name: str, with_: Node | None = None, within: Seconds = DEFAULT_WITHIN
) -> Outcome:
    """The call that was kept as `name` gets its answer, `with` these members in it."""
    kept = branch.play.values.get(name)
    message = kept.message if isinstance(kept, Outcome) else None
    if message is None:
        raise Broken(f"{name} is not a message that was kept")
    answer = await _answer_of(branch, message, within)
    branch.seq = answer.seq
    wrong = answer_against(with_, answer, branch.context) if with_ is not None else None
    if wrong is None and with_ is None and answer.kind == "error":
        wrong = Mismatch("answer", "an answer", f"CALLERROR {answer.text}")
    if wrong is not None:
        words = f"the answer to {message.action}: {wrong.path} is {wrong.actual}, not {wrong.expected}"
        raise branch.failed(words, wrong, answer)
    return Outcome(answer, branch.play)


async def _answer_of(branch: Branch, message: Message, within: float) -> Message:
    try:
        async with asyncio.timeout(within):
            while message.answer is None:
                await branch.talk.news()
    except TimeoutError:
        words = f"{message.action} #{message.seq} has no answer within {within:g} s"
        raise branch.failed(words, Mismatch("answer", "an answer", "none"), message) from None
    return message.answer


# --- putting something on the wire ----------------------------------------------------------------------------


@verb()
async def send(
    branch: Branch,
    *,
    message: Node,
    answered: Node | None = None,
    error: Node | None = None,
    within: Seconds = DEFAULT_WITHIN,
    no_wait: bool = False,
    valid: bool = True,
) -> Outcome:
    """Send any message by its name with any payload from the end where the step is.

    Its answer is awaited unless `no_wait`; `answered` is what it must hold, `error` the code of the CALLERROR that is
    wanted instead. A message that no version has, or against its schema, is taken for a mistake unless `error` is
    expected or `valid: false` says that it is meant.
    """
    if isinstance(message, Scalar):
        action, body = message.text, None
    else:
        assert isinstance(message, Table)
        action, body = message.entries[0][0].text, message.entries[0][1]
    schema = schema_of(branch.version, action)
    none = body is None or (isinstance(body, Scalar) and body.is_null)
    payload = {} if none or body is None else typed(body, schema, schema, branch.resolve)
    return await send_call(
        branch, action, payload, answered=answered, error=error, within=within, no_wait=no_wait
    )


async def send_call(
    branch: Branch,
    action: str,
    payload: Any,
    *,
    answered: Node | None = None,
    error: Node | None = None,
    within: float = DEFAULT_WITHIN,
    no_wait: bool = False,
) -> Outcome:
    """Send a call (or a SEND) and judge its answer."""
    peer = branch.own.peer(branch.station)
    if peer is None:
        raise CannotDo(f"{branch.station} is not connected")
    start = len(branch.messages)
    if action in SENDS and branch.version.has_send:
        await peer.send(action, payload, valid=False)
        return Outcome(_mine(branch, action, start), branch.play)
    call = asyncio.ensure_future(peer.call(action, payload, timeout=within, valid=False))
    if no_wait:
        call.add_done_callback(_forget)
        await asyncio.sleep(0)
        return Outcome(_mine(branch, action, start), branch.play)
    problem: CallFailed | None = None
    try:
        await call
    except CallFailed as failure:
        problem = failure
    except asyncio.CancelledError:
        call.cancel()
        raise
    sent = _mine(branch, action, start)
    branch.seq = sent.seq if sent else 0
    judge_answer(branch, action, sent, problem, answered, error)
    return Outcome(sent, branch.play)


def judge_answer(
    branch: Branch,
    action: str,
    sent: Message | None,
    problem: CallFailed | None,
    answered: Node | None,
    error: Node | None,
) -> None:
    """Raise StepFailed unless the answer to our call is what was wanted; NotHere when they rightly lack the message."""
    answer = sent.answer if sent is not None else None
    if error is not None:
        code = problem.code if isinstance(problem, CallRefused) else str(problem) if problem else "an answer"
        wrong = value_against(error, code, branch.context, "error")
        if wrong is not None:
            raise branch.failed(f"{action}: expected CALLERROR {in_words(error)}, not {code}", wrong, answer)
        return
    may = sent is not None and may_lack(sent.action, branch.version)
    if may and isinstance(problem, CallRefused) and problem.code in _LACKS:
        raise NotHere(f"{branch.station}: {problem}")
    if problem is not None and not (isinstance(problem, InvalidAnswer) and answered is not None):
        raise branch.failed(f"{action}: {problem}", Mismatch("answer", "an answer", str(problem)), answer)
    if answered is not None and answer is not None:
        wrong = answer_against(answered, answer, branch.context)
        if wrong is not None:
            words = f"the answer to {action}: {wrong.path} is {wrong.actual}, not {wrong.expected}"
            if may and wrong.actual in _LACKS:
                raise NotHere(words)
            raise branch.failed(words, wrong, answer)


def _forget(call: asyncio.Future[Any]) -> None:
    if not call.cancelled():
        call.exception()


def _mine(branch: Branch, action: str, start: int) -> Message | None:
    """Our own call of `action` that went out last, from place `start` on."""
    mine = [m for m in branch.messages[start:] if m.action == action and m.by == branch.talk.end]
    return mine[-1] if mine else None


@verb()
async def send_raw(branch: Branch, *, text: str) -> None:
    """Put a text on the wire as it is, whatever it is."""
    peer = branch.own.peer(branch.station)
    if peer is None:
        raise CannotDo(f"{branch.station} is not connected")
    try:
        await peer.send_raw(text)
    except ConnectionLost as lost:
        raise CannotDo(str(lost)) from None
    branch.seq = branch.play.journal.seq
