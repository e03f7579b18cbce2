"""The automatic transaction generator: its options, its chance, and a day of it in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from charge_point.generator import Generator, Habits, generating_words, habits
from charge_point.options import resolve
from shared.option_fields import UsageError
from shared.versions import V16, V201, Version
from tests.charge_point.wired import Wired
from tests.support import each_version


async def day(version: Version, seed: int = 0, hours: float = 2.0, **settings: Any) -> Generator:
    """Drivers for some hours at two EVSEs."""
    w = await Wired(version, seed=seed, evses=((1,), (1,))).start()
    generator = w.station.part(Generator)
    generator.start(Habits(**{"stop_after_hours": hours, **settings}))
    await generator.ended()
    assert not w.failures
    return generator


@each_version
async def test_drivers_come_and_go_until_the_hours_are_over(version: Version) -> None:
    generator = await day(version)
    assert not generator.is_on
    assert all(30 <= count.charged <= 90 and count.energy > 0 for count in generator.counts.values())
    assert set(generator.counts) == {1, 2}


async def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    first, again, other = await day(V16), await day(V16), await day(V16, seed=1)

    def counted(made: Generator) -> list[Any]:
        return [(id, c.charged, c.skipped, round(c.energy, 3)) for id, c in sorted(made.counts.items())]

    assert counted(first) == counted(again) != counted(other)


async def test_a_probability_leaves_out_drivers_and_none_of_zero_comes() -> None:
    some, none = await day(V16, probability=0.5), await day(V16, probability=0.0)
    assert all(count.skipped and count.charged for count in some.counts.values())
    assert all(count.skipped and not count.charged for count in none.counts.values())


@pytest.mark.parametrize(
    ("distribution", "tokens"),
    [("round_robin", ["A", "B", "A", "B"]), ("connector_affinity", ["A", "A", "A", "A"])],
)
def test_tokens_are_distributed_as_asked(distribution: str, tokens: list[str]) -> None:
    generator = Generator.__new__(Generator)
    generator._turn = 0
    generator.habits = Habits(distribution=distribution, tokens=("A", "B"))
    evse: Any = type("Evse", (), {"id": 1})
    assert [generator._token(evse, 0) for _ in range(4)] == tokens


async def test_it_is_stopped_and_started_at_the_prompt_and_by_a_lost_connection() -> None:
    w = await Wired(V201).start()
    (word,) = generating_words(w.station)
    generator = w.station.part(Generator)
    await_words = word.run("start min_delay=1,max_delay=2,stop_on_connection_failure=true")
    assert "no drivers" in str(await_words)
    await asyncio.sleep(30)
    assert w.station.evses[0].transaction is not None
    word.run("stop")
    assert w.station.evses[0].transaction is None
    assert not generator.is_on
    word.run("start")
    w.station.disconnected()
    await asyncio.sleep(1)
    assert not generator.is_on
    with pytest.raises(UsageError, match="what can be done to it"):
        word.run("begin")


async def test_trusted_drivers_charge_without_authorize() -> None:
    w = await Wired(V16).start()
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=0.2, require_authorize=False))
    await generator.ended()
    assert generator.counts[1].charged
    assert not w.of("Authorize")


def test_the_flag_reads_the_settings_and_says_what_is_wrong() -> None:
    made = resolve(["--csms", "ws://x", "--generate", "min_duration=300,max_duration=600"], {})
    assert habits(dict(made.generate)).max_duration == 600
    for text, said in (
        ("durations=3", "no such setting"),
        ("probability=2", "from 0 to 1"),
        ("min_delay=90", "needs 0 <= min_delay"),
        ("stop_on_connection_failure=maybe", "true or false"),
    ):
        with pytest.raises(UsageError, match=said):
            resolve(["--csms", "ws://x", "--generate", text], {})
