"""How a kind of station takes firmware updates: the table `updates` of a persona or of a scenario's station."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from shared.option_fields import UsageError
from shared.suggest import not_one_of

FAILURES = (
    "DownloadFailed",
    "DownloadPaused",
    "InvalidCertificate",
    "RevokedCertificate",
    "InvalidSignature",
    "InstallVerificationFailed",
    "InstallationFailed",
    "bricks",
)
"""What can be made to go wrong: the status that it ends in; DownloadPaused goes on after a while."""

REBOOTS = ("after", "before", "both", "never")
DURING = ("nothing", "download", "everything")


@dataclass(frozen=True, slots=True)
class FirmwareHabits:
    """`fails`: one of `FAILURES`, or nothing. `signed_only`: an update without signature is refused.

    `reboots`: before the installation, after it (to activate), both, never. `during_transactions`: what the station
    can do while it charges. `cancels`: a newer request ends a running update (else it is Rejected). `installing`:
    seconds that it takes. `publishes`: it can serve as a local controller (L03). `root`: a PEM file; a signing
    certificate that none in it has signed is invalid.
    """

    fails: str = ""
    signed_only: bool = False
    reboots: str = "after"
    during_transactions: str = "download"
    cancels: bool = True
    installing: float = 10.0
    publishes: bool = True
    root: str = ""


USUAL = FirmwareHabits()
"""How a station takes updates of which nothing is said."""

_WORDS = {"fails": ("", *FAILURES), "reboots": REBOOTS, "during_transactions": DURING}


def habits(settings: Any, base: FirmwareHabits | None = None) -> FirmwareHabits:
    """The habits that a table describes, over those of `base`. Raises UsageError."""
    if isinstance(settings, FirmwareHabits):
        return settings
    if not isinstance(settings, Mapping):
        raise UsageError(f"updates is a table, as in updates: {{fails: {FAILURES[0]}}}")
    base = base or USUAL
    known = {field.name: getattr(base, field.name) for field in fields(FirmwareHabits)}
    for name, value in settings.items():
        if name not in known:
            raise UsageError(not_one_of(str(name), "a setting of updates", known))
        if name in _WORDS and value not in _WORDS[name]:
            raise UsageError(not_one_of(str(value), f"what {name} of updates can be", _WORDS[name]))
        if isinstance(known[name], float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not type(known[name]):
            raise UsageError(f"updates: {name} is {type(known[name]).__name__}, not {value!r}")
    if settings.get("installing", 0) < 0:
        raise UsageError(f"updates: installing is seconds, not {settings['installing']!r}")
    if settings.get("root") and not os.path.isfile(settings["root"]):
        raise UsageError(f"updates: root: {settings['root']}: there is no such file")
    changed: dict[str, Any] = {name: float(v) if name == "installing" else v for name, v in settings.items()}
    return replace(base, **changed)
