"""Who may charge: list, cache, CSMS, offline; groups; and what a refusal after the start does."""

from __future__ import annotations

import asyncio

import pytest

from charge_point.authorization import Authorizer, Entry, Token, TokenInfo, info_of
from charge_point.device_model import DeviceModel
from shared.clock import VIRTUAL_EPOCH, text
from shared.versions import V16, V21, V201, Version
from tests.charge_point.scripted import Stage

TOKEN = Token("04A1B2C3")
OTHER = Token("04FFFFFF")
ACCEPTED = TokenInfo("Accepted")
AUTHORIZED = {"TxStartPoint": "EVConnected,Authorized", "TxStopPoint": "EVConnected,Authorized"}


def model(**variables: bool | int) -> DeviceModel:
    return DeviceModel(V21, overrides=dict(variables))


@pytest.mark.parametrize(
    ("listed", "cached", "online", "variables", "expected"),
    [
        (None, None, True, {}, None),
        (ACCEPTED, None, True, {"LocalPreAuthorize": True}, "Accepted"),
        (ACCEPTED, None, True, {"LocalPreAuthorize": False}, None),
        (TokenInfo("Blocked"), None, True, {"LocalPreAuthorize": True}, None),
        (None, ACCEPTED, True, {"LocalPreAuthorize": True}, "Accepted"),
        (None, TokenInfo("Expired"), True, {"LocalPreAuthorize": True}, None),
        (TokenInfo("Invalid"), ACCEPTED, True, {"LocalPreAuthorize": True}, None),
        (None, None, False, {}, "Invalid"),
        (None, None, False, {"AllowOfflineTxForUnknownId": True}, "Accepted"),
        (ACCEPTED, None, False, {}, "Accepted"),
        (ACCEPTED, None, False, {"LocalAuthorizeOffline": False}, "Invalid"),
        (TokenInfo("Blocked"), ACCEPTED, False, {"AllowOfflineTxForUnknownId": True}, "Blocked"),
        (None, ACCEPTED, False, {}, "Accepted"),
        (ACCEPTED, None, False, {"LocalAuthListEnabled": False}, "Invalid"),
        (None, ACCEPTED, False, {"AuthCacheEnabled": False}, "Invalid"),
    ],
)
def test_the_station_decides_alone_only_where_it_may(
    listed: TokenInfo | None,
    cached: TokenInfo | None,
    online: bool,
    variables: dict[str, bool],
    expected: str | None,
) -> None:
    authorizer, settings = Authorizer(), model(**variables)
    if listed is not None:
        authorizer.update_list(1, {TOKEN: listed}, full=True)
    if cached is not None:
        authorizer.cache = {TOKEN.key: Entry(cached, 0.0)}
    decided = authorizer.local(TOKEN, settings, 10.0, online=online)
    assert (decided.status if decided else None) == expected


def test_a_cache_entry_ends_at_its_own_time_or_by_its_life_time() -> None:
    settings = DeviceModel(
        V21,
        overrides={"AuthCacheCtrlr.LifeTime": 100},
        features=frozenset({"cache", "local_list", "cache_life"}),
    )
    authorizer = Authorizer()
    authorizer.learn(TOKEN, ACCEPTED, settings, 0.0)
    authorizer.learn(OTHER, TokenInfo("Accepted", expires=500.0), settings, 0.0)
    assert authorizer.cached(TOKEN, settings, 99.0) == ACCEPTED
    assert authorizer.cached(TOKEN, settings, 198.0) == ACCEPTED  # counted from the last use
    assert authorizer.cached(TOKEN, settings, 298.0) is None
    assert authorizer.cached(OTHER, settings, 499.0) is not None
    assert authorizer.cached(OTHER, settings, 500.0) is None


def test_a_full_cache_forgets_the_refused_first_and_then_the_oldest() -> None:
    authorizer, settings = Authorizer(), model()
    for number in range(1024):  # AuthCacheCtrlr.Storage says how much
        status = "Blocked" if number == 250 else "Accepted"
        authorizer.learn(Token(f"T{number}"), TokenInfo(status), settings, float(number))
    authorizer.learn(Token("T1024"), ACCEPTED, settings, 1024.0)
    authorizer.learn(Token("T1025"), ACCEPTED, settings, 1025.0)
    assert authorizer.cache is not None
    assert {"t250", "t0"}.isdisjoint(authorizer.cache)
    assert "t1" in authorizer.cache


