"""Passwords, security profiles and network configuration (A, B) of the certification suite, by id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.certificates import CSMS_ROOT, STATION, Certificates, Own
from charge_point.outbox import Store
from charge_point.sampling import DAY
from shared.versions import V16, V21, Version
from tests.charge_point.authority import authority
from tests.charge_point.moving import NEW, OLD, PRIORITY, Moving, moving
from tests.charge_point.sessions import AUT, EVC, Session
from tests.support import each_2x

SAFE = "wss://new.example/ocpp"
PASSWORD = "SecurityCtrlr.BasicAuthPassword"
WORDS = "a-new-password-of-ours"
HEX = "4f43415f4f4354545f61646d696e5f74657374"


# --- the password ---------------------------------------------------------------------------------------------


async def test_tc_a_09__tc_073__a_new_password_is_used_at_once(version: Version) -> None:
    m = await moving(version)
    key, value = ("AuthorizationKey", HEX) if version is V16 else (PASSWORD, WORDS)
    assert await m.put(key, value) == "Accepted"
    await m.settle(5)
    sent = bytes.fromhex(HEX) if version is V16 else WORDS.encode()
    assert (m.tried, m.passwords) == ([OLD, OLD], [None, sent])
    assert "BootNotification" not in m.actions()  # it has not restarted
    await m.end()


async def test_tc_a_10__a_password_that_is_too_short_changes_nothing(version: Version) -> None:
    m = await moving(version)
    key = "AuthorizationKey" if version is V16 else PASSWORD
    assert await m.put(key, "short") == "Rejected"
    await m.settle(5)
    assert m.tried == [OLD]
    await m.reset() if version is not V16 else await m.ask("Reset", {"type": "Hard"})
    await m.settle(20)
    assert m.passwords[-1] is None
    await m.end()


async def test_a_password_outlives_the_process(version: Version, tmp_path: Path) -> None:
    m = await moving(version, Store(tmp_path))
    await m.put("AuthorizationKey" if version is V16 else PASSWORD, HEX if version is V16 else WORDS)
    await m.settle(5)
    await m.end()
    again = await moving(version, Store(tmp_path))
    assert again.passwords == [m.passwords[-1]]
    await again.end()


async def test_b09_fr_27__a_password_is_that_of_all_slots() -> None:
    m = await moving(V21)
    await m.profile(basicAuthPassword="the-password-of-the-slot")
    await m.put(PASSWORD, WORDS)
    await m.settle(5)
    await m.prefer("2,1")
    await m.reset()
    assert (m.tried[-1], m.passwords[-1]) == (NEW, WORDS.encode())
    await m.end()


# --- security profiles ----------------------------------------------------------------------------------------


def install(m: Moving, *, own: bool = False) -> None:
    """The station has a root for the CSMS, and perhaps a certificate of its own."""
    held = m.station.part(Certificates)
    root = authority("root", m.station.clock.time() // DAY * DAY)
    held.installed.append((CSMS_ROOT, root.pem))
    if own:
        held.own[STATION] = Own(root.pem, "00")


@each_2x
@pytest.mark.parametrize(("profile", "rooted"), [(2, False), (3, False), (3, True)])
async def test_tc_a_20_21__a_safer_profile_needs_its_certificates(
    version: Version, profile: int, rooted: bool
) -> None:
    m = await moving(version)
    if rooted:
        install(m)
    assert await m.profile(securityProfile=profile, ocppCsmsUrl=SAFE) == "Accepted"
    assert await m.prefer("2,1") == "Rejected"  # A05.FR.02, .03
    assert await m.value(PRIORITY) == "1"
    await m.end()


@each_2x
async def test_it_says_so_that_it_shows_no_certificate_of_its_own(version: Version) -> None:
    m = await moving(version)
    said = []
    for profile in (2, 3):
        assert await m.profile(securityProfile=profile, ocppCsmsUrl=SAFE) == "Accepted"
        said.append(m.of("> SetNetworkProfile")[-1].get("statusInfo", {}).get("additionalInfo", ""))
    assert ["no certificate of its own" in words for words in said] == [False, True]
    assert [entry.note for entry in m.journal if entry.note == "no_client_certificate"] == [
        "no_client_certificate"
    ]
    await m.end()


@each_2x
async def test_tc_a_22__tc_b_110__a_less_safe_profile_is_refused(version: Version) -> None:
    m = await moving(version)
    m.station.model.put("SecurityCtrlr.SecurityProfile", 2)
    for lower in (0, 1):  # also TC_B_112
        assert await m.profile(securityProfile=lower) == "Rejected"  # B09.FR.04
    await m.end()


async def test_tc_b_111_113__the_device_model_is_no_way_around_that() -> None:
    m = await moving(V21)
    m.station.model.put("SecurityCtrlr.SecurityProfile", 3)
    assert await m.put("NetworkConfiguration.SecurityProfile", "1", "2") == "Rejected"
    assert await m.put("NetworkConfiguration.SecurityProfile", "2", "2") == "Rejected"
    assert await m.put("SecurityCtrlr.AllowSecurityProfileDowngrade", "true") == "Accepted"
    assert await m.put("NetworkConfiguration.SecurityProfile", "2", "2") == "Accepted"  # A00.FR.005
    assert await m.put("NetworkConfiguration.SecurityProfile", "1", "2") == "Rejected"  # B09.FR.32
    await m.end()


@each_2x
@pytest.mark.parametrize("profile", [2, 3])
async def test_tc_a_19__after_the_move_there_is_no_way_back(version: Version, profile: int) -> None:
    m = await moving(version)
    install(m, own=True)
    assert await m.profile(securityProfile=profile, ocppCsmsUrl=SAFE) == "Accepted"
    assert await m.prefer("2,1") == "RebootRequired"
    assert await m.reset() == [SAFE]
    assert await m.value("SecurityCtrlr.SecurityProfile") == str(profile)
    assert await m.value(PRIORITY) == "2"  # A05.FR.06
    m.closed = {SAFE}
    m.connection.go_offline()
    m.connection.come_online()
    await m.settle(20)
    assert set(m.tried) == {SAFE}
    await m.end()


# --- network configuration by variables (2.1) ------------------------------------------------------------------


async def fill(m: Moving, slot: str = "2", **more: str) -> list[str]:
    """Set the variables of a slot; gives the statuses."""
    values = {
        "OcppCsmsUrl": NEW,
        "OcppInterface": "Wired0",
        "OcppTransport": "JSON",
        "OcppVersion": "OCPP21",
        "MessageTimeout": "25",
        "SecurityProfile": "0",
        "Identity": "OTHER",
        "BasicAuthPassword": WORDS,
    } | more
    return [await m.put(f"NetworkConfiguration.{name}", value, slot) for name, value in values.items()]


async def test_tc_b_105__a_profile_is_set_variable_by_variable() -> None:
    m = await moving(V21)
    assert set(await fill(m)) == {"Accepted"}  # B09.FR.24
    assert await m.value("NetworkConfiguration.OcppCsmsUrl", "2") == NEW
    assert await m.prefer("2,1") == "RebootRequired"
    assert await m.reset() == [NEW]
    assert m.passwords[-1] == WORDS.encode()
    assert await m.value("SecurityCtrlr.Identity") == "OTHER"  # B09.FR.28
    assert m.station.model.text("OCPPCommCtrlr.MessageTimeout[Default]") == "25"
    await m.end()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OcppCsmsUrl", "http://new.example"),
        ("OcppTransport", "SOAP"),
        ("OcppVersion", "OCPP99"),
        ("MessageTimeout", "0"),
        ("SecurityProfile", "4"),
        ("BasicAuthPassword", "short"),
        ("VpnEnabled", "true"),
    ],
)
async def test_a_variable_of_a_profile_has_to_be_right(name: str, value: str) -> None:
    m = await moving(V21)
    assert await m.put(f"NetworkConfiguration.{name}", value, "2") == "Rejected"  # B09.FR.25, .13
    await m.end()


async def test_tc_b_107__slots_are_given_a_priority_and_lose_it() -> None:
    m = await moving(V21)
    await fill(m)
    assert await m.prefer("1,2") == "RebootRequired"
    assert await m.prefer("1") == "Accepted"  # B09.FR.20
    assert await m.prefer("1,3") == "Rejected"
    assert await m.prefer("2") == "RebootRequired"
    await m.end()


async def test_a_slot_that_is_not_whole_has_no_priority() -> None:
    m = await moving(V21)
    await m.put("NetworkConfiguration.MessageTimeout", "25", "2")
    assert await m.prefer("1,2") == "Rejected"  # B10.FR.02
    await m.end()


async def test_tc_b_108__a_slot_in_use_is_not_written() -> None:
    m = await moving(V21)
    assert set(await fill(m, "1")) == {"Rejected"}  # B09.FR.22
    await fill(m)
    await m.prefer("1,2")
    assert await m.put("NetworkConfiguration.MessageTimeout", "26", "2") == "Rejected"
    assert await m.prefer("1") == "Accepted"
    assert await m.put("NetworkConfiguration.MessageTimeout", "26", "2") == "Accepted"
    await m.end()


async def test_tc_b_109__the_password_of_the_station_goes_before_that_of_a_slot() -> None:
    m = await moving(V21)
    await fill(m)
    await m.put(PASSWORD, "another-password-of-ours")
    await m.settle(5)
    await m.prefer("2,1")
    await m.reset()
    assert m.passwords[-1] == b"another-password-of-ours"
    await m.end()


# --- a reset that resumes (2.1) -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "variables", "told"),
    [
        ("TC_B_101", {"TxCtrlr__ResumptionTimeout": 0}, None),
        ("TC_B_102", {"TxCtrlr__ResumptionTimeout": 60}, ("Updated", "TxResumed", "SuspendedEVSE", "")),
        (
            "TC_B_103",
            {"TxCtrlr__ResumptionTimeout": 60, "TxCtrlr__AllowEnergyTransferResumption": True},
            ("Updated", "TxResumed", "Charging", ""),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_reset_keeps_the_transaction(
    case: str, variables: dict[str, Any], told: tuple[str, ...] | None
) -> None:
    at = await Session.at(V21, EVC, AUT, **variables)
    await at.transfer()
    answer = await at.ask("Reset", {"type": "ImmediateAndResume"})
    assert answer["status"] == ("Rejected" if told is None else "Accepted")
    at.forget()
    await at.settle(20)
    assert at.told() == ([] if told is None else [told])
    assert at.station.evses[0].transaction is not None
    await at.end()


async def test_tc_b_104__without_a_transaction_it_is_a_reset_like_others() -> None:
    at = await Session.at(V21, TxCtrlr__ResumptionTimeout=60)
    assert await at.ask("Reset", {"type": "ImmediateAndResume"}) == {"status": "Accepted"}
    at.forget()
    await at.settle(20)
    assert [p["reason"] for p in at.of("BootNotification")] == ["RemoteReset"]
    assert at.told() == []
    await at.end()
