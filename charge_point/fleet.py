"""Many stations in one process: their names, what differs between them, and what their ends amount to.

`--stations 50 --id CP-{n:03}` is CP-001 to CP-050. `{n}` is the number of the station, `{n:03}` the same with zeros
before it; it may stand in the id, the serial number, the token and the generator's tokens. Everything else is the
same for all, and chance is not: every stream of it is drawn by the seed and the station's id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared import lifecycle
from shared.option_fields import UsageError

if TYPE_CHECKING:
    from charge_point.options import ChargePointOptions

USUAL: Final = "CP-{n:03}"
"""The ids of a fleet of which no `--id` is given."""

NUMBERED = ("id", "serial", "token")
"""Options in which the number may stand; and the tokens of `generate`."""

_NUMBER = re.compile(r"\{n(?::(0?[1-9]\d?))?\}")
_BRACES = re.compile(r"\{[^{}]*\}")

_WORST = (
    lifecycle.INTERNAL,
    lifecycle.INTERRUPTED,
    lifecycle.TERMINATED,
    lifecycle.NO_CONNECTION,
    lifecycle.FAILED,
    lifecycle.OK,
)


def numbered(text: str, n: int) -> str:
    """`text` with the number where `{n}` or `{n:03}` stands. Raises ValueError for other braces."""
    for braces in _BRACES.findall(text):
        if not _NUMBER.fullmatch(braces):
            raise ValueError(
                f"{braces} is not the number of a station: write {{n}}, or {{n:03}} for three digits"
            )
    return _NUMBER.sub(lambda found: format(n, found[1] or ""), text)


def options_of(options: ChargePointOptions) -> list[ChargePointOptions]:
    """The options of each station; of one alone they are what they are."""
    if options.stations is None:
        return [options]
    return [_numbered(options, n) for n in range(1, options.stations + 1)]


def check_fleet(options: ChargePointOptions, given: frozenset[str]) -> None:
    """Refuse patterns that give no names, or the same name twice; UsageError names the option."""
    if options.stations is None:
        return
    if options.stations > 1 and "id" in given and not _NUMBER.search(options.id):
        raise UsageError(
            f"{options.id!r} names one station: write {{n}} where the number goes, as in {USUAL}", "id"
        )
    for name in NUMBERED:
        try:
            numbered(getattr(options, name) or "", 1)
        except ValueError as wrong:
            raise UsageError(str(wrong), name) from None
    _numbered(options, options.stations).check(given - {"stagger"})  # the longest names


def worst(statuses: Iterable[int]) -> int:
    """What the ends of several stations amount to: the worst of them, which is what nobody knows."""
    return min(
        statuses, key=lambda status: _WORST.index(status) if status in _WORST else 0, default=lifecycle.OK
    )


def _numbered(options: ChargePointOptions, n: int) -> ChargePointOptions:
    pattern = options.id if _NUMBER.search(options.id) or options.stations == 1 else USUAL
    texts = {"id": pattern, "serial": options.serial, "token": options.token}
    changed = {name: numbered(text, n) for name, text in texts.items() if text is not None}
    generate: Mapping[str, str] = options.generate
    if "tokens" in generate:
        generate = {**generate, "tokens": numbered(generate["tokens"], n)}
    return replace(options, **changed, generate=generate, stations=None, stagger=0.0)  # type: ignore[arg-type]
