"""Where faults register: one frozen dataclass each, its settings as fields, its docstring as help.

    @fault
    class Duplicate(Fault):
        \"\"\"Send the message again, as a station with a nervous retry does.\"\"\"

        gap: float = setting(0.0, "seconds between the copies")

        def spoil(self, frame: Frame, roll: Stream) -> Effects:
            return [Deliver(frame.text), Deliver(frame.text, after=self.gap)]

The name is the class's in snake_case. Command line, configuration files, the prompts and the documentation know it
from here; `shared.faults.envelope` adds what all faults have in common.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform, get_type_hints

from shared.chance import Stream
from shared.faults.effects import OUT, Effects, Frame, Refusal

T = TypeVar("T")


def setting(default: T, help: str, *, least: float | None = None, words: tuple[str, ...] = ()) -> T:
    """A field of a fault: its help, the least a number may be, or the words that it may be."""
    metadata = {"help": help, "least": least, "words": words}
    made: Any = dataclasses.field(default=default, metadata=metadata)
    return cast(T, made)


@dataclass_transform(frozen_default=True, field_specifiers=(setting,))
@dataclass(frozen=True)
class Fault:
    """What all faults are. `name` is set when registered; `direction` and `kinds` hold unless the envelope differs."""

    name: ClassVar[str] = ""
    direction: ClassVar[str] = OUT
    kinds: ClassVar[tuple[str, ...]] = ()
    at_handshake: ClassVar[bool] = False
    """Whether it concerns connections that are about to be made, which only a server has."""

    def check(self) -> None:
        """Raise ValueError, one clause, when the settings contradict each other."""

    def names(self) -> tuple[str, ...]:
        """The actions that it names itself, in the place of the envelope's filter."""
        return ()

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        """What becomes of `frame`, in order: nothing ([]) loses it, None says that this cannot be done to it.

        Pure: what is random comes from `roll`.
        """
        return None

    def refuse(self) -> Refusal | None:
        """How a handshake is turned down."""
        return None


@dataclass(frozen=True)
class Setting:
    """One setting of a fault, or of the envelope: what parsing and help need of it."""

    name: str
    kind: Any
    default: Any
    help: str
    least: float | None = None
    words: tuple[str, ...] = ()


FAULTS: dict[str, type[Fault]] = {}
"""Name -> fault."""


def fault(cls: type[Fault]) -> type[Fault]:
    """Register a fault, which becomes a frozen dataclass. Raises ValueError for a name that is taken."""
    made = dataclass(frozen=True)(cls)
    made.name = re.sub(r"(?<=.)([A-Z])", r"_\1", cls.__name__).lower()
    if made.name in FAULTS:
        raise ValueError(f"there is a fault {made.name!r} already")
    FAULTS[made.name] = made
    return made


def settings_of(cls: type[Any]) -> dict[str, Setting]:
    """The settings of a fault (or of the envelope) by name, in their order."""
    kinds = get_type_hints(cls)
    return {
        f.name: Setting(
            f.name,
            kinds[f.name],
            f.default,
            f.metadata.get("help", ""),
            f.metadata.get("least"),
            f.metadata.get("words", ()),
        )
        for f in dataclasses.fields(cls)
        if "help" in f.metadata
    }


def help_of(cls: type[Any]) -> str:
    """The docstring of a fault, its lines joined."""
    return " ".join((cls.__doc__ or "").split())
