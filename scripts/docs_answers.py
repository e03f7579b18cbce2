"""Write docs/answers.md: what the CSMS answers to every action of a station, on every version.

The rows stand beside the handlers (`csms.blocks.answers`). `--check` writes nothing and ends with status 1 when
the page is not what would be written.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from csms.blocks.answers import Row, row_of  # noqa: E402
from csms.server import handlers  # noqa: E402
from shared.actions import STATION, of  # noqa: E402
from shared.versions import VERSIONS, Version  # noqa: E402

PAGE = ROOT / "docs" / "answers.md"

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

TITLES = {"der": "Distributed energy resources"}

HEADER = "| action | versions | we answer | which comes from | | clause |\n|---|---|---|---|---|---|\n"


def page() -> str:
    """The whole page, as Markdown."""
    parts = [INTRODUCTION]
    for block, rows in _blocks().items():
        parts.append(f"\n## {TITLES.get(block, block.replace('_', ' ').capitalize())}\n\n{HEADER}")
        parts += [_line(action, versions, row) for (action, row), versions in rows.items()]
    return "".join(parts)


def _blocks() -> dict[str, dict[tuple[str, Row], list[Version]]]:
    """Functional block -> (action, row) -> the versions that answer so, in the catalogue's order."""
    found: dict[str, dict[tuple[str, Row], list[Version]]] = {}
    for version in VERSIONS:
        for action in of(version, STATION):
            row = row_of(handlers(version)[action.name].function)
            found.setdefault(action.block, {}).setdefault((action.name, row), []).append(version)
    return {block: dict(sorted(rows.items(), key=lambda item: item[0][0])) for block, rows in found.items()}


def _line(action: str, versions: list[Version], row: Row) -> str:
    names = ", ".join(version.name for version in versions)
    state = "**state**" if row.state else ""
    cells = (action, names, row.fields, row.source, state, row.clause)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def main(arguments: list[str]) -> int:
    """Write the page, or look whether it is up to date."""
    text = page()
    if "--check" not in arguments:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE.relative_to(ROOT)} is out of date: run scripts/docs_answers.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
