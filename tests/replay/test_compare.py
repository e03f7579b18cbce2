"""What makes two messages alike, and what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.actions import CSMS, STATION
from shared.replay.compare import MISSING, Ids, Rules, Unlike, unlike
from shared.replay.recording import Frame, kind_of

ANY_RULES = Rules()


def call(payload: Any, action: str = "StartTransaction", sender: str = STATION) -> Frame:
    parts = [2, "id", action, payload]
    return Frame(1, 1, 0.0, "CP1", sender, json.dumps(parts), kind_of(parts), parts, action=action)


def error(code: str, words: str = "") -> Frame:
    parts = [4, "id", code, words, {}]
    return Frame(1, 1, 0.0, "CP1", CSMS, json.dumps(parts), kind_of(parts), parts, action="Reset")


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, [("a", 1, True)]),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, [("a.b.1", 2, 3)]),
        ({"a": [1, 2]}, {"a": [1]}, [("a.1", 2, MISSING)]),
        ({"a": [1]}, {"a": [1, 2]}, [("a.1", MISSING, 2)]),
        ({"a": 1}, {}, [("a", 1, MISSING)]),
        ({}, {"a": 1}, [("a", MISSING, 1)]),
        ({"t": "2026-01-01T10:00:00Z"}, {"t": "2027-05-05T11:11:11.123+01:00"}, []),
        ({"t": "2026-01-01T10:00:00Z"}, {"t": "yesterday"}, [("t", "2026-01-01T10:00:00Z", "yesterday")]),
        ({"t": "***"}, {"t": "secret"}, []),
        ({"b": 1, "a": 1}, {"a": 2, "b": 2}, [("b", 1, 2), ("a", 1, 2)]),
    ],
)
def test_a_payload_is_compared_value_by_value(expected: Any, actual: Any, found: list[Any]) -> None:
    assert unlike(call(expected), call(actual), Ids(), ANY_RULES) == [Unlike(*each) for each in found]


def test_an_id_that_was_made_up_anew_is_no_difference_but_one_that_is_echoed_wrongly_is() -> None:
    ids = Ids()
    assert not unlike(call({"transactionId": 7}), call({"transactionId": 1000}), ids, ANY_RULES)
    assert not unlike(call({"transactionId": 7}), call({"transactionId": 1000}), ids, ANY_RULES)
    assert unlike(call({"transactionId": 7}), call({"transactionId": 1001}), ids, ANY_RULES)
    assert unlike(call({"transactionId": 8}), call({"transactionId": 1000}), ids, ANY_RULES)
    assert not unlike(call({"requestId": 7}), call({"requestId": 1}), ids, ANY_RULES)


def test_an_id_that_we_have_said_is_expected_back() -> None:
    ids = Ids()
    assert ids.say("transactionId", 7) == 7
    assert unlike(call({"transactionId": 7}), call({"transactionId": 8}), ids, ANY_RULES)


def test_ids_that_are_to_be_kept_are_compared_as_they_are() -> None:
    assert unlike(call({"transactionId": 7}), call({"transactionId": 8}), Ids(keep=True), ANY_RULES)


@pytest.mark.parametrize(
    "pattern", ["meter", "meter.*", "MeterValues", "MeterValues.meter.*.value", "*.value", "meter.0"]
)
def test_a_pattern_covers_what_it_names_and_all_that_is_in_it(pattern: str) -> None:
    one, other = (call({"meter": [{"value": v}]}, "MeterValues") for v in (1, 2))
    assert unlike(one, other, Ids(), ANY_RULES)
    assert not unlike(one, other, Ids(), Rules([pattern]))


@pytest.mark.parametrize("pattern", ["value", "meter.1", "Metervalues", "met"])
def test_a_pattern_covers_nothing_else(pattern: str) -> None:
    one, other = (call({"meter": [{"value": v}]}, "MeterValues") for v in (1, 2))
    assert unlike(one, other, Ids(), Rules([pattern]))


def test_of_an_error_the_code_counts_and_not_its_words() -> None:
    assert not unlike(error("NotSupported", "no"), error("NotSupported", "never"), Ids(), ANY_RULES)
    assert unlike(error("NotSupported"), error("NotImplemented"), Ids(), ANY_RULES) == [
        Unlike("errorCode", "NotSupported", "NotImplemented")
    ]


def test_another_action_or_sender_is_another_message() -> None:
    one = call({}, "DataTransfer")
    assert unlike(one, call({}, "Heartbeat"), Ids(), ANY_RULES) == [
        Unlike("", "DataTransfer from the station", "Heartbeat from the station")
    ]
    assert unlike(one, call({}, "DataTransfer", CSMS), Ids(), ANY_RULES)
