"""What a scenario will do, in words that need no knowledge of the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.scenario import registry
from shared.scenario.model import CHARGE_POINT, CSMS, Scenario, Step
from shared.scenario.tree import Node, in_words
from shared.versions import VERSIONS

_ROLES = {
    CHARGE_POINT: "We are the station; the central system is under test.",
    CSMS: "We are the central system; the station is under test.",
    "pair": "Both sides are ours, in one process.",
}


def explained(scenario: Scenario) -> str:
    """A scenario as a text of several lines."""
    lines = [f"{scenario.name}  ({scenario.file}:{scenario.line})"]
    if scenario.about:
        lines.append(f"  {scenario.about}")
    lines.append(f"  {_ROLES[scenario.role]} On OCPP {', '.join(v.name for v in scenario.versions)}.")
    count = len(scenario.stations)
    if count > 1:
        lines.append(f"  {count} stations{'' if count > 5 else ': ' + ', '.join(scenario.stations)}.")
    if scenario.settings:
        words = ", ".join(f"{name} {value}" for name, value in scenario.settings.items())
        lines.append(f"  The central system is set up with {words}.")
    for part, node in scenario.needs.items():
        lines.append(f"  Needs of {part}: {in_words(node)}; else it is inconclusive.")
    if scenario.builds_on:
        words = " or ".join(
            f"{base.file}{base.scenario and ': '}{base.scenario}" for base in scenario.builds_on
        )
        lines.append(f"  Builds on {words}: when that failed in the same run, a failure is inconclusive.")
    if scenario.cases:
        rows = len(scenario.rounds())
        lines.append(
            f"  {rows} cases: {'; '.join(f'{n} {in_words_of(v)}' for n, v in scenario.cases.items())}."
        )
    for title, steps in (
        ("Given", scenario.given),
        ("Steps", scenario.steps),
        ("Finally, whatever happened", scenario.finally_),
    ):
        if steps:
            lines.append(f"  {title}:")
            lines += _steps(steps, 2)
    return "\n".join(lines) + "\n"


def in_words_of(nodes: tuple[Node, ...]) -> str:
    """Several values in words."""
    return " or ".join(in_words(node) for node in nodes)


def _steps(steps: tuple[Step, ...], depth: int) -> list[str]:
    lines: list[str] = []
    for number, step in enumerate(steps, 1):
        only = "" if step.only == VERSIONS else f"on {', '.join(v.name for v in step.only)}: "
        at = f"at {step.at}: " if step.at else ""
        kept = f" (kept as ${step.name})" if step.name else ""
        lines.append(f"{'  ' * depth}{number}. {only}{at}{_said(step)}{kept}")
        for name, argument in step.arguments.items():
            if isinstance(argument, tuple):
                inner = argument if argument and isinstance(argument[0], tuple) else (argument,)
                for at_branch, branch in enumerate(inner, 1):
                    if len(inner) > 1:
                        lines.append(f"{'  ' * (depth + 1)}branch {at_branch} of {name.rstrip('_')}")
                    lines += _steps(branch, depth + 2 if len(inner) > 1 else depth + 1)  # type: ignore[arg-type]
    return lines


def _said(step: Step) -> str:
    special = _SAID.get(step.verb)
    words = {name.rstrip("_"): node for name, node in step.arguments.items() if not isinstance(node, tuple)}
    if special is not None:
        return special(words)
    said = ", ".join(f"{name} {in_words(node)}" for name, node in words.items())
    help = registry.VERBS[step.verb].help.partition("\n")[0].rstrip(".")
    return f"{step.verb}{' (' + said + ')' if said else ''}: {help[:1].lower()}{help[1:]}"


def _of(words: Mapping[str, Any], name: str, before: str = "", default: str = "") -> str:
    node = words.get(name)
    return f"{before}{in_words(node)}" if node is not None else default


_SAID: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "expect": lambda w: (
        f"expect {_of(w, 'what')}{_of(w, 'answered', ', answered with ')}{_of(w, 'since', ', after ')}"
        f"{_of(w, 'count', ', exactly ')}{_of(w, 'within', ' within ', ' within 30 s')}"
    ),
    "wait": lambda w: f"let {_of(w, 'seconds')} pass",
    "use": lambda w: f"use the fragment {_of(w, 'fragment')}",
    "command": lambda w: (
        f"the central system commands {_of(w, 'what')}{_of(w, 'answered', '; the answer must hold ')}"
    ),
    "never": lambda w: f"never {_of(w, 'what')} while:",
    "forbid": lambda w: f"from now on no {_of(w, 'what')}, {_of(w, 'until', 'for ', 'until the next match')}",
    "network": lambda w: f"the network goes {_of(w, 'state')} for all stations",
    "operator": lambda w: f"somebody at the station: {_of(w, 'what')}",
    "sut": lambda w: f"ask the system under test: {_of(w, 'what')}{_of(w, 'equals', ', which must be ')}",
    "answered": lambda w: f"the call kept as ${_of(w, 'name')} is answered{_of(w, 'with', ', with ')}",
    "each": lambda w: "every station, at the same time:",
    "check": lambda w: f"check {_of(w, 'what')}",
    "inject": lambda w: f"a fault on the wire: {_of(w, 'fault')}",
    "send": lambda w: f"send {_of(w, 'message')}{_of(w, 'error', '; it must be refused with ')}",
    "answer": lambda w: f"answer otherwise: {_of(w, 'message')}, {_of(w, 'times', '', '1')} times",
}

__all__ = ["explained"]
