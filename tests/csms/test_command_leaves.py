"""Every leaf of every request schema can be set by its path, in every version, and arrives on the wire.

The leaves are found here by walking the schemas, apart from the code under test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from csms.commands import COMMANDS, build_text, parse
from csms.commands import build as build_request
from shared.actions import CSMS, of
from shared.versions import V16, V21, V201, VERSIONS, Version
from shared.wire.schema import document, schemas
from tests.csms.commanded import Commanded

ACTIONS = [(version, action.name) for version in VERSIONS for action in of(version, CSMS)]
WHERE = {"location", "firmware.location", "log.remoteLocation"}
"""Members without which a command is refused, because only the user knows them."""


class Leaf(NamedTuple):
    """One member without members: its path, its schema."""

    path: str
    schema: dict[str, Any]


def leaves(version: Version, action: str) -> list[Leaf]:
    """Every leaf of the request's schema; of a list its first item."""
    root = document(version, action)

    def walk(schema: dict[str, Any], path: str) -> Iterator[Leaf]:
        while "$ref" in schema:
            schema = root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
        if schema.get("type") == "object":
            for name, below in schema.get("properties", {}).items():
                yield from walk(below, f"{path}.{name}" if path else name)
        elif schema.get("type") == "array":
            yield from walk(schema["items"], f"{path}.0")
        else:
            yield Leaf(path, schema)

    return list(walk(root, ""))


def values(schema: dict[str, Any]) -> list[tuple[str, object]]:
    """Texts to write for a leaf and what each becomes on the wire: every word of an enumeration, the longest text."""
    if "enum" in schema:
        return [(word, word) for word in schema["enum"]]
    kind = schema.get("type", "string")
    if kind == "boolean":
        return [("true", True), ("false", False)]
    low, high = int(schema.get("minimum", -7)), int(schema.get("maximum", 123456))
    if kind == "integer":
        return [(str(low), low), (str(high), high)]
    if kind == "number":
        return [(str(high), high), (f"{high - 1}.5", float(f"{high - 1}.5"))]
    if schema.get("format") == "date-time":
        return [("2031-02-03T04:05:06.789Z", "2031-02-03T04:05:06.789Z")]
    if schema.get("format") == "uri":
        return [("ftp://user:word@files.example/a?b=c", "ftp://user:word@files.example/a?b=c")]
    longest = ("0123" * 2500)[: min(schema.get("maxLength", 40), 10000)]
    return [(longest, longest), ("007", "007"[: schema.get("maxLength", 9)]), ("", "")]


def companion(version: Version, action: str, path: str) -> str:
    """What has to be said besides, because nobody but the user knows it."""
    if action == "ChangeConfiguration" and path == "key":
        return ",value=1"
    if "url" in COMMANDS[action].options and action != "SetNetworkProfile" and path not in WHERE:
        return ",url=https://files.example/x"
    return ""


def at(payload: Any, path: str) -> Any:
    for step in path.split("."):
        payload = payload[int(step)] if isinstance(payload, list) else payload[step]
    return payload


@pytest.mark.parametrize(("version", "action"), ACTIONS, ids=[f"{v}-{a}" for v, a in ACTIONS])
def test_every_leaf_of_the_request_can_be_set_and_the_request_stays_valid(
    version: Version, action: str
) -> None:
    station = Commanded(version)
    for path, schema in leaves(version, action):
        for text, expected in values(schema):
            sent, payload = build_text(station, f"{action}:{path}={text}{companion(version, action, path)}")
            assert sent == action
            assert at(payload, path) == expected, path
            assert type(at(payload, path)) is type(expected), path
            assert schemas(version).violations(action, payload) == [], (path, text)


@pytest.mark.parametrize(("version", "action"), ACTIONS, ids=[f"{v}-{a}" for v, a in ACTIONS])
def test_every_leaf_can_be_set_at_a_prompt_and_in_a_second_item_of_its_lists(
    version: Version, action: str
) -> None:
    station = Commanded(version)
    for path, schema in leaves(version, action):
        text, expected = values(schema)[-1] if "enum" in schema else values(schema)[0]
        second = path.replace(".0", ".1")
        spoken = companion(version, action, path).replace(",", " ")
        _, payload = build_request(station, action, parse(f"{second}={text}{spoken}", blanks=True))
        assert at(payload, second) == expected, second


def test_no_leaf_is_left_out() -> None:
    counted = {version: sum(len(leaves(v, a)) for v, a in ACTIONS if v is version) for version in VERSIONS}

    assert counted[V16] >= 99
    assert counted[V201] >= 362
    assert counted[V21] >= 1037


def test_a_vendor_can_add_members_of_its_own_where_the_schema_lets_it() -> None:
    _, payload = build_text(Commanded(V21), "Reset:customData.vendorId=acme,customData.why.code=7")

    assert payload["customData"] == {"vendorId": "acme", "why": {"code": "7"}}
    assert schemas(V21).violations("Reset", payload) == []
