"""What can be typed at the CSMS: `CP1 reset kind=OnIdle`, `stations`, `help reset`, ..."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, TextIO

from csms.terminal_files import file_words
from shared.digest_forms import clean, cut
from shared.faults.prompt import fault_words
from shared.option_fields import UsageError
from shared.peer import ConnectionLost
from shared.prompt import Prompt, Word, converse
from shared.suggest import did_you_mean
from shared.summary import table

if TYPE_CHECKING:
    from csms.commands import Command
    from csms.server import Csms
    from csms.session import Session
    from csms.transaction import Transaction

EVERY = "*"
SILENCE = 5.0
"""Seconds in which a station that has to boot does."""

MOST_LISTED = 20
FOOTER = """\
  STATION COMMAND [KEY=VALUE]...  ask a station, as in: CP1 reset kind=OnIdle
  STATION call ACTION {JSON}      send any call as it is, valid or not
  STATION raw TEXT                put TEXT on the wire, whatever it is
STATION may be * for all, and be left out where there is only one.
'help commands' lists the commands, 'help reset' tells about one."""


async def serve_terminal(
    csms: Csms,
    quit: Callable[[], object],
    console: object = None,
    *,
    stdin: TextIO | None = None,
    write: Callable[[str], object] | None = None,
) -> None:
    """Do what is typed or piped until there is no more; `quit` is called when somebody wants to stop."""
    await converse(Terminal(csms, quit).prompt, stdin=stdin, write=write, shown="csms> ")


class Terminal:
    """The words of the CSMS's prompt."""

    def __init__(self, csms: Csms, quit: Callable[[], object]) -> None:
        self._csms = csms
        self._quit = quit
        self.prompt = Prompt(
            (
                Word("stations", "stations", "the stations that are connected, or were", self._stations),
                Word(
                    "transactions",
                    "transactions",
                    "the transactions, those still open first",
                    self._transactions,
                ),
                Word("findings", "findings", "what broke a rule, the last first", self._findings),
                Word(
                    "wait",
                    "wait SECONDS | STATION",
                    "wait so long, or until it is accepted\nFor commands that are piped in.",
                    self._wait,
                    lambda typed: self._names(),
                ),
                *file_words(csms),
                *fault_words(csms.faults),
                Word("quit", "quit", "stop the CSMS", lambda rest: self._stop()),
            ),
            otherwise=self._command,
            more=lambda: (*self._names(), *_command_names()),
            topics=_about,
            complete=self._complete,
            footer=csms.takes_no_commands or FOOTER,
        )

    # --- looking -----------------------------------------------------------------------------------------

    def _stations(self, rest: str) -> str:
        rows: list[tuple[str, ...]] = [
            ("station", "OCPP", "now", "registration", "open", "sessions", "kWh", "statuses")
        ]
        for name, record in self._csms.records.items():
            finished, wh = self._csms.energy(name)
            statuses = sorted((record.statuses or {}).items())
            rows.append(
                (
                    clean(record.id),
                    str(record.version or ""),
                    "connected" if name in self._csms.sessions else "away",
                    record.registration or "never booted",
                    str(len(self._csms.ledger.open(record))),
                    str(finished),
                    f"{wh / 1000:.3f}",
                    " ".join(f"{_place(*place)}:{clean(status)}" for place, status in statuses[:4]),
                )
            )
        return _listed(rows, "no station has connected yet", left=(0, 1, 2, 3, 7))

    def _transactions(self, rest: str) -> str:
        rows: list[tuple[str, ...]] = [("station", "transaction", "where", "token", "began", "kWh", "state")]
        known = [
            (record.id, record.account)
            for record in self._csms.records.values()
            if record.account is not None
        ]
        for station, account in known:
            rows += [_transaction(station, t) for t in account.open.values()]
        for station, account in known:
            rows += [_transaction(station, t) for t in reversed(account.closed.values())]
        return _listed(rows, "no transactions yet", left=(0, 1, 2, 3, 4, 6))

    def _findings(self, rest: str) -> str:
        found = self._csms.journal.findings()[::-1]
        shown = [
            f"frame {entry.ref or entry.seq} {clean(entry.station) or '-'} {entry.note}  {clean(entry.what, 200)}"
            f"  [{clean(entry.clause, 60)}]"
            for entry in found[:MOST_LISTED]
        ]
        more = [f"and {len(found) - MOST_LISTED} more"] if len(found) > MOST_LISTED else []
        return "\n".join([*shown, *more]) or "no findings: nothing was seen that breaks a rule"

    def _stop(self) -> str:
        self._quit()
        return ""

    async def _wait(self, rest: str) -> str | None:
        try:
            await asyncio.sleep(max(float(rest), 0.0))
        except ValueError:
            if not rest or " " in rest:
                raise UsageError("wait for how many seconds, or for which station?") from None
            loop = asyncio.get_running_loop()
            silent_until = loop.time() + SILENCE
            while not self._is_ready(rest, loop.time() >= silent_until):
                if self._csms.find(rest) is None:
                    silent_until = loop.time() + SILENCE
                await asyncio.sleep(0.05)
        return None

    def _is_ready(self, name: str, silent: bool) -> bool:
        """Whether it is accepted; one that does not boot, but talks or keeps `silent`, was so in an earlier run."""
        session = self._csms.find(name)
        if session is None or session.station.registration is not None:
            return session is not None and session.station.registration == "Accepted"
        return silent or session.station.warned == session.number

    # --- commands ----------------------------------------------------------------------------------------

    def _command(self, line: str) -> Awaitable[str] | None:
        """`[STATION] COMMAND OPTIONS`; None when neither a station nor a command begins the line."""
        first, _, rest = line.partition(" ")
        rest = rest.strip()
        if self._csms.takes_no_commands and (_is_command(first) or self._addressed(first) is not None):
            raise UsageError(self._csms.takes_no_commands)
        sessions = self._addressed(first)
        if sessions is None:
            if _is_command(first):
                return self._all(self._only(), line)
            if _is_command(rest.partition(" ")[0]):
                near = did_you_mean(first, self._names())
                raise UsageError(f"no station called {clean(first)!r} is connected{near}")
            return None
        if not sessions:
            raise UsageError(f"{first} is not connected" if first != EVERY else "no station is connected")
        if not rest:
            raise UsageError(f"what shall {first} do? ('help commands' lists what can be asked)")
        return self._all(sessions, rest)

    def _addressed(self, name: str) -> list[Session] | None:
        """The connected stations that `name` means; empty for one that is away, None when it names none."""
        if name == EVERY:
            return list(self._csms.sessions.values())
        session = self._csms.find(name)
        if session is not None:
            return [session]
        known = any(name.lower() == record.id.lower() for record in self._csms.records.values())
        return [] if known else None

    def _only(self) -> list[Session]:
        sessions = list(self._csms.sessions.values())
        if len(sessions) != 1:
            names = ", ".join(clean(s.id) for s in sessions[:8]) or "none is connected"
            raise UsageError(f"which station? write its name first, or * for all ({names})")
        return sessions

    async def _all(self, sessions: list[Session], text: str) -> str:
        return "\n".join(await asyncio.gather(*(self._one(session, text) for session in sessions)))

    async def _one(self, session: Session, text: str) -> str:
        from csms.commands import parse
        from csms.conductor import conduct, conduct_options
        from csms.timetable import Step

        name, _, rest = text.partition(" ")
        rest = rest.strip()
        if name == "raw":
            return await _send_raw(session, rest)
        if name == "call":
            return str(await conduct(session, Step("call", raw=_as_call(rest))))
        if not _is_command(name):
            near = did_you_mean(name, (*_command_names(), "call", "raw"))
            raise UsageError(f"{name!r} is not a command{near or chr(59) + ' help commands lists them'}")
        if ":" in name:  # as on the command line: reset:kind=OnIdle,evse=1
            name, _, options = text.partition(":")
            return str(await conduct(session, Step(name, options)))
        return str(await conduct_options(session, name, parse(rest, blanks=True)))

    # --- completion --------------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        return [session.id for session in self._csms.sessions.values()]

    def _complete(self, typed: str) -> Iterable[str]:
        first, blank, rest = typed.lstrip().partition(" ")
        if not blank:
            return (*self._names(), EVERY, *_command_names())
        if self._addressed(first) is None:
            return _options_of(first)
        name, blank, _ = rest.lstrip().partition(" ")
        return _options_of(name) if blank else (*_command_names(), "call", "raw")


