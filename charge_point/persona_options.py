"""The `[options]` of a persona where no command line is: in scenarios, over what the persona's own keys say.

Those of the driver (`sessions`, `energy`, `token`, ...) and of the program (`log_level`, `strict`, ...) mean nothing
there: a scenario says itself what is done and what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

from charge_point.ev import ANY_CAR, vehicle

if TYPE_CHECKING:
    from charge_point.setup import StationSetup
    from charge_point.station import Station
    from shared.dialer import Target

_FIELDS = {
    **{name: name for name in "vendor model serial firmware current phases amps power tethered".split()},
    "boot_on_reconnect": "boot_on_reconnect",
    "heartbeat_interval": "heartbeat",
}
"""Option -> the field of a setup that it is."""

_VARIABLES = {
    "reconnect_min": "RetryBackOffWaitMinimum",
    "reconnect_random": "RetryBackOffRandomRange",
    "reconnect_repeat": "RetryBackOffRepeatTimes",
}

_TARGET = {
    "header": "headers",
    "compression": "compression",
    "max_message_size": "max_frame",
    "ping_interval": "ping_interval",
}


def with_options(base: StationSetup, layer: Mapping[str, Any]) -> StationSetup:
    """`base` with what the options of `layer` say of the station. Raises ValueError for a car that cannot be."""
    given = {name: one.value for name, one in layer.items()}
    changed: dict[str, Any] = {field: given[name] for name, field in _FIELDS.items() if name in given}
    if "status_by" in given:
        changed["status_by"] = "notification" if given["status_by"] == "notification" else "event"
    if "ev" in given:
        changed["ev"] = vehicle(given["ev"], base.ev or ANY_CAR)
    if "evses" in given or "connectors" in given:
        connectors = given.get("connectors", max(map(len, base.evses)))
        changed["evses"] = (tuple(range(1, connectors + 1)),) * given.get("evses", len(base.evses))
    variables = {variable: ceil(given[name]) for name, variable in _VARIABLES.items() if name in given}
    if variables or "set" in given:
        changed["variables"] = {**base.variables, **variables, **given.get("set", {})}
    return replace(base, **changed) if changed else base


def to_target(target: Target, layer: Mapping[str, Any]) -> Target:
    """`target` with what the options say of the connection."""
    known = {field: layer[name].value for name, field in _TARGET.items() if name in layer}
    if "password" in layer:
        known["password"] = layer["password"].value.encode()
    return target._replace(**known) if known else target


def to_connection(layer: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the options say of how messages are held against the schemas, and how long an answer may take."""
    names = {"schema": "schema", "message_timeout": "timeout"}
    return {field: layer[name].value for name, field in names.items() if name in layer}


def let_drivers_come(station: Station, layer: Mapping[str, Any]) -> None:
    """Start the generator of drivers, if an option says so."""
    if "generate" in layer:
        from charge_point.generator import Generator
        from charge_point.generator_habits import habits

        station.part(Generator).start(habits(dict(layer["generate"].value)))
