"""What can be typed about faults, at the prompt of either program."""

from __future__ import annotations

from collections.abc import Iterable

from shared.faults.chain import Faults
from shared.option_fields import UsageError
from shared.prompt import Word
from shared.summary import table

_USAGE = "faults [reset | remove N]"


def fault_words(faults: Faults) -> list[Word]:
    """`inject` and `faults`, acting on the faults of one program."""
    return [
        Word(
            "inject",
            "inject FAULT[:KEY=VALUE,...]",
            "spoil messages or the connection on purpose",
            lambda rest: _inject(faults, rest),
            _complete,
            _help,
        ),
        Word(
            "faults",
            _USAGE,
            "the faults in force; take all or one away\nWhat a fault held back passes at once.",
            lambda rest: _faults(faults, rest),
            lambda typed: ("reset", "remove"),
        ),
    ]


def _inject(faults: Faults, rest: str) -> str:
    if not rest:
        raise UsageError("inject what? as in: inject duplicate:action=StatusNotification,gap=0.2")
    handle = faults.add(rest)
    return f"#{handle.number} {handle.injection}"


def _faults(faults: Faults, rest: str) -> str:
    word, _, number = rest.partition(" ")
    if word == "reset" and not number:
        count = faults.reset()
        return f"{count} {'fault' if count == 1 else 'faults'} taken away"
    number = number.strip().removeprefix("#")
    if word == "remove" and number.isascii() and number.isdecimal():
        handle = faults.find(int(number))
        faults.remove(handle)
        return f"#{handle.number} {handle.injection} is taken away"
    if rest:
        raise UsageError(f"{rest!r} is not what follows; usage: {_USAGE}")
    if not len(faults):
        return "no fault is in force"
    rows: list[tuple[str, ...]] = [("", "done", "fault")]
    rows += [(f"#{handle.number}", str(handle.applied), str(handle.injection)) for handle in faults]
    return "\n".join(line.rstrip() for line in table(rows, left=(0, 2)))


def _complete(typed: str) -> Iterable[str]:
    from shared.faults.parsing import complete

    return complete(typed)


def _help() -> str:
    """Every fault with its settings, for 80 columns."""
    import textwrap

    from shared.faults.groups import ENVELOPE, FAULTS, PRESETS
    from shared.faults.registry import help_of, settings_of

    lines = []
    for name, cls in FAULTS.items():
        own = " ".join(f"[{key}=]" for key in settings_of(cls))
        lines.append(f"{name} {own}".rstrip())
        lines += textwrap.wrap(help_of(cls), 76, initial_indent="  ", subsequent_indent="  ")
    presets = textwrap.wrap(f"bad input by name: {', '.join(PRESETS)}", 78)
    common = textwrap.wrap(f"with each: {' '.join(f'[{key}=]' for key in ENVELOPE)} [where.MEMBER=]", 78)
    return "\n".join([*lines, *presets, *common])
