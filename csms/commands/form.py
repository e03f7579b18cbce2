"""The members that a request may have, by the schema of its action: what a dotted path leads to."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from shared.suggest import advice
from shared.versions import Version

Schema = dict[str, Any]

MOST_ITEMS = 1024
"""No list of a request needs more items than this (chargingSchedulePeriod, 2.x part 2)."""


class NoMember(Exception):
    """A path that the schema does not have: the step, where it was looked for, and what is there."""

    def __init__(self, step: str, parent: str, allowed: list[str]) -> None:
        place = f"{parent} has" if parent else "the request has"
        super().__init__(f"{place} no member {step!r}{advice(step, allowed)}")


class Form(NamedTuple):
    """The schema of one request: a document to follow `$ref` in, and what fills members that must be there."""

    document: Schema
    now: str
    """The time for members that are timestamps, RFC 3339."""

    def at(self, schema: Schema) -> Schema:
        """`schema` itself, or what it refers to."""
        while "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self.document["definitions"][name]
        return schema


def form_of(version: Version, action: str, now: str = "") -> Form:
    """The form of `action`'s request on `version`; `now` is the time that its members get."""
    return Form(_document(version, action), now)


@cache
def _document(version: Version, action: str) -> Schema:
    from shared.wire.schema import document

    return document(version, action)


def child(form: Form, schema: Schema, step: str, parent: str) -> Schema:
    """The schema of `step` in `schema`, resolved; {} where anything may stand; NoMember."""
    if schema.get("type") == "array":
        if not step.isascii() or not step.isdigit() or int(step) >= schema.get("maxItems", MOST_ITEMS):
            raise NoMember(step, f"the list {parent}", ["0", "1", "..."])
        return form.at(schema["items"])
    properties: Schema = schema.get("properties", {})
    if step in properties:
        return form.at(properties[step])
    if schema and (not properties or schema.get("additionalProperties") is False):
        raise NoMember(step, parent, list(properties))
    return {}


def member(form: Form, path: str) -> Schema:
    """The schema of the member at `path`, resolved; NoMember."""
    schema, walked = form.document, ""
    for step in path.split("."):
        schema = child(form, schema, step, walked)
        walked = f"{walked}.{step}" if walked else step
    return schema


def has(form: Form, path: str) -> bool:
    """Whether the request has a member at `path`."""
    try:
        member(form, path)
    except NoMember:
        return False
    return True
