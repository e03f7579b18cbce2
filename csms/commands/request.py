"""From a command's name and options to the request that goes out: defaults, options, members, check.

The order: the command's own defaults with its options; JSON merged over them; members set by their path; what
depends on other members completed (`settle`); then the schema. Nothing leaves here that the schema refuses,
unless the caller asks for just that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from csms.commands import wire
from csms.commands.form import Form, NoMember, Schema, form_of, has, member
from csms.commands.registry import (
    Command,
    NotOnThisVersion,
    Option,
    Payload,
    Session,
    on_version,
    resolve,
    wrong,
)
from csms.commands.text import SEVERAL, Options, Setting, given, parse, split
from csms.commands.validity import check_schema, exists_elsewhere
from shared.suggest import advice
from shared.versions import VERSIONS, Version


class Request(NamedTuple):
    """What goes out: the action and its payload."""

    action: str
    payload: Payload


class Needed:
    """Stands in a default where only the user knows the value: the request is refused while it is there."""

    def __init__(self, option: str) -> None:
        self.option = option


def build(
    session: Session,
    name: str,
    options: str | Mapping[str, object] | Options = "",
    *,
    valid: bool = True,
) -> Request:
    """The request that the command `name` with `options` is for the version of `session`.

    `options` are text as after `name:`, a mapping (values as text or typed), or parsed `Options`.
    Raises UsageError for an unknown command or option and for a value that the schema refuses (with
    `valid=False` the schema is not asked), NotOnThisVersion when the version has no such act or option.
    """
    asked = resolve(name)
    used, action = on_version(asked, session.version)
    wanted = _options(options)
    if wanted.exact is not None:
        payload = deepcopy(wanted.exact)
    else:
        action, payload = _assemble(session, asked, used, action, wanted)
    if valid:
        check_schema(session.version, (asked, used), action, payload)
    return Request(action, payload)


def build_text(session: Session, text: str, *, valid: bool = True) -> Request:
    """The request for `name`, `name:key=value,...` or `name:{json}`; errors as `build`."""
    name, options = split(text)
    return build(session, name, options, valid=valid)


def raw(text: str) -> Request:
    """The call in `{"action": ..., "payload": {...}}`, its shape checked and nothing else; UsageError.

    An action that no version knows, or a payload against its schema, is let through: that is what raw is for.
    """
    try:
        call = json.loads(text)
    except ValueError as error:
        raise wrong(f"a call is not JSON: {error}") from None
    if not isinstance(call, dict):
        raise wrong('a call is an object: {"action": ..., "payload": {...}}')
    unknown = [key for key in call if key not in ("action", "payload")]
    if unknown:
        raise wrong(f"a call has no member {unknown[0]!r}{advice(unknown[0], ('action', 'payload'))}")
    action, payload = call.get("action"), call.get("payload", {})
    if not isinstance(action, str) or not action:
        raise wrong("a call's action is a word")
    if not isinstance(payload, dict):
        raise wrong(f"the payload of {action} is not an object")
    return Request(action, payload)


def check(text: str, versions: tuple[Version, ...] = VERSIONS) -> Command:
    """The command that `text` names, checked as far as it can be without a station; UsageError.

    Refuses a command that none of `versions` has, and a key that none of its forms on them has.
    """
    name, options = split(text)
    found = resolve(name)
    served = []
    for version in versions:
        try:
            served.append((version, on_version(found, version)))
        except NotOnThisVersion:
            continue
    if not served:
        raise wrong(f"{name}: {' and '.join(f'OCPP {v}' for v in versions)} has no {found.actions[0]}")
    for setting in options.settings:
        if not any(_takes(used, version, action, setting.key) for version, (used, action) in served):
            raise wrong(
                f"{name}: {setting.key!r} is not an option of it{_allowed(served[0][1][0], setting.key)}"
            )
    return found


def _takes(used: Command, version: Version, action: str, key: str) -> bool:
    return key in used.options or used.open or has(form_of(version, action), key)


def _options(options: str | Mapping[str, object] | Options) -> Options:
    if isinstance(options, Options):
        return options
    return parse(options) if isinstance(options, str) else given(options)


# --- assembling -----------------------------------------------------------------------------------------------


def _assemble(
    session: Session, asked: Command, used: Command, action: str, wanted: Options
) -> tuple[str, Payload]:
    """The action and payload with everything in it that `wanted` says."""
    now = session.csms.clock.now()
    form = form_of(session.version, action, now)
    words, members = _sort(used, form, wanted)
    sent = used.function(session, **words)
    if isinstance(sent, tuple):
        action, payload = sent
        form = form_of(session.version, action, now)
    else:
        payload = sent
    named = [m.key for m in members] + [path for patch in wanted.merged for path in wire.paths(patch)]
    _drop_alternatives(used, payload, named)
    for patch in wanted.merged:
        wire.merge(payload, deepcopy(patch))
    for setting in members:
        _assign(session.version, (asked, used), form, payload, setting)
    if used.settle is not None:
        action = used.settle(session, action, payload, named)
    _demand(used, session.version, payload, "")
    return action, payload


def _sort(used: Command, form: Form, wanted: Options) -> tuple[dict[str, object], list[Setting]]:
    """What was wanted as the function's keywords, and as members of the payload."""
    words: dict[str, object] = {}
    members: list[Setting] = []
    for setting in (*_first_option(used, wanted.words), *wanted.settings):
        option = used.options.get(setting.key)
        if option is not None and not _is_member(form, option, setting):
            words[setting.key] = _as_option(used, option, setting)
        elif option is None and used.open and not has(form, setting.key):
            words[setting.key] = setting.whole
        else:
            members.append(setting)
    return words, members


