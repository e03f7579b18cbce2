"""The options of a central system that a scenario sets up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from csms import commands
from csms.commands.validity import WrongWord
from csms.making import csms_of
from csms.options import CsmsOptions
from csms.options import parser as make
from csms.persona import names
from csms.record import StationRecord
from csms.server import Csms
from csms.session import Session
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.option_fields import UsageError
from shared.persona_file import LIST
from shared.scenario.stage import Broken, Setting

if TYPE_CHECKING:
    from shared.option_layers import Layer
    from shared.options import OptionParser
    from shared.versions import Version


@cache
def parser() -> OptionParser[CsmsOptions]:
    """The parser of the program's options: every scenario asks for it."""
    return make()


def settings_of(settings: Mapping[str, Any]) -> tuple[CsmsOptions, Layer]:
    """The options that a scenario's `csms:` amounts to, and which of them it gives; UsageError."""
    words: list[str] = []
    for name, value in settings.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            several = value if isinstance(value, list) else [value]
            words += [f"--{flag}", ",".join(map(str, several))]
    made, given = parser().resolve(words, {})
    if made.persona is not None and made.persona.name == LIST:
        raise UsageError(f"--persona: which one? ({', '.join(names())})")
    return made, given


def options_of(setting: Setting) -> CsmsOptions:
    """The program's options, with those that the scenario sets. Raises Broken."""
    try:
        made, given = settings_of(setting.settings)
    except UsageError as wrong:
        raise Broken(f"csms: {wrong}") from None
    if setting.csms is None:
        return made
    own: CsmsOptions = setting.csms.of_csms(alone="persona" in setting.settings)
    return replace(own, **{name: getattr(made, name) for name in given})


def actions_of_command(name: str) -> tuple[str, ...]:
    """What the versions call a command. Raises UsageError when there is none of that name."""
    return commands.resolve(name).actions


def judge_command(name: str, options: Mapping[str, Any], versions: tuple[Version, ...]) -> None:
    """Raise UsageError when none of `versions` takes a command with these options; None is a value not yet known."""
    found = commands.resolve(name)
    if found.open or name == "set_config":  # its keys are names of variables
        return
    commands.check(f"{name}:{','.join(f'{key}=0' for key in options)}", versions)
    known = {key: value for key, value in options.items() if value is not None}
    wrong: UsageError | None = None
    for version in versions:
        session = Session(_nobody(), "CP1", version, StationRecord("CP1"), "ws://localhost/CP1", 0)
        try:
            commands.build(session, name, commands.given(known))
        except WrongWord as mistake:
            wrong = wrong or mistake
        except commands.NotOnThisVersion:
            pass  # it may be another's
        except UsageError:  # what is missing may be there by the time
            return
        else:
            return
    if wrong is not None:
        raise wrong


@cache
def _nobody() -> Csms:
    """A central system that nobody is connected to."""
    return csms_of(CsmsOptions(), Journal(Clock(lambda: 0.0, 0.0)))
