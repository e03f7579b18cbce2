"""Words of the prompt for single blocks: what stands on the display, tariffs refused, batteries swapped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from charge_point.connector import NotNow
from charge_point.display import cycle, showing
from shared.digest_forms import clean
from shared.option_fields import UsageError
from shared.prompt import Word, numbers
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.station import Station


def block_words(station: Station) -> list[Word]:
    """The words of `station`."""
    found = [
        Word(
            "display",
            "display",
            "what stands on the display\nThe text that is seen now is marked; the others take turns with it.",
            lambda rest: shown(station),
        )
    ]
    if station.version is V21:
        found.append(
            _numbered("refuse_tariff", "EVSE", "the driver does not accept the tariff", station, _refuse)
        )
    if station.model.has("BatterySwapCtrlr.TargetSoc"):
        found += [
            _numbered("insert_battery", "SLOT", "put an empty battery into a slot", station, _insert),
            _numbered("take_battery", "SLOT", "take the battery out of a slot", station, _take),
        ]
    return found


def _numbered(name: str, of: str, help: str, station: Station, act: Callable[[Station, int], object]) -> Word:
    """A word that is followed by a number, 1 if by nothing."""
    usage = f"{name} [{of}]"

    def run(rest: str) -> str:
        try:
            act(station, next(iter(numbers(rest, 1, usage)), 1))
        except (NotNow, ValueError) as wrong:
            raise UsageError(str(wrong)) from None
        return ""

    return Word(name, usage, help, run)


def _refuse(station: Station, evse: int) -> None:
    from charge_point.tariffs import refuse_tariff

    refuse_tariff(station, evse)


def _insert(station: Station, slot: int) -> None:
    from charge_point.battery_swap import insert_battery

    insert_battery(station, slot)


def _take(station: Station, slot: int) -> None:
    from charge_point.battery_swap import take_battery

    take_battery(station, slot)


def shown(station: Station) -> str:
    """The texts on the display, a line each, the one that is seen now marked; at most 80 characters of each."""
    now = showing(station)
    lines = [f"{'>' if text == now else ' '} {clean(text, 80)}" for text in cycle(station)]
    return "\n".join(lines) or "the display is dark"
