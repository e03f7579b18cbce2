"""The one door between the roles: names, loaded when a scenario needs the counterpart in the same process."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

STAGES = {"csms": "csms.stage:CsmsStage", "charge_point": "charge_point.stage:StationStage"}
"""Role -> where its stage is."""


SETTINGS = {"csms": "csms.stage_options:settings_of"}
"""Role -> what judges the settings that a scenario has for it."""


def stage(role: str) -> Any:
    """The class of a role's stage; KeyError for a role that there is not."""
    return _at(STAGES[role])


def judge(role: str, settings: Mapping[str, Any]) -> None:
    """Raise UsageError when these cannot be the settings of a role."""
    _at(SETTINGS[role])(settings)


def _at(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
