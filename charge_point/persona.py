"""Kinds of stations: a persona is a TOML file, found by name among those installed or by its path.

Nothing here is done by code of its own: a persona is identity, layout, keys and their presets (`StationSetup`),
habits (`charge_point.quirks`), faults on the wire, and options of the program. `charge_point.persona_keys` has every
key. A scenario's `station:` takes the same keys, over those of the persona that it names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from charge_point import persona_keys as keys
from charge_point.catalogue import Vendor
from charge_point.ev import ANY_CAR, Vehicle, vehicle
from charge_point.firmware_habits import habits
from charge_point.monitoring.factory import FactoryMonitor, factory_monitor, why_unfit
from charge_point.persona_of import Persona
from charge_point.persona_options import with_options
from charge_point.quirks import made as quirked
from charge_point.setup import StationSetup
from shared.option_fields import UsageError
from shared.persona_file import LIST, Reader, Shelf, answer_faults
from shared.persona_keys import checked, spread, table
from shared.suggest import advice

if TYPE_CHECKING:
    from shared.option_layers import Layer


_PLAIN = frozenset(keys.TOP) & {each.name for each in fields(StationSetup)} - {
    *("ev", "updates", "variables", "vendors", "quirks", "faults", "features")
}
_NOT_OF_A_PERSONA = frozenset(
    "persona config print_config inject journal state interactive csms id stations stagger seed run_id".split()
)


class _Reader(Reader):
    """Reads one file."""

    def persona(self, name: str) -> Persona:
        """What the file says; every mistake is told with its line, also one that only the whole shows."""
        from charge_point.options import ChargePointOptions

        settings = self.top()
        for section in ("measurands", "quirks"):
            if section in settings:
                settings[section] = self.section(section)
        settings["keys"] = list(self.each("keys", self._named))
        if "monitors" in settings:
            settings["monitors"] = tuple(self.each("monitors", self._monitor))
        settings["faults"] = [*self._timing(), *self.faults(), *self.answers()]
        for other in ("timing", "answers"):
            settings.pop(other, None)
        for key, value in settings.items():
            try:
                setup({key: value})
            except UsageError as wrong:
                within = value if isinstance(value, dict) else {}
                near = next((name for name in within if repr(name) in str(wrong)), None)
                raise self.wrong((key,) if near is None else (key, near), str(wrong)) from None
        self._judge(settings)
        layer = self.options(ChargePointOptions, _NOT_OF_A_PERSONA)
        self._judge_options(settings, layer)
        where = {key: self.at((key,)) for key in _AS_OPTIONS if key in settings}
        return Persona(name, settings["about"], settings, layer, where)

    def _named(self, key: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
        if "name" not in key:
            raise self.wrong(path, "needs a name")
        return key

    def _monitor(self, monitor: dict[str, Any], path: tuple[Any, ...]) -> FactoryMonitor:
        try:
            return factory_monitor(monitor)
        except ValueError as wrong:
            raise self.wrong(path, f"[monitors] {wrong}") from None

    def _timing(self) -> list[Any]:
        found = []
        for action, value in self.table.get("timing", {}).items():
            path = ("timing", action)
            try:
                found.append(self.fault(_slow(action, value), path))
            except ValueError as wrong:
                raise self.wrong(path, f"[timing] {action}: {wrong}") from None
        return found

    def _judge(self, settings: Mapping[str, Any]) -> None:
        """Whether there can be a device model with these variables on any version."""
        from charge_point.device_model import DeviceModel
        from shared.versions import VERSIONS

        for key, several in settings.get("measurands", {}).items():
            for word in several:
                if wrong := _no_measurand(word):
                    raise self.wrong(("measurands", key), f"[measurands] {key}: {wrong}")
        for section in ("variables", "keys", "measurands"):
            made = setup({section: settings.get(section, {})})
            for name, value in made.variables.items():
                try:
                    for version in VERSIONS:
                        DeviceModel(version, made.evses, {name: value})
                except ValueError as wrong:
                    at = (section, name) if section == "variables" else (section,)
                    raise self.wrong(at, str(wrong)) from None
        for place, monitor in enumerate(settings.get("monitors", ())):
            why = why_unfit(monitor, setup(settings))
            if why:
                raise self.wrong(("monitors", place), f"[monitors] {why}")

    def _judge_options(self, settings: Mapping[str, Any], layer: Layer) -> None:
        """Whether what only the whole shows of [options] can be."""
        from charge_point.device_model import DeviceModel
        from charge_point.option_drivers import check_drivers
        from shared.versions import VERSIONS

        for name in layer:
            try:
                made = with_options(setup(settings), {name: layer[name]})
                if name == "generate":
                    check_drivers(layer[name].value, 0)
                for version in VERSIONS if name == "set" else ():
                    DeviceModel(version, made.evses, made.variables, made.features)
            except (UsageError, ValueError) as wrong:
                raise self.wrong(("options", name), f"[options] {name}: {wrong}") from None


def _read(text: str, name: str, file: str) -> Persona:
    return _Reader(text, file, keys.SECTIONS).persona(name)


FOLDER = os.path.join(os.path.dirname(__file__), "personas")
_SHELF = Shelf(FOLDER, _read, Persona(LIST))
names, listing, named, load = _SHELF.names, _SHELF.listing, _SHELF.named, _SHELF.load


def _no_measurand(word: str) -> str:
    """What is wrong with the name of a measurand, which in 1.6 may end with a phase (1.6 §9.1.17)."""
    from charge_point.definitions import MEASURANDS

    known = list(dict.fromkeys(name for names in MEASURANDS.values() for name in names))
    bare = word.rpartition(".")
    if word in known or (bare[0] in known and bare[2].startswith(("L", "N"))):
        return ""
    return f"{word!r} is not a measurand{advice(word, known)}"


def _slow(action: str, value: Any) -> dict[str, Any]:
    """The fault that lets calls of `action` leave so late; ValueError when that is no time."""
    least, most = spread(value)
    return {"fault": "delay", "action": action, "after": least, "jitter": most - least, "kind": "call"}


def layer_in(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of the persona that a scenario's station names."""
    return load(str(settings["persona"])).layer if settings.get("persona") is not None else {}


