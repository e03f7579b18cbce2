"""Central systems that misbehave: a persona is a TOML file, found by name among those installed or by its path.

Nothing here is done by code of its own: a persona is options of the program, faults on the wire, commands and their
moments, and what the handshake and the socket are like. `[[answers]]` and `[clock]` are written as people think of
them and become faults as well, so that the journal tells each thing that was done on purpose from what was meant.
`csms.persona_keys` has every key.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from csms import persona_keys as keys
from shared.option_fields import UsageError
from shared.suggest import not_one_of
from shared.versions import V2X, VERSIONS, Version

if TYPE_CHECKING:
    from shared.faults import Injection
    from shared.option_layers import Layer
    from shared.scenario.tree import Node

FOLDER = os.path.join(os.path.dirname(__file__), "personas")
LIST = "list"
"""In the place of a name: tell which there are."""

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


def names() -> list[str]:
    """The personas that come with the program."""
    return sorted(file[:-5] for file in os.listdir(FOLDER) if file.endswith(".toml"))


def listing() -> str:
    """Every persona that comes with the program, with what it does; a line each, more where it is long."""
    import textwrap

    width = max(map(len, names())) + 2
    lines = []
    for name in names():
        about = textwrap.wrap(load(name).about, 80 - width) or [""]
        lines += [f"{name if not at else '':<{width}}{line}" for at, line in enumerate(about)]
    return "".join(f"{line}\n" for line in lines)


def named(text: str) -> Persona:
    """The persona that an option names; ValueError with one clause."""
    if text == LIST:
        return Persona(LIST)
    try:
        return load(text)
    except UsageError as wrong:
        raise ValueError(str(wrong)) from None


def load(name: str) -> Persona:
    """A persona by its name, or by the path of a TOML file. Raises UsageError with file and line."""
    path = name if name.endswith(".toml") else os.path.join(FOLDER, f"{name}.toml")
    if not name.endswith(".toml") and name not in names():
        raise UsageError(not_one_of(name, "a persona", names()) + "; or the path of a .toml file")
    try:
        with open(path, encoding="utf-8-sig") as file:  # some editors begin a file with a byte order mark
            text = file.read()
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) and problem.strerror else "not UTF-8 text"
        raise UsageError(f"{path}: {why.lower() if isinstance(problem, OSError) else why}") from None
    return _read(text, os.path.basename(path)[:-5], path)


@lru_cache(maxsize=64)
def _read(text: str, name: str, file: str) -> Persona:
    from shared.scenario.parse import parse
    from shared.scenario.tree import ScenarioError

    try:
        (tree,) = parse(text, toml=True)
    except ScenarioError as wrong:
        raise UsageError(f"{file}:{wrong.line}: {wrong.text}") from None
    import tomllib

    return _Reader(file, tree, tomllib.loads(text)).persona(name)


class _Reader:
    """Reads one file. `tree` is the same as `table` with lines."""

    def __init__(self, file: str, tree: Node, table: dict[str, Any]) -> None:
        self._file = file
        self._tree = tree
        self._table = table

    def persona(self, name: str) -> Persona:
        """What the file says."""
        top = self._keys("", self._table, ())
        if not top.get("about"):
            raise UsageError(f'{self._file}:1: needs about = "...", one sentence that says what it does')
        commands = tuple(self._each("commands", self._command))
        faults = [self._fault(spec, ("faults",)) for spec in top.get("faults", ())] + [
            fault for answer in self._each("answers", self._answer) for fault in answer
        ]
        if clock := self._section("clock"):
            faults.append(self._fault({"fault": "retime", "kind": "answer", **clock}, ("clock",)))
        if any(command.when == keys.BEFORE_BOOT_ANSWER for command in commands):
            held = f"late_answer:after={BOOT_ANSWER_AFTER:g},action=BootNotification,times=1"
            faults.append(self._fault(held, ("commands",)))
        if not all(command.wait for command in commands):
            taken = f"drop:direction=in,kind=answer+error,message_id={UNAWAITED}*"
            faults.append(self._fault(taken, ("commands",)))
        return Persona(
            name,
            top["about"],
            self._options(),
            tuple(faults),
            commands,
            top.get("transaction_ids", ()),
            Handshake(**self._section("handshake")),
            Socket(**self._section("socket")),
        )

    # --- its parts ----------------------------------------------------------------------------------------

    def _options(self) -> Layer:
        """The options of the program, each as a configuration file would give it."""
        from csms.options import CsmsOptions
        from shared.option_fields import options_of
        from shared.option_layers import from_table

        known = [option for option in options_of(CsmsOptions) if option.name not in _NOT_OF_A_PERSONA]
        layer: Layer = {}
        for key, value in self._table.get("options", {}).items():
            try:
                layer |= from_table(known, {key: value}, self._file, "options")
            except UsageError as wrong:
                said = str(wrong).removeprefix(f"{self._file}: ")
                raise UsageError(f"{self._at(('options', key))}: {said}") from None
        return layer

    def _answer(self, answer: dict[str, Any], path: tuple[Any, ...]) -> list[Injection]:
        """What is done to answers, in the order in which it is done: content, kind, way, id."""
        which: dict[str, Any] = {
            key: answer[key] for key in ("action", "station", "nth", "every", "times") if key in answer
        }
        which["kind"] = ["answer", "error"]
        if "versions" in answer:
            which["version"] = answer["versions"]
        which |= {f"where.{name}": value for name, value in answer.get("where", {}).items()}
        specs = [spec for key, made in _DONE.items() if key in answer for spec in made(answer)]
        if not specs:
            raise UsageError(f"{self._at(path)}: says nothing of the answer ({', '.join(_DONE)})")
        for key, needed in (("description", "error"), ("gap", "copies")):
            if key in answer and needed not in answer:
                raise UsageError(f"{self._at((*path, key))}: {key}: needs {needed}")
        return [self._fault({**spec, **which}, path) for spec in specs]

    def _command(self, command: dict[str, Any], path: tuple[Any, ...]) -> Command:
        from csms.commands import check, raw

        if ("send" in command) is ("call" in command):
            raise UsageError(f"{self._at(path)}: needs either send or call")
        call = _json(command["call"]) if "call" in command else ""
        try:
            raw(call) if call else check(command["send"])
        except UsageError as wrong:
            raise UsageError(f"{self._at(path)}: {wrong}") from None
        rest: dict[str, Any] = {key: command[key] for key in ("when", "after", "wait") if key in command}
        named = [_VERSIONS[name] for name in command.get("versions", ())]
        rest["versions"] = tuple(version for several in named for version in several)
        return Command(command.get("send", ""), call, **rest)

    def _fault(self, spec: Any, path: tuple[Any, ...]) -> Injection:
        from shared.faults import parse

        try:
            return parse(dict(spec) if isinstance(spec, dict) else spec)
        except UsageError as wrong:
            raise UsageError(f"{self._at(path)}: {wrong}") from None

    # --- keys and lines -----------------------------------------------------------------------------------

    def _section(self, name: str) -> dict[str, Any]:
        return self._keys(name, self._table.get(name, {}), (name,))

    def _each(self, name: str, made: Callable[[dict[str, Any], tuple[Any, ...]], Any]) -> Iterable[Any]:
        """Every table of a list of tables."""
        for at, table in enumerate(self._table.get(name, ())):
            path = (name, at)
            if not isinstance(table, dict):
                raise UsageError(f"{self._at(path)}: {name}: expected tables, [[{name}]]")
            yield made(self._keys(name, table, path), path)

    def _keys(self, section: str, table: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
        """The checked members of a table."""
        found = {}
        for key, value in table.items():
            try:
                found[key] = keys.checked(section, key, value)
            except ValueError as wrong:
                where = f"[{section}] {key}" if section else key
                raise UsageError(f"{self._at((*path, key))}: {where}: {wrong}") from None
        return found

    def _at(self, path: tuple[Any, ...]) -> str:
        """The file and the line of what stands at `path`."""
        from shared.scenario.tree import Items, Table

        node, line = self._tree, 1
        for step in path:
            if isinstance(node, Table):
                found = [(name, below) for name, below in node if name.text == step]
                if not found:
                    break
                line, node = found[0][0].line, found[0][1]
            elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                line = node.line or line
        return f"{self._file}:{line}"


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


_VERSIONS = {**{version.name: (version,) for version in VERSIONS}, "2.x": V2X}

_NOT_OF_A_PERSONA = frozenset(
    {"persona", "config", "print_config", "inject", "journal", "state", "interactive"}
)
"""Options that say how the program is run, not what the central system is like; faults stand under `faults`."""

_DONE: dict[str, Callable[[dict[str, Any]], list[dict[str, Any]]]] = {
    "exact": lambda a: [{"fault": "merge", "value": _json(a["exact"]), "exact": True}],
    "set": lambda a: [{"fault": "merge", "value": _json(a["set"])}],
    "remove": lambda a: [{"fault": "change", "path": path, "remove": True} for path in a["remove"]],
    "null": lambda a: [{"fault": "change", "path": path, "value": "null"} for path in a["null"]],
    "error": lambda a: [{"fault": "call_error", "code": a["error"], "description": a.get("description", "")}],
    "silence": lambda a: [{"fault": "drop"}] if a["silence"] else [],
    "after": lambda a: [{"fault": "late_answer", "after": a["after"]}],
    "behind": lambda a: [{"fault": "reorder", "behind": a["behind"]}],
    "copies": lambda a: [{"fault": "duplicate", "copies": a["copies"], "gap": a.get("gap", 0)}],
    "wrong_id": lambda a: [{"fault": "wrong_id"}] if a["wrong_id"] else [],
}
"""What can be done to an answer, in this order, and the faults that do it."""
