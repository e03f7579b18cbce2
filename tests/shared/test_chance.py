"""Seeded chance."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chance import Stream, fresh_run_id

seeds = st.integers() | st.text(st.characters(codec="utf-8"))


def test_the_generator_is_splitmix64() -> None:
    stream = Stream()
    stream._state = 1234567
    # the sequence that the reference implementation gives for the seed 1234567
    assert [stream.bits() for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(seeds)
def test_the_same_key_gives_the_same_draws(seed: object) -> None:
    assert [Stream(seed, "CP1").bits() for _ in range(3)] == [Stream(seed, "CP1").bits() for _ in range(3)]


def test_other_keys_give_other_draws() -> None:
    keys = [(0,), (1,), ("0", "1"), ("01",), (0, "CP1"), (0, "CP1", "meter"), (0, "CP1", "jitter")]
    assert len({Stream(*key).bits() for key in keys}) == len(keys)


def test_a_key_stays_the_same_from_run_to_run() -> None:
    assert Stream(0, "CP1", "meter noise").hex(16) == "71d93a69cc9a2d7e"


@given(seeds)
def test_draws_stay_in_their_range(seed: object) -> None:
    stream = Stream(seed)
    assert 0 <= stream.random() < 1
    assert -2 <= stream.uniform(-2, 3) < 3
    assert stream.integer(5, 7) in (5, 6, 7)
    assert stream.choice("abc") in "abc"
    assert len(stream.hex(37)) == 37
    assert set(stream.hex(99)) <= set("0123456789abcdef")


def test_both_ends_of_an_integer_range_are_drawn() -> None:
    stream = Stream(1)
    assert {stream.integer(1, 3) for _ in range(100)} == {1, 2, 3}


@given(seeds)
def test_a_uuid_is_a_version_4_uuid(seed: object) -> None:
    text = Stream(seed).uuid()
    parsed = uuid.UUID(text)
    assert (str(parsed), parsed.version, parsed.variant) == (text, 4, uuid.RFC_4122)


def test_draws_are_spread_evenly() -> None:
    stream = Stream("spread")
    tenths = [0] * 10
    for _ in range(10_000):
        tenths[int(stream.random() * 10)] += 1
    assert min(tenths) > 850
    assert max(tenths) < 1150


def test_run_ids_differ() -> None:
    assert len({fresh_run_id() for _ in range(100)}) == 100


def test_nothing_can_be_chosen_from_nothing() -> None:
    with pytest.raises(ZeroDivisionError):
        Stream(0).choice([])
