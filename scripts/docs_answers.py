"""Write docs/answers.md and docs/station-answers.md: what either side answers to every action, on every version.

The rows stand beside the handlers (`shared.answers`). `--check` writes nothing and ends with status 1 when a page is
not what would be written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import charge_point.connection  # noqa: E402
import csms.server  # noqa: E402
from scripts.docs_sent import sent_page  # noqa: E402
from scripts.pages import publish  # noqa: E402
from shared.actions import CSMS, STATION, of  # noqa: E402
from shared.answers import Row, row_of  # noqa: E402
from shared.dispatch import Table  # noqa: E402
from shared.versions import VERSIONS, Version  # noqa: E402
from tests.charge_point.shown import shown  # noqa: E402

INTRODUCTION = """\
# What the mock CSMS answers

Every action that a station can send, on every version of OCPP that knows it: the members of our answer that decide
something, where each comes from, and the rule of the standard behind it. Clauses without a document are requirements
of OCPP 2.0.1 and 2.1, part 2; "1.6" is OCPP 1.6 edition 2, "SW16" its security white paper, "errata" and "J-errata" the
errata sheets of 1.6 and of OCPP-J 1.6.

An answer marked **state** can differ for one and the same request: by options, by what the station did before, or by
what we sent it. All others are always the same. Every request also passes the gate: what a station may not send before
its registration is accepted gets a SecurityError (1.6 §4.2, B01.FR.10, B02.FR.09, B03.FR.07), unless `--registration
lenient`.

`scripts/docs_answers.py` writes this page from the source; do not edit it.
"""

STATION_INTRODUCTION = """\
# What the charge point answers

Every action that a CSMS can send, on every version of OCPP that knows it: the members of our answer that decide
something, where each comes from, and the rule of the standard behind it. Clauses without a document are requirements
of OCPP 2.0.1 and 2.1, part 2; "1.6" is OCPP 1.6 edition 2, "SW16" its security white paper, "errata" and "J-errata" the
errata sheets of 1.6 and of OCPP-J 1.6, "part 4" the OCPP-J specification of 2.x.

An answer marked **state** can differ for one and the same request: by settings, and by what happened at the station.
What follows an answer follows it on the wire. A refusal on 2.x carries a statusInfo with its reason. What the station
does not do it says so as the version foresees: with a status for just that, with what is true of a station on which
nothing was ever set, or with the CALLERROR NotSupported; never with Accepted.

Every request also passes the gate: while the registration is Rejected, a 1.6 station is silent (1.6 §4.2) and a 2.x
station answers SecurityError (B03.FR.08).

The last column names the test that shows it, by its file in `tests/charge_point` and its name: each has let the action
cross the wire on that version (`scripts/docs_shown.py` chooses them, `tests/charge_point/shown.py` holds them to it).
What the station sends by itself stands at the end.

`scripts/docs_answers.py` writes this page from the source; do not edit it.
"""


class Page(NamedTuple):
    """One page: its file, what stands at its top, who sends the actions, and the handlers that answer them.

    `tests` says whether each row names the tests that show it, and what follows the answers.
    """

    path: Path
    introduction: str
    sender: str
    handlers: Callable[[Version], Table]
    tests: bool = False


PAGES = (
    Page(ROOT / "docs" / "answers.md", INTRODUCTION, STATION, csms.server.handlers),
    Page(
        ROOT / "docs" / "station-answers.md",
        STATION_INTRODUCTION,
        CSMS,
        charge_point.connection.handlers,
        True,
    ),
)

TITLES = {"der": "Distributed energy resources"}

HEADS = ("action", "versions", "we answer", "which comes from", "", "clause")


def written(page: Page) -> str:
    """The whole page, as Markdown."""
    parts = [page.introduction]
    for block, rows in _blocks(page).items():
        parts.append(f"\n## {TITLES.get(block, block.replace('_', ' ').capitalize())}\n\n")
        parts.append(_cells(*HEADS, *(["shown by"] if page.tests else [])))
        parts.append("|---" * (len(HEADS) + page.tests) + "|\n")
        parts += [_line(action, versions, row, page.tests) for (action, row), versions in rows.items()]
    return "".join([*parts, *(sent_page(_tests) if page.tests else [])])


def _blocks(page: Page) -> dict[str, dict[tuple[str, Row], list[Version]]]:
    """Functional block -> (action, row) -> the versions that answer so, in the catalogue's order."""
    found: dict[str, dict[tuple[str, Row], list[Version]]] = {}
    for version in VERSIONS:
        for action in of(version, page.sender):
            row = row_of(page.handlers(version)[action.name].function)
            found.setdefault(action.block, {}).setdefault((action.name, row), []).append(version)
    return {block: dict(sorted(rows.items(), key=lambda item: item[0][0])) for block, rows in found.items()}


def _line(action: str, versions: list[Version], row: Row, tests: bool) -> str:
    names = [version.name for version in versions]
    state = "**state**" if row.state else ""
    shows = [_tests(action, names)] if tests else []
    return _cells(action, ", ".join(names), row.fields, row.source, state, row.clause, *shows)


def _tests(action: str, versions: list[str]) -> str:
    """The tests that show what the station does with `action` on these versions; KeyError where there is none."""
    return "; ".join(dict.fromkeys(shown()[version, action].words for version in versions))


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    sys.exit(publish(__file__, sys.argv[1:], {page.path: partial(written, page) for page in PAGES}))