# --- commands, in words ---------------------------------------------------------------------------------------


def _commands() -> dict[str, Command]:
    from csms.commands import COMMANDS

    return COMMANDS


def _command_names() -> list[str]:
    """Our own name of each command; OCPP's spelling is understood, too."""
    return list(dict.fromkeys(command.name for command in _commands().values()))


def _is_command(name: str) -> bool:
    return name.partition(":")[0] in _commands() or name in ("call", "raw")


def _options_of(name: str) -> list[str]:
    command = _commands().get(name)
    return [f"{option}=" for option in command.options] if command is not None else []


def _about(word: str) -> str | None:
    """Help on a command, or on all of them."""
    if word == "commands":
        rows: list[tuple[str, ...]] = []
        for name in _command_names():
            command = _commands()[name]
            versions = ", ".join(str(version) for version in command.versions)
            rows.append((name, versions, command.help.partition("\n")[0]))
        return "\n".join(cut(line.rstrip(), 79) for line in table(rows, left=(0, 1, 2)))
    if word not in _commands():
        return None
    command = _commands()[word]
    spelled = ", ".join(command.actions)
    versions = ", ".join(str(version) for version in command.versions)
    options = " ".join(f"[{option}=]" for option in command.options)
    return f"{command.name} {options}\n{spelled} in OCPP {versions}\n{command.help}"


