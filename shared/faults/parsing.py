"""From what people write to an `Injection`: `duplicate:action=StatusNotification,gap=0.2`, or a table.

duplicate                                       everything as it is by default
change:path=idTag,value='a,b',times=1           a value with commas in quotes
drop:kind=answer,action=Heartbeat+Authorize     several words with +
drop:where.connectorId=2                        by a member of the payload
broken_json:nth=3                               a preset by its own name
{"fault": "drop", "action": ["Heartbeat"]}      a table of a configuration file
{"hang_up": {"before_answer_to": "tx.started"}} the name as the only key
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared.actions import ACTIONS
from shared.faults.groups import ENVELOPE, FAULTS, PRESETS, Fault, Injection
from shared.faults.registry import Setting, settings_of
from shared.option_fields import UsageError
from shared.option_values import kind_of
from shared.suggest import not_one_of

Spec = str | Mapping[str, Any]

_FACTS = ("tx.started", "tx.updated", "tx.ended")


def parse(spec: Spec) -> Injection:
    """The injection that a text or a table describes. Raises UsageError with one clause."""
    try:
        if isinstance(spec, str):
            return _from_text(spec)
        if not isinstance(spec, Mapping):
            raise ValueError(f"expected a text or a table, not {kind_of(spec)}")
        return _from_table(dict(spec))
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None


def complete(typed: str) -> list[str]:
    """What may stand where the last word of `typed` begins: a fault, or one of its settings."""
    name, colon, rest = typed.partition(":")
    if not colon:
        return [*FAULTS, *PRESETS]
    cls = FAULTS.get("bad" if name in PRESETS else name)
    if cls is None:
        return []
    done = f"{name}:{rest.rpartition(',')[0]}{',' if ',' in rest else ''}"
    return [f"{done}{key}=" for key in (*settings_of(cls), *ENVELOPE)]


# --- texts and tables -----------------------------------------------------------------------------------------


def _from_text(text: str) -> Injection:
    text = text.strip()
    if text.startswith("{"):
        return _from_table(_json(text))
    name, _, rest = text.partition(":")
    rest = rest.strip()
    if rest.startswith("{"):
        return _made(name.strip(), _json(rest))
    members: dict[str, Any] = {}
    for key, value in _settings(name.strip(), rest):
        if key in members:
            raise ValueError(f"{name.strip()}: {key} is given twice")
        members[key] = value
    return _made(name.strip(), members)


def _from_table(table: dict[str, Any]) -> Injection:
    name = table.pop("fault", None)
    if name is None and len(table) == 1:
        (name, members), *_ = table.items()
        if members is None:
            members = {}
        if not isinstance(members, Mapping):
            raise ValueError(f"{name}: expected a table of settings, not {kind_of(members)}")
        table = dict(members)
    if not isinstance(name, str):
        raise ValueError("which fault? the key 'fault' names it")
    return _made(name, table)


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at column {error.pos + 1}: {error.msg.lower()}") from None
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, not {kind_of(value)}")
    return value


def _settings(name: str, text: str) -> Iterator[tuple[str, str]]:
    """The pairs of a comma list; a value in quotes may hold commas, and a quote when it is doubled."""
    at = 0
    while text[at:].strip(" ,"):
        found = _SETTING.match(text, at)
        if found is None:
            raise ValueError(f"{name}: {text[at:].strip()!r}: expected SETTING=VALUE")
        key, value = found[1], found[2].strip()
        if value[:1] in ("'", '"'):
            if len(value) < 2 or value[-1] != value[0]:
                raise ValueError(f"{name}: {key}: a quote is not closed: {value}")
            value = value[1:-1].replace(value[0] * 2, value[0])
        yield key, value
        at = found.end()


_SETTING = re.compile(r"""[\s,]*([^=,\s]+)\s*=\s*('(?:[^']|'')*'\s*(?=,|$)|"(?:[^"]|"")*"\s*(?=,|$)|[^,]*)""")


