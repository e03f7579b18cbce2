from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.catalogue import Override
from charge_point.key_codes import LONGEST, KeyCodes
from charge_point.store import Store
from shared.clock import text
from shared.versions import V16, Version
from tests.charge_point.watching import place
from tests.charge_point.wired import TOKEN, Wired
from tests.support import each_2x

CODE = Token("1234", "KeyCode")


async def typing(version: Version, store: Store | None = None, **setup: Any) -> Wired:
    """A station whose CSMS knows no code."""
    at = await Wired(version, store=store, **setup).start()
    at.script["Authorize"] = lambda request: at.info("Invalid")
    return at


async def type_in(at: Wired, times: int = 1) -> list[str]:
    """What the station says to each of so many codes."""
    return [(await at.station.present(CODE, 1)).reason for _ in range(times)]


async def test_c04_fr_06__who_guesses_a_code_has_to_wait_longer_each_time(version: Version) -> None:
    at = await typing(version)
    assert await type_in(at, 4) == ["Invalid"] * 3 + ["the keypad is closed for 10 s more"]
    assert len(at.of("Authorize")) == 3  # the CSMS is not asked for a code that was not taken
    waits = []
    for _ in range(9):
        waits.append(at.station.part(KeyCodes).closed)
        await at.settle(waits[-1])
        assert await type_in(at) == ["Invalid"]
    assert waits == pytest.approx([10, 20, 40, 80, 160, 320, LONGEST, LONGEST, LONGEST])
    await at.end()


async def test_a_right_code_makes_good_for_the_wrong_ones(version: Version) -> None:
    at = await typing(version)
    await type_in(at, 2)
    del at.script["Authorize"]
    assert (await at.station.present(CODE, 1)).outcome == "started"
    assert at.station.part(KeyCodes).mistakes == 0
    await at.end()


@pytest.mark.parametrize("status", ["Blocked", "Expired", "ConcurrentTx"])
async def test_a_code_that_exists_was_not_guessed(version: Version, status: str) -> None:
    at = await typing(version)
    at.script["Authorize"] = lambda request: at.info(status)
    assert await type_in(at, 5) == [status] * 5
    await at.end()


async def test_a_card_is_taken_while_the_keypad_is_closed(version: Version) -> None:
    at = await typing(version)
    await type_in(at, 3)
    del at.script["Authorize"]
    assert (await at.station.present(TOKEN, 1)).outcome == "started"
    await at.end()


async def test_pulling_the_plug_does_not_open_the_keypad(version: Version, tmp_path: Path) -> None:
    at = await typing(version, Store(tmp_path))
    await type_in(at, 3)
    await at.end()
    again = await typing(version, Store(tmp_path))
    assert (await type_in(again))[0].startswith("the keypad is closed")
    await again.end()


@each_2x
async def test_a_token_of_a_type_that_the_station_does_not_take_is_refused_unasked(version: Version) -> None:
    kinds = {"AuthCtrlr.SupportedIdTokenTypes": Override(value=("ISO14443", "Central"))}
    at = await typing(version, variables=kinds)
    assert await type_in(at) == ["this station takes no tokens of type KeyCode"]
    assert at.of("Authorize") == []
    asked = {"remoteStartId": 1, "evseId": 1, "idToken": {"idToken": "1234", "type": "KeyCode"}}
    answer = await at.ask("RequestStartTransaction", asked)
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "InvalidIdToken")
    asked["idToken"] = {"idToken": "X", "type": "Central"}
    assert (await at.ask("RequestStartTransaction", asked))["status"] == "Accepted"
    await at.end()


@each_2x
async def test_a_reservation_and_a_list_are_taken_whatever_the_types_of_their_tokens(
    version: Version,
) -> None:
    kinds = {"AuthCtrlr.SupportedIdTokenTypes": Override(value=("ISO14443", "Central"))}
    at = await typing(version, variables=kinds)
    await at.ask(
        "SetVariables",
        {"setVariableData": [place("LocalAuthListCtrlr.Enabled") | {"attributeValue": "true"}]},
    )
    noted = []
    for number, kind in enumerate(("ISO14443", "KeyCode"), 1):
        token = {"idToken": "1234", "type": kind}
        until = text(at.station.clock.time() + 600)
        asked = {"id": number, "expiryDateTime": until, "idToken": token, "evseId": 1}
        assert (await at.ask("ReserveNow", asked))["status"] == "Accepted"  # H01.FR.23
        assert (await at.ask("CancelReservation", {"reservationId": number}))["status"] == "Accepted"
        entry = {"idToken": token, "idTokenInfo": {"status": "Accepted"}}
        sent = {"versionNumber": number, "updateType": "Full", "localAuthorizationList": [entry]}
        assert (await at.ask("SendLocalList", sent))["status"] == "Accepted"  # D01.FR.15
        noted.append([e.what for e in at.journal if e.note == "unsupported_token_type"])
    assert noted == [
        [],
        [
            f"{what} of KeyCode, which this station takes no tokens of"
            for what in ("a reservation", "a local list")
        ],
    ]
    await at.end()


async def test_1_6_knows_no_types_of_tokens() -> None:
    at = await Wired(V16).start()
    assert (await at.station.present(CODE, 1)).outcome == "started"
    await at.end()
