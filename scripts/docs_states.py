"""Write docs/station-states.md and docs/transaction-causes.md: what a station's tables and tests say.

`--check` writes nothing and ends with status 1 when a page is not what would be written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from charge_point import connector  # noqa: E402
from charge_point.connector import Authorization as Driver  # noqa: E402
from charge_point.connector import Availability, Cable, Energy, Health, Regions  # noqa: E402
from charge_point.transaction import PHASE, reached  # noqa: E402
from scripts.pages import publish  # noqa: E402
from shared.versions import VERSIONS  # noqa: E402
from tests.charge_point.causes import CAUSES, REASON, STATE, TRIGGER, values  # noqa: E402

STATES = ROOT / "docs" / "station-states.md"
CAUSES_PAGE = ROOT / "docs" / "transaction-causes.md"

TABLES: dict[str, Mapping[Any, Enum]] = {
    "Cable": connector.CABLE,
    "Lock": connector.LOCK,
    "Authorization": connector.AUTHORIZATION,
    "Energy": connector.ENERGY,
    "Availability": connector.AVAILABILITY,
    "Health": connector.HEALTH,
    "Transaction": PHASE,
}

INTRODUCTION = """\
# The states of a station

A connector is never in "the state Charging": it is several small regions, each a table in `charge_point/connector.py`
that says which event leads where. An event that a state has no arrow for is not possible then, and whoever tries it is
told what would be. What 1.6 and 2.x call states are read off the regions. `scripts/docs_states.py` draws this page
from the tables.
"""

CAUSES_INTRODUCTION = """\
# How the values of a transaction come about

Nothing sets `chargingState`, `triggerReason`, `stoppedReason` or the `reason` of 1.6: each follows from what happened
at the station. This page says from what, for every value of every version. Each row is a story, a function in
`tests/charge_point/causes.py`, which `test_the_value_comes_about` in `tests/charge_point/test_causes.py` plays on the
versions named and looks for the value among what the station told; `scripts/docs_states.py` writes the page from them.
No value is left out.
"""

HEADS = {
    STATE: "chargingState (2.x)",
    TRIGGER: "triggerReason (2.x)",
    REASON: "stoppedReason (2.x) and reason (1.6)",
}


def states_page() -> str:
    """docs/station-states.md."""
    parts = [INTRODUCTION]
    for name, table in TABLES.items():
        kind = type(next(iter(table.values())))
        said = " ".join((kind.__doc__ or "").split())
        parts.append(f"## {name}\n\n{said}\n\n```mermaid\n{diagram(table)}\n```\n")
    parts.append(projections())
    return "\n".join(parts)


def diagram(table: Mapping[Any, Enum]) -> str:
    """The table as a mermaid state diagram; the first state is the one in which it begins."""
    lines = ["stateDiagram-v2", "    direction LR"]
    kind = type(next(iter(table.values())))
    for state in kind:
        lines.append(f"    {state.name}: {state.value}")
    lines.append(f"    [*] --> {next(iter(kind)).name}")
    for (before, event), after in table.items():
        if before is not after:
            lines.append(f"    {before.name} --> {after.name}: {event}")
    return "\n".join(lines)


def projections() -> str:
    """What the versions call the regions, and which start and stop points hold in them."""
    lines = [
        "## What the versions call it",
        "",
        "Of a sound, operative connector that is not reserved. A fault makes it Faulted, an inoperative one is "
        "Unavailable, a reserved one Reserved, with a cable or without, until who reserved it is authorized.",
        "",
        "| cable | authorization | energy | 1.6 | 2.x | chargingState | start and stop points that hold |",
        "|---|---|---|---|---|---|---|",
    ]
    for cable, driver, energy in product(Cable, Driver, Energy):
        if energy is not Energy.OFF and (cable is not Cable.BOTH_ENDS or driver is not Driver.GRANTED):
            continue  # energy is offered to an authorized driver's car only
        regions = Regions(cable, driver, energy, Availability.OPERATIVE, Health.SOUND)
        holding = ", ".join(point.name or "" for point in reached(regions)) or "none"
        named = (
            connector.status_16(regions),
            connector.status_2x(regions),
            connector.charging_state(regions),
        )
        cells = (cable.value, driver.value, energy.value, *named, holding)
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "ParkingBayOccupancy holds while a car is seen in the bay, DataSigned once the meter has signed the first "
        "value of a session whose power path is closed.",
        "",
    ]
    return "\n".join(lines)


def causes_page() -> str:
    """docs/transaction-causes.md."""
    parts = [CAUSES_INTRODUCTION]
    for field, head in HEADS.items():
        parts.append(
            "\n".join(
                [
                    f"## {head}",
                    "",
                    "| value | versions | cause | story |",
                    "|---|---|---|---|",
                    *rows(field),
                    "",
                ]
            )
        )
    return "\n".join(parts)


def rows(field: str) -> Iterator[str]:
    """A row for each value of `field`, in alphabetical order."""
    for value in sorted({value for version in VERSIONS for value in values(field, version)}, key=str.lower):
        having = ", ".join(version.name for version in VERSIONS if value in values(field, version))
        cause = CAUSES[field, value]
        yield f"| {value} | {having} | {cause.words} | `{cause.story.__name__}` |"


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them; gives the exit status."""
    return publish(__file__, arguments, {STATES: states_page, CAUSES_PAGE: causes_page})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