# --- settings ---------------------------------------------------------------------------------------------------


def _made(name: str, members: Mapping[str, Any]) -> Injection:
    """The injection of the fault called `name`, every member typed by its field."""
    if name in PRESETS and "preset" not in members:
        name, members = "bad", {**members, "preset": name}
    cls = FAULTS.get(name)
    if cls is None:
        raise ValueError(not_one_of(name, "a fault", (*FAULTS, *PRESETS)))
    own = settings_of(cls)
    mine: dict[str, Any] = {}
    common: dict[str, Any] = {}
    where: dict[str, str] = {}
    for key, value in members.items():
        if key == "where" and isinstance(value, Mapping):
            where |= {str(path): _word(member) for path, member in value.items()}
        elif key.startswith("where."):
            where[key[6:]] = _word(value)
        elif key in own:
            mine[key] = _typed(name, own[key], value)
        elif key in ENVELOPE:
            common[key] = _typed(name, ENVELOPE[key], value)
        else:
            known = (*own, *ENVELOPE, "where.MEMBER")
            raise ValueError(f"{name}: {not_one_of(key, 'one of its settings', known)}")
    made: Fault = cls(**mine)
    injection = Injection(made, where=tuple(where.items()), **common)
    try:
        made.check()
        _check(injection)
    except ValueError as wrong:
        raise ValueError(f"{name}: {wrong}") from None
    return injection


def _check(injection: Injection) -> None:
    if injection.probability > 1:
        raise ValueError(f"probability: {injection.probability:g} is more than 1")
    if injection.fault.at_handshake:
        for key in ("direction", "action", "kind", "version", "message_id", "where"):
            if getattr(injection, key):
                raise ValueError(f"{key}: there is no message yet when a connection is made")
    if injection.fault.names() and injection.action:
        raise ValueError("action: the fault names the message itself")
    if injection.nth and injection.every:
        raise ValueError("either nth or every, not both")
    known = (*ACTIONS, *_FACTS)
    for word in (*injection.action, *injection.fault.names()):
        if word not in known:
            raise ValueError(not_one_of(word, "an action", known))
    for path, _ in injection.where:
        if not all(path.split(".")):
            raise ValueError("where: needs the name of a member, as in where.connectorId=1")


def _typed(name: str, setting: Setting, value: Any) -> Any:
    try:
        made = _of_kind(setting, value)
        if setting.words:
            for word in made if isinstance(made, tuple) else (made,):
                if word not in setting.words:
                    raise ValueError(not_one_of(word, "one of the words", setting.words))
        if setting.least is not None and made < setting.least:
            raise ValueError(f"{made:g} is less than {setting.least:g}")
    except ValueError as wrong:
        raise ValueError(f"{name}: {setting.name}: {wrong}") from None
    return made


def _of_kind(setting: Setting, value: Any) -> Any:
    """`value`, a text or what TOML and YAML made of it, as the type of the setting."""
    kind = setting.kind
    if kind is bool:
        return _truth(value)
    if kind is str:
        return value if isinstance(value, str) else json.dumps(value)
    if kind is int or kind == int | None:
        return _number(value, int, "a whole number")
    if kind is float:
        return _number(value, float, "a number")
    if not isinstance(value, str | list | tuple):
        raise ValueError(f"expected words, not {kind_of(value)}")
    words: Iterable[Any] = value.split("+") if isinstance(value, str) else value
    found = tuple(str(word).strip() for word in words)
    if not found or not all(found):
        raise ValueError("must not be empty")
    return found


def _number(value: Any, kind: type[int] | type[float], noun: str) -> float:
    try:
        if isinstance(value, bool) or (kind is int and isinstance(value, float)):
            raise ValueError
        number = kind(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is not {noun}") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(f"{value!r} is not finite")
    return number


def _truth(value: Any) -> bool:
    text = str(value).lower()
    if text not in ("true", "false", "yes", "no"):
        raise ValueError(f"{value!r} is not true or false")
    return text in ("true", "yes")


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
