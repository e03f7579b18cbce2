"""What each answer is made of, written beside the handler that makes it.

    @on("Heartbeat")
    @answers("currentTime", "the clock", clause="G02.FR.06")
    def heartbeat(session, request): ...

The pages of answers in docs/ are generated from these, and the tests want one on every handler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

NOTHING = "(empty)"


class Row(NamedTuple):
    """What decides an answer: its decisive members, where they come from, the rule, and whether state decides."""

    fields: str
    source: str
    clause: str
    state: bool


def answers(fields: str, source: str, *, clause: str, state: bool = False) -> Callable[[F], F]:
    """Say of a handler what it answers and whence; `state` when the same request can be answered differently."""

    def mark(function: F) -> F:
        function.__answers__ = Row(fields, source, clause, state)  # type: ignore[attr-defined]
        return function

    return mark


def row_of(function: Callable[..., Any]) -> Row:
    """The row of a handler; KeyError when it has none."""
    row = getattr(function, "__answers__", None)
    if row is None:
        raise KeyError(f"{function.__module__}.{function.__qualname__} has no @answers")
    return row  # type: ignore[no-any-return]
