"""What becomes of one command: sent, refused, unanswered, lost or skipped, and noted in every case."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from csms import commands, conductor
from csms.conductor import Outcome, conduct, conduct_options
from csms.timetable import Step
from shared.peer import ConnectionLost
from shared.versions import V16, V21, V201, Version
from tests.csms.dialled import SILENCE, Fails, Serving, serving
from tests.support import each_2x


async def outcome_of(csms: Serving, name: str, options: str = "", raw: str = "") -> Outcome:
    return await conduct(csms.csms.sessions["CP1"], Step(name, options, raw=raw))


async def test_an_accepted_command_says_what_was_answered(version: Version) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        outcome = await outcome_of(csms, "clear_cache")

        assert outcome == Outcome("CP1", "clear_cache", "ClearCache", "Accepted", True, outcome.text)
        assert str(outcome) == f"CP1 clear_cache (ClearCache): {outcome.text}"
        assert "Accepted" in outcome.text
        assert station.of("ClearCache")[0].payload == {}
        assert list(csms.csms.outcomes) == [outcome]
        note = csms.notes("command")[0]
        assert (note.station, note.clause, note.detail) == (
            "CP1",
            "",
            {
                "name": "clear_cache",
                "action": "ClearCache",
                "status": "Accepted",
                "ok": True,
                "sent": True,
            },
        )


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ({"status": "Rejected"}, "Rejected", "Rejected"),
        (Fails("NotSupported", "never"), "NotSupported", "was refused: NotSupported: never"),
        (SILENCE, "Unanswered", "had no answer within 30 s"),
        ({"status": "Perhaps"}, "InvalidAnswer", "breaks its schema"),
        ({}, "InvalidAnswer", "breaks its schema"),
        (lambda asked: _abort(), "ConnectionLost", "the connection was lost (1006)"),
    ],
)
async def test_what_went_wrong_is_a_status_and_a_sentence(
    version: Version, answer: Any, status: str, words: str
) -> None:
    async with serving() as csms:
        station = await csms.booted(version, ClearCache=answer)
        _abort.station = station  # type: ignore[attr-defined]
        outcome = await outcome_of(csms, "ClearCache")
        assert (outcome.status, outcome.ok, outcome.sent) == (status, False, True)
        assert words in outcome.text
        assert csms.csms.bugs == []


def _abort() -> Any:
    _abort.station.link.abort()  # type: ignore[attr-defined]
    return SILENCE


async def test_after_a_failure_the_next_command_goes_out(version: Version) -> None:
    async with serving("--commands", "ClearCache:5,UnlockConnector:5,Reset:5") as csms:
        await csms.booted(version, ClearCache=SILENCE, UnlockConnector=Fails("GenericError"))
        await asyncio.sleep(60)
        assert [o.status for o in csms.csms.outcomes] == ["Unanswered", "GenericError", "Accepted"]


@pytest.mark.parametrize(
    ("version", "name", "options"),
    [(V16, "GetBaseReport", ""), (V16, "Reset", "evse=1"), (V201, "ClearTariffs", "")],
)
async def test_what_the_version_lacks_is_skipped_and_is_no_failure(
    version: Version, name: str, options: str
) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        outcome = await outcome_of(csms, name, options)
        assert (outcome.status, outcome.ok, outcome.sent) == ("Skipped", None, False)
        assert outcome.text.startswith("skipped: ")
        assert station.asked == []


async def test_wrong_options_are_not_sent(version: Version) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        outcome = await outcome_of(csms, "Reset", "kind=Hardly")
        assert (outcome.status, outcome.ok, outcome.sent) == ("NotSent", False, False)
        assert "Hardly" in outcome.text
        assert station.asked == []


async def test_no_swap_is_asked_for_a_token_that_is_not_authorized() -> None:
    async with serving("--blacklist", "stranger", "--auth-mode", "blacklist") as csms:
        station = await csms.booted(V21)
        outcome = await outcome_of(csms, "request_battery_swap", "token=stranger")
        assert (outcome.status, outcome.sent, station.asked) == ("NotSent", False, [])
        assert "stranger is Blocked" in outcome.text  # S02.FR.03
        outcome = await outcome_of(csms, "request_battery_swap", "token=friend")
        assert (outcome.sent, station.asked[0].payload["idToken"]["idToken"]) == (True, "friend")


async def test_parsed_options_do_the_same_as_text() -> None:
    async with serving() as csms:
        station = await csms.booted(V201)
        await conduct_options(csms.csms.sessions["CP1"], "reset", commands.parse("kind=OnIdle,evse=2"))
        assert station.of("Reset")[0].payload == {"type": "OnIdle", "evseId": 2}


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("Nonsense", {"a": 1}),
        ("Reset", {}),
        ("Reset", {"type": "Sideways", "x": None}),
        ("TriggerMessage", {}),
        ("Heartbeat", {}),
    ],
)
async def test_a_raw_call_goes_out_as_it_stands(version: Version, action: str, payload: Any) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        station.script[action] = Fails("NotImplemented")
        outcome = await outcome_of(csms, "call", raw=json.dumps({"action": action, "payload": payload}))
        asked = station.asked[0]
        assert (asked.action, asked.payload) == (action, payload)
        assert outcome.status == "NotImplemented"


async def test_a_broken_connection_is_told_before_anything_is_sent(version: Version) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        session = csms.csms.sessions["CP1"]
        station.link.abort()
        await station.served
        outcome = await conduct(session, Step("ClearCache"))
        assert (outcome.status, outcome.ok) == ("ConnectionLost", False)
        with pytest.raises(ConnectionLost):
            await csms.csms.call(session, "ClearCache", {})


@each_2x
async def test_an_answer_without_a_status_is_neither_good_nor_bad(version: Version) -> None:
    async with serving() as csms:
        await csms.booted(version, GetTransactionStatus={"messagesInQueue": False})
        outcome = await outcome_of(csms, "GetTransactionStatus")
        assert (outcome.status, outcome.ok) == ("Answered", None)


async def test_a_fault_of_ours_is_told_and_kept_for_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> object:
        raise RuntimeError("boom")

    csms = serving()
    await csms.__aenter__()
    await csms.booted(V21)
    monkeypatch.setattr(commands, "build", broken)
    outcome = await outcome_of(csms, "Reset")
    assert (outcome.status, outcome.sent) == ("InternalError", False)
    assert [str(bug) for bug in csms.csms.bugs] == ["boom"]
    csms.csms.bugs.clear()
    await csms.__aexit__(None, None, None)


async def test_the_last_outcomes_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conductor, "MOST_OUTCOMES", 3)
    async with serving() as csms:
        await csms.booted(V16)
        for _ in range(5):
            await outcome_of(csms, "ClearCache")
        assert len(csms.csms.outcomes) == 3


async def test_every_command_leaves_through_the_one_call(version: Version) -> None:
    went: list[tuple[str, bool]] = []
    async with serving("--call", '{"action": "Nonsense"}', "--commands", "Reset:1") as csms:
        call: Callable[..., Any] = csms.csms.call

        async def watched(session: Any, action: str, payload: Any, **more: Any) -> Any:
            went.append((action, more.get("valid", True)))
            return await call(session, action, payload, **more)

        csms.csms.call = watched  # type: ignore[method-assign]
        station = csms.station(version, Nonsense=Fails("NotImplemented"))
        await station.asks("Reset")
        await outcome_of(csms, "ClearCache")
        assert went == [("Nonsense", False), ("Reset", True), ("ClearCache", True)]
        assert [asked.action for asked in station.asked] == ["Nonsense", "Reset", "ClearCache"]