def setup(settings: Mapping[str, Any], base: StationSetup | None = None) -> StationSetup:
    """The station that `settings` describe: those of their persona, overridden by their own. Raises UsageError.

    `base` gives what neither says.
    """
    own = {name: value for name, value in settings.items() if name not in ("persona", "switched_on")}
    persona = settings.get("persona")
    made = base or StationSetup()
    try:
        if persona is not None:
            kind = load(str(persona))
            made = with_options(_over(made, kind.settings), kind.layer)
        return _over(made, {name: _checked(name, value) for name, value in own.items()})
    except (TypeError, ValueError) as problem:
        raise UsageError(f"{persona or 'station'}: {problem}") from None


def _checked(name: str, value: Any) -> Any:
    """The value of a setting that does not come from a file of ours."""
    if name not in keys.TOP:
        raise UsageError(f"a station has no setting {name!r}{advice(name, keys.TOP)}")
    if isinstance(value, tuple) or name in ("ev", "updates", "faults"):
        return value
    try:
        return checked(keys.SECTIONS, "", name, value)
    except ValueError as wrong:
        raise UsageError(f"{name}: {wrong}") from None


def _over(base: StationSetup, settings: Mapping[str, Any]) -> StationSetup:
    """`base` with what `settings` say, each by its checked value."""
    changed: dict[str, Any] = {name: value for name, value in settings.items() if name in _PLAIN}
    if "connectors" in changed:
        changed["connectors"] = tuple(map(tuple, changed["connectors"]))
        changed["evses"] = tuple(tuple(range(1, len(kinds) + 1)) for kinds in changed["connectors"])
    if "evses" in settings:
        changed["evses"] = tuple(tuple(ids) for ids in settings["evses"])
        if "connectors" not in changed:
            changed["connectors"] = ()
    if "monitors" in changed:
        changed["monitors"] = tuple(map(_monitor, changed["monitors"]))
    if "ev" in settings:
        changed["ev"] = _car(settings["ev"], base)
    if "updates" in settings:
        changed["updates"] = habits(settings["updates"], base.updates)
    if "features" in settings:
        changed["features"] = base.features | frozenset(settings["features"])
    if "vendors" in settings:
        changed["vendors"] = {**base.vendors, **settings["vendors"]}
    changed["variables"] = {**base.variables, **_variables(settings)}
    # those of a file are among its faults already
    slow = [_slow(action, value) for action, value in settings.get("timing", {}).items()]
    said = [fault for answer in settings.get("answers", ()) for fault in _said(answer)]
    changed["faults"] = (*base.faults, *_faults([*slow, *settings.get("faults", ()), *said]))
    made = replace(base, **changed)
    quirks = settings.get("quirks", {})
    values = {}
    for name, value in quirks.items():
        try:
            values[name] = (
                value if isinstance(value, tuple) else checked(keys.SECTIONS, "quirks", name, value)
            )
        except ValueError as wrong:
            raise UsageError(f"quirks: {name}: {wrong}") from None
    return quirked(made, values) if values else made


