"""What a case of the self-test is, and the table of those that there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from scripts.selftest_bench import Bench


class Case(NamedTuple):
    """One thing that is tried: its name, what it shows in a line, and how."""

    name: str
    shows: str
    run: Callable[[Bench], None]


CASES: dict[str, Case] = {}


def case(shows: str) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Make a case of a function; its name is the function's."""

    def add(function: Callable[[Bench], None]) -> Callable[[Bench], None]:
        name = function.__name__.strip("_").replace("_", "-")
        CASES[name] = Case(name, shows, function)
        return function

    return add
