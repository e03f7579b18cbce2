"""The keys of a persona's file: what a key must be, and what it does. The documentation is made of such tables.

A role has tables of its own (`csms.persona_keys`, `charge_point.persona_keys`); here is what they are made of, and
the table of `[[answers]]`, which both have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from shared.option_values import kind_of
from shared.suggest import advice, not_one_of

VERSION_NAMES = ("1.6", "2.0.1", "2.1", "2.x")
FORMS = ("utc", "no_offset", "local", "microseconds", "whole_seconds")

Check = Callable[[Any], Any]


class Key(NamedTuple):
    """One key: `check` gives its value, or raises ValueError with one clause."""

    check: Check
    help: str
    of: str
    """What it must be, in a word or two."""


Sections = Mapping[str, Mapping[str, Key]]
"""Table of the file ("" for the top) -> its keys."""


def checked(sections: Sections, section: str, key: str, value: Any) -> Any:
    """The value of a key. Raises ValueError with one clause when there is no such key, or it cannot be this."""
    keys = sections[section]
    if key not in keys:
        raise ValueError(f"no such key{advice(key, keys)}")
    return keys[key].check(value)


def typed(kind: type | tuple[type, ...], noun: str) -> Check:
    """Of this type and no other; a truth value is no number."""

    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"expected {noun}, not {kind_of(value)}")
        return value

    return check


text, table = typed(str, "a text"), typed(dict, "a table")
truth, a_list = typed(bool, "true or false"), typed(list, "a list")


def filled(value: Any) -> Any:
    """A text that is not empty."""
    if not text(value):
        raise ValueError("must not be empty")
    return value


def words(value: Any, allowed: tuple[str, ...] = ()) -> list[str]:
    """A text, or a list of texts, each of `allowed` if there are any."""
    several = value if isinstance(value, list) else [value]
    for each in several:
        if text(each) not in (allowed or (each,)):
            raise ValueError(not_one_of(each, "one of the words", allowed))
    if not several or not all(several):
        raise ValueError("must not be empty")
    return several


def versions(value: Any) -> list[str]:
    """Names of versions."""
    return words(value, VERSION_NAMES)


def one_of(*allowed: str) -> Check:
    """One of these words."""
    return lambda value: words(text(value), allowed)[0]


def number(least: float | None = None, *, above: float | None = None) -> Check:
    """A number of at least `least`, or of more than `above`."""

    def check(value: Any) -> Any:
        if typed((int, float), "a number")(value) != value or (least is not None and value < least):
            raise ValueError(
                f"{value} is less than {least:g}" if least is not None else f"{value} is no number"
            )
        if above is not None and not value > above:
            raise ValueError(f"must be more than {above:g}, not {value}")
        return value

    return check


def whole(least: int, most: int | None = None) -> Check:
    """A whole number of at least `least`, and at most `most`."""

    def check(value: Any) -> Any:
        number(least)(typed(int, "a whole number")(value))
        if most is not None and value > most:
            raise ValueError(f"{value} is more than {most}")
        return value

    return check


def spread(value: Any) -> tuple[float, float]:
    """Seconds, or a list of the least and the most: as (least, most)."""
    ends = value if isinstance(value, list) else [value, value]
    if len(ends) != 2:
        raise ValueError("expected a number, or the least and the most in a list")
    least, most = (float(number(0)(end)) for end in ends)
    if most < least:
        raise ValueError(f"the least, {least:g}, is more than the most, {most:g}")
    return least, most


ANSWERS: Mapping[str, Key] = {
    "action": Key(words, "the answers to these actions, and to no others", "text or texts"),
    "versions": Key(versions, "only on these: 1.6, 2.0.1, 2.1, 2.x", "texts"),
    "station": Key(text, "only to this station; `*` stands for anything", "text"),
    "where": Key(
        table, "only answers in which these members have these values, by their dotted paths", "table"
    ),
    "nth": Key(whole(1), "the nth of them and no other; for each station by itself", "number"),
    "every": Key(whole(1), "every nth of them", "number"),
    "times": Key(whole(1), "at most so often", "number"),
    "exact": Key(table, "this payload in the place of the one meant", "table"),
    "set": Key(table, "these members, merged into the payload", "table"),
    "remove": Key(words, "without these members, named by their dotted paths", "text or texts"),
    "null": Key(words, "with null in these members", "text or texts"),
    "error": Key(text, "a CALLERROR with this code instead, made up or not", "text"),
    "description": Key(text, "what the CALLERROR says", "text"),
    "silence": Key(truth, "no answer at all", "true or false"),
    "after": Key(number(0), "so many seconds late, while everything else goes on", "seconds"),
    "behind": Key(whole(1), "after so many later messages: out of order", "number"),
    "copies": Key(whole(1), "so many more of it", "number"),
    "gap": Key(number(0), "seconds between the copies", "seconds"),
    "wrong_id": Key(truth, "under the id of no call", "true or false"),
}
