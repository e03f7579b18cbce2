"""What can be typed at the station about limits, the needs of cars, priority and the grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from charge_point.connector import NotNow
from shared.option_fields import UsageError
from shared.prompt import Word, numbers

if TYPE_CHECKING:
    from charge_point.station import Station

_LIMIT = "external_limit AMPS | none [EVSE] [setpoint]"
_NEEDS = "ev_needs [EVSE] [SECONDS] [WH]"
_PRIORITY = "priority [EVSE] [off]"
_FREQUENCY = "grid_frequency HERTZ"
_VOLTAGE = "grid_voltage VOLTS"
_LOAD = "building_load WATTS"


def charging_words(station: Station, where: Callable[[int], str]) -> list[Word]:
    """The words, each of which says with `where` how the EVSE is then."""
    return [
        Word(
            "external_limit",
            _LIMIT,
            "limit it, as a house does that needs power\n"
            "AMPS per phase, or watts as in 3000W; none releases it. setpoint: the car is to take so much (2.1).",
            _possible(station, where, _external_limit),
        ),
        Word(
            "ev_needs",
            _NEEDS,
            "a car of ISO 15118 asks anew (2.x)\nIt leaves in so long, and wants so much.",
            _possible(station, where, _ev_needs),
        ),
        Word(
            "priority", _PRIORITY, "the driver asks for priority (2.1)", _possible(station, where, _priority)
        ),
        Word(
            "grid_frequency",
            _FREQUENCY,
            "the grid has another frequency",
            _possible(station, where, lambda station, rest: _grid(station, "hertz", rest, _FREQUENCY)),
        ),
        Word(
            "grid_voltage",
            _VOLTAGE,
            "the grid has another voltage\nBetween a phase and the neutral conductor.",
            _possible(station, where, lambda station, rest: _grid(station, "volts", rest, _VOLTAGE)),
        ),
        Word(
            "building_load",
            _LOAD,
            "the building takes so much besides the cars\nNegative: its sun gives more than it takes (2.1).",
            _possible(station, where, _load),
        ),
    ]


def _possible(
    station: Station, where: Callable[[int], str], act: Callable[[Station, str], int]
) -> Callable[[str], str]:
    """`act`, which gives the EVSE that it was about, 0 for all; its refusals are told to who typed it."""

    def run(rest: str) -> str:
        try:
            evse = act(station, rest)
        except (NotNow, ValueError) as wrong:
            raise UsageError(str(wrong)) from None
        return where(evse) if evse else "\n".join(where(one.id) for one in station.evses)

    return run


def _external_limit(station: Station, rest: str) -> int:
    from charge_point.smart_charging.limits import external_limit  # none of this is needed before it is typed

    setpoint = rest.split()[-1:] == ["setpoint"]
    said, _, place = rest.removesuffix("setpoint").strip().partition(" ")
    evse = next(iter(numbers(place, 1, _LIMIT)), 0)
    try:
        limit = None if said == "none" else float(said.rstrip("AWaw"))
    except ValueError:
        raise UsageError(f"{rest!r} is no limit; usage: {_LIMIT}") from None
    unit = "W" if said[-1:] in ("W", "w") else "A"
    external_limit(station, limit, unit=unit, evse=evse, setpoint=setpoint)
    return evse


def _ev_needs(station: Station, rest: str) -> int:
    from charge_point.smart_charging.negotiation import ev_needs

    evse, leaves, wants = (*numbers(rest, 3, _NEEDS), None, None, None)[:3]
    ev_needs(station, evse or 1, departure=leaves, energy=wants)
    return evse or 1


def _priority(station: Station, rest: str) -> int:
    from charge_point.smart_charging.priority import priority

    place = " ".join(word for word in rest.split() if word != "off")
    evse = next(iter(numbers(place, 1, _PRIORITY)), 1)
    priority(station, evse, on="off" not in rest.split())
    return evse


def _grid(station: Station, what: str, rest: str, usage: str) -> int:
    from charge_point.grid import grid

    try:
        value = float(rest)
    except ValueError:
        raise UsageError(f"{rest!r} is no {usage.split()[0].partition('_')[2]}; usage: {usage}") from None
    grid(station, **{what: value})
    return 0


def _load(station: Station, rest: str) -> int:
    from charge_point.smart_charging.balancing import measured

    try:
        watts = float(rest)
    except ValueError:
        raise UsageError(f"{rest!r} is no load; usage: {_LOAD}") from None
    measured(station, watts)
    return 0
