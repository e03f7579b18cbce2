"""The one door between the roles: names, loaded when a scenario needs the counterpart in the same process."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

STAGES = {"csms": "csms.stage:CsmsStage", "charge_point": "charge_point.stage:StationStage"}
"""Role -> where its stage is."""


SETTINGS = {"csms": "csms.stage_options:settings_of", "charge_point": "charge_point.persona:setup"}
"""Role -> what judges the settings that a scenario has for it."""


def stage(role: str) -> Any:
    """The class of a role's stage; KeyError for a role that there is not."""
    return _at(STAGES[role])


def judge(role: str, settings: Mapping[str, Any]) -> None:
    """Raise UsageError when these cannot be the settings of a role."""
    _at(SETTINGS[role])(settings)


def judge_command(name: str, options: Mapping[str, Any], versions: tuple[Any, ...]) -> None:
    """Raise UsageError when none of `versions` has a command with these options; None is a value not yet known."""
    _at("csms.stage_options:judge_command")(name, options, versions)


def actions_of_command(name: str) -> tuple[str, ...]:
    """What the versions call a command; UsageError."""
    found: tuple[str, ...] = _at("csms.stage_options:actions_of_command")(name)
    return found


def settings(versions: tuple[Any, ...]) -> tuple[str, ...]:
    """Names of a station's settings: standard keys of 1.6, `Component.Variable` of 2.x, and words for both."""
    of = _at("charge_point.definitions:definitions")
    found: dict[str, None] = dict.fromkeys(_at("csms.stage:NEUTRAL"))
    found.update(dict.fromkeys(_at("csms.commands.keys:COMPONENT_OF_KEY")))
    for version in versions:
        for row in of(version):
            found.update(dict.fromkeys(name for name in (row.key, f"{row.component}.{row.name}") if name))
    return tuple(found)


def judge_car(settings: Mapping[str, Any]) -> None:
    """Raise ValueError when these cannot describe a car."""
    _at("charge_point.ev:vehicle")(settings)


def judge_drivers(drivers: Any) -> None:
    """Raise ValueError when drivers cannot come like this: start, stop, or settings of the generator."""
    _at("charge_point.generator:judge")(drivers)


def judge_file_fault(text: str) -> None:
    """Raise ValueError when this is not a fault of a file server, nor `none`."""
    if text != "none":
        list(_at("csms.files_faults:file_faults")([text]))


def failures(of: str) -> tuple[str, ...]:
    """What can go wrong with `firmware` or `uploads` of a station."""
    words = _at(
        {"firmware": "charge_point.firmware_habits:FAILURES", "uploads": "charge_point.logs:FAILURES"}[of]
    )
    return (*words, _at("charge_point.spoiling:NOTHING"))


def questions(role: str) -> list[str]:
    """What a role's stage can be asked."""
    return list(_at(f"{role}.stage:QUESTIONS"))


def acts(role: str) -> list[str]:
    """What a role's stage can be told to do."""
    return list(_at(f"{role}.stage:ACTS"))


def _at(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
