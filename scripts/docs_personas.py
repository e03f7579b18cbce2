"""Write docs/personas-csms.md: the central systems that misbehave, and every key of their files.

The words stand in `csms/personas/` and in `csms.persona_keys`. `--check` writes nothing and ends with status 1 when the
page is not what would be written.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from csms import persona  # noqa: E402
from csms.persona_keys import SECTIONS  # noqa: E402
from scripts.pages import publish  # noqa: E402

PAGE = ROOT / "docs" / "personas-csms.md"

INTRODUCTION = """\
# Central systems that misbehave

A station in the field meets central systems that answer late, twice, or with what nobody asked for. Each of those below
does one such thing, on purpose and every time in the same way, and the rest as it should: something for whoever
writes the firmware of a station.

```
python -m csms --persona list
python -m csms --persona slow_answers
python -m csms --persona skewed_clock --heartbeat-interval 30
python -m csms --persona mine.toml
```

What else is said on the command line, in the environment or in a configuration file comes before the options of the
persona, and faults given with `--inject` are done beside its own. In a scenario it is a setting of the central system:

```yaml
scenario: a session with a central system that answers everything twice
role: csms
csms: {persona: doubled_answers}
steps:
  - use: charging
```

For a whole run the persona is named on the command line, by its name or its file:

```
python -m csms run --pair happy_path/boot_accepted --persona doubled_answers
```

Then the central system of every scenario is of that kind. What a scenario sets by its own `csms:` comes before the
options of the persona, and one that names a persona itself is played with that one alone. The options of the run that
say how to listen come before the persona as well.

Several of the installed scenarios are about one of them, and say what a station is to do then; they are played against
our own station, or against the one that connects:

```
python -m csms run --pair edge_cases/transaction_id_zero
python -m csms run --pair edge_cases/commands_before_boot_answer
```

Whatever is done to an answer is in the journal (`--journal`): the answer as it was meant (`held`), what went out in its
stead, and a note `fault` that says what was done.

## Those that come with the program

"""

FILES = """\
## A file of your own

A TOML file, given by its path (which ends in `.toml`). Every key is optional but `about`; what is not said is as it
should be. This one takes its time, miscounts, and forgets the Z:

```toml
about = "Three things at once."
transaction_ids = [0]

[options]
heartbeat_interval = 0

[[answers]]
action = ["Authorize", "tx.started"]
versions = ["1.6"]
set = { idTagInfo = { status = "Invalid" } }
after = 40

[[answers]]
action = "Heartbeat"
every = 3
copies = 1

[clock]
form = "no_offset"

[[commands]]
send = "get_variables:OCPPCommCtrlr.HeartbeatInterval"
when = "before_boot_answer"
```

An answer is spoiled in the order of the keys below. Several tables of `[[answers]]` may concern the same answer: each
is done to what the one before has left. A wrong file is told with its line, and nothing is started.

"""

_TITLES = {
    "": "At the top",
    "answers": "`[[answers]]`",
    "clock": "`[clock]`",
    "commands": "`[[commands]]`",
    "handshake": "`[handshake]`",
    "socket": "`[socket]`",
}


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "| name | what it does |\n|---|---|\n"]
    parts += [f"| `{name}` | {persona.load(name).about} |\n" for name in persona.names()]
    parts.append(f"\n{FILES}")
    for section, keys in SECTIONS.items():
        parts.append(f"### {_TITLES[section]}\n\n| key | is | |\n|---|---|---|\n")
        parts += [f"| `{name}` | {key.of} | {key.help} |\n" for name, key in keys.items()]
        parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n"


if __name__ == "__main__":
    sys.exit(publish(__file__, sys.argv[1:], {PAGE: page}))
