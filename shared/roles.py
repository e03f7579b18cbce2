"""The one door between the roles: names, loaded when a scenario needs the counterpart in the same process."""

from __future__ import annotations

from importlib import import_module
from typing import Any

STAGES = {"csms": "csms.stage:CsmsStage", "charge_point": "charge_point.stage:StationStage"}
"""Role -> where its stage is."""


def stage(role: str) -> Any:
    """The class of a role's stage; KeyError for a role that there is not."""
    module, _, name = STAGES[role].partition(":")
    return getattr(import_module(module), name)
