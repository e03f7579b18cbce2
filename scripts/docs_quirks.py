"""Write docs/quirks.md: every quirk of stations, what our central system finds of it on each version, or why nothing.

The rows are those of `tests/charge_point/test_quirks.py`, each of which is played. `--check` writes nothing and ends
with status 1 when the page is not what they say.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from charge_point.quirks import QUIRKS  # noqa: E402
from scripts.pages import publish  # noqa: E402
from shared.versions import VERSIONS, Version  # noqa: E402
from tests.charge_point.test_quirks import ROWS, Row  # noqa: E402

PAGE = ROOT / "docs" / "quirks.md"

INTRODUCTION = """\
# Quirks, and what is found of them

A quirk is what a kind of station does otherwise than it should, or than most do: one key each, `[quirks]` in a file and
`station: {quirks: {...}}` in a scenario ([personas.md](personas.md)). Each is played here at our central system, which
serves it all the same; without the quirk nothing is found.

**Bold** is a finding: a rule is broken, with its clause in the journal, counted in the table at the end and by
`--fail-on-findings`. What stands in plain letters is a remark: it is odd, and no rule forbids it. Where nothing is
found, the last column says why.

"""

HEAD = "| quirk | | 1.6 | 2.0.1 | 2.1 | no violation, because |\n|---|---|---|---|---|---|\n"


def _cell(row: Row, version: Version) -> str:
    if version not in QUIRKS[row.quirk].versions:
        return ""
    found = [f"**{name}**" for name in sorted(row.expected(row.found, version))]
    return ", ".join([*found, *sorted(row.expected(row.remarks, version))]) or "-"


def _line(row: Row) -> str:
    cells = " | ".join(_cell(row, version) for version in VERSIONS)
    value = row.value.replace("|", "\\|")
    with_ = f" with `{row.needs}`" if row.needs else ""
    return f"| `{row.quirk}` | `{value}`{with_} | {cells} | {row.legal} |\n"


def page() -> str:
    """The whole page."""
    return INTRODUCTION + HEAD + "".join(map(_line, ROWS))


if __name__ == "__main__":
    sys.exit(publish(__file__, sys.argv[1:], {PAGE: page}))
