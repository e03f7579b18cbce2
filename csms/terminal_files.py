"""What can be typed at the CSMS about files: what is served, what came, what is to go wrong, and roll-outs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.files_faults import FAULTS, file_faults
from shared.option_fields import UsageError
from shared.prompt import Word

if TYPE_CHECKING:
    from csms.files import Library
    from csms.server import Csms

_PATIENCE = 600.0


def file_words(csms: Csms) -> list[Word]:
    """The words; none when no files are served."""
    if csms.files is None:
        return []
    return [
        Word(
            "files",
            "files [FAULT | none]",
            "what is served and what came, or let something go wrong with it\n"
            "FAULT is as in --files-fault: missing:path=fw-*,times=1; none takes all away.",
            lambda rest: _files(csms, rest),
            lambda typed: [*FAULTS, "none"],
        ),
        Word(
            "rollout",
            "rollout FILE [WAVE [FAILURES]]",
            "update every station that is connected, WAVE at a time (1)\n"
            "It ends when more than FAILURES (0) have failed.",
            lambda rest: _rollout(csms, rest),
            lambda typed: _served(csms).names(),
        ),
    ]


def _served(csms: Csms) -> Library:
    assert csms.files is not None
    return csms.files


def _files(csms: Csms, rest: str) -> str:
    files = _served(csms)
    if rest == "none":
        files.faults = []
    elif rest:
        try:
            files.faults = [*files.faults, *file_faults([rest])]
        except ValueError as wrong:
            raise UsageError(str(wrong)) from None
    lines = [f"{name}  {files.size(name)} bytes" for name in files.names()]
    lines += files.uploads()
    lines += [f"fault: {fault}, {fault.count} times so far" for fault in files.faults]
    return "\n".join(lines) or "nothing yet; fw-VERSION.bin is made up when it is asked for"


async def _rollout(csms: Csms, rest: str) -> str:
    from csms.rollout import RollOut

    file, *numbers = rest.split() or [""]
    usage = "usage: rollout FILE [WAVE [FAILURES]]"
    if not file or len(numbers) > 2 or not all(number.isdigit() for number in numbers):
        raise UsageError(f"{rest!r} is not what follows; {usage}" if rest else f"which file? {usage}")
    wave, most = (*map(int, numbers), 1, 0)[:2] if len(numbers) != 1 else (int(numbers[0]), 0)
    stations = [session.id for session in csms.sessions.values()]
    made = RollOut(csms, stations, wave=max(wave, 1), most_failures=most, patience=_PATIENCE)
    await made.run(file=file)
    failed = ", ".join(f"{station} ({why})" for station, why in made.failed.items())
    rows = (("updated", ", ".join(made.updated)), ("failed", failed), ("left", ", ".join(made.left)))
    return "\n".join(f"{name}: {told}" for name, told in rows if told) or "no station is connected"
