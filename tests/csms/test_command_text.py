"""Options as somebody types them: separators, quotes, escapes, lists, JSON; and that nothing typed gets lost."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.commands import NotOnThisVersion, build, build_text, parse
from csms.commands import given as given_options
from shared.option_fields import UsageError
from shared.versions import V16, V21, V201
from tests.csms.commanded import Commanded

AT_A_PROMPT = pytest.mark.parametrize("blanks", [False, True], ids=["colon", "prompt"])


def display(text: str) -> Any:
    """The text shown by a display message that was asked for with `text` after its name."""
    return build_text(Commanded(V201), f"set_display_message:{text}").payload["message"]["message"]["content"]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("text=Hello", "Hello"),
        ("text=0123", "0123"),
        ("text=", ""),
        ("text= two words ", "two words"),
        ('text=" two words "', " two words "),
        ('text= "a, b" , message=2', "a, b"),
        ('{"message":{"priority":"InFront"}} , text=x', "x"),
        (r"text=one\, two", "one, two"),
        (r"text=C:\temp", r"C:\temp"),
        (r"text=a\\b", r"a\b"),
        ('text="one, two=three"', "one, two=three"),
        (r'text="she said \"hi\""', 'she said "hi"'),
        (r'text="one\ntwo"', "one\ntwo"),
        ("text='one, \"two\"'", 'one, "two"'),
        ("text=a=b", "a=b"),
        ("text=[1", "[1"),
        ("text={x", "{x"),
        ("Welcome", "Welcome"),
        ('"Welcome, all"', "Welcome, all"),
    ],
)
def test_a_text_arrives_as_it_was_meant(typed: str, shown: str) -> None:
    assert display(typed) == shown


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("text=a,b", "a,b"),
        ('text="two words"', "two words"),
        (r"text=two\ words", "two words"),
        ("  text=x   message=2 ", "x"),
    ],
)
def test_at_a_prompt_blanks_separate_and_commas_do_not(typed: str, shown: str) -> None:
    payload = build(Commanded(V201), "set_display_message", parse(typed, blanks=True)).payload

    assert payload["message"]["message"]["content"] == shown


@given(st.text())
def test_any_text_can_be_quoted(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')

    for blanks in (False, True):
        (setting,) = parse(f'text="{escaped}"', blanks=blanks).settings
        assert (setting.key, setting.whole) == ("text", text)


@given(st.text())
def test_reading_options_gives_options_or_says_what_is_wrong(text: str) -> None:
    for blanks in (False, True):
        with suppress(UsageError):
            parse(text, blanks=blanks)


@given(st.text())
def test_a_command_line_makes_a_request_or_says_what_is_wrong(text: str) -> None:
    with suppress(UsageError, NotOnThisVersion):
        build_text(Commanded(V16), f"reset:{text}")


@pytest.mark.parametrize(
    ("typed", "blanks"),
    [
        ("names=A.B,C.D", False),
        ("A.B,C.D", False),
        ("names=A.B,C.D", True),
        ("A.B C.D", True),
        ("A.B,C.D", True),
    ],
)
def test_an_option_that_takes_several_goes_on_until_the_next_key(typed: str, blanks: bool) -> None:
    payload = build(
        Commanded(V16), "get_variables", parse(typed.replace("A.B", "A").replace("C.D", "C"), blanks=blanks)
    ).payload

    assert payload == {"key": ["A", "C"]}


def test_a_list_of_the_request_takes_several_too() -> None:
    assert build_text(Commanded(V16), "GetConfiguration:key=A,B").payload == {"key": ["A", "B"]}
    assert build_text(Commanded(V21), "ClearTariffs:tariffIds=a,b,evseId=2").payload == {
        "tariffIds": ["a", "b"],
        "evseId": 2,
    }
    assert build_text(Commanded(V21), "GetDisplayMessages:id=[1,2]").payload["id"] == [1, 2]
    assert build_text(Commanded(V21), "ClearVariableMonitoring:3,4").payload == {"id": [3, 4]}


@AT_A_PROMPT
def test_json_is_laid_over_the_defaults_and_null_takes_away(blanks: bool) -> None:
    text = '{"evseId": null, "idToken": {"type": "eMAID"}}'

    payload = build(Commanded(V201), "start_transaction", parse(text, blanks=blanks)).payload

    assert payload == {"idToken": {"idToken": "test_token", "type": "eMAID"}, "remoteStartId": 4711}


@AT_A_PROMPT
def test_json_after_an_equals_sign_is_all_there_is(blanks: bool) -> None:
    options = parse('={"type":"OnIdle","evseId":2}', blanks=blanks)

    assert build(Commanded(V201), "reset", options).payload == {"type": "OnIdle", "evseId": 2}


def test_json_and_settings_go_together() -> None:
    payload = build_text(Commanded(V201), 'reset:{"type":"OnIdle"},evse=3').payload

    assert payload == {"type": "OnIdle", "evseId": 3}


def test_a_member_that_is_an_object_is_given_as_json() -> None:
    payload = build_text(Commanded(V201), 'ChangeAvailability:evse={"id":2,"connectorId":1}').payload

    assert payload == {"operationalStatus": "Operative", "evse": {"id": 2, "connectorId": 1}}
    with pytest.raises(UsageError, match="is not a JSON object"):
        build_text(Commanded(V201), "start_transaction:idToken=04A1")


def test_vendor_data_is_text_on_16_and_anything_on_2x() -> None:
    data = '{"a":[1,2]}'

    assert build_text(Commanded(V16), f"DataTransfer:data={data}").payload["data"] == data
    assert build_text(Commanded(V21), f'DataTransfer:{{"data":{data}}}').payload["data"] == json.loads(data)


def test_an_object_on_the_way_gets_the_members_that_it_must_have() -> None:
    payload = build_text(
        Commanded(V201), "start_transaction:chargingProfile.chargingSchedule.1.duration=60"
    ).payload

    profile = payload["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert [schedule.get("duration") for schedule in profile["chargingSchedule"]] == [None, 60]
    assert profile["chargingSchedule"][1]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 16}]


def test_a_program_gives_options_in_their_own_types() -> None:
    payload = build(
        Commanded(V201),
        "reserve_now",
        {
            "evse": 2,
            "token": "04A1",
            "idToken.additionalInfo": [{"additionalIdToken": "x", "type": "y"}],
            "expires": 60,
        },
    ).payload

    assert payload["evseId"] == 2
    assert payload["idToken"]["additionalInfo"] == [{"additionalIdToken": "x", "type": "y"}]
    assert payload["expiryDateTime"] == "2026-03-01T12:01:00.000Z"
    assert build(Commanded(V16), "get_variables", {"names": ["A", "B"]}).payload == {"key": ["A", "B"]}
    assert build(Commanded(V16), "clear_cache", given_options({})).payload == {}


def test_a_request_does_not_share_its_members_with_the_options() -> None:
    options = parse('{"customData": {"vendorId": "acme", "list": [1]}}')

    first = build(Commanded(V201), "reset", options).payload
    first["customData"]["list"].append(2)

    assert build(Commanded(V201), "reset", options).payload["customData"]["list"] == [1]
