"""What a command is, how one is declared, and how its name is found.

A command is one act of the back office ("reset the station") whatever OCPP calls it:

    @command("RequestStartTransaction", "RemoteStartTransaction")
    def start_transaction(to: Session, *, token: str | None = None, evse: int | None = None) -> Sent: ...

The function gives the request's payload for `to.version`, complete and sensible without any option. Its keyword
parameters are the options in the words of the trade, the same for every version; members of the payload that
no option covers are reached by their dotted path (`csms.commands.request`). Its docstring is its help text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from shared.actions import ACTIONS, CSMS
from shared.suggest import not_one_of
from shared.versions import VERSIONS, Version

if TYPE_CHECKING:
    from shared.option_fields import UsageError

Payload = dict[str, Any]
Sent = Payload | tuple[str, Payload]
"""A request's payload; or the action as well, where an act has several on one version."""


class Session(Protocol):
    """What a command sees of a connected station: `csms.session.Session` is one."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> Version: ...
    @property
    def url(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def csms(self) -> Any: ...
    @property
    def station(self) -> Any: ...
    def new_request_id(self) -> int: ...


class NotOnThisVersion(Exception):
    """The act, or one of its options, does not exist in the OCPP version of the station.

    Not a mistake of the user: one command line may serve stations of several versions. The caller skips the
    command for this station and says so.
    """


def wrong(text: str) -> UsageError:
    """The exception to raise for what somebody wrote wrongly: `text` says what, where and what is allowed."""
    from shared.option_fields import UsageError

    return UsageError(text)


class Option(NamedTuple):
    """One option of a command: its name and the type of its value ("str", "int", "float", "bool" or a list)."""

    name: str
    kind: str

    @property
    def is_list(self) -> bool:
        """Whether it takes several values."""
        return self.kind.startswith("list")


_KINDS = {f"{kind} | None": kind for kind in ("str", "int", "float", "bool", "list[str]", "list[int]")}
_TAKES_KEYWORDS = 0x08
"""The flag of a code object whose function has a `**` parameter (Python's data model, CO_VARKEYWORDS)."""

Builder = Callable[..., Sent]
Settle = Callable[[Session, str, Payload, list[str]], str]
"""Gets the action, the finished payload and the paths of members that were named; gives the action."""


class Command:
    """One act of the back office; `build` in `csms.commands.request` makes a request of it."""

    __slots__ = ("actions", "either", "elsewhere", "function", "names", "open", "options", "settle")

    def __init__(
        self,
        function: Builder,
        actions: tuple[str, ...],
        also: tuple[str, ...],
        elsewhere: str,
        either: tuple[str, ...],
        settle: Settle | None,
    ) -> None:
        self.function = function
        self.actions = actions
        self.elsewhere = elsewhere
        """The name of the command that is the same act on versions which lack this one; or nothing."""
        self.either = either
        """Dotted paths of members of which a request has only one: naming one drops the others' defaults."""
        self.settle = settle
        """Completes in a finished payload what depends on other members, and gives the action."""
        self.options = {option.name: option for option in _options(function)}
        self.open = bool(function.__code__.co_flags & _TAKES_KEYWORDS)
        """Whether it takes keys beyond its options (names of variables)."""
        spelled = (function.__name__, *actions, *map(snake, actions), *also)
        self.names = tuple(dict.fromkeys(spelled))

    def __repr__(self) -> str:
        return f"<command {self.name}>"

    @property
    def name(self) -> str:
        """Our own name of the act, in snake_case."""
        return self.function.__name__

    @property
    def help(self) -> str:
        """What it does, and its options, as the docstring of its function says."""
        from inspect import cleandoc

        return cleandoc(self.function.__doc__ or "")

    @property
    def versions(self) -> tuple[Version, ...]:
        """The versions on which it can be sent under an action of its own."""
        return tuple(v for v in VERSIONS if any(v in ACTIONS[a].versions for a in self.actions))

    def action(self, version: Version) -> str | None:
        """What `version` calls the act, or None when it has no such act."""
        return next((a for a in self.actions if version in ACTIONS[a].versions), None)


def _options(function: Builder) -> list[Option]:
    """The keyword-only parameters of `function`; its annotations are text, so nothing is evaluated."""
    code = function.__code__
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return [Option(name, _KINDS[function.__annotations__[name]]) for name in names]


def snake(action: str) -> str:
    """`RequestStartTransaction` as `request_start_transaction`; a run of capitals stays one word."""
    letters: list[str] = []
    for i, letter in enumerate(action):
        after_small = i > 0 and not action[i - 1].isupper()
        before_small = 0 < i < len(action) - 1 and action[i + 1].islower()
        if letter.isupper() and (after_small or before_small) and i > 0:
            letters.append("_")
        letters.append(letter.lower())
    return "".join(letters)


COMMANDS: dict[str, Command] = {}
"""Every command by each of its names."""


def command(
    *actions: str,
    also: tuple[str, ...] = (),
    elsewhere: str = "",
    either: tuple[str, ...] = (),
    settle: Settle | None = None,
) -> Callable[[Builder], Builder]:
    """Declare the decorated function as the command for `actions`, the same act on different versions.

    `also` are further names. ValueError when an action is none that a CSMS sends, when a name is taken, or
    when an option's type is not one that text can be read as (KeyError).
    """
    for action in actions:
        if action not in ACTIONS or not ACTIONS[action].sent_by(CSMS):
            raise ValueError(f"@command: {action} is not an action that a CSMS sends")

    def register(function: Builder) -> Builder:
        made = Command(function, actions, also, elsewhere, either, settle)
        for name in made.names:
            if name in COMMANDS:
                raise ValueError(f"@command: {name} is already {COMMANDS[name]!r}")
            COMMANDS[name] = made
        return function

    return register


def resolve(name: str) -> Command:
    """The command called `name`, in OCPP's spelling or ours; UsageError with the nearest names when there is none."""
    found = COMMANDS.get(name)
    if found is None:
        alike = [n for n in COMMANDS if n[0].isupper() == name[:1].isupper()]
        raise wrong(not_one_of(name, "a command", alike))
    return found


def on_version(found: Command, version: Version) -> tuple[Command, str]:
    """The command that is the same act on `version`, and its action there; NotOnThisVersion when there is none."""
    action = found.action(version)
    if action is None and found.elsewhere:
        found = COMMANDS[found.elsewhere]
        action = found.action(version)
    if action is None:
        raise NotOnThisVersion(f"OCPP {version} has no {found.actions[0]}")
    return found, action
