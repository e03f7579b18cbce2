"""Words of the prompt for single blocks: what stands on the display."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.display import cycle, showing
from shared.digest_forms import clean
from shared.prompt import Word

if TYPE_CHECKING:
    from charge_point.station import Station


def block_words(station: Station) -> list[Word]:
    """The words of `station`."""
    return [
        Word(
            "display",
            "display",
            "what stands on the display\nThe text that is seen now is marked; the others take turns with it.",
            lambda rest: shown(station),
        )
    ]


def shown(station: Station) -> str:
    """The texts on the display, a line each, the one that is seen now marked; at most 80 characters of each."""
    now = showing(station)
    lines = [f"{'>' if text == now else ' '} {clean(text, 80)}" for text in cycle(station)]
    return "\n".join(lines) or "the display is dark"