def test_the_local_list_follows_its_version() -> None:
    authorizer = Authorizer()
    assert authorizer.update_list(2, {TOKEN: ACCEPTED}, full=True) == "Accepted"
    assert authorizer.update_list(5, {OTHER: ACCEPTED}, full=False) == "Accepted"
    assert authorizer.update_list(4, {OTHER: None}, full=False) == "VersionMismatch"
    assert (authorizer.version, set(authorizer.listed or ())) == (5, {TOKEN.key, OTHER.key})
    assert authorizer.update_list(6, {TOKEN: None}, full=False) == "Accepted"
    assert set(authorizer.listed or ()) == {OTHER.key}
    assert authorizer.update_list(7, {TOKEN: ACCEPTED}, full=False, limit=1) == "Failed"
    assert authorizer.update_list(1, {}, full=True) == "Accepted"
    assert (authorizer.list_version(V16), authorizer.list_version(V201)) == (0, 1)


def test_info_is_read_off_either_version() -> None:
    at = text(VIRTUAL_EPOCH)
    assert info_of({"status": "Accepted", "parentIdTag": "G", "expiryDate": at}) == TokenInfo(
        "Accepted", "G", VIRTUAL_EPOCH
    )
    wire = {
        "status": "Blocked",
        "groupIdToken": {"idToken": "G", "type": "Central"},
        "cacheExpiryDateTime": at,
    }
    assert info_of(wire) == TokenInfo("Blocked", "G", VIRTUAL_EPOCH)


async def test_a_cached_token_starts_without_asking_when_it_may(version: Version) -> None:
    stage = Stage(version, variables={"LocalPreAuthorize": True})
    csms = await stage.booted()
    for _ in range(2):
        stage.station.plug_in()
        await stage.station.present(TOKEN)
        await stage.station.present(TOKEN)
        stage.station.unplug()
        await stage.settle()
    assert csms.actions().count("Authorize") == 1
    stage.station.authorizer.clear_cache(stage.station.model)
    await stage.station.present(TOKEN)
    assert csms.actions().count("Authorize") == 2


async def test_another_token_does_not_stop_but_one_of_the_group_does(version: Version) -> None:
    stage = Stage(version, variables=AUTHORIZED)
    csms = await stage.booted()
    group = {"parentIdTag": "G"} if version is V16 else {"groupIdToken": {"idToken": "G", "type": "Central"}}
    csms.script["Authorize"] = [
        csms.token_info(**group),
        csms.token_info("Invalid", **group),
        csms.token_info(**group),
    ]
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle()
    assert (await stage.station.present(OTHER)).outcome == "ignored"
    assert stage.station.evses[0].transaction is not None
    assert (await stage.station.present(OTHER)).outcome == "stopped"
    await stage.settle()
    if version is V16:
        assert csms.of("StopTransaction")[0]["idTag"] == OTHER.id
    else:
        assert csms.of("TransactionEvent")[-1]["idToken"]["idToken"] == OTHER.id


async def test_without_a_group_another_token_is_not_even_asked_about(version: Version) -> None:
    stage = Stage(version)
    csms = await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle()
    csms.got.clear()
    assert (await stage.station.present(OTHER)).outcome == "ignored"
    assert csms.actions() == []


async def refused_after_the_start(version: Version, seconds: float = 5, **variables: bool | int) -> Stage:
    """Refused once it is told, `seconds` after it began."""
    stage = Stage(version, variables=AUTHORIZED | {"AllowOfflineTxForUnknownId": True} | variables)
    await stage.booted()
    stage.cut()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(seconds)
    info = stage.csms.token_info("Invalid")
    stage.csms.script["StartTransaction"] = {"transactionId": 7} | info
    stage.csms.script["TransactionEvent"] = lambda payload: info if "idToken" in payload else {}
    stage.connect()
    await stage.settle()
    return stage


async def test_a_refusal_stops_the_transaction_when_it_is_to(version: Version) -> None:
    stage = await refused_after_the_start(version, StopTransactionOnInvalidId=True)
    if version is V16:
        assert stage.csms.of("StopTransaction")[0]["reason"] == "DeAuthorized"
        assert stage.csms.statuses() == ["Charging", "Finishing"]
    else:
        assert stage.csms.events()[-1] == ("Ended", "Deauthorized", "EVConnected")
        assert [e.get("offline", False) for e in stage.csms.of("TransactionEvent")][-1] is False