def _first_option(used: Command, words: tuple[str, ...]) -> list[Setting]:
    """Bare words as the value of the command's first option."""
    if not words:
        return []
    first = next(iter(used.options.values()), None)
    if first is None or (len(words) > 1 and not first.is_list):
        raise wrong(f"{used.name}: {words[-1]!r} is not key=value{_allowed(used, words[-1])}")
    return [Setting(first.name, words, words[0] if len(words) == 1 else SEVERAL)]


def _is_member(form: Form, option: Option, setting: Setting) -> bool:
    """Whether a setting with the name of an option means the member: it was given a structure."""
    value = setting.whole
    structured = isinstance(value, dict) or (isinstance(value, str) and value[:1] == "{")
    return structured and option.kind != "str" and has(form, option.name)


def _as_option(used: Command, option: Option, setting: Setting) -> object:
    """The value of `setting` in the type of `option`; UsageError."""
    convert = _CONVERT[option.kind.removeprefix("list[").removesuffix("]")]
    try:
        if option.is_list:
            return [convert(part) for part in setting.parts]
        if setting.whole is SEVERAL:
            raise ValueError(r"takes one value; write \, for a comma in it")
        return convert(setting.whole)
    except ValueError as error:
        raise wrong(f"{used.name}: {option.name}: {error}") from None


def _int(value: object) -> int:
    whole = wire.typed({"type": "integer"}, str(value))
    assert isinstance(whole, int)
    return whole


def _float(value: object) -> float:
    number = wire.typed({"type": "number"}, str(value))
    assert isinstance(number, (int, float))
    return number


def _bool(value: object) -> bool:
    return wire.truth(str(value))


_CONVERT: dict[str, Callable[[object], object]] = {"str": str, "int": _int, "float": _float, "bool": _bool}


def _drop_alternatives(used: Command, payload: Payload, named: list[str]) -> None:
    """Remove the defaults of members that stand for others which were named instead."""
    meant = [e for e in used.either if any(path == e or path.startswith(f"{e}.") for path in named)]
    if not meant:
        return
    for path in used.either:
        *steps, last = path.split(".")
        place: Any = payload
        for step in steps:
            place = place.get(step, {}) if isinstance(place, dict) else {}
        if path not in meant and isinstance(place, dict):
            place.pop(last, None)


def _assign(
    version: Version, commands: tuple[Command, Command], form: Form, payload: Payload, setting: Setting
) -> None:
    used = commands[1]
    try:
        schema = member(form, setting.key)
        wire.assign(form, payload, setting.key, _member_value(form, schema, setting))
    except NoMember as error:
        if exists_elsewhere(version, commands, setting.key):
            raise NotOnThisVersion(f"{used.name}: {setting.key} does not exist in OCPP {version}") from None
        tail = "" if "." in setting.key else _allowed(used, setting.key)
        raise wrong(f"{used.name}: {error}{'; options' if tail else ''}{tail}") from None
    except ValueError as error:
        raise wrong(f"{used.name}: {setting.key}: {error}") from None


def _member_value(form: Form, schema: Schema, setting: Setting) -> object:
    """The setting's value; where a list is due and no JSON came, each of its parts is one item."""
    value = setting.whole
    if schema.get("type") == "array" and (value is SEVERAL or isinstance(value, str)):
        text = str(setting.parts[0])
        if value is SEVERAL or text[:1] != "[":
            items = form.at(schema["items"])
            return [wire.typed(items, str(part)) for part in setting.parts]
    if value is SEVERAL:
        raise ValueError(r"takes one value; write \, for a comma in it")
    return value


def _demand(used: Command, version: Version, value: object, path: str) -> None:
    """Refuse what still holds a `Needed`; UsageError names the option."""
    if isinstance(value, Needed):
        raise wrong(
            f"{used.name}: {value.option}= is missing: OCPP {version} wants {path}, and a made-up one could hurt a "
            "real station (--compat upstream makes one up)"
        )
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        _demand(used, version, below, f"{path}.{key}" if path else str(key))


def _allowed(used: Command, key: str) -> str:
    """The tail of an error about a key: the options of the command, and how to reach the rest."""
    return advice(key, used.options) or " (it has members by their path only)"
