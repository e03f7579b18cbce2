"""Write docs/faults.md: every fault, its settings, how one is written, and how a new one is made.

The words stand in the docstrings of `shared.faults`. `--check` writes nothing and ends with status 1 when the page is
not what would be written.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.pages import publish  # noqa: E402
from shared.faults import ENVELOPE, FAULTS, GROUPS, PRESETS  # noqa: E402
from shared.faults.registry import Setting, help_of, settings_of  # noqa: E402

PAGE = ROOT / "docs" / "faults.md"

INTRODUCTION = """\
# Faults on the wire

What goes wrong between a station and its central system, done on purpose: to messages in either direction, to the
connection, and to handshakes. Each is seeded (`--seed`), so that the same run goes wrong in the same way, and each is
in the journal: what really crossed the wire as `in` and `out`, what we held back or meant otherwise as `held`, and a
note `fault` on every message that something was done to.

On the command line of both programs, as often as you like:

```
python -m csms --inject duplicate:action=Heartbeat,kind=answer,gap=0.2
python -m charge_point --csms ws://localhost:9000 --inject hang_up:before_answer_to=tx.started,times=1
python -m charge_point --csms ws://localhost:9000 --inject delay:after=2,jitter=3 --inject drop:probability=0.05
python -m csms --inject refuse:lasts=30
```

In a configuration file, under the table of either program (or `common`), as texts or as tables:

```toml
[[csms.inject]]
fault = "drop"
action = ["Heartbeat", "MeterValues"]
every = 3

[[csms.inject]]
change = { path = "idTagInfo.status", value = "Blocked", kind = "answer", action = "Authorize" }
```

At the prompt of a running program, where a fault comes over connections that exist already, and where taking it away
lets pass at once, in order, what it held back:

```
inject half_open:hold=60
inject broken_json:nth=1
faults
faults remove 1
faults reset
```

A text is the fault's name, a colon, and settings with commas between them. A value with commas stands in quotes
(`value='a,b'`), several words are joined with `+` (`kind=answer+error`).

## Which messages

Every fault takes these beside its own settings; all that are given must hold. Counting begins when the fault is put in
force, and is for each station by itself.

"""

MAKING = """\
## Creating a fault

A fault is a frozen dataclass in a module of `shared/faults/` (`timing`, `delivery`, `payload`, `habits`, `readings`,
`socket`): its settings
are its fields, its docstring is its help. `spoil` says what becomes of one message, as data, in order: any number of
`Deliver`, or `Close`, `Cut` and `Stall`. An empty list loses the message; `None` says that the fault cannot be done to
this one. Nothing is awaited, looked up or drawn but from the arguments, so that a fault can be tried in a line of a
test.

```python
from shared.chance import Stream
from shared.faults.effects import Deliver, Effects, Frame
from shared.faults.registry import Fault, fault, setting


@fault
class Letters(Fault):
    \"\"\"Write every text of the payload in other letters, as a careless gateway does.\"\"\"

    letters: str = setting("lower", "which", words=("lower", "upper"))

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        if not isinstance(frame.payload, dict):
            return None
        change = str.lower if self.letters == "lower" else str.upper
        texts = {name: change(text) for name, text in frame.payload.items() if isinstance(text, str)}
        return [Deliver(frame.holding({**frame.payload, **texts}))]
```

That is all: `--inject letters:letters=upper`, the tables of the configuration file, both prompts with their help and
completion, scenarios, and this page know it from there (`scripts/docs_faults.py` writes the page). A test of it belongs
into `tests/shared/test_faults_effects.py`, which fails until there is one.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _settings(ENVELOPE), _WHERE]
    for module in GROUPS:
        title = module.__name__.rpartition(".")[2].capitalize()
        parts.append(f"\n## {title}\n\n{(module.__doc__ or '').strip()}\n")
        parts += [_fault(name, cls) for name, cls in FAULTS.items() if cls.__module__ == module.__name__]
    parts.append("\n### Bad input by name\n\n| preset | what travels |\n|---|---|\n")
    parts += [f"| `{name}` | {(made.__doc__ or '').strip()} |\n" for name, made in PRESETS.items()]
    parts.append(f"\n{MAKING}")
    return "".join(parts)


_WHERE = (
    "| `where.MEMBER` | any | messages whose payload has this value there, as in `where.connectorId=2` |\n"
)


def _fault(name: str, cls: type[Any]) -> str:
    notes = []
    if cls.direction != "out":
        notes.append(f"direction is `{cls.direction}`")
    if cls.kinds:
        notes.append(f"kind is {' or '.join(f'`{kind}`' for kind in cls.kinds)}")
    told = f" Unless told otherwise, {' and '.join(notes)}." if notes else ""
    settings = settings_of(cls)
    return f"\n### `{name}`\n\n{help_of(cls)}{told}\n" + (f"\n{_settings(settings)}" if settings else "")


def _settings(settings: dict[str, Setting]) -> str:
    head = "| setting | unless given | |\n|---|---|---|\n"
    return head + "".join(f"| `{s.name}` | {_default(s)} | {_meaning(s)} |\n" for s in settings.values())


def _default(one: Setting) -> str:
    if not one.default and one.name in ENVELOPE:
        return {"lasts": "for ever", "direction": "`out`, or as the fault says"}.get(one.name, "any")
    if one.default == "":
        return ""
    if isinstance(one.default, bool):
        return str(one.default).lower()
    return f"{one.default:g}" if isinstance(one.default, float) else str(one.default)


def _meaning(one: Setting) -> str:
    if one.words and len(one.words) <= 5:
        return f"{one.help}: {', '.join(f'`{word}`' for word in one.words)}"
    return one.help


if __name__ == "__main__":
    sys.exit(publish(__file__, sys.argv[1:], {PAGE: page}))
