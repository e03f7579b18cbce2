"""One end of a connection, without a socket and without a clock."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.versions import V16, V21, V201, VERSIONS, Version
from shared.wire import events
from shared.wire.events import Answered, Called, Refused, Sent, Unusable
from shared.wire.rpc import GIVEN_UP_MEMORY, MAX_IN_WORK, Rpc
from tests.support import each_version

OFFERED = frozenset({"Heartbeat", "DataTransfer", "BootNotification", "NotifyPeriodicEventStream"})
GOOD_TRANSFER = {"status": "Accepted"}


def make(version: Version = V16, **how: bool) -> Rpc:
    return Rpc(version, OFFERED, **how)


def heartbeat(unique_id: str) -> str:
    return f'[2,"{unique_id}","Heartbeat",{{}}]'


def sent(rpc: Rpc) -> list[Any]:
    """What there is to send, taken."""
    frames = [json.loads(frame) for _, frame in rpc.frames_to_send]
    rpc.frames_to_send.clear()
    return frames


# --- our calls -----------------------------------------------------------------------------------------------


@each_version
def test_a_call_is_outstanding_until_it_is_answered(version: Version) -> None:
    rpc = make(version)
    assert rpc.idle
    assert json.loads(rpc.call("1", "DataTransfer", {"vendorId": "v"})) == [
        2,
        "1",
        "DataTransfer",
        {"vendorId": "v"},
    ]
    assert not rpc.idle
    assert rpc.receive('[3,"1",{"status":"Accepted"}]') == Answered("1", "DataTransfer", GOOD_TRANSFER)
    assert rpc.idle
    assert sent(rpc) == []


@each_version
def test_a_second_call_is_not_made_while_one_is_outstanding(version: Version) -> None:
    rpc = make(version)
    rpc.call("1", "Heartbeat", {})
    with pytest.raises(RuntimeError, match="Heartbeat 1 is still outstanding"):
        rpc.call("2", "Heartbeat", {})


def test_a_payload_that_is_no_json_leaves_nothing_outstanding() -> None:
    rpc = make()
    with pytest.raises(TypeError):
        rpc.call("1", "DataTransfer", {"vendorId": object()})
    assert rpc.idle


@each_version
def test_a_call_may_be_refused(version: Version) -> None:
    rpc = make(version)
    rpc.call("1", "Heartbeat", {})
    event = rpc.receive('[4,"1","InternalError","no disk",{"free":0}]')
    assert event == Refused("1", "Heartbeat", "InternalError", "no disk", {"free": 0})
    assert rpc.idle


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ('[4,"1"]', ("GenericError", "", {}, "2 elements, not 5")),
        ('[4,"1","InternalError"]', ("InternalError", "", {}, "3 elements, not 5")),
        ('[4,"1","InternalError","d"]', ("InternalError", "d", {}, "4 elements, not 5")),
        ('[4,"1","InternalError","d",{},1]', ("InternalError", "d", {}, "6 elements, not 5")),
        ('[4,"1",5,"d",{}]', ("GenericError", "d", {}, "5 is no error code")),
        ('[4,"1","","d",{}]', ("GenericError", "d", {}, "'' is no error code")),
        ('[4,"1","Tilt","d",{}]', ("Tilt", "d", {}, "'Tilt' is no error code")),
        (
            '[4,"1","InternalError",null,{}]',
            ("InternalError", "", {}, "the description is null, not a string"),
        ),
        (
            '[4,"1","InternalError","d",null]',
            ("InternalError", "d", None, "the details are null, not an object"),
        ),
        ('[4,"1","FormationViolation","",{}]', ("FormationViolation", "", {}, "")),
        ('[4,"1","FormatViolation","",{}]', ("FormatViolation", "", {}, "")),
        ('[4,"1","OccurenceConstraintViolation","",{}]', ("OccurenceConstraintViolation", "", {}, "")),
    ],
)
@each_version
def test_an_odd_error_closes_the_call_and_says_what_is_odd(
    version: Version, frame: str, expected: tuple[Any, ...]
) -> None:
    rpc = make(version)
    rpc.call("1", "Heartbeat", {})
    assert rpc.receive(frame) == ("1", "Heartbeat", *expected)
    assert rpc.idle
    assert sent(rpc) == []


def test_only_2_x_limits_the_description() -> None:
    flaws = []
    for version in VERSIONS:
        rpc = make(version)
        rpc.call("1", "Heartbeat", {})
        event = rpc.receive(json.dumps([4, "1", "GenericError", "x" * 256, {}]))
        assert isinstance(event, Refused)
        flaws.append(event.flaws)
    assert flaws == ["", *["a description of 256 characters, not at most 255"] * 2]


@each_version
def test_after_giving_up_the_next_call_may_go_and_the_late_answer_is_not_taken_for_its(
    version: Version,
) -> None:
    rpc = make(version)
    rpc.call("1", "Heartbeat", {})
    assert rpc.give_up() == "1"
    rpc.call("2", "DataTransfer", {"vendorId": "v"})
    late = rpc.receive('[3,"1",{"currentTime":"2026-01-01T10:00:00Z"}]')
    assert isinstance(late, Unusable)
    assert (late.symptom, late.id) == (events.LATE_ANSWER, "1")
    assert isinstance(rpc.receive('[3,"2",{"status":"Accepted"}]'), Answered)


@each_version
def test_a_second_answer_and_a_stray_one_are_told_apart(version: Version) -> None:
    rpc = make(version)
    rpc.call("1", "DataTransfer", {"vendorId": "v"})
    answer = '[3,"1",{"status":"Accepted"}]'
    rpc.receive(answer)
    symptoms = [rpc.receive(frame) for frame in (answer, '[4,"1","GenericError","",{}]', '[3,"9",{}]')]
    assert [getattr(event, "symptom", "") for event in symptoms] == [
        events.DUPLICATE_ANSWER,
        events.DUPLICATE_ANSWER,
        events.UNKNOWN_ANSWER,
    ]
    assert sent(rpc) == []


@each_version
def test_a_late_answer_that_comes_again_is_a_duplicate(version: Version) -> None:
    rpc = make(version)
    rpc.call("1", "DataTransfer", {"vendorId": "v"})
    rpc.give_up()
    came = [rpc.receive('[3,"1",{"status":"Accepted"}]') for _ in range(3)]
    assert [getattr(event, "symptom", "") for event in came] == [
        events.LATE_ANSWER,
        events.DUPLICATE_ANSWER,
        events.DUPLICATE_ANSWER,
    ]


def test_the_memory_of_what_was_given_up_is_bounded() -> None:
    rpc = make()
    for number in range(GIVEN_UP_MEMORY + 1):
        rpc.call(str(number), "Heartbeat", {})
        rpc.give_up()
    forgotten, kept = rpc.receive('[3,"0",{}]'), rpc.receive('[3,"1",{}]')
    assert isinstance(forgotten, Unusable)
    assert isinstance(kept, Unusable)
    assert (forgotten.symptom, kept.symptom) == (events.UNKNOWN_ANSWER, events.LATE_ANSWER)


@pytest.mark.parametrize(
    ("frame", "paths"),
    [
        ('[3,"1",{"status":"Maybe"}]', ["/status"]),
        ('[3,"1",{}]', [""]),
        ('[3,"1",null]', [""]),
        ('[3,"1"]', ["", ""]),
        ('[3,"1",{"status":"Accepted"},1]', [""]),
        ('[3,"1",[]]', [""]),
        ('[3,"1","Accepted"]', [""]),
    ],
)
@each_version
def test_an_invalid_answer_closes_the_call_and_is_refused_where_the_version_can(
    version: Version, frame: str, paths: list[str]
) -> None:
    rpc = make(version)
    rpc.call("1", "DataTransfer", {"vendorId": "v"})
    event = rpc.receive(frame)
    assert isinstance(event, Answered)
    assert [violation.path for violation in event.violations] == paths
    assert rpc.idle
    told = sent(rpc)
    assert len(told) == (1 if version is V21 else 0)
    for message in told:  # CALLRESULTERROR, FR.06
        assert message[:2] == [5, "1"]
        assert len(message) == 5


@each_version
def test_the_answer_to_what_the_version_does_not_know_cannot_be_held_against_anything(
    version: Version,
) -> None:
    rpc = make(version)
    rpc.call("1", "Foo", {})
    assert rpc.receive('[3,"1",{"bar":1}]') == Answered("1", "Foo", {"bar": 1})
    rpc.call("2", "Foo", {})
    event = rpc.receive('[3,"2",5]')
    assert isinstance(event, Answered)
    assert len(event.violations) == 1
    assert event.payload == {}


@each_version
def test_an_answer_is_let_pass_with_its_violations_when_the_schema_only_warns(version: Version) -> None:
    rpc = make(version, enforce=False)
    rpc.call("1", "DataTransfer", {"vendorId": "v"})
    event = rpc.receive('[3,"1",{"status":"Maybe"}]')
    assert isinstance(event, Answered)
    assert (event.payload, len(event.violations)) == ({"status": "Maybe"}, 1)
    assert sent(rpc) == []


# --- the peer's calls ------------------------------------------------------------------------------------------


@each_version
def test_a_call_is_in_work_until_it_is_answered(version: Version) -> None:
    rpc = make(version)
    assert rpc.receive(heartbeat("7")) == Called("7", "Heartbeat", {})
    assert list(rpc.in_work) == ["7"]
    rpc.answer("7", {"currentTime": "now"})
    assert sent(rpc) == [[3, "7", {"currentTime": "now"}]]
    assert not rpc.in_work


@each_version
def test_answers_leave_in_the_order_of_the_calls(version: Version) -> None:
    rpc = make(version)
    for unique_id in "abcd":
        rpc.receive(heartbeat(unique_id))
    rpc.answer("c", {})
    rpc.refuse("b", "InternalError")
    assert sent(rpc) == []
    rpc.answer("a", {})
    assert [message[:2] for message in sent(rpc)] == [[3, "a"], [4, "b"], [3, "c"]]
    rpc.drop("d")
    assert sent(rpc) == []
    assert not rpc.in_work


def test_a_call_that_is_left_unanswered_holds_up_nothing() -> None:
    rpc = make()
    rpc.receive(heartbeat("a"))
    rpc.receive(heartbeat("b"))
    rpc.answer("b", {})
    rpc.drop("a")
    assert [message[1] for message in sent(rpc)] == ["b"]


@pytest.mark.parametrize("in_work", [[], ["other"], ["other", "another"]])
def test_what_is_not_in_work_cannot_be_answered(in_work: list[str]) -> None:
    rpc = make()
    for unique_id in in_work:
        rpc.receive(heartbeat(unique_id))
    with pytest.raises(KeyError, match="no call 7 is in work"):
        rpc.answer("7", {})


@each_version
def test_the_calls_in_work_are_bounded_and_those_over_the_bound_are_answered_at_once(
    version: Version,
) -> None:
    rpc = make(version)
    for number in range(MAX_IN_WORK + 500):
        rpc.receive(heartbeat(f"h{number}"))
        rpc.receive(f'[2,"u{number}","Foo",{{}}]')
    assert len(rpc.in_work) == MAX_IN_WORK
    refused = sent(rpc)
    assert len(refused) == MAX_IN_WORK + 1000
    assert {(message[0], message[2]) for message in refused} == {(4, "InternalError")}
    for unique_id in [key for key, answer in rpc.in_work.items() if answer is None]:
        rpc.answer(unique_id, {})
    assert not rpc.in_work
    assert len(sent(rpc)) == MAX_IN_WORK


@each_version
def test_the_second_of_two_calls_with_one_id_is_refused_and_the_first_still_answered(
    version: Version,
) -> None:
    rpc = make(version)
    rpc.receive(heartbeat("7"))
    event = rpc.receive(heartbeat("7"))
    assert isinstance(event, Unusable)
    rpc.answer("7", {})
    ids = [of for of, _ in rpc.frames_to_send]
    assert ids == ["", "7"], "only the second frame answers the call in work"
    assert [message[0] for message in sent(rpc)] == [4, 3]


@each_version
def test_descriptions_are_cut_and_details_are_always_an_object(version: Version) -> None:
    rpc = make(version)
    rpc.receive(heartbeat("7"))
    rpc.refuse("7", "InternalError", "x" * 1000)
    ((_, _, _, description, details),) = sent(rpc)
    assert (len(description), description[-4:], details) == (255, "x...", {})


@each_version
def test_a_refused_payload_is_told_all_that_is_wrong_with_it(version: Version) -> None:
    rpc = make(version)
    rpc.receive('[2,"7","DataTransfer",{"vendorId":5,"extra":1}]')
    ((_, _, code, description, details),) = sent(rpc)
    assert code == "TypeConstraintViolation"
    assert "/vendorId" in description
    assert [text.partition(":")[0] for text in details["violations"]] == ["/vendorId", "/"]


@each_version
def test_a_call_is_let_pass_with_its_violations_when_the_schema_only_warns(version: Version) -> None:
    event = make(version, enforce=False).receive('[2,"7","DataTransfer",{"vendorId":5}]')
    assert isinstance(event, Called)
    assert (event.payload, [v.path for v in event.violations]) == ({"vendorId": 5}, ["/vendorId"])


@each_version
def test_and_without_a_look_when_it_is_off(version: Version) -> None:
    event = make(version, check=False, enforce=False).receive('[2,"7","DataTransfer",{"vendorId":5}]')
    assert event == Called("7", "DataTransfer", {"vendorId": 5})


@pytest.mark.parametrize("how", [{"enforce": False}, {"check": False, "enforce": False}])
def test_what_is_no_object_is_refused_however_lenient(how: dict[str, bool]) -> None:
    rpc = make(V21, **how)
    assert isinstance(rpc.receive('[2,"7","DataTransfer",[]]'), Unusable)
    assert isinstance(rpc.receive('[6,"7","NotifyPeriodicEventStream",[]]'), Unusable)
    assert [message[:2] for message in sent(rpc)] == [[4, "7"]]


# --- SEND ------------------------------------------------------------------------------------------------------

STREAM = {"id": 1, "pending": 0, "basetime": "2026-01-01T10:00:00Z", "data": [{"t": 1.0, "v": "230"}]}


def test_a_send_is_taken_and_never_answered() -> None:
    rpc = make(V21)
    frame = make(V21).send("1", "NotifyPeriodicEventStream", STREAM)
    assert json.loads(frame) == [6, "1", "NotifyPeriodicEventStream", STREAM]
    assert rpc.receive(frame) == Sent("1", "NotifyPeriodicEventStream", STREAM, [])
    assert sent(rpc) == []
    assert not rpc.in_work


def test_a_send_may_go_while_a_call_is_outstanding() -> None:
    rpc = make(V21)
    rpc.call("1", "Heartbeat", {})
    rpc.send("2", "NotifyPeriodicEventStream", STREAM)
    assert not rpc.idle


# --- whatever the peer sends -----------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)  # fmt: skip # noqa: E501
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4), max_leaves=8)  # fmt: skip # noqa: E501
ids = st.sampled_from(["h1", "own", "-1", "", "x" * 36, "x" * 37]) | values
actions = st.sampled_from(
    ["Heartbeat", "DataTransfer", "BootNotification", "Reset", "NotifyPeriodicEventStream"]
)
payloads = st.sampled_from([{}, {"vendorId": "v"}, {"status": "Accepted"}, STREAM]) | values
messages = st.one_of(
    st.tuples(st.sampled_from([2, 6]), ids, actions | values, payloads).map(list),
    st.tuples(st.just(3), ids, payloads).map(list),
    st.tuples(st.sampled_from([4, 5]), ids, values, values, values).map(list),
    st.lists(values, max_size=6),
    values,
)
frames = st.text() | st.binary() | messages.map(json.dumps)
versions = st.sampled_from(VERSIONS)


@given(versions, st.booleans(), st.lists(frames, max_size=8))
@example(V201, True, ["[4]", "[3]", "[5]", "[6]", "[2]", '[2,"h1",[],{}]'])
def test_nothing_raises_answers_twice_or_touches_our_open_call(
    version: Version, enforce: bool, received: list[str | bytes]
) -> None:
    rpc = make(version, enforce=enforce)
    rpc.call("own", "DataTransfer", {"vendorId": "v"})
    is_open = True
    for frame in received:
        before = len(rpc.frames_to_send)
        event = rpc.receive(frame)
        if isinstance(event, Called):
            rpc.answer(event.id, {})
        answered = len(rpc.frames_to_send) - before
        assert answered <= 1
        assert not rpc.in_work
        if isinstance(event, Answered | Refused):
            assert is_open
            assert event.id == "own"
            is_open = False
        elif isinstance(event, Sent):
            assert answered == 0
        assert rpc.idle is not is_open
    for of, frame in rpc.frames_to_send:
        message = json.loads(frame)
        assert message[0] in (3, 4) or (message[0] == 5 and version is V21)
        assert isinstance(message[1], str)
        assert not of or of == message[1]


readable_ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=36)


@given(versions, readable_ids, actions | values, values)
def test_a_call_with_a_readable_id_is_answered_exactly_once_under_it(
    version: Version, unique_id: str, action: Any, payload: Any
) -> None:
    rpc = make(version)
    event = rpc.receive(json.dumps([2, unique_id, action, payload]))
    if isinstance(event, Called):
        rpc.answer(event.id, {})
    ((of, frame),) = rpc.frames_to_send
    assert of == unique_id
    assert json.loads(frame)[:2] in ([3, unique_id], [4, unique_id])


BOOT = {
    V16: {"chargePointVendor": "V", "chargePointModel": "M"},
    V201: {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
    V21: {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
}


@given(versions, st.data())
def test_any_mutation_of_a_valid_call_is_answered_once_or_left_alone_as_its_version_says(
    version: Version, data: st.DataObject
) -> None:
    text = json.dumps([2, "h1", "BootNotification", BOOT[version]])
    at = data.draw(st.integers(0, len(text) - 1))
    cut = data.draw(st.integers(0, 4))
    mutated = text[:at] + data.draw(st.text(max_size=3) | st.sampled_from(list('[]{},":'))) + text[at + cut :]
    rpc = make(version)
    event = rpc.receive(mutated)
    if isinstance(event, Called):
        rpc.answer(event.id, {})
        assert len(rpc.frames_to_send) == 1
        return
    assert isinstance(event, Unusable)
    assert len(rpc.frames_to_send) == (0 if event.refused_with is None else 1)
    if version is not V16 and event.refused_with is None:
        # 2.x is silent about answers, and about message types that are unknown
        assert json.loads(mutated)[0] != 2


@given(versions, st.permutations(list("abcde")), st.lists(st.sampled_from(["answer", "refuse", "drop"]), min_size=5, max_size=5))  # fmt: skip # noqa: E501
def test_in_whatever_order_handlers_end_answers_leave_in_the_order_of_the_calls(
    version: Version, ending: list[str], how: list[str]
) -> None:
    rpc = make(version)
    for unique_id in "abcde":
        rpc.receive(heartbeat(unique_id))
    left: list[str] = []
    for unique_id, way in zip(ending, how, strict=True):
        {
            "answer": lambda i: rpc.answer(i, {}),
            "refuse": lambda i: rpc.refuse(i, "InternalError"),
            "drop": rpc.drop,
        }[way](unique_id)
        left += [message[1] for message in sent(rpc)]
    dropped = {unique_id for unique_id, way in zip(ending, how, strict=True) if way == "drop"}
    assert left == [unique_id for unique_id in "abcde" if unique_id not in dropped]
