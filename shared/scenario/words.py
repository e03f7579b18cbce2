"""`scenario WORD ...`: copy installed scenarios, look for mistakes, explain, and give the JSON Schema to an editor."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from shared import lifecycle
from shared.scenario.explain import explained
from shared.scenario.load import FILES, find, load
from shared.scenario.tree import ScenarioError
from shared.streams import say
from shared.suggest import not_one_of

USAGE = """\
usage: python -m {role} scenario WORD ...

  copy NAME ... [FOLDER]   copy installed scenarios into a folder (here)
  lint SCENARIO ...        look for mistakes; nothing is started
  explain SCENARIO ...     what will happen, in words
  from-journal FILE [ROLE] a recording as a scenario: what ROLE ({role}) said is
                           sent, what the other side said is expected
  schema                   a JSON Schema of the language, for editors
"""
WORDS = ("copy", "lint", "explain", "from-journal", "schema")


def main(role: str, words: Sequence[str]) -> int:
    """Do what follows `scenario`; gives the exit status."""
    if not words or words[0] in ("-h", "--help"):
        say(sys.stdout, USAGE.format(role=role))
        return lifecycle.OK if words else lifecycle.USAGE
    word, *rest = words
    if word not in WORDS:
        sys.stderr.write(f"{role} scenario: {not_one_of(word, 'something to do with scenarios', WORDS)}\n")
        return lifecycle.USAGE
    if word == "schema":
        from shared.scenario.schema import schema

        say(sys.stdout, json.dumps(schema(), indent=2) + "\n")
        return lifecycle.OK
    if not rest:
        which = "recording" if word == "from-journal" else "scenarios"
        sys.stderr.write(f"{role} scenario {word}: which {which}?\n")
        return lifecycle.USAGE
    if word == "from-journal":
        return _from_journal(role, *rest)
    try:
        return {"copy": _copy, "lint": _lint, "explain": _explain}[word](rest)
    except (ScenarioError, OSError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return lifecycle.USAGE


def _from_journal(role: str, path: str, wanted: str = "", *more: str) -> int:
    """Print a recording as scenarios of a role."""
    from shared.actions import CSMS, STATION
    from shared.replay.read import Unreadable, read
    from shared.replay.scenario import scenarios

    wanted = wanted or role
    if more or wanted not in (CSMS, STATION):
        words = (
            f"{more[0]!r}: one recording at a time" if more else not_one_of(wanted, "a role", (CSMS, STATION))
        )
        sys.stderr.write(f"{role} scenario from-journal: {words}\n")
        return lifecycle.USAGE
    try:
        say(sys.stdout, scenarios(read(path), wanted))
    except Unreadable as wrong:
        sys.stderr.write(f"{wrong}\n")
        return lifecycle.USAGE
    return lifecycle.OK


def _copy(words: Sequence[str]) -> int:
    """Copy installed scenarios; a file that is there already stays."""
    *names, last = words
    folder = Path()
    if not names or not _is_installed(last):
        if names:
            folder = Path(last)
        else:
            names = [last]
    else:
        names = [*names, last]
    for path in find(names):
        to = folder / path.relative_to(FILES) if path.is_relative_to(FILES) else folder / path.name
        if to.exists():
            sys.stderr.write(f"{to} is there already\n")
            return lifecycle.FAILED
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
        say(sys.stdout, f"{to}\n")
    return lifecycle.OK


def _is_installed(word: str) -> bool:
    try:
        return all(path.is_relative_to(FILES) for path in find([word]))
    except ScenarioError:
        return False


def _lint(words: Sequence[str]) -> int:
    """Every mistake of every file."""
    paths, wrong = find(words), 0
    for path in paths:
        try:
            for scenario in load(path):
                for warning in scenario.warnings:
                    say(sys.stdout, f"{path}: warning: {warning}\n")
        except ScenarioError as problem:
            say(sys.stdout, f"{problem}\n")
            wrong += 1
    say(sys.stdout, f"{len(paths)} file{'s' if len(paths) != 1 else ''}, {wrong} with a mistake\n")
    return lifecycle.USAGE if wrong else lifecycle.OK


def _explain(words: Sequence[str]) -> int:
    texts = [explained(scenario) for path in find(words) for scenario in load(path)]
    say(sys.stdout, "\n".join(texts))
    return lifecycle.OK
