"""Which messages a fault is done to, how it is written, and what wrong writing is answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.faults import ENVELOPE, FAULTS, PRESETS, Injection, parse
from shared.faults.parsing import complete
from shared.faults.registry import Fault, fault, help_of, settings_of
from shared.option_fields import UsageError
from tests.shared.spoiled import Message, answer, call, error, wire

HEARTBEATS = [call(number) for number in range(1, 7)]


async def lost(spec: str, *messages: Message, station: str = "CP1", seed: int = 0) -> list[int]:
    """Which of `messages` (from 1) do not get through."""
    async with wire(spec, seed=seed) as w:
        w.near._station = station
        arrived = [message for _, message in await w.sent(*messages)]
        return [at for at, message in enumerate(messages, 1) if message not in arrived]


# --- filters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "gone"),
    [
        ("drop", [1, 2, 3, 4, 5, 6]),
        ("drop:nth=3", [3]),
        ("drop:every=2", [2, 4, 6]),
        ("drop:times=2", [1, 2]),
        ("drop:every=3,times=1", [3]),
        ("drop:probability=0", []),
        ("drop:direction=in", []),
        ("drop:direction=both,nth=1", [1]),
        ("drop:station=CP2", []),
        ("drop:station=CP*,nth=2", [2]),
        ("drop:lasts=0.001,nth=1", [1]),
        ("drop:action=Authorize", []),
        ("drop:action=Authorize+Heartbeat,nth=1", [1]),
        ("drop:kind=answer+error", []),
        ("drop:kind=call,nth=1", [1]),
        ("drop:version=1.6,nth=2", [2]),
        ("drop:version=2.x+2.1", []),
        ("drop:message_id=c4", [4]),
        ("drop:message_id=c*,nth=3", [3]),
    ],
)
async def test_a_filter_lets_the_fault_be_done_to_what_it_says(spec: str, gone: list[int]) -> None:
    assert await lost(spec, *HEARTBEATS) == gone


async def test_kinds_are_told_apart() -> None:
    mixed = [call(1), answer(2), error(3), '[6,"s4","NotifyPeriodicEventStream",{}]', '[5,"r5","X","",{}]']
    for at, kind in enumerate(["call", "answer", "error", "send", "answer_error"], 1):
        assert await lost(f"drop:kind={kind}", *mixed) == [at]


async def test_members_of_the_payload_choose_as_well() -> None:
    status = [
        call(n, "StatusNotification", {"connectorId": n, "deep": [{"on": n == 2, "word": "a,b"}]})
        for n in (1, 2)
    ]
    assert await lost("drop:where.connectorId=2", *status) == [2]
    assert await lost("drop:where.deep.0.on=true", *status) == [2]
    assert await lost("drop:where.deep.0.word='a,b',where.connectorId=1", *status) == [1]
    assert await lost("drop:where.deep.1.on=true", *status) == []
    assert await lost("drop:where.nothing=1", *status) == []


async def test_an_answer_goes_by_the_action_of_its_call() -> None:
    async with wire("drop:action=Reset,direction=in") as w:
        await w.sent(call(1, "Reset"), call(2, "ClearCache"), seconds=1)
        assert [text for _, text in await w.handed(answer(2), answer(1))] == [answer(2)]


async def test_counts_are_each_stations_own() -> None:
    async with wire("drop:nth=1") as w:
        for station in ("CP1", "CP2", "CP1"):
            w.near._station = station
            await w.near.send(call(1))
        assert len(await w.listen(w.far, 1)) == 1
        (handle,) = w.faults
        assert {name: course.done for name, course in handle.courses.items()} == {"CP1": 1, "CP2": 1}


async def test_a_fault_is_in_force_for_as_long_as_it_lasts() -> None:
    async with wire("drop:lasts=10") as w:
        assert await w.sent(call(1), seconds=9.5) == []
        assert await w.sent(call(2), seconds=1) == []
        assert len(await w.sent(call(3), seconds=1)) == 1


# --- chance ---------------------------------------------------------------------------------------------------

MANY = [call(number) for number in range(200)]


async def test_half_of_the_messages_is_about_half_of_them_and_the_same_half_every_time() -> None:
    first = await lost("drop:probability=0.5", *MANY)
    assert 60 < len(first) < 140
    assert await lost("drop:probability=0.5", *MANY) == first


async def test_seed_and_station_and_the_faults_own_seed_change_the_draw() -> None:
    base = await lost("drop:probability=0.5", *MANY)
    assert await lost("drop:probability=0.5", *MANY, seed=1) != base
    assert await lost("drop:probability=0.5", *MANY, station="CP2") != base
    own = await lost("drop:probability=0.5,seed=7", *MANY)
    assert own != base
    assert await lost("drop:probability=0.5,seed=7", *MANY, seed=99) == own


async def test_two_faults_of_one_name_draw_for_themselves() -> None:
    async with wire("drop:probability=0.5", "drop:probability=0.5") as w:
        left = await w.sent(*MANY, seconds=1)
        assert 20 < len(left) < 80  # a quarter; half if both drew the same


# --- writing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "same"),
    [
        ("duplicate:action=StatusNotification,gap=0.2", "duplicate:gap=0.2,action=StatusNotification"),
        (" drop ", "drop"),
        ("drop:", "drop"),
        ("drop: nth = 2 , kind = call ", "drop:kind=call,nth=2"),
        ('drop:{"action": ["Reset", "Heartbeat"]}', "drop:action=Reset+Heartbeat"),
        ({"fault": "drop", "every": 2}, "drop:every=2"),
        ({"drop": None}, "drop"),
        ({"drop": {"where": {"a.b": True, "c": 1}}}, "drop:where.a.b=true,where.c=1"),
        ({"hang_up": {"before_answer_to": "tx.started", "times": 1}}, "hang_up:before_answer_to=tx.started,times=1"),
        ({"change": {"path": "a", "value": {"b": [1]}}}, "change:path=a,value={\"b\": [1]}"),
        ("broken_json:nth=3", "bad:preset=broken_json,nth=3"),
        ("close:code=4001,reason='it''s, over'", "close:code=4001,reason='it''s, over'"),
        ({"delay": {"after": "1.5", "jitter": 2}}, "delay:after=1.5,jitter=2"),
        ("drop:seed=0", "drop:seed=0"),
    ],
)  # fmt: skip
def test_a_fault_is_read_from_text_and_table_and_written_back(spec: Any, same: str) -> None:
    injection = parse(spec)
    assert injection == parse(same)
    assert parse(str(injection)) == injection


def test_the_text_of_an_injection_is_short() -> None:
    assert str(parse("duplicate:gap=0.2,action=StatusNotification")) == (
        "duplicate:gap=0.2,action=StatusNotification"
    )
    assert str(parse("drop")) == "drop"


@given(
    st.sampled_from(sorted(set(FAULTS) - {"change", "hang_up", "refuse"})),
    st.fixed_dictionaries(
        {},
        optional={
            "nth": st.integers(1, 99),
            "times": st.integers(1, 99),
            "station": st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1).filter(
                lambda text: text == text.strip()
            ),
            "probability": st.sampled_from([0.25, 0.5]),
            "kind": st.lists(st.sampled_from(["call", "answer", "error"]), min_size=1, unique=True),
            "where": st.dictionaries(st.sampled_from(["a", "b.c"]), st.text("abc,'\" =", max_size=6), min_size=1),
        },
    ),
)  # fmt: skip
def test_every_injection_can_be_written_and_read_again(name: str, members: dict[str, Any]) -> None:
    injection = parse({"fault": name, **members})
    assert parse(str(injection)) == injection


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("dupl", "'dupl' is not a fault; did you mean 'duplicate'?"),
        ("", "'' is not a fault"),
        ("duplicate:gp=1", "duplicate: 'gp' is not one of its settings; did you mean 'gap'?"),
        ("duplicate:gap=x", "duplicate: gap: 'x' is not a number"),
        ("duplicate:gap=nan", "duplicate: gap: 'nan' is not finite"),
        ("duplicate:gap=-1", "duplicate: gap: -1 is less than 0"),
        ("duplicate:copies=0", "duplicate: copies: 0 is less than 1"),
        ("duplicate:copies=1.5", "duplicate: copies: '1.5' is not a whole number"),
        ("duplicate:gap", "duplicate: 'gap': expected SETTING=VALUE"),
        ("duplicate:gap=1,gap=2", "duplicate: gap is given twice"),
        ("drop:nth=0", "drop: nth: 0 is less than 1"),
        ("drop:nth=1,every=2", "drop: either nth or every, not both"),
        ("drop:kind=cal", "drop: kind: 'cal' is not one of the words; did you mean 'call'?"),
        ("drop:kind=", "drop: kind: must not be empty"),
        ("drop:direction=up", "drop: direction: 'up' is not one of the words (in, out, both)"),
        ("drop:action=StatusNotif", "drop: 'StatusNotif' is not an action; did you mean 'StatusNotification'"),
        ("drop:probability=1.5", "drop: probability: 1.5 is more than 1"),
        ("drop:where.=1", "drop: where: needs the name of a member"),
        ("drop:station='a", "drop: station: a quote is not closed: 'a"),
        ("truncate:keep=1", "truncate: keep: 1 would leave the message whole"),
        ("change:value=1", "change: path: needs the name of a member"),
        ("change:path=a..b", "change: path: needs the name of a member"),
        ("change:path=a,value=1,remove=true", "change: either value or remove, not both"),
        ("change:path=a,remove=maybe", "change: remove: 'maybe' is not true or false"),
        ("close:code=1006", "close: code: 1006 must not stand in a close frame"),
        ("close:reason=" + "x" * 124, "close: reason: a close frame has room for 123 bytes"),
        ("reset:moment=soon", "reset: moment: 'soon' is not one of the words (before, after)"),
        ("hang_up", "hang_up: needs before_answer_to or after_answer_to"),
        ("hang_up:before_answer_to=Reset,action=Reset", "hang_up: action: the fault names the message itself"),
        ("hang_up:before_answer_to=tx.begun", "hang_up: 'tx.begun' is not an action"),
        ("refuse:status=200", "refuse: status: 200 is no HTTP status of a refusal"),
        ("refuse:action=Reset", "refuse: action: there is no message yet"),
        ("bad:preset=brokn_json", "bad: preset: 'brokn_json' is not one of the words; did you mean 'broken_json'"),
        ("drop:{", "not JSON at column 2"),
        ("drop:[1]", "drop: '[1]': expected SETTING=VALUE"),
        ({"a": 1, "b": 2}, "which fault? the key 'fault' names it"),
        ({"drop": 5}, "drop: expected a table of settings, not a whole number"),
        ({"fault": "drop", "times": True}, "drop: times: True is not a whole number"),
        ({"fault": "drop", "action": 5}, "drop: action: expected words, not a whole number"),
        (5, "expected a text or a table, not a whole number"),
    ],
)  # fmt: skip
def test_wrong_writing_is_told_in_one_clause(spec: Any, said: str) -> None:
    with pytest.raises(UsageError) as wrong:
        parse(spec)
    assert str(wrong.value).startswith(said)
    assert "\n" not in str(wrong.value)


def test_completion_knows_faults_and_their_settings() -> None:
    assert {"duplicate", "broken_json"} <= set(complete("dup"))
    assert "duplicate:gap=" in complete("duplicate:")
    assert "duplicate:gap=1,nth=" in complete("duplicate:gap=1,n")
    assert complete("nonsense:") == []


# --- the registry -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_what_it_does_and_what_each_setting_is(name: str) -> None:
    assert len(help_of(FAULTS[name])) > 20
    settings = settings_of(FAULTS[name])
    assert all(each.help for each in settings.values())
    assert set(settings) & {*ENVELOPE, "fault", "where"} == set()  # the envelope's names are taken


def test_every_preset_and_member_of_the_envelope_says_what_it_is() -> None:
    assert all(made.__doc__ for made in PRESETS.values())
    assert all(each.help for each in ENVELOPE.values())
    assert set(PRESETS) & set(FAULTS) == set()


def test_a_name_can_be_taken_once() -> None:
    with pytest.raises(ValueError, match="'drop'"):

        @fault
        class Drop(Fault):
            """Another."""


def test_a_fault_without_filters_concerns_what_the_fault_itself_says() -> None:
    assert Injection(FAULTS["late_answer"]()).directions == ("out",)
    assert Injection(FAULTS["black_hole"]()).directions == ("in", "out")
    assert Injection(FAULTS["black_hole"](), direction="in").directions == ("in",)
