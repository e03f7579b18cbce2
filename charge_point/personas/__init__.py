"""Kinds of stations as data: layout, meters and habits in a TOML file each, found by name or by path."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from charge_point.definitions import definitions
from charge_point.ev import ANY_CAR, Vehicle, vehicle
from charge_point.firmware_habits import habits
from charge_point.setup import StationSetup
from shared.option_fields import UsageError
from shared.suggest import advice, not_one_of
from shared.versions import VERSIONS

FOLDER = Path(__file__).parent

NEUTRAL: dict[str, tuple[str, ...]] = {
    "tx_start": ("TxCtrlr.TxStartPoint",),
    "tx_stop": ("TxCtrlr.TxStopPoint",),
    "meter_interval": ("SampledDataCtrlr.TxUpdatedInterval",),
    "heartbeat_interval": ("OCPPCommCtrlr.HeartbeatInterval",),
    "plug_timeout": ("TxCtrlr.EVConnectionTimeOut",),
    "offline_threshold": ("OCPPCommCtrlr.OfflineThreshold",),
    "retry_interval": ("OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",),
    "attempts": ("OCPPCommCtrlr.MessageAttempts[TransactionEvent]",),
    "reconnect_min": ("RetryBackOffWaitMinimum",),
    "reconnect_random": ("RetryBackOffRandomRange",),
    "reconnect_repeat": ("RetryBackOffRepeatTimes",),
}
"""Settings in our words, and the variables that they preset on the versions that have them."""

_POINTS = {
    "parked": "ParkingBayOccupancy",
    "plugged_in": "EVConnected",
    "authorized": "Authorized",
    "power_path": "PowerPathClosed",
    "signed": "DataSigned",
    "energy": "EnergyTransfer",
}
_PLAIN = frozenset(f.name for f in fields(StationSetup)) - {
    "features",
    "variables",
    "seed",
    "run_id",
}
_OTHER = ("features", "persona", "variables", "about", "switched_on")


def names() -> list[str]:
    """The personas that come with the program."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> dict[str, Any]:
    """The settings of a persona, by name or by the path of a TOML file. Raises UsageError."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise UsageError(not_one_of(name, "a persona", names()))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UsageError(f"{path}: {problem}") from None


def setup(settings: Mapping[str, Any], base: StationSetup | None = None) -> StationSetup:
    """The station that `settings` describe: those of their persona, overridden by their own. Raises UsageError.

    `base` gives what neither says.
    """
    own = dict(settings)
    persona = own.pop("persona", None)
    merged: dict[str, Any] = load(str(persona)) if persona is not None else {}
    variables = {**merged.pop("variables", {}), **own.pop("variables", {})}
    if isinstance(own.get("updates"), Mapping):
        own["updates"] = {**merged.get("updates", {}), **own["updates"]}
    merged.update(own)
    made: dict[str, Any] = {}
    for name, value in merged.items():
        if name == "updates":
            made[name] = habits(value)
        elif name == "features":
            made[name] = _features(value, base)
        elif name == "ev":
            made[name] = _car(value, base)
        elif name in NEUTRAL:
            for path in NEUTRAL[name]:
                variables[path] = _points(value) if name in ("tx_start", "tx_stop") else value
        elif name in _PLAIN:
            made[name] = tuple(tuple(ids) for ids in value) if name == "evses" else value
        elif name not in _OTHER:
            allowed = [*_PLAIN, *NEUTRAL, *_OTHER]
            raise UsageError(f"a station has no setting {name!r}{advice(name, allowed)}")
    base = base or StationSetup()
    made["variables"] = {**base.variables, **variables}
    try:
        return replace(base, **made)
    except (TypeError, ValueError) as problem:
        raise UsageError(f"{persona or 'station'}: {problem}") from None


def _features(names: Any, base: StationSetup | None) -> frozenset[str]:
    """What the station offers besides what all do, as in `features = ["battery_swap"]`."""
    known = sorted({row.needs for version in VERSIONS for row in definitions(version) if row.needs})
    for name in names if isinstance(names, list) else [names]:
        if name not in known:
            raise UsageError(not_one_of(str(name), "a feature of a station", known))
    return (base or StationSetup()).features | frozenset(names if isinstance(names, list) else [names])


def _car(settings: Any, base: StationSetup | None) -> Vehicle:
    if not isinstance(settings, Mapping):
        raise UsageError(f"ev is a table, as in {{battery = 60000, soc = 30}}, not {settings!r}")
    try:
        return vehicle(settings, ANY_CAR if base is None else base.ev)
    except ValueError as problem:
        raise UsageError(f"ev: {problem}") from None


def _points(value: Any) -> str:
    words = value if isinstance(value, list) else [value]
    unknown = [word for word in words if word not in _POINTS]
    if unknown:
        raise UsageError(not_one_of(str(unknown[0]), "a start or stop point", _POINTS))
    return ",".join(_POINTS[word] for word in words)
