"""Write docs/facts.md: the facts of the scenario language, their members, and the messages that they are.

`--check` writes nothing and ends with status 1 when the page is not what would be written.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.pages import publish  # noqa: E402
from shared.scenario.facts import ACTIONS_OF, ALIASES, FACTS, MEMBER_ALIASES, WORDS_OF  # noqa: E402

PAGE = ROOT / "docs" / "facts.md"

INTRODUCTION = """\
# Facts: what can be expected in the same words on every version

Written by `python scripts/docs_facts.py`.

`expect`, `forbid` and `never` take a fact in the place of a message: `expect: {tx.ended: {meter: "> 0"}}` means a
StopTransaction on 1.6 and a TransactionEvent with eventType Ended on 2.x. What was kept with `as: start` has the same
members: `$start.tx`. `meter` is in Wh, and `time` a timestamp. Names with "or" between them mean the same.

| Fact | Messages that it can be | Members |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = [f"| {_named(fact)} | {', '.join(ACTIONS_OF[fact])} | {_members(fact)} |" for fact in _first()]
    words = [f"- `{_of(fact, member)}`: {', '.join(found)}" for (fact, member), found in _words()]
    return "\n".join(
        [INTRODUCTION + rows[0], *rows[1:], "", "## Members that are one of few words", "", *words, ""]
    )


def _first() -> list[str]:
    return [fact for fact in FACTS if fact not in ALIASES]


def _words() -> list[tuple[tuple[str, str], tuple[str, ...]]]:
    return [(place, found) for place, found in WORDS_OF.items() if place[0] not in ALIASES]


def _named(fact: str) -> str:
    return " or ".join(f"`{name}`" for name in (fact, *(a for a, of in ALIASES.items() if of == fact)))


def _members(fact: str) -> str:
    others = {of: alias for alias, of in MEMBER_ALIASES.items() if alias in FACTS[fact]}
    names = [name for name in FACTS[fact] if name not in others.values()]
    return ", ".join(f"`{name}`" + (f" or `{others[name]}`" if name in others else "") for name in names)


def _of(fact: str, member: str) -> str:
    return f"{fact}.{member}" if fact else member


if __name__ == "__main__":
    sys.exit(publish(__file__, sys.argv[1:], {PAGE: page}))
