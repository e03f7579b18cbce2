"""The generator of transactions, option by option: what each does, what is counted, and what outlives the process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charge_point.generator import Generator
from charge_point.generator_counts import KINDS, Count, Tally
from charge_point.generator_habits import Habits, habits
from charge_point.outbox import Store
from charge_point.store import Owed
from shared.clock import parse
from shared.versions import V2X, V16, V21, V201, Version
from tests.charge_point.wired import Wired
from tests.support import each_version

Payload = dict[str, Any]
HOUR = 3600.0


async def hours(version: Version = V16, many: float = 2.0, **settings: Any) -> tuple[Wired, Generator]:
    """Drivers for so many hours at one EVSE."""
    w = await Wired(version).start()
    generator = w.station.part(Generator)
    generator.start(Habits(**{"stop_after_hours": many, **settings}))
    await generator.ended()
    await w.settle()
    return w, generator


def starts(w: Wired) -> list[float]:
    """When each transaction began, in Unix seconds."""
    return [parse(p["timestamp"]) for p in w.of("StartTransaction")]


def ends(w: Wired) -> list[float]:
    return [parse(p["timestamp"]) for p in w.of("StopTransaction")]


def tags(w: Wired) -> list[str]:
    return [p["idTag"] for p in w.of("Authorize")]


# --- option by option -----------------------------------------------------------------------------------------------


async def test_nobody_comes_unless_it_is_started() -> None:
    w = await Wired(V16).start()
    await w.settle(HOUR)
    assert not w.station.part(Generator).is_on
    assert not w.of("Authorize")


async def test_a_transaction_takes_from_the_least_to_the_most_duration() -> None:
    w, _ = await hours(min_duration=100, max_duration=200)
    # the last one is cut short by the end of the hours
    took = [end - start for start, end in zip(starts(w), ends(w), strict=True)][:-1]
    assert len(took) > 10
    assert all(99 <= each <= 201 for each in took)
    assert max(took) - min(took) > 50


async def test_between_two_transactions_is_from_the_least_to_the_most_delay() -> None:
    w, _ = await hours(min_delay=40, max_delay=90)
    gaps = [start - end for end, start in zip(ends(w)[:-1], starts(w)[1:], strict=True)]
    assert len(gaps) > 10
    assert all(40 <= each <= 95 for each in gaps)  # and a few seconds to plug in and out
    assert max(gaps) - min(gaps) > 25


@pytest.mark.parametrize(("probability", "least", "most"), [(0.0, 0, 0), (0.3, 0.1, 0.5), (1.0, 1, 1)])
async def test_so_many_come_as_the_probability_says(probability: float, least: float, most: float) -> None:
    _, generator = await hours(many=4, probability=probability)
    count = generator.counts[1]
    assert least <= count.came / (count.came + count.skipped) <= most


async def test_it_ends_after_so_many_hours_and_never_without() -> None:
    _, generator = await hours(many=0.25)
    count = generator.counts[1]
    assert parse(count.stopped) - parse(count.started) == pytest.approx(900, abs=15)
    assert parse(count.ends) - parse(count.started) == pytest.approx(900, abs=1)
    w = await Wired(V16).start()
    endless = w.station.part(Generator)
    endless.start(Habits())
    await w.settle(24 * HOUR)
    assert endless.is_on
    assert (endless.counts[1].ends, endless.counts[1].stopped) == ("", "")
    endless.stop()


@pytest.mark.parametrize("authorize", [True, False])
async def test_tokens_are_asked_about_or_trusted(authorize: bool) -> None:
    w, generator = await hours(require_authorize=authorize)
    assert bool(w.of("Authorize")) is authorize
    assert generator.counts[1].authorize.requests == (generator.counts[1].came if authorize else 0)
    assert generator.counts[1].charged > 10


async def test_tokens_come_each_in_its_turn_or_any() -> None:
    in_turn, _ = await hours(tokens=("A", "B", "C"))
    assert tags(in_turn)[:6] == ["A", "B", "C", "A", "B", "C"]
    any_, _ = await hours(tokens=("A", "B", "C"), distribution="random")
    assert set(tags(any_)) == {"A", "B", "C"}
    assert tags(any_)[:6] != tags(in_turn)[:6]


async def test_each_evse_has_a_token_of_its_own_by_affinity() -> None:
    w = await Wired(V16, evses=((1,), (1,), (1,))).start()
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=1, distribution="connector_affinity", tokens=("A", "B")))
    await generator.ended()
    seen = {(p["connectorId"], p["idTag"]) for p in w.of("StartTransaction")}
    assert seen == {(1, "A"), (2, "B"), (3, "A")}


async def test_nobody_comes_to_an_evse_that_cannot_be_used() -> None:
    w = await Wired(V16, evses=((1,), (1,))).start()
    await w.ask("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=1))
    await w.settle(HOUR / 2)
    assert generator.counts[1].came > 3
    assert generator.counts[2].came == 0
    await w.ask("ChangeAvailability", {"connectorId": 2, "type": "Operative"})
    await w.settle(HOUR / 2)
    assert generator.counts[2].came > 3
    generator.stop()


async def test_nobody_comes_while_somebody_else_charges_there() -> None:
    w = await Wired(V16).start()
    await w.charging()
    generator = w.station.part(Generator)
    generator.start(Habits())
    await w.settle(HOUR / 2)
    assert generator.counts[1].came == 0
    await w.station.present("04A1B2C3", 1)
    w.station.unplug(1)
    await w.settle(HOUR / 2)
    assert generator.counts[1].came > 3
    assert generator.counts[1].start.requests == generator.counts[1].came  # not the one that was not theirs
    generator.stop()


async def test_nobody_comes_before_the_station_is_accepted() -> None:
    w = Wired(V16)
    w.pending("Rejected", "Accepted")
    generator = w.station.part(Generator)
    generator.start(Habits(min_delay=1, max_delay=2))
    await w.start()
    await w.settle(200)
    assert generator.counts[1].came == 0
    await w.settle(300)
    assert generator.counts[1].came > 0
    generator.stop()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"min_duration": 10, "max_duration": 9}, "needs 0 <= min_duration <= max_duration"),
        ({"min_delay": -1}, "needs 0 <= min_delay"),
        ({"min_delay": "nan"}, "needs 0 <= min_delay"),
        ({"probability": 1.1}, "from 0 to 1"),
        ({"stop_after_hours": -1}, "must not be negative"),
        ({"stop_after_hours": "nan"}, "must not be negative"),
        ({"tokens": ""}, "must not be empty"),
        ({"file": "x"}, "no such setting"),
    ],
)
def test_bounds_are_looked_at(settings: Payload, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        habits(settings)


@pytest.mark.parametrize("moment", [5.0, 40.0, 100.0])
async def test_a_stop_takes_effect_at_once_whoever_waits_or_charges(moment: float) -> None:
    w = await Wired(V16).start()
    generator = w.station.part(Generator)
    generator.start(Habits())
    await asyncio.sleep(moment)
    generator.stop()
    now = w.journal.clock.time()
    assert parse(generator.counts[1].stopped) == pytest.approx(now, abs=0.01)
    await w.settle(HOUR)
    assert all(end <= now + 0.01 for end in ends(w))
    assert len(starts(w)) == len(ends(w))


# --- what is counted ------------------------------------------------------------------------------------------------


def blocked(version: Version) -> Payload:
    return {"idTagInfo" if version is V16 else "idTokenInfo": {"status": "Blocked"}}


@each_version
async def test_everything_that_is_accepted_is_counted_as_that(version: Version) -> None:
    _, generator = await hours(version)
    count = generator.counts[1]
    assert count.charged == count.came > 10
    assert [count.tally(kind) for kind in KINDS] == [Tally(accepted=count.came)] * 3


@each_version
async def test_rejected_tokens_begin_no_transactions(version: Version) -> None:
    w = await Wired(version, variables={"TxStartPoint": "PowerPathClosed"}).start()
    w.script["Authorize"] = lambda request: blocked(version)
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=1))
    await generator.ended()
    count = generator.counts[1]
    assert count.authorize == Tally(rejected=count.came)
    assert (count.came > 10, count.start.requests, count.stop.requests) == (True, 0, 0)


async def test_starts_and_stops_may_be_rejected_by_their_own_answers() -> None:
    w = await Wired(V16).start()
    w.script["StartTransaction"] = lambda request: {"transactionId": 7} | blocked(V16)
    w.script["StopTransaction"] = lambda request: blocked(V16)
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=1))
    await generator.ended()
    await w.settle(5)
    count = generator.counts[1]
    assert count.came > 10
    assert (count.authorize, count.start) == (Tally(accepted=count.came), Tally(rejected=count.came))
    assert count.stop == Tally(rejected=count.came)
    assert count.refused == count.came


async def test_a_start_may_be_rejected_by_a_2x_answer() -> None:
    w = await Wired(V201).start()
    w.script["TransactionEvent"] = lambda p: blocked(V201) if p["eventType"] == "Started" else {}
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=1, require_authorize=False))
    await generator.ended()
    await w.settle(5)
    count = generator.counts[1]
    assert count.start.rejected == count.came > 10
    assert count.stop.accepted == count.came


@each_version
async def test_who_is_not_answered_is_ignored(version: Version) -> None:
    """A CALLERROR says nothing about a token, and messages of transactions are given up after their attempts."""

    def broken(request: Payload) -> Payload:
        raise KeyError("no answer")

    w = await Wired(version).start()
    w.script["Authorize"] = broken
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=0.5))
    await generator.ended()
    count = generator.counts[1]
    assert count.authorize == Tally(ignored=count.came)
    assert count.came > 3


@pytest.mark.parametrize("version", [V16, *V2X])
def test_a_message_that_is_given_up_was_ignored(version: Version) -> None:
    generator = Generator.__new__(Generator)
    generator.station = type("Station", (), {"store": None})  # type: ignore[assignment]
    generator.counts = {1: Count()}
    generator._owed = {"t": 1}
    first, last = ({}, {}) if version is V16 else ({"eventType": "Started"}, {"eventType": "Ended"})
    names = ("StartTransaction", "StopTransaction") if version is V16 else ("TransactionEvent",) * 2
    generator.given_up(Owed(names[0], first, "t", version))
    generator.given_up(Owed("MeterValues", {}, "t", version))
    generator.given_up(Owed(names[1], last, "another", version))
    generator.given_up(Owed(names[1], last, "t", version))
    assert (generator.counts[1].start, generator.counts[1].stop) == (Tally(ignored=1), Tally(ignored=1))
    assert not generator._owed


async def test_the_dates_of_each_evse_are_told() -> None:
    w = await Wired(V16, evses=((1,), (1,))).start()
    generator = w.station.part(Generator)
    generator.start(Habits(stop_after_hours=1), evse=1)
    await w.settle(100)
    generator.start(evse=2)
    generator.stop(1)
    one, two = generator.counts[1], generator.counts[2]
    assert parse(two.started) - parse(one.started) == pytest.approx(100)
    assert parse(one.stopped) == parse(two.started)
    assert two.stopped == ""
    assert parse(two.ends) - parse(two.started) == pytest.approx(HOUR)
    first, second = generator.in_words().splitlines()[1], generator.in_words().splitlines()[3]
    assert f"started {one.started}, stopped {one.stopped}, the last came {one.last}" in first
    assert "authorize: 1 accepted, 0 rejected, 0 ignored; start: 1 accepted" in first
    assert f"until {two.ends}" in second
    generator.stop()


# --- the file of tokens ---------------------------------------------------------------------------------------------


def rewrite(file: Path, text: str) -> None:
    before = file.stat().st_mtime_ns
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(before + 10**9, before + 10**9))  # some file systems count in seconds


async def test_the_file_of_tokens_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "tags.txt"
    file.write_text("A\nB\n", encoding="utf-8")
    w = await Wired(V16).start()
    generator = w.station.part(Generator)
    generator.start(habits({"tokens": f"@{file}"}))
    await w.settle(HOUR / 2)
    assert set(tags(w)) == {"A", "B"}
    for text, allowed in (('["C", "D", "E"]', {"C", "D", "E"}), ("F\n", {"F"})):
        rewrite(file, text)
        w.forget()
        await w.settle(HOUR / 2)
        assert set(tags(w)) == allowed
    generator.stop()


async def test_a_file_of_tokens_that_becomes_unusable_leaves_those_of_before(tmp_path: Path) -> None:
    file = tmp_path / "tags.txt"
    file.write_text("A\n", encoding="utf-8")
    w = await Wired(V16).start()
    generator = w.station.part(Generator)
    generator.start(habits({"tokens": f"@{file}"}))
    spoil: list[Callable[[], object]] = [
        lambda: rewrite(file, "# nobody\n"),
        lambda: rewrite(file, "[1]"),
        lambda: rewrite(file, "[oops"),
        file.unlink,
    ]
    for each in spoil:
        each()
        w.forget()
        await w.settle(HOUR / 2)
        assert set(tags(w)) == {"A"}
    said = [str(e.what) for e in w.journal if e.note == "warning"]
    assert len(said) == len(spoil)  # each is told once
    assert "must not be empty" in said[0]
    assert "not a list of texts" in said[1]
    assert "no such file" in said[3]
    generator.stop()


# --- from one process to the next -----------------------------------------------------------------------------------


async def killed(w: Wired) -> None:
    """The process ends without a word."""
    w.connection.stop_dialling()
    await w.tasks.end()


@each_version
async def test_a_running_generator_is_taken_up_after_a_restart(version: Version, tmp_path: Path) -> None:
    file = tmp_path / "tags.txt"
    file.write_text("A\nB\n", encoding="utf-8")
    store = Store(tmp_path)
    setup: Payload = {"evses": ((1,), (1,)), "variables": {"ResumptionTimeout": 3600}}
    w = await Wired(
        version, store=store, **(setup if version is not V16 else {"evses": ((1,), (1,))})
    ).start()
    before = w.station.part(Generator)
    before.start(habits({"tokens": f"@{file}", "min_delay": 20, "max_delay": 20}), evse=2)
    await w.settle(300)
    came = before.counts[2].came
    started = before.counts[2].started
    assert came > 1
    await killed(w)
    again = await Wired(version, store=store, evses=((1,), (1,))).start()
    after = again.station.part(Generator)
    assert after.is_on
    assert after.habits == before.habits
    assert set(after.counts) == {2}
    await again.settle(HOUR / 2)
    assert after.counts[2].came > came + 3
    assert after.counts[2].started == started
    assert after.counts[2].charged + after.counts[2].failed >= after.counts[2].came - 1
    after.stop()
    await again.settle(5)
    count = after.counts[2]
    assert count.start.requests == count.stop.requests
    third = await Wired(version, store=store, evses=((1,), (1,))).start()
    assert not third.station.part(Generator).is_on  # it was stopped
    store.close()


async def test_who_charged_when_the_process_ended_leaves_when_they_wanted_to(tmp_path: Path) -> None:
    store = Store(tmp_path)
    names = ("ResumptionTimeout", "AllowEnergyTransferResumption")
    setup: Payload = {
        "variables": {f"TxCtrlr.{name}": value for name, value in zip(names, ("3600", "true"), strict=True)}
    }
    w = await Wired(V21, store=store, **setup).start()
    generator = w.station.part(Generator)
    generator.start(Habits(min_delay=30, max_delay=30, min_duration=600, max_duration=600))
    await w.settle(60)
    transaction = w.station.evses[0].transaction
    assert transaction is not None
    await killed(w)
    again = await Wired(V21, store=store, **setup).start()
    taken_up = again.station.evses[0].transaction
    assert taken_up is not None
    assert taken_up.id == transaction.id
    await again.settle(500)
    assert again.station.evses[0].transaction is taken_up
    await again.settle(80)
    count = again.station.part(Generator).counts[1]
    assert (count.came, count.charged, count.begun) == (1, 1, 1)
    assert count.energy > 3000  # of ten minutes at 22 kW
    assert (count.start, count.stop) == (Tally(accepted=1), Tally(accepted=1))
    again.station.part(Generator).stop()
    store.close()


async def test_the_hours_of_a_generator_go_on_over_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    w = await Wired(V16, store=store).start()
    w.station.part(Generator).start(Habits(stop_after_hours=1))
    await w.settle(HOUR / 2)
    await killed(w)
    again = await Wired(V16, store=store).start()
    generator = again.station.part(Generator)
    await again.settle(HOUR / 2 - 60)
    assert generator.is_on
    await again.settle(300)
    assert not generator.is_on
    store.close()


async def test_what_the_command_line_says_comes_before_what_was_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    w = await Wired(V16, store=store).start()
    w.station.part(Generator).start(Habits(tokens=("OLD",)))
    await w.settle(100)
    await killed(w)
    again = Wired(V16, store=store)
    again.station.part(Generator).start(Habits(tokens=("NEW",)))
    await again.start()
    await again.settle(HOUR / 2)
    assert set(tags(again)) == {"NEW"}
    again.station.part(Generator).stop()
    store.close()


async def test_a_file_of_tokens_that_is_gone_at_the_restart_is_told_and_nobody_comes(tmp_path: Path) -> None:
    file = tmp_path / "tags.txt"
    file.write_text("A\n", encoding="utf-8")
    store = Store(tmp_path)
    w = await Wired(V16, store=store).start()
    w.station.part(Generator).start(habits({"tokens": f"@{file}"}))
    await w.settle(100)
    await killed(w)
    file.unlink()
    again = await Wired(V16, store=store).start()
    assert not again.station.part(Generator).is_on
    (said,) = [str(e.what) for e in again.journal if e.note == "warning"]
    assert "no such file" in said
    store.close()


@each_version
async def test_who_charges_when_drivers_are_stopped_counts_too(version: Version) -> None:
    w = await Wired(version).start()
    generator = w.station.part(Generator)
    generator.start(Habits(min_delay=1, max_delay=2, min_duration=600, max_duration=600))
    await w.settle(60)
    generator.stop()
    await w.settle(60)
    count = generator.counts[1]
    assert (count.came, count.begun, count.charged) == (1, 1, 1)
    assert count.energy == pytest.approx(230 * 32 * 3 * 60 / 3600, rel=0.1)
