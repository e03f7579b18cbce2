"""Write docs/commands.md: every command of the CSMS, its options, and what it sends when told nothing.

The words stand in the docstrings of `csms.commands`, the payloads are made by the commands themselves. `--check`
writes nothing and ends with status 1 when the page is not what would be written.
"""

from __future__ import annotations

import json
import re
import sys
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from csms.authorizer import Authorizer  # noqa: E402
from csms.commands import COMMANDS, MODULES, Command, build  # noqa: E402
from csms.commands.registry import snake  # noqa: E402
from csms.ledger import Ledger  # noqa: E402
from csms.options import CsmsOptions  # noqa: E402
from csms.record import StationRecord  # noqa: E402
from scripts.pages import publish  # noqa: E402
from shared.actions import ACTIONS  # noqa: E402
from shared.clock import Clock  # noqa: E402
from shared.versions import Version  # noqa: E402

PAGE = ROOT / "docs" / "commands.md"
EPOCH = 1772366400.0
"""2026-03-01T12:00:00Z."""

INTRODUCTION = """\
# What the mock CSMS can ask of a station

Every action that a CSMS can send, on every version of OCPP, by name: on the command line (`--command`,
`--commands`), in a configuration file, and at the prompt. A name may be ours (`start_transaction`) or OCPP's, of any
version (`RequestStartTransaction`, `RemoteStartTransaction`): the station gets the act as its version calls it. What
its version has no word for is skipped with a warning.

| written | means |
|---|---|
| `reset` | the defaults below |
| `reset:kind=OnIdle,evse=1` | with options, separated by commas |
| `CP1 reset kind=OnIdle evse=1` | the same at the prompt, separated by blanks |
| `trigger_message:Heartbeat` | a word without a key is the first option |
| `get_variables:A.B,C.D` | an option that takes several goes on until the next key |
| `set_charging_profile:chargingProfile.stackLevel=2` | any member by its path; lists by index |
| `reset:{"type":"OnIdle"}` | JSON laid over the defaults; `null` takes a member away |
| `reset:={"type":"OnIdle"}` | JSON instead of the defaults |
| `set_display_message:text="Hello, world"` | quotes, or a backslash before a comma |

Values are typed by the schema of the member, and what the schema refuses is not sent. To send something wrong on
purpose, or an action that OCPP does not know: `--call '{"action": "...", "payload": {...}}'`.

Times are timestamps or seconds from now. On 1.6, which knows connectors only, `evse=2` means connector 2. Ids that a
station shall give back (`requestId`, `remoteStartId`) are drawn from the seed. The payloads below are those for a
station that dialled `ws://csms.example:9000/ocpp/CP1`, has no transaction open, at noon on 1 March 2026.

`scripts/docs_commands.py` writes this page from the source; do not edit it.
"""


class _Station:
    """A connected station about which nothing is known."""

    id = "CP1"
    base_url = "ws://csms.example:9000/ocpp"

    def __init__(self, version: Version) -> None:
        self.version = version
        self.station = StationRecord(self.id, version)
        self.csms = SimpleNamespace(
            options=CsmsOptions(), clock=Clock(lambda: 0.0, EPOCH), ledger=Ledger(), authorizer=Authorizer()
        )
        self._ids = count(4711)

    def new_request_id(self) -> int:
        return next(self._ids)


def page() -> str:
    """The whole page, as Markdown."""
    parts = [INTRODUCTION]
    for module in MODULES:
        title = (module.__doc__ or "").partition("\n")[0].rstrip(".")
        parts.append(f"\n## {title}\n")
        parts += [_section(found) for found in _declared(module.__name__)]
    return "".join(parts)


def _declared(module: str) -> list[Command]:
    """The commands of one module, in its order."""
    found = {c.name: c for c in COMMANDS.values() if c.function.__module__ == module}
    return list(found.values())


def _section(found: Command) -> str:
    known = {found.name, *found.actions, *map(snake, found.actions)}
    others = [f"`{name}`" for name in found.names if name not in known]
    also = f", also {', '.join(others)}" if others else ""
    first, _, rest = found.help.partition("\n")
    words = _marked(found, " ".join(rest.split()))
    text = f"\n### {found.name}\n\n{_actions(found)}{also}. {first}\n"
    if words:
        text += f"\n{words}\n"
    return text + _payloads(found)


def _marked(found: Command, text: str) -> str:
    """`text` with the options that it explains (`evse, connector: ...`) set as code."""
    name = rf"\b(?:{'|'.join(found.options)})\b"
    note = r"(?: \([^)]*\))?"
    explained = rf"{name}(?:{note}(?:, | and | or ){name})*(?={note}:)"
    return re.sub(explained, lambda m: re.sub(name, r"`\g<0>`", m[0]), text) if found.options else text


def _actions(found: Command) -> str:
    """`Reset` (1.6, 2.0.1, 2.1)."""
    named = []
    for action in found.actions:
        versions = ", ".join(v.name for v in ACTIONS[action].versions)
        named.append(f"`{action}` ({versions})")
    return ", ".join(named)


def _payloads(found: Command) -> str:
    """What goes out when nothing is said, for the versions that agree together."""
    needed = (
        "url=https://files.example/x"
        if "url" in found.options and found.name != "set_network_profile"
        else ""
    )
    said: dict[str, list[str]] = {}
    for version in found.versions:
        request = build(_Station(version), found.name, needed)
        said.setdefault(json.dumps(_short(request.payload)), []).append(version.name)
    told = f" with `{needed}`" if needed else ""
    lines = [f"- {', '.join(versions)}{told}: `{payload}`\n" for payload, versions in said.items()]
    return "\n" + "".join(lines)


def _short(value: Any) -> Any:
    """`value` with texts cut that nobody wants to read."""
    if isinstance(value, dict):
        return {key: _short(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_short(below) for below in value]
    return f"{value[:24]}..." if isinstance(value, str) and len(value) > 80 else value


if __name__ == "__main__":
    sys.exit(publish(__file__, sys.argv[1:], {PAGE: page}))
