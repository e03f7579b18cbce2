"""What the schema has against a request, said so that it can be put right.

A word or a member that another OCPP version has is no mistake but `NotOnThisVersion`: the same command line may
serve stations of several versions.
"""

from __future__ import annotations

from csms.commands.form import Form, NoMember, form_of, has, member
from csms.commands.registry import Command, NotOnThisVersion, Payload, wrong
from shared.option_fields import UsageError
from shared.suggest import advice
from shared.versions import VERSIONS, Version


class WrongWord(UsageError):
    """A word that its member has on no version."""


def check_schema(version: Version, commands: tuple[Command, Command], action: str, payload: Payload) -> None:
    """Raise what the schema has against `payload`: NotOnThisVersion if another version would take it, or UsageError."""
    from shared.wire.schema import schemas

    violations = schemas(version).violations(action, payload)
    if not violations:
        return
    form = form_of(version, action)
    faults, foreign, only_words = [], True, True
    for violation in violations:
        path = violation.path.strip("/").replace("/", ".")
        allowed = _enumeration(form, path)
        value = _value_at(payload, path)
        if allowed and isinstance(value, str):
            faults.append(f"{path}: {value!r} is not one of the words it takes{advice(value, allowed)}")
            foreign = foreign and exists_elsewhere(version, commands, path, value)
        else:
            faults.append(f"{path or 'the request'}: {violation.message}")
            foreign = only_words = False
    text = f"{commands[1].name} on OCPP {version}: {'; '.join(faults)}"
    if foreign:
        raise NotOnThisVersion(text)
    raise WrongWord(text) if only_words else wrong(text)


def _enumeration(form: Form, path: str) -> list[str]:
    try:
        return list(member(form, path).get("enum", ())) if path else []
    except NoMember:
        return []


def _value_at(payload: object, path: str) -> object:
    for step in path.split(".") if path else ():
        if isinstance(payload, list) and step.isdigit() and int(step) < len(payload):
            payload = payload[int(step)]
        elif isinstance(payload, dict):
            payload = payload.get(step)
        else:
            return None
    return payload


def exists_elsewhere(
    version: Version, commands: tuple[Command, Command], path: str, value: str | None = None
) -> bool:
    """Whether a form of the commands on another version has a member at `path`, and a word `value` for it."""
    for other in VERSIONS:
        for command in commands:
            action = command.action(other)
            if action is None or (other is version and command is commands[1]):
                continue
            form = form_of(other, action)
            if has(form, path) and (value is None or value in _enumeration(form, path)):
                return True
    return False
