"""The options of a central system that a scenario sets up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from csms.options import CsmsOptions
from csms.options import parser as make
from csms.persona import LIST, names
from shared.option_fields import UsageError
from shared.scenario.stage import Broken, Setting

if TYPE_CHECKING:
    from shared.option_layers import Layer
    from shared.options import OptionParser


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
    if setting.options is None:
        return made
    own: CsmsOptions = setting.options.of_csms()
    return replace(own, **{name: getattr(made, name) for name in given})
