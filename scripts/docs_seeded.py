"""Write docs/seeded-defects.md: what was seeded into foreign systems, and the installed scenario that finds each.

The tables stand in `tests/seeded/*_defects.py`, where the tests hold them true. `--check` writes nothing and ends with
status 1 when the page is not what would be written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.pages import publish  # noqa: E402
from shared.scenario.load import FILES, load  # noqa: E402
from shared.versions import VERSIONS  # noqa: E402
from tests.seeded.central_defects import CENTRAL  # noqa: E402
from tests.seeded.defects import Defect  # noqa: E402
from tests.seeded.station_defects import STATION  # noqa: E402

PAGE = ROOT / "docs" / "seeded-defects.md"

INTRODUCTION = """\
# Seeded defects

Do the installed scenarios find anything? A station and a central system were written with the classes of the Python
package `ocpp`, independently of this tool, and every installed scenario of the other role was run against them: what
they have passes, and what they do not have is not applicable, as they say so themselves (NotImplemented, NotSupported).
Then one mistake at a time was put into them, of the kind that real systems make. Each makes exactly one scenario fail:
the one below, at the step below, with the value that was seen in its message. No other scenario fails for it: one that
asks for the same once more, under worse conditions, names it (`builds_on`), and is inconclusive after its failure in
the same run; on its own it fails.

The tests do this on every run (`tests/seeded`), in memory and in virtual time. Try it on your own system:

```sh
python -m csms run edge_cases/station_pending --port 9000 --operator ./plug.sh
python -m charge_point run error_handling/token_refused --csms ws://localhost:9000 --assume-needs
```

"""

HEAD = "| defect | OCPP | scenario | step that fails |\n|---|---|---|---|\n"


def page() -> str:
    """The whole page."""
    return "".join(
        (
            INTRODUCTION,
            "## In a central system\n\n",
            "Found by `python -m charge_point run`.\n\n",
            _table(CENTRAL),
            "\n## In a station\n\n",
            "Found by `python -m csms run`.\n\n",
            _table(STATION),
        )
    )


def _table(defects: Iterable[Defect]) -> str:
    return HEAD + "".join(
        f"| {one.row.name} | {_versions(one)} | `{one.file}`: {one.scenario} | {_step(one)} |\n"
        for one in defects
    )


def _versions(one: Defect) -> str:
    return "all" if one.row.versions == VERSIONS else ", ".join(map(str, one.row.versions))


def _step(one: Defect) -> str:
    """The failing step as it stands in its file, not too long."""
    scenarios = [scenario for scenario in load(FILES / f"{one.file}.yaml") if scenario.name == one.scenario]
    (text,) = [step.text for scenario in scenarios for step in scenario.steps if step.line == one.line]
    return f"`{text}`".replace("|", "\\|") if len(text) <= 100 else f"`{text[:97]}...`"


if __name__ == "__main__":
    sys.exit(publish(__file__, sys.argv[1:], {PAGE: page}))
