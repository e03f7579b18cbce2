"""The authorization and local list cases (C, D) of the certification suite with the station under test, by id."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.authorization import Token, TokenInfo
from shared.versions import V16, V21, V201, Version
from tests.charge_point.sessions import AUT, EVC, Session
from tests.charge_point.wired import TOKEN
from tests.support import each_2x

Payload = dict[str, Any]

OTHER = Token("04FFFFFF")
GROUP, MASTER = "GROUP", "MASTERS"
PRE: Payload = {"AuthCtrlr__LocalPreAuthorize": True, "AuthCtrlr__LocalAuthorizeOffline": True}
BAD = ("Invalid", "Blocked", "Expired")
NEW = ("DirectPayment", "EVCCID", "VIN")
OLD = ("Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress")
KINDS = [(V201, kind) for kind in OLD] + [(V21, kind) for kind in OLD + NEW]


async def ready(version: Version, *, evses: int = 1, **variables: Any) -> Session:
    """A station whose transactions start with the token, and end with it."""
    return await Session.at(version, start=f"{EVC},{AUT}", stop=AUT, evses=evses, **(PRE | variables))


def says(at: Session, status: str = "Accepted", group: str = "", **more: Any) -> None:
    """What the CSMS says of every token from now on, in Authorize and TransactionEvent."""
    grouped = {"groupIdToken": {"idToken": group, "type": "Central"}} if group else {}
    info = {"idTokenInfo": {"status": status} | grouped | more}
    at.script["Authorize"] = lambda request: info
    at.script["TransactionEvent"] = lambda request: info if "idToken" in request else {}


def cached(at: Session, token: Token = TOKEN, status: str = "Accepted", group: str = "") -> None:
    """Memory IdTokenCached."""
    station = at.station
    station.authorizer.learn(token, TokenInfo(status, group), station.model, station.clock.time())


def wire(token: Token) -> Payload:
    return {"idToken": token.id, "type": token.type}


async def send(
    at: Session, kind: str, version: int, *tokens: Token, status: str | None = "Accepted", group: str = ""
) -> str:
    grouped = {"groupIdToken": {"idToken": group, "type": "Central"}} if group else {}
    info: Payload = {} if status is None else {"idTokenInfo": {"status": status} | grouped}
    entries = [{"idToken": wire(token)} | info for token in tokens]
    request = {"versionNumber": version, "updateType": kind} | (
        {"localAuthorizationList": entries} if entries else {}
    )
    answer = await at.ask("SendLocalList", request)
    at.forget()
    return str(answer["status"])


async def list_version(at: Session) -> int:
    return int((await at.ask("GetLocalListVersion"))["versionNumber"])


def asked(at: Session) -> list[str]:
    return [p["idToken"]["idToken"] for p in at.of("Authorize")]


def starters(at: Session) -> list[str]:
    return [p["idToken"]["idToken"] for p in at.of("TransactionEvent") if "idToken" in p]


def is_charging(at: Session) -> bool:
    return at.station.evses[0].energy.value == "flowing"


# --- the CSMS decides -----------------------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize("status", [*BAD, "Unknown", "ConcurrentTx", "NotAtThisTime"])
async def test_tc_c_02_05_06_07_56__a_token_that_is_refused_starts_nothing(
    version: Version, status: str
) -> None:
    at = await ready(version)
    says(at, status)
    await at.plug()
    at.forget()
    assert await at.present() == "refused"
    assert asked(at) == [TOKEN.id]
    await at.settle(60)
    assert at.told() == []
    await at.end()


@each_2x
async def test_tc_c_04__another_token_does_not_stop(version: Version) -> None:
    at = await ready(version)
    await at.transfer()
    await at.present(OTHER)
    assert "Ended" not in [t[0] for t in at.told()]
    assert starters(at) == []
    assert is_charging(at)
    await at.end()


@each_2x
async def test_c01_fr_21__a_token_that_is_good_at_some_evses_only(version: Version) -> None:
    at = await ready(version, evses=3)
    says(at, evseId=[2, 3])
    assert await at.present(evse=1) == "refused"
    await at.plug(1)
    assert not is_charging(at)
    assert await at.present() == "started"
    assert at.station.evses[1].is_authorized
    at.station.model.put("AuthorizeRemoteStart", True)
    await at.start_remotely(1, OTHER.id)
    assert not is_charging(at)
    await at.end()


# --- types of tokens ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "kind"), KINDS, ids=str)
async def test_every_type_of_token_is_asked_about_and_told_of(version: Version, kind: str) -> None:
    at = await ready(version)
    token = Token("0123ABCD", kind)
    await at.plug()
    await at.present(token)
    assert [p["idToken"] for p in at.of("Authorize")] == [wire(token)]
    assert [p["idToken"] for p in at.of("TransactionEvent") if "idToken" in p] == [wire(token)]
    assert await at.present(Token("0123abcd", kind)) == "stopped"
    await at.end()


@each_2x
async def test_c02_fr_01__a_start_button(version: Version) -> None:
    at = await ready(version)
    button = Token("", "NoAuthorization")
    await at.plug()
    assert await at.present(button) == "started"
    assert asked(at) == []
    assert [p["idToken"] for p in at.of("TransactionEvent") if "idToken" in p] == [wire(button)]
    assert is_charging(at)
    assert not at.station.authorizer.cache  # C02.FR.03
    assert await at.present(button) == "stopped"
    await at.end()


async def test_1_6_has_no_start_button() -> None:
    at = Session(V16, evses=((1,),))
    await at.start()
    assert await at.present(Token("", "NoAuthorization")) == "refused"
    await at.end()


@each_2x
async def test_c01_fr_25__the_same_id_of_another_type_is_another_token(version: Version) -> None:
    at = await ready(version)
    cached(at)
    await at.plug()
    assert await at.present(Token(TOKEN.id, "ISO15693")) == "started"
    assert asked(at) == [TOKEN.id]
    await at.present()
    assert is_charging(at)
    await at.end()


@each_2x
async def test_c05_fr_02__what_the_csms_made_up_is_not_cached(version: Version) -> None:
    at = await ready(version)
    await at.plug()
    await at.present(Token("made up", "Central"))
    await at.settle(2)
    assert not at.station.authorizer.cache
    await at.end()


@each_2x
async def test_c06_fr_02__a_local_token_is_always_asked_about(version: Version) -> None:
    at = await ready(version)
    ticket = Token("77", "Local")
    cached(at, ticket)
    await at.plug()
    await at.present(ticket)
    assert asked(at) == ["77"]
    await at.end()


@each_2x
async def test_c04_fr_04__a_key_code_is_in_no_note(version: Version) -> None:
    at = await ready(version, AuthCtrlr__AuthorizeRemoteStart=True)
    says(at, "Invalid")
    for kind, shown in (("ISO14443", True), ("KeyCode", False)):
        await at.ask(
            "RequestStartTransaction",
            {"idToken": {"idToken": "4711", "type": kind}, "evseId": 1, "remoteStartId": 7},
        )
        (note,) = [e for e in at.journal if e.note == "not_started" and e.seq > at._since]
        assert ("4711" in str(note.what)) is shown
        at.forget()
    await at.end()


# --- the cache ------------------------------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize("plugged", [True, False])
async def test_tc_c_08_13__a_cached_token_starts_unasked(version: Version, plugged: bool) -> None:
    at = await ready(version)
    cached(at)
    if plugged:
        await at.plug()
    await at.present(Token(TOKEN.id.lower()))
    if not plugged:
        await at.plug()
    assert asked(at) == []
    assert is_charging(at)
    await at.end()


@each_2x
@pytest.mark.parametrize("status", BAD)
@pytest.mark.parametrize("now", [None, "Accepted"])
async def test_tc_c_09_10_11_12__a_cached_refusal_is_asked_about(
    version: Version, status: str, now: str | None
) -> None:
    at = await ready(version)
    cached(at, status=status)
    says(at, now or status)
    await at.plug()
    await at.present()
    assert asked(at) == [TOKEN.id]
    assert is_charging(at) is (now is not None)
    await at.end()


@each_2x
async def test_tc_c_57_58__a_known_refusal_is_not_asked_about(version: Version) -> None:
    for place in ("AuthCacheCtrlr", "LocalAuthListCtrlr"):
        at = await ready(version, **{f"{place}__DisablePostAuthorize": True})
        if place == "AuthCacheCtrlr":
            cached(at, status="Invalid")
        else:
            assert await send(at, "Full", 1, TOKEN, status="Invalid") == "Accepted"
        await at.plug()
        assert await at.present() == "refused"
        assert asked(at) == []
        await at.end()


@each_2x
async def test_tc_c_32__the_cache_survives_a_reset(version: Version) -> None:
    at = await ready(version)
    cached(at)
    await at.ask("Reset", {"type": "Immediate"})
    await at.settle(20)
    at.forget()
    await at.plug()
    await at.present()
    assert asked(at) == []
    assert is_charging(at)
    await at.end()


@each_2x
async def test_tc_c_33__the_answer_to_authorize_feeds_the_cache(version: Version) -> None:
    at = await ready(version)
    await at.present()
    await at.present()
    at.forget()
    await at.present()
    assert (asked(at), starters(at)[:1]) == ([], [TOKEN.id])
    await at.end()


@each_2x
async def test_tc_c_34__the_answer_to_a_transaction_event_feeds_the_cache(version: Version) -> None:
    at = await ready(version)
    cached(at)
    says(at, "Invalid")
    await at.plug()
    await at.present()
    await at.settle(5)
    assert asked(at) == []
    assert await at.present() == "unlocked"
    at.station.unplug()
    await at.settle(5)
    at.forget()
    await at.plug()
    await at.present()
    assert asked(at) == [TOKEN.id]
    await at.end()


@each_2x
async def test_tc_c_36__without_pre_authorization_the_cache_is_not_looked_at(version: Version) -> None:
    at = await ready(version, AuthCtrlr__LocalPreAuthorize=False)
    cached(at)
    says(at, "Invalid")
    await at.plug()
    assert await at.present() == "refused"
    assert asked(at) == [TOKEN.id]
    await at.end()


@each_2x
async def test_tc_c_37_38__the_cache_is_cleared_unless_it_is_switched_off(version: Version) -> None:
    at = await ready(version)
    cached(at)
    assert (await at.ask("ClearCache"))["status"] == "Accepted"
    await at.plug()
    await at.present()
    assert asked(at) == [TOKEN.id]
    at.station.model.put("AuthCacheEnabled", False)
    assert (await at.ask("ClearCache"))["status"] == "Rejected"
    await at.end()


@each_2x
async def test_tc_c_46__a_cached_token_has_a_life_time(version: Version) -> None:
    at = await ready(version, AuthCacheCtrlr__LifeTime=30)
    cached(at)
    await at.plug()
    await at.settle(31)
    await at.present()
    assert asked(at) == [TOKEN.id]
    await at.end()


@each_2x
async def test_c10_fr_10__what_has_expired_already_is_not_kept(version: Version) -> None:
    at = await ready(version)
    cached(at)
    past = at.journal.clock.text(at.journal.clock.time() - 1)
    says(at, cacheExpiryDateTime=past)
    await at.plug()
    await at.present()
    await at.settle(5)
    assert not at.station.authorizer.cache
    await at.end()


@pytest.mark.parametrize(
    ("policy", "gone"), [("FIFO", "a"), ("LRU", "b"), ("LFU", "c"), ("CUSTOM", "d")], ids=str
)
@each_2x
async def test_c10_fr_07__a_full_cache_makes_room_by_its_policy(
    version: Version, policy: str, gone: str
) -> None:
    from charge_point.catalogue import Override

    small = Override(high=4 * 64)
    at = await ready(version, AuthCacheCtrlr__Policy=policy, AuthCacheCtrlr__Storage=small)
    own, model, clock = at.station.authorizer, at.station.model, at.station.clock
    own.learn(Token("a"), TokenInfo("Accepted"), model, clock.time())
    own.learn(Token("b"), TokenInfo("Accepted"), model, clock.time())
    for id, uses in (("b", 3), ("a", 2)):
        for _ in range(uses):
            await at.settle(1)
            own.cached(Token(id), model, clock.time())
    own.learn(Token("c"), TokenInfo("Accepted"), model, clock.time())
    await at.settle(1)
    own.learn(Token("d"), TokenInfo("Blocked"), model, clock.time())
    own.cached(Token("d"), model, clock.time())
    asked_for = {"component": {"name": "AuthCacheCtrlr"}, "variable": {"name": "Storage"}}
    answer = await at.ask("GetVariables", {"getVariableData": [asked_for]})
    assert answer["getVariableResult"][0]["attributeValue"] == "256"
    own.learn(Token("e"), TokenInfo("Accepted"), model, clock.time())
    assert {"a", "b", "c", "d", "e"} - set(own.cache or ()) == {gone}
    await at.end()


async def test_1_6_keeps_what_has_expired_as_expired() -> None:
    at = Session(V16, evses=((1,),), variables={"AllowOfflineTxForUnknownId": True})
    await at.start()
    station = at.station
    now = station.clock.time()
    station.authorizer.learn(TOKEN, TokenInfo("Accepted", expires=now + 10), station.model, now)
    at.connection.go_offline()
    await at.settle(20)
    assert await at.present() == "refused"  # §3.5.4: expired by the passage of time
    assert await at.present(OTHER) == "started"
    await at.tasks.end()


# --- offline --------------------------------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize(
    ("stops", "energy", "follows"),
    [
        (False, 10_000, []),  # TC_C_15
        (True, 0, ["Deauthorized"]),  # TC_C_16
        (False, 0, ["ChargingStateChanged"]),  # TC_C_17
        (True, 500, ["Deauthorized"]),  # TC_C_18
    ],
)
async def test_tc_c_15_16_17_18__a_cached_token_is_refused_afterwards(
    version: Version, stops: bool, energy: int, follows: list[str]
) -> None:
    at = await ready(version, TxCtrlr__StopTxOnInvalidId=stops, TxCtrlr__MaxEnergyOnInvalidId=energy)
    cached(at)
    says(at, "Invalid")
    await at.plug()
    await at.away(5)
    await at.present()
    await at.settle(20)
    at.forget()
    await at.back()
    await at.settle(5)
    own = [p for p in at.of("TransactionEvent") if p.get("offline")]
    assert [p["triggerReason"] for p in own] == ["Authorized", "ChargingStateChanged"]
    after = [p["triggerReason"] for p in at.of("TransactionEvent") if not p.get("offline")]
    assert [one for one in after if one != "MeterValuePeriodic"] == follows
    assert is_charging(at) is (follows == [])
    await at.end()


@each_2x
async def test_tc_c_21__a_listed_token_charges_offline(version: Version) -> None:
    at = await ready(version, AuthCtrlr__OfflineTxForUnknownIdEnabled=False)
    await send(at, "Full", 1, TOKEN)
    await at.plug()
    await at.away(5)
    assert await at.present(OTHER) == "refused"
    assert await at.present() == "started"
    assert await at.present() == "stopped"
    at.forget()
    await at.back()
    assert all(p["offline"] for p in at.of("TransactionEvent"))
    assert [t[1] for t in at.told()].count("StopAuthorized") == 1
    await at.end()


@each_2x
@pytest.mark.parametrize("status", BAD)
@pytest.mark.parametrize("unknown", [False, True])
async def test_tc_c_22_23_24_25__a_listed_refusal_holds_offline(
    version: Version, status: str, unknown: bool
) -> None:
    at = await ready(version, AuthCtrlr__OfflineTxForUnknownIdEnabled=unknown)
    cached(at)
    await send(at, "Full", 1, TOKEN, status=status)
    await at.plug()
    await at.away(5)
    at.forget()
    assert await at.present() == "refused"
    await at.settle(30)
    await at.back()
    assert at.told() == []
    await at.end()


@each_2x
async def test_c13_fr_06__a_listed_token_that_has_expired_is_not_unknown(version: Version) -> None:
    at = await ready(version, AuthCtrlr__OfflineTxForUnknownIdEnabled=True)
    own, now = at.station.authorizer, at.station.clock.time()
    own.update_list(1, {TOKEN: TokenInfo("Accepted", expires=now + 10)}, full=True)
    await at.away(20)
    assert await at.present() == "refused"
    await at.back()
    await at.present()
    assert asked(at) == [TOKEN.id]  # C14.FR.05
    await at.end()


@each_2x
async def test_tc_c_55__a_contract_does_not_charge_offline(version: Version) -> None:
    own = {"ISO15118Ctrlr__ContractValidationOffline": False}
    at = await ready(version, AuthCtrlr__OfflineTxForUnknownIdEnabled=True, **own)
    contract = Token("DE8AACA2B3C4D5", "eMAID")
    cached(at, contract)
    await at.plug()
    await at.away(5)
    at.forget()
    assert await at.present(contract) == "refused"  # C07.FR.07
    await at.back()
    assert at.told() == []
    await at.end()


@each_2x
async def test_tc_c_26__an_unknown_token_charges_offline(version: Version) -> None:
    at = await ready(
        version,
        AuthCtrlr__OfflineTxForUnknownIdEnabled=True,
        TxCtrlr__StopTxOnInvalidId=False,
        TxCtrlr__MaxEnergyOnInvalidId=0,
    )
    says(at, "Invalid")
    await at.away(5)
    await at.present()
    await at.plug()
    assert not at.station.authorizer.cache  # C15.FR.01
    at.forget()
    await at.back()
    await at.settle(5)
    assert at.told()[-1][:3] == ("Updated", "ChargingStateChanged", "SuspendedEVSE")
    at.forget()
    await at.present()
    assert "StopAuthorized" in [t[1] for t in at.told()]
    await at.end()


# --- the local list -------------------------------------------------------------------------------------------


@each_2x
async def test_tc_c_27__a_listed_token_starts_unasked(version: Version) -> None:
    at = await ready(version)
    await send(at, "Full", 1, TOKEN)
    await at.present()
    await at.plug()
    assert asked(at) == []
    assert is_charging(at)
    assert not at.station.authorizer.cache  # 1.6 §3.5.3: what is listed is not cached
    await at.end()


@each_2x
@pytest.mark.parametrize("status", BAD)
@pytest.mark.parametrize("now", [None, "Accepted"])
async def test_tc_c_28_29_30_31__a_listed_refusal_is_asked_about(
    version: Version, status: str, now: str | None
) -> None:
    at = await ready(version)
    await send(at, "Full", 1, TOKEN, status=status)
    says(at, now or status)
    await at.plug()
    await at.present()
    assert asked(at) == [TOKEN.id]
    assert is_charging(at) is (now is not None)
    await at.end()


@each_2x
async def test_tc_d_01_to_06__the_list_follows_its_updates(version: Version) -> None:
    at = await ready(version)
    assert await list_version(at) == 0  # D02.FR.02
    steps = [
        ("Full", 4, (TOKEN,), "Accepted", "Accepted", 4, {TOKEN}),  # TC_D_01
        ("Differential", 5, (OTHER,), "Accepted", "Accepted", 5, {TOKEN, OTHER}),  # TC_D_02
        ("Differential", 6, (TOKEN,), None, "Accepted", 6, {OTHER}),  # TC_D_03
        ("Differential", 7, (), None, "Accepted", 7, {OTHER}),  # TC_D_05
        ("Differential", 6, (TOKEN,), "Accepted", "VersionMismatch", 7, {OTHER}),  # TC_D_06
        ("Differential", 7, (TOKEN,), "Accepted", "VersionMismatch", 7, {OTHER}),  # D01.FR.19
        ("Full", 3, (), None, "Accepted", 3, set[Token]()),  # TC_D_04
    ]
    for kind, number, tokens, status, answer, held, left in steps:
        assert await send(at, kind, number, *tokens, status=status) == answer
        assert await list_version(at) == held
        assert set(at.station.authorizer.listed or ()) == {token.key for token in left}
    await at.end()


@each_2x
async def test_tc_d_07_08_10__the_version_survives_a_reset_and_is_0_when_switched_off(
    version: Version,
) -> None:
    at = await ready(version)
    await send(at, "Full", 9, TOKEN)
    assert await list_version(at) == 9
    await at.ask("Reset", {"type": "Immediate"})
    await at.settle(20)
    assert await list_version(at) == 9
    at.station.model.put("LocalAuthListEnabled", False)
    assert await list_version(at) == 0
    await at.end()


@pytest.mark.parametrize("listed", ["Accepted", "Blocked"])
async def test_1_6_tells_of_a_conflict_with_its_list(listed: str) -> None:
    """1.6 §3.5.2."""
    at = Session(
        V16,
        evses=((1,),),
        variables={
            "LocalPreAuthorize": True,
            "LocalAuthListEnabled": True,
            "StopTransactionOnInvalidId": False,
        },
    )
    await at.start()
    entry = {"idTag": TOKEN.id, "idTagInfo": {"status": listed}}
    await at.ask("SendLocalList", {"listVersion": 1, "updateType": "Full", "localAuthorizationList": [entry]})
    said = "Blocked" if listed == "Accepted" else "Accepted"
    at.script["StartTransaction"] = lambda request: {"transactionId": 3, "idTagInfo": {"status": said}}
    await at.plug()
    await at.present()
    await at.settle(5)
    conflicts = [p for p in at.of("StatusNotification") if p["errorCode"] == "LocalListConflict"]
    assert [(p["connectorId"], p["status"]) for p in conflicts] == [(0, "Available")]
    await at.end()


# --- groups and master passes ---------------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize("known", ["", "list", "cache"])
async def test_tc_c_39_40_41__one_of_the_group_stops(version: Version, known: str) -> None:
    at = await ready(version)
    says(at, group=GROUP)
    if known == "list":
        await send(at, "Full", 1, TOKEN, OTHER, group=GROUP)
    elif known:
        cached(at, group=GROUP)
        cached(at, OTHER, group=GROUP)
    await at.plug()
    await at.present()
    assert await at.present(OTHER) == "stopped"
    assert asked(at) == ([] if known else [TOKEN.id, OTHER.id])
    last = at.of("TransactionEvent")[-1]
    assert (last["triggerReason"], last["idToken"]["idToken"]) == ("StopAuthorized", OTHER.id)
    await at.end()


@each_2x
@pytest.mark.parametrize("known", ["", "list", "cache"])
async def test_tc_c_42_43_44__one_of_the_group_that_is_refused_stops_nothing(
    version: Version, known: str
) -> None:
    at = await ready(version)
    says(at, group=GROUP)
    await at.transfer()
    says(at, "Invalid", GROUP)
    if known == "list":
        await send(at, "Full", 1, OTHER, status="Invalid", group=GROUP)
    elif known:
        cached(at, OTHER, "Invalid", GROUP)
    assert await at.present(OTHER) != "stopped"
    assert asked(at) == [OTHER.id]
    assert is_charging(at)
    await at.end()


@each_2x
async def test_tc_c_14_45_49__a_master_pass_ends_all_and_starts_nothing(version: Version) -> None:
    at = await ready(
        version, evses=2, AuthCtrlr__MasterPassGroupId=MASTER, AuthCtrlr__AuthorizeRemoteStart=True
    )
    for evse in (1, 2):
        await at.plug(evse)
        await at.present(Token(f"0{evse}"), evse)
    await at.settle(5)
    at.forget()
    master = Token("04MASTER")
    cached(at, master, group=MASTER.lower())
    says(at, group=MASTER)
    assert await at.present(master) == "stopped"
    assert asked(at) == []
    ended = [p for p in at.of("TransactionEvent") if p["eventType"] == "Ended"]
    assert [p["transactionInfo"]["stoppedReason"] for p in ended] == ["MasterPass"] * 2
    assert [(p["triggerReason"], p["idToken"]) for p in ended] == [("StopAuthorized", wire(master))] * 2
    at.station.unplug(1)
    await at.settle(5)
    at.forget()
    await at.plug(1)
    await at.present(master, 1)
    assert (await at.start_remotely(1, master.id))["status"] == "Accepted"  # C12.FR.09
    await at.settle(5)
    assert not is_charging(at)
    assert starters(at) == []
    await at.end()
