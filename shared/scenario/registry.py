"""What a verb is: one decorated function whose parameters are the members of its step.

    @verb()
    async def plug_in(branch: Branch, *, evse: int = 1, connector: int | None = None) -> None:
        \"\"\"Put the cable into a connector.\"\"\"

A step `plug_in: 2` fills the first parameter, `plug_in: {evse: 2}` those that it names. Where the first one is a
`Node`, or steps, the whole body is its value. Members beside the verb fill the others (`{expect: ..., within: 5s}`).
A parameter whose name Python keeps for itself ends with an underscore. The docstring is the help.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

NODE, STEPS, BRANCHES, SECONDS = "Node", "Steps", "Branches", "Seconds"
KINDS = frozenset({"int", "float", "bool", "str", "Value", NODE, STEPS, BRANCHES, SECONDS})
WHOLE = frozenset({NODE, STEPS, BRANCHES})
"""Kinds that take a body as it stands."""


class Parameter(NamedTuple):
    """One member of a step: its name in the file and in the function, its kind, and whether it must be there."""

    name: str
    keyword: str
    kind: str
    required: bool


class Verb(NamedTuple):
    """One verb of the language. `hidden` ones belong to a dialect."""

    name: str
    function: Callable[..., Any]
    parameters: dict[str, Parameter]
    hidden: bool

    @property
    def help(self) -> str:
        """What it does."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def first(self) -> Parameter | None:
        """The parameter that a bare body fills."""
        return next(iter(self.parameters.values()), None)


MODULES = tuple(f"verbs_{name}" for name in "physical files wire control messages blocks answers".split())
"""Where verbs are."""

VERBS: dict[str, Verb] = {}


def verb(name: str = "", *, hidden: bool = False) -> Callable[[Function], Function]:
    """Register the decorated coroutine function as a verb, under its own name unless another is given."""

    def register(function: Function) -> Function:
        called = name or function.__name__.rstrip("_")
        parameters = {}
        for each in list(inspect.signature(function).parameters.values())[1:]:
            kind = str(each.annotation).removesuffix(" | None")
            if kind not in KINDS:
                raise TypeError(f"verb {called}: {each.name} is a {kind}")
            word = each.name.rstrip("_")
            parameters[word] = Parameter(word, each.name, kind, each.default is inspect.Parameter.empty)
        VERBS[called] = Verb(called, function, parameters, hidden)
        return function

    return register


def load() -> dict[str, Verb]:
    """Every verb, by name."""
    from importlib import import_module

    for module in MODULES:
        import_module(f"shared.scenario.{module}")

    return VERBS
