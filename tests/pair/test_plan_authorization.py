"""The plan, groups 7 to 10: what the CSMS says of tokens, and that a refused one charges nothing."""

from __future__ import annotations

import pytest

from shared.peer import CallRefused
from tests.pair.conftest import Make
from tests.pair.conversation import said
from tests.pair.pair import Pair
from tests.pair.words import (
    authorized,
    ended,
    started,
    status,
    token,
    token_fields,
    token_status,
)

WHITELIST = "--boot-status Accepted --auth-mode whitelist --whitelist valid_token test_token"
BLACKLIST = "--boot-status Accepted --auth-mode blacklist --blacklist blocked_token invalid_user"


async def _is_said_of(p: Pair, text: str, word: str) -> None:
    """The station asks about a token and hears this; a driver who presents it charges, or does not."""
    await p.accepted()
    assert await p.send("Authorize", token(p.version, text))
    p.saw(authorized(p.version, text, word))
    presented = await p.generator_start(text)
    await p.sees(authorized(p.version, text, word))
    if word == "Accepted":
        assert presented.outcome == "started"
        await p.sees(started(p.version, None, token_status(p.version, word)))
        assert p.open_transactions == 1
        await p.generator_stop(text)
        await p.sees(ended(p.version, "Local"))
    else:
        assert presented.outcome == "refused"
        p.station.unplug(1)
        p.never(started(p.version))
    await p.is_over()


async def test_tc_c01_wl_ok__a_token_on_the_whitelist_is_accepted(pair: Make) -> None:
    async with pair(WHITELIST) as p:
        await _is_said_of(p, "test_token", "Accepted")


async def test_tc_c01_wl_reject__a_token_that_is_not_on_the_whitelist_is_blocked(pair: Make) -> None:
    async with pair(WHITELIST) as p:
        await _is_said_of(p, "unknown_token", "Blocked")


async def test_tc_c01_bl_ok__a_token_that_is_not_on_the_blacklist_is_accepted(pair: Make) -> None:
    async with pair(BLACKLIST) as p:
        await _is_said_of(p, "any_valid_token", "Accepted")


async def test_tc_c01_bl_reject__a_token_on_the_blacklist_is_blocked(pair: Make) -> None:
    async with pair(BLACKLIST) as p:
        await _is_said_of(p, "blocked_token", "Blocked")


async def test_tc_c01_rl__under_a_rate_limit_no_token_is_accepted(pair: Make) -> None:
    word = "Blocked" if pair.is_16 else "NotAtThisTime"  # 1.6 has no such word
    async with pair("--boot-status Accepted --auth-mode rate_limit") as p:
        await _is_said_of(p, "any_token", word)


async def test_tc_c01_offline__an_authorization_that_fails_charges_nothing(pair: Make) -> None:
    async with pair("--boot-status Accepted --offline") as p:
        await p.accepted()
        with pytest.raises(CallRefused, match="InternalError"):
            await p.send("Authorize", token(p.version, "any_token"))
        refused = said("Authorize", token_fields(p.version, "any_token"), error="InternalError")
        p.saw(refused)
        presented = await p.generator_start("any_token")
        p.saw(refused)
        assert presented.outcome == "refused"
        assert "not_authorized" in {entry.note for entry in p.charger.journal}, (
            "it is on the station's record"
        )
        p.station.unplug(1)
        await p.sees(status(p.version, "Available"))
        await p.settled()
        p.never(started(p.version))
        assert p.open_transactions == 0
        assert (await p.send("Heartbeat"))["currentTime"], "the connection stays up"
