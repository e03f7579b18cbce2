"""Central systems that misbehave: a persona is a TOML file, found by name among those installed or by its path.

Nothing here is done by code of its own: a persona is options of the program, faults on the wire, commands and their
moments, and what the handshake and the socket are like. `[[answers]]` and `[clock]` are written as people think of
them and become faults as well, so that the journal tells each thing that was done on purpose from what was meant.
`csms.persona_keys` has every key.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from csms import persona_keys as keys
from shared.option_fields import UsageError
from shared.persona_file import LIST, Reader, Shelf, as_json
from shared.versions import V2X, VERSIONS, Version

if TYPE_CHECKING:
    from shared.faults import Injection

BOOT_ANSWER_AFTER = 1.0
"""Seconds that the answer to a first boot is held back for the commands that come before it."""

UNAWAITED = "unawaited-"
"""What the ids of calls begin with whose answers nobody waits for."""


class Handshake(NamedTuple):
    """How `Sec-WebSocket-Protocol` is read and answered (`csms.persona_keys`)."""

    reads: str = keys.LIST
    answers: str = "chosen"

    def offered(self, headers: Sequence[str]) -> list[str]:
        """The subprotocols in the headers of a request, in the station's order (RFC 6455 §11.3.4: a list)."""
        if self.reads == keys.ONLY:
            return [header.strip() for header in headers]
        blanks = " \t" if self.reads != keys.UNTRIMMED else ""
        names = [name.strip(blanks) if blanks else name for header in headers for name in header.split(",")]
        names = [name for name in names if name.strip()]
        return names[:1] if self.reads == keys.FIRST else names

    def preferred(self, offered: Sequence[str]) -> Sequence[str]:
        """The same, what is liked best first (part 4 §3.1.2: the station's first)."""
        return offered[::-1] if self.answers == "last" else offered

    def answer(self, subprotocol: str | None) -> str | None:
        """What the answer's header names when `subprotocol` was chosen; None for no header."""
        if self.answers in ("chosen", "last"):
            return subprotocol
        return None if self.answers == "nothing" else self.answers


class Socket(NamedTuple):
    """How connections are treated."""

    pongs: bool = True
    close_idle_after: float | None = None
    close_code: int = 1000


AS_IT_SHOULD, PLAIN = Handshake(), Socket()


class Command(NamedTuple):
    """What is sent without being asked: `text` as `--command` has it, or `raw` JSON."""

    text: str
    raw: str = ""
    when: str = keys.ACCEPTED
    after: float = 0.0
    wait: bool = True
    versions: tuple[Version, ...] = ()
    """Those that it is for; none for all."""


@dataclass(frozen=True)
class Persona:
    """One kind of central system. `layer` are its options, which lie under all that is said otherwise."""

    name: str
    about: str = ""
    layer: Mapping[str, Any] | None = None
    faults: tuple[Injection, ...] = ()
    commands: tuple[Command, ...] = ()
    transaction_ids: tuple[int, ...] = ()
    handshake: Handshake = AS_IT_SHOULD
    socket: Socket = PLAIN

    def __str__(self) -> str:
        return self.name


class _Reader(Reader):
    """Reads one file."""

    def persona(self, name: str) -> Persona:
        """What the file says."""
        from csms.options import CsmsOptions

        top = self.top()
        commands = tuple(self.each("commands", self._command))
        faults = [*self.faults(), *self.answers()]
        if clock := self.section("clock"):
            faults.append(self.fault({"fault": "retime", "kind": "answer", **clock}, ("clock",)))
        if any(command.when == keys.BEFORE_BOOT_ANSWER for command in commands):
            held = f"late_answer:after={BOOT_ANSWER_AFTER:g},action=BootNotification,times=1"
            faults.append(self.fault(held, ("commands",)))
        if not all(command.wait for command in commands):
            taken = f"drop:direction=in,kind=answer+error,message_id={UNAWAITED}*"
            faults.append(self.fault(taken, ("commands",)))
        return Persona(
            name,
            top["about"],
            self.options(CsmsOptions, _NOT_OF_A_PERSONA),
            tuple(faults),
            commands,
            top.get("transaction_ids", ()),
            Handshake(**self.section("handshake")),
            Socket(**self.section("socket")),
        )

    def _command(self, command: dict[str, Any], path: tuple[Any, ...]) -> Command:
        from csms.commands import check, raw

        if ("send" in command) is ("call" in command):
            raise self.wrong(path, "needs either send or call")
        call = as_json(command["call"]) if "call" in command else ""
        try:
            raw(call) if call else check(command["send"])
        except UsageError as wrong:
            raise self.wrong(path, str(wrong)) from None
        rest: dict[str, Any] = {key: command[key] for key in ("when", "after", "wait") if key in command}
        named = [_VERSIONS[name] for name in command.get("versions", ())]
        rest["versions"] = tuple(version for several in named for version in several)
        return Command(command.get("send", ""), call, **rest)


def _read(text: str, name: str, file: str) -> Persona:
    return _Reader(text, file, keys.SECTIONS).persona(name)


FOLDER = os.path.join(os.path.dirname(__file__), "personas")
_SHELF = Shelf(FOLDER, _read, Persona(LIST))
names, listing, named, load = _SHELF.names, _SHELF.listing, _SHELF.named, _SHELF.load


_VERSIONS = {**{version.name: (version,) for version in VERSIONS}, "2.x": V2X}

_NOT_OF_A_PERSONA = frozenset(
    {"persona", "config", "print_config", "inject", "journal", "state", "interactive"}
)
"""Options that say how the program is run, not what the central system is like; faults stand under `faults`."""
