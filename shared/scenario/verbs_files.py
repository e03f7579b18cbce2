"""Verbs of firmware, logs and the files behind them."""

from __future__ import annotations

from shared.scenario.model import CHARGE_POINT, CSMS
from shared.scenario.play import Branch, Outcome
from shared.scenario.registry import verb
from shared.scenario.tree import Node

Seconds = float


@verb()
async def firmware(branch: Branch, *, fails: str) -> None:
    """What goes wrong with the station's firmware updates from now on: `firmware: InstallationFailed`.

    DownloadFailed, DownloadPaused, InvalidCertificate, RevokedCertificate, InvalidSignature, InstallVerificationFailed,
    InstallationFailed, or bricks: the new firmware never starts. `nothing` for nothing.
    """
    await branch.act(CHARGE_POINT, "firmware", fails=fails)


@verb()
async def uploads(branch: Branch, *, fails: str) -> None:
    """What goes wrong with the station's uploads of logs: UploadFailure, BadMessage, PermissionDenied,
    NotSupportedOperation, or `nothing`."""
    await branch.act(CHARGE_POINT, "uploads", fails=fails)


@verb()
async def files(branch: Branch, *, fault: str) -> None:
    """A fault of our file server, as `--files-fault` has it: `files: missing:path=fw-2*`; `none` takes all away."""
    await branch.act(CSMS, "files_fault", fault=fault)


@verb()
async def rollout(
    branch: Branch,
    *,
    file: str,
    wave: int = 1,
    most_failures: int = 0,
    patience: Seconds = 600.0,
    stations: Node | None = None,
) -> Outcome:
    """The central system updates stations in waves, and stops when more than `most_failures` have failed.

    `patience` is how long a station may be silent before it counts as failed. `stations` are all unless they are named.
    The value is `updated`, `failed` and `left`, each a list of stations.
    """
    named = branch.value(stations) if stations is not None else list(branch.play.scenario.stations)
    value = await branch.act(
        CSMS,
        "rollout",
        stations=named,
        file=file,
        wave=wave,
        most_failures=most_failures,
        patience=patience,
    )
    return Outcome(None, branch.play, value)
