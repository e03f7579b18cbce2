"""The automatic transaction generator: its options, its chance, and a day of it in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from charge_point.generator import Generator, generating_words
from charge_point.generator_habits import Habits, habits
from charge_point.options import resolve
from charge_point.outbox import Store
from shared.option_fields import UsageError
from shared.scenario.tree import ScenarioError
from shared.versions import V2X, V16, V201, Version
from tests.charge_point.wired import Wired
from tests.scenario.played import Played
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
    assert "EVSE 1: on, 0 came" in str(await_words)
    await asyncio.sleep(30)
    assert w.station.evses[0].transaction is not None
    word.run("stop")
    assert w.station.evses[0].transaction is None
    assert not generator.is_on
    word.run("start")
    w.station.disconnected()
    await asyncio.sleep(1)
    assert not generator.is_on
    word.run("stop 1")
    for wrong, said in (
        ("begin", "what can be done to it"),
        ("start 9", "has no EVSE 9"),
        ("start min_delay", "are not settings"),
        ("stop now", "what can be done to it"),
    ):
        with pytest.raises(UsageError, match=said):
            word.run(wrong)


async def test_one_evse_is_started_and_stopped_by_itself() -> None:
    w = await Wired(V16, evses=((1,), (1,))).start()
    generator = w.station.part(Generator)
    generator.start(Habits(min_delay=1, max_delay=2), evse=2)
    await asyncio.sleep(30)
    assert [one.transaction is not None for one in w.station.evses] == [False, True]
    generator.stop(1)
    assert generator.is_on
    generator.stop(2)
    assert not generator.is_on


@pytest.mark.parametrize(("absolute", "more"), [(False, True), (True, False)])
async def test_the_hours_count_from_the_last_start_or_from_the_first(absolute: bool, more: bool) -> None:
    w = await Wired(V16).start()
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=1, stop_absolute_duration=absolute))
    await asyncio.sleep(2400)
    generator.stop()
    generator.start()
    await asyncio.sleep(2400)
    assert generator.is_on is more


async def test_refused_tokens_and_those_who_do_not_come_are_counted() -> None:
    w = await Wired(V16).start()
    w.script["Authorize"] = lambda request: {"idTagInfo": {"status": "Blocked"}}
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=0.5, probability=0.5))
    await generator.ended()
    count = generator.counts[1]
    assert count.came == count.refused > 0
    assert (count.begun, count.charged) == (0, 0)
    assert count.skipped >= count.skipped_in_a_row
    assert count.last.startswith("2026-01-01T10:")
    assert f"{count.came} came, 0 began" in generator.in_words()


async def test_what_came_of_it_outlives_the_process(tmp_path: Path) -> None:
    store = Store(tmp_path)
    w = await Wired(V16, store=store).start()
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=0.5))
    await generator.ended()
    again = (await Wired(V16, store=store).start()).station.part(Generator)
    assert again.counts == generator.counts
    assert again.counts[1].charged > 5
    store.close()


def test_scenarios_let_drivers_come_and_go() -> None:
    head = "role: pair\nstation: {evses: [[1], [1]]}\n"
    steps = """\
  - registered
  - generate: {min_delay: 5, max_delay: 10, min_duration: 30, max_duration: 60, tokens: [A, B]}
  - wait: 30min
  - generate: stop
  - wait: 1min
  - check: {csms.open: 0}
  - {generate: start, evse: 2}
  - wait: 1min
  - {generate: stop, evse: 2}
"""
    played = [Played(f"scenario: s\n{head}steps:\n{steps}", seed=seed, versions=(V16,)) for seed in (1, 1, 2)]
    for one in [
        *played,
        Played(f"scenario: s\n{head}steps:\n{steps.replace('30min', '5min')}", versions=V2X),
    ]:
        one.passes()

    def told(one: Played) -> list[Any]:
        return [(e.t, e.what) for e in one.journals[0] if e.end == "charge_point" and e.sort == "frame"]

    assert told(played[0]) == told(played[1]) != told(played[2])


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("generate: begin", "is not start, stop or a table"),
        ("generate: {max_durations: 3}", "no such setting 'max_durations'; did you mean 'max_duration'"),
        ("generate: {probability: 2}", "probability is from 0 to 1"),
    ],
)
def test_a_scenario_with_wrong_drivers_is_told_before_it_starts(step: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said) as wrong:
        Played(f"scenario: s\nrole: pair\nsteps:\n  - registered\n  - {step}\n")
    assert str(wrong.value).startswith("test.yaml:5: generate: ")


async def test_trusted_drivers_charge_without_authorize() -> None:
    w = await Wired(V16).start()
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=0.2, require_authorize=False))
    await generator.ended()
    assert generator.counts[1].charged
    assert not w.of("Authorize")


def test_tokens_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "tags.txt"
    file.write_text("# who comes\nA\n\n B \n", encoding="utf-8")
    assert habits({"tokens": f"@{file}"}).tokens == ("A", "B")
    file.write_text("# nobody\n", encoding="utf-8")
    for text, said in ((f"@{file}", "must not be empty"), ("@nowhere.txt", "nowhere.txt: no such file")):
        with pytest.raises(ValueError, match=said):
            habits({"tokens": text})


def test_the_flag_reads_the_settings_and_says_what_is_wrong() -> None:
    made = resolve(["--csms", "ws://x", "--generate", "min_duration=300,max_duration=600"], {})
    assert habits(dict(made.generate)).max_duration == 600
    assert habits({"distribution": "connector-affinity"}).distribution == "connector_affinity"
    for text, said in (
        ("durations=3", "no such setting"),
        ("probability=2", "from 0 to 1"),
        ("min_delay=90", "needs 0 <= min_delay"),
        ("stop_on_connection_failure=maybe", "true or false"),
        ("distribution=fair", "is not a distribution of tokens"),
    ):
        with pytest.raises(UsageError, match=said):
            resolve(["--csms", "ws://x", "--generate", text], {})