async def test_a_refusal_only_holds_the_energy_otherwise(version: Version) -> None:
    stage = await refused_after_the_start(version, StopTransactionOnInvalidId=False, MaxEnergyOnInvalidId=0)
    if version is V16:
        assert stage.csms.statuses() == ["Charging", "SuspendedEVSE"]
        assert not stage.csms.of("StopTransaction")
    else:
        assert stage.csms.events()[-1] == ("Updated", "ChargingStateChanged", "SuspendedEVSE")
    assert (await stage.station.present(TOKEN)).outcome == "stopped"


async def test_a_refused_token_uses_up_its_allowance(version: Version) -> None:
    stage = await refused_after_the_start(
        version, StopTransactionOnInvalidId=False, MaxEnergyOnInvalidId=1000
    )
    assert stage.station.evses[0].meter.watts > 0
    await stage.settle(400)
    assert stage.station.evses[0].meter.watts == 0
    assert stage.station.evses[0].meter.energy == pytest.approx(1000, abs=1)


@pytest.mark.parametrize(("seconds", "wh"), [(60, 500), (120, 737)])
async def test_what_was_charged_before_the_refusal_counts(
    version: Version, seconds: float, wh: float
) -> None:
    """E05.FR.02, E05.FR.03: until so much is reached, and at once when it has been exceeded."""
    stage = await refused_after_the_start(
        version, seconds, StopTransactionOnInvalidId=False, MaxEnergyOnInvalidId=500
    )
    await stage.settle(400)
    assert stage.station.evses[0].meter.energy == pytest.approx(wh, abs=8)


async def test_a_link_that_goes_while_asking_leaves_the_decision_to_the_station(version: Version) -> None:
    stage = Stage(version, variables={"AllowOfflineTxForUnknownId": True})
    csms = await stage.booted()
    csms.script["Authorize"] = None
    presenting = asyncio.ensure_future(stage.station.present(TOKEN))
    await asyncio.sleep(1)
    stage.cut()
    assert (await presenting).outcome == "started"


@pytest.mark.parametrize("wire", [None, 5, "Accepted", ["Accepted"], {}, {"status": 5}])
def test_what_is_no_info_accepts_nobody(wire: object) -> None:
    """With a lenient schema anything comes through."""
    assert not info_of(wire).accepted


@pytest.mark.parametrize(
    "answer", [{}, {"idTagInfo": 5, "idTokenInfo": 5}, {"idTagInfo": [], "idTokenInfo": []}]
)
async def test_an_answer_without_an_info_charges_nothing(version: Version, answer: dict[str, object]) -> None:
    stage = Stage(version)
    csms = await stage.booted()
    csms.lenient = True
    csms.script["Authorize"] = answer
    stage.station.plug_in()
    presented = await stage.station.present(TOKEN)
    await stage.settle()
    assert presented.outcome == "refused"
    assert stage.station.evses[0].transaction is None or not stage.station.evses[0].is_authorized


async def test_nonsense_about_a_transaction_ends_neither_it_nor_us(version: Version) -> None:
    """With a lenient schema anything comes through."""
    stage = Stage(version)
    csms = await stage.booted()
    csms.lenient = True
    odd = {"idTokenInfo": [], "idTagInfo": 0, "transactionId": "x", "totalCost": "much"}
    csms.script["StartTransaction"] = csms.script["TransactionEvent"] = odd
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle()
    assert stage.station.evses[0].transaction is not None
    assert "StartTransaction" in csms.actions() or "TransactionEvent" in csms.actions()


@pytest.mark.parametrize("version", [V201, V21], ids=str)
async def test_a_master_pass_ends_every_transaction_and_begins_none(version: Version) -> None:
    stage = Stage(version, evses=((1,), (1,)), variables={"AuthCtrlr.MasterPassGroupId": "MASTER"})
    csms = await stage.booted()
    for evse in (1, 2):
        stage.station.plug_in(evse)
        await stage.station.present(Token(f"T{evse}"), evse)
    await stage.settle()
    csms.script["Authorize"] = csms.token_info(groupIdToken={"idToken": "MASTER", "type": "Central"})
    csms.got.clear()
    assert (await stage.station.present(OTHER)).outcome == "stopped"
    assert (await stage.station.present(OTHER)).outcome == "stopped"
    await stage.settle()
    ended = [p for p in csms.of("TransactionEvent") if p["eventType"] == "Ended"]
    assert [p["transactionInfo"]["stoppedReason"] for p in ended] == ["MasterPass"] * 2
    assert all(p["idToken"]["idToken"] == OTHER.id for p in ended)
    assert len(csms.of("Authorize")) == 2
    assert all(one.transaction is None for one in stage.station.evses)
