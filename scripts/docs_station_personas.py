"""Write docs/personas.md: kinds of stations, every key of their files, and the generator of transactions.

The words stand in `charge_point/personas/`, `charge_point.persona_keys` and `charge_point.quirks`. `--check` writes
nothing and ends with status 1 when the page is not what they say.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from charge_point import persona  # noqa: E402
from charge_point.generator_habits import DISTRIBUTIONS, SETTINGS, Habits  # noqa: E402
from charge_point.persona_keys import SECTIONS  # noqa: E402
from charge_point.quirks import QUIRKS  # noqa: E402
from scripts.pages import publish  # noqa: E402
from shared.versions import VERSIONS  # noqa: E402

PAGE = ROOT / "docs" / "personas.md"

INTRODUCTION = """\
# Kinds of stations

A persona says what kind of station it is: identity, layout, keys of its own, what it measures, how long it takes, and
what it does otherwise than the specification says. Names say "style": they are no claim about anybody's product.

```
python -m charge_point --persona list
python -m charge_point --csms ws://localhost:9000 --persona keba_style_ac
python -m charge_point --csms ws://localhost:9000 --persona misbehaving_ac --serial MINE-1
python -m charge_point --csms ws://localhost:9000 --persona mine.toml
```

What else is said on the command line, in the environment or in a configuration file comes before what the persona
says. In a scenario it is a setting of the station, which takes the same keys beside it:

```yaml
scenario: a session of a station with a quirk
role: pair
station: {persona: generic_ac, quirks: {double_boot: true}}
given: [use: charging]
steps:
  - {expect: meter, within: 2min}
  - present: $tokens.valid
  - expect: tx.ended
```

## Those that come with the program

"""

FILES = """\
## A file of your own

A TOML file, given by its path (which ends in `.toml`). Every key is optional but `about`; no code is needed for
another vendor. A wrong file is told with its line, and nothing is started.

```toml
about = "Two sockets, a key of the vendor's own, and a late second boot."
vendor = "Mine"
model = "Double AC"
evses = [[1], [1]]
amps = 16

[measurands]
sampled = ["Energy.Active.Import.Register", "Voltage"]

[[keys]]
name = "Mine.LedBrightness"
type = "integer"
value = 80
low = 0
high = 100

[[monitors]]
variable = "EVSE.Power"
kind = "UpperThreshold"
value = 3000
severity = 5
hard_wired = true

[timing]
Authorize = [0.5, 2]

[quirks]
double_boot = true
timestamps = "whole_seconds"

[vendors.Mine]
Hello = "hello to you"
Lamp = { status = "Rejected" }
State = { status = "Accepted", data = { level = 3, doors = ["left", "right"] } }
"*" = { status = "UnknownMessageId", data = "try Hello" }

[[answers]]
action = "DataTransfer"
after = 5
```

"""

VENDORS = """\
### `[vendors.VENDOR]`

What DataTransfer of that vendorId is answered, by its messageId; `"*"` is any other messageId, and none. What stands
there is the data of an Accepted answer, or a table of `status` and perhaps `data`, as in the file above.

Data that is no text travels as it is in 2.x, and as JSON in a text in 1.6. What is not in the table is answered
UnknownVendorId and UnknownMessageId; a known vendor's message without a messageId is Accepted unless there is a `"*"`.
On 2.1 each message but `"*"` is a custom trigger, `VENDOR.MESSAGE`, by which the station sends it. The other end has
the same table as `[csms.vendors.VENDOR]` in its configuration file.

"""

AFTER_FILES = """\
`[options]` are those of `python -m charge_point`, by their names. In a scenario those hold that describe the station
(`vendor`, `amps`, `set`, ...), its connection (`message_timeout`, `ping_interval`, ...) and its drivers (`generate`);
what the driver of the program does (`sessions`, `energy`, `token`) a scenario says itself.

What our central system finds of each quirk on every version, or why it may find nothing, is told in
[quirks.md](quirks.md).

"""

_TITLES = {
    "": "At the top",
    "keys": "`[[keys]]`",
    "monitors": "`[[monitors]]`",
    "measurands": "`[measurands]`",
    "answers": "`[[answers]]`",
}

DRIVERS = f"""\
## Drivers by chance

`--generate` lets drivers come to every EVSE, one after another, as chance has it; the same `--seed` gives the same
day. At the prompt `generate start [EVSE] [NAME=VALUE,...]` and `generate stop [EVSE]` start and stop it, `generate`
alone tells what came of it: who came, was refused, charged, how often nobody came, the energy, what was said to
requests to authorize, to starts and to stops (accepted, rejected, ignored: no answer), and when it was started, ends,
was stopped and somebody came last. With `--state` it goes on after a restart where it ran: it counts on, and who
charged leaves when they wanted to. Many stations at once: see [fleet.md](fleet.md).

```
python -m charge_point --csms ws://localhost:9000 --generate max_duration=600,probability=0.8,tokens=A+B
```

The tokens come by `distribution`: {", ".join(f"`{word}`" for word in DISTRIBUTIONS)}; several are joined with `+`,
and `tokens=@tags.txt` takes the lines of a file, or a JSON list of texts, and takes them anew when the file changes.
Durations and delays are in seconds; with `stop_after_hours=0` it goes on until it is stopped, and with
`stop_absolute_duration` the hours count from the first start, however often it was stopped in between.

In a scenario it is a step, and what came of it can be asked for:

```yaml
scenario: an hour of drivers at two EVSEs
role: pair
station: {{persona: dc_two}}
steps:
  - registered
  - generate: {{min_delay: 30, max_delay: 300, min_duration: 300, max_duration: 900, tokens: [A, B]}}
  - wait: 1h
  - generate: stop
  - {{check: {{csms.open: 0, station.drivers.refused: 0, station.drivers.stop.ignored: 0}}, within: 1min}}
```

| setting | unless given |
|---|---|
"""


def _versions(name: str) -> str:
    own = QUIRKS[name].versions
    return "all" if own == VERSIONS else ", ".join(version.name for version in own)


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "| name | what it is |\n|---|---|\n"]
    parts += [f"| `{name}` | {persona.load(name).about} |\n" for name in persona.names()]
    parts.append(f"\n{FILES}{AFTER_FILES}")
    for section, title in _TITLES.items():
        parts.append(f"### {title}\n\n| key | is | |\n|---|---|---|\n")
        parts += [f"| `{name}` | {key.of} | {key.help} |\n" for name, key in SECTIONS[section].items()]
        parts.append("\n")
    parts.append(VENDORS)
    parts.append("### `[quirks]`\n\n| key | is | on | |\n|---|---|---|---|\n")
    parts += [f"| `{n}` | {q.key.of} | {_versions(n)} | {q.key.help} |\n" for n, q in QUIRKS.items()]
    parts.append(f"\n{DRIVERS}")
    usual = Habits()
    for name in SETTINGS:
        value = getattr(usual, name)
        shown = "+".join(value) if isinstance(value, tuple) else str(value).lower()
        parts.append(f"| `{name}` | {shown} |\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(publish(__file__, sys.argv[1:], {PAGE: page}))
