"""Sends one command to one station and says what became of it: for the timetable, the prompt and whoever else asks."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import orjson

from csms.persona import UNAWAITED
from shared.digest import digest
from shared.dispatch import Payload
from shared.option_fields import UsageError
from shared.peer import CallFailed, CallRefused, CallTimedOut, ConnectionLost, InvalidAnswer, InvalidPayload

if TYPE_CHECKING:
    from csms.commands import Options
    from csms.session import Session
    from csms.timetable import Step

log = logging.getLogger("ocpp")

MOST_OUTCOMES = 10_000

SKIPPED = "Skipped"


class Outcome(NamedTuple):
    """What became of one command at one station.

    `status` is the station's own word (`Accepted`; of a CALLERROR its code), or `Skipped` (its version has no such
    thing), `NotSent` (wrong options), `Unanswered`, `ConnectionLost`, `InvalidAnswer`, `InternalError`. `ok` is None
    where there is nothing to judge: a skipped command, an answer without a status.
    """

    station: str
    command: str
    action: str
    status: str
    ok: bool | None
    text: str = ""
    """The answer, or what went wrong, in words."""
    sent: bool = True

    def __str__(self) -> str:
        asked = self.command if self.action in ("", self.command) else f"{self.command} ({self.action})"
        return f"{self.station} {asked}: {self.text or self.status}"


def outcomes() -> deque[Outcome]:
    """The place for the last outcomes of one CSMS."""
    return deque(maxlen=MOST_OUTCOMES)


async def conduct(session: Session, step: Step) -> Outcome:
    """Send what `step` says to the station of `session`, and note what became of it. Does not raise."""
    return await _conducted(session, step.name, step.options, step.raw, awaited=step.awaited)


async def conduct_options(session: Session, name: str, options: Options) -> Outcome:
    """The same for a command whose options are parsed already, as at the prompt."""
    return await _conducted(session, name, options, "")


async def _conducted(
    session: Session, name: str, options: str | Options, raw: str, *, awaited: bool = True
) -> Outcome:
    outcome = await _try(session, name, options, raw, awaited=awaited)
    csms = session.csms
    csms.outcomes.append(outcome)
    csms.journal.note(
        session.id,
        "command",
        f"{outcome.command}: {outcome.text or outcome.status}",
        end="csms",
        name=outcome.command,
        action=outcome.action,
        status=outcome.status,
        ok=outcome.ok,
        sent=outcome.sent,
    )
    return outcome


async def _try(
    session: Session, name: str, options: str | Options, raw: str, *, awaited: bool = True
) -> Outcome:
    from csms import commands

    try:
        request = commands.raw(raw) if raw else commands.build(session, name, options)
    except commands.NotOnThisVersion as missing:
        return Outcome(session.id, name, "", SKIPPED, None, f"skipped: {missing}", sent=False)
    except UsageError as wrong:
        return Outcome(session.id, name, "", "NotSent", False, str(wrong), sent=False)
    except Exception as bug:
        return _ours(session, name, "", bug, sent=False)
    try:
        if not awaited:
            await _hurl(session, request.action, request.payload)
            return Outcome(session.id, name, request.action, "Sent", None, "sent; its answer is not awaited")
        answer = await session.csms.call(session, request.action, request.payload, valid=not raw)
    except (CallFailed, InvalidPayload) as failure:
        status = _status_of(failure)
        sent = not isinstance(failure, InvalidPayload)
        return Outcome(session.id, name, request.action, status, False, str(failure), sent=sent)
    except Exception as bug:
        return _ours(session, name, request.action, bug, sent=True)
    return _judged(session, name, request.action, answer)


async def _hurl(session: Session, action: str, payload: Payload) -> None:
    """Call without waiting, whatever else is on its way: on purpose against OCPP-J 1.6 §4.1.1 (2.x part 4 §4.1.1)."""
    session.csms.policies.expect(session, action, payload)
    await session.peer.send_raw(
        orjson.dumps([2, f"{UNAWAITED}{session.csms.journal.seq}", action, payload]).decode()
    )


def _status_of(failure: CallFailed | InvalidPayload) -> str:
    if isinstance(failure, CallRefused):
        return failure.code
    if isinstance(failure, InvalidPayload):
        return "NotSent"
    for kind, status in ((CallTimedOut, "Unanswered"), (InvalidAnswer, "InvalidAnswer")):
        if isinstance(failure, kind):
            return status
    return "ConnectionLost" if isinstance(failure, ConnectionLost) else type(failure).__name__


def _judged(session: Session, name: str, action: str, answer: Payload) -> Outcome:
    from csms.commands import is_success

    ok = is_success(action, answer)
    said = answer.get("status")
    status = said if isinstance(said, str) else "Answered" if ok is None else "Accepted" if ok else "Rejected"
    return Outcome(session.id, name, action, status, ok, digest(session.version, action, answer, answer=True))


def _ours(session: Session, name: str, action: str, bug: Exception, *, sent: bool) -> Outcome:
    """A fault of ours: into the log, and into the verdict of the run."""
    log.error("%s ! our command %s failed", session.id, name, exc_info=bug)
    session.csms.setting.crashed(bug)
    text = f"{type(bug).__name__} in {name}: a fault of ours"
    return Outcome(session.id, name, action, "InternalError", False, text, sent=sent)