def _said(answer: Any) -> list[dict[str, Any]]:
    members = {name: checked(keys.SECTIONS, "answers", name, value) for name, value in answer.items()}
    return answer_faults(members)


def _faults(specs: Any) -> list[Any]:
    from shared.faults import Injection, parse

    return [spec if isinstance(spec, Injection) else parse(spec) for spec in specs]


def _variables(settings: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = dict(settings.get("variables", {}))
    for name, path in keys.NEUTRAL.items():
        if name in settings:
            value = settings[name]
            if name in ("tx_start", "tx_stop"):
                value = _points(value)
            found[path] = ",".join(value) if isinstance(value, list) else value
    for name, several in settings.get("measurands", {}).items():
        found[keys.MEASURANDS[name]] = ",".join(several)
    for key in settings.get("keys", ()):
        rest = {name: value for name, value in key.items() if name != "name"}
        if "values" in rest:
            rest["values"] = tuple(rest["values"])
        found[key["name"]] = Vendor(**rest)
    return found


def _monitor(given: Any) -> FactoryMonitor:
    if isinstance(given, FactoryMonitor):
        return given
    try:
        named = table(given)
        return factory_monitor(
            {name: checked(keys.SECTIONS, "monitors", name, named[name]) for name in named}
        )
    except ValueError as wrong:
        raise UsageError(f"monitors: {wrong}") from None


def _car(settings: Any, base: StationSetup) -> Vehicle:
    if isinstance(settings, Vehicle):
        return settings
    if not isinstance(settings, Mapping):
        raise UsageError(f"ev is a table, as in {{battery = 60000, soc = 30}}, not {settings!r}")
    try:
        return vehicle(settings, base.ev or ANY_CAR)
    except ValueError as problem:
        raise UsageError(f"ev: {problem}") from None


def _points(value: Any) -> str:
    return ",".join(keys.POINTS[word] for word in (value if isinstance(value, list) else [value]))


_AS_OPTIONS = {
    **dict.fromkeys(
        "vendor model serial firmware current phases amps power tethered boot_on_reconnect".split()
    ),
    **dict.fromkeys("reconnect_min reconnect_random reconnect_repeat".split()),
    "heartbeat": "heartbeat_interval",
}
"""Settings that are options too, and by which name when it is another."""


def layer_of(persona: Persona) -> Layer:
    """The options of a persona, which lie beneath all that is said otherwise."""
    from shared.option_layers import Given

    source = f"persona {persona.name}"
    settings = persona.settings
    layer: Layer = {
        other or name: Given(persona.where.get(name, source), settings[name])
        for name, other in _AS_OPTIONS.items()
        if name in settings
    }
    evses = settings.get("evses") or settings.get("connectors")
    if evses:
        layer |= {"evses": Given(source, len(evses)), "connectors": Given(source, max(map(len, evses)))}
    if "status_by" in settings:
        by = "notification" if settings["status_by"] == "notification" else "notify-event"
        layer["status_by"] = Given(source, by)
    return {**layer, **persona.layer}