def _as_call(text: str) -> str:
    """`ACTION {JSON}` as the object that a raw call is; text that is one already is left alone."""
    if text.startswith("{"):
        return text
    action, _, payload = text.partition(" ")
    if not action:
        raise UsageError('call what? as in: CP1 call Reset {"type": "OnIdle"}')
    return f'{{"action": {json.dumps(action)}, "payload": {payload.strip() or "{}"}}}'


async def _send_raw(session: Session, text: str) -> str:
    if not text:
        raise UsageError("raw what? the text that follows is sent as it stands")
    try:
        await session.peer.send_raw(text)
    except ConnectionLost as lost:
        return f"{session.id}: {lost}"
    return f"{session.id}: sent {len(text)} characters"


# --- rows -----------------------------------------------------------------------------------------------------


def _place(evse: int, connector: int) -> str:
    return f"{evse}/{connector}" if evse else str(connector)


def _transaction(station: str, t: Transaction) -> tuple[str, ...]:
    state = f"ended: {t.reason}" if t.stopped else t.charging_state or "open"
    energy = "" if t.energy is None else f"{t.energy / 1000:.3f}"
    began = t.started[11:19] if len(t.started) >= 19 else t.started
    return (
        clean(station),
        clean(t.id, 36),
        _place(t.evse, t.connector),
        clean(t.token),
        clean(began),
        energy,
        clean(state),
    )


def _listed(rows: list[tuple[str, ...]], nothing: str, left: tuple[int, ...]) -> str:
    if len(rows) == 1:
        return nothing
    lines = [line.rstrip() for line in table(rows[: MOST_LISTED + 1], left=left)]
    if len(rows) > MOST_LISTED + 1:
        lines.append(f"and {len(rows) - MOST_LISTED - 1} more")
    return "\n".join(lines)
