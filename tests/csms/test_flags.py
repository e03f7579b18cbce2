"""Every flag of `python -m csms`, from its text on the command line to what a station sees on the wire.

`test_every_option_is_tried` holds the table: an option that no test tries fails it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from csms import option_values as words
from csms.authorizer import STATUS_ON_16
from csms.options import CsmsOptions
from shared.option_fields import options_of
from shared.versions import V16, V201, Version
from tests.csms.dialled import (
    BOOT,
    STATUS,
    TRIED,
    GotError,
    Payload,
    RawStation,
    authorize,
    configured,
    event,
    info_of,
    serving,
    start,
    stop,
    tries,
)
from tests.support import each_2x

DAY = 86_400.0


async def status_of(station: RawStation, token: str) -> str:
    """What Authorize says of a token."""
    return str(info_of(await station.call("Authorize", authorize(station.version, token)))["status"])


async def started(station: RawStation, token: str = "T", **members: Any) -> Payload:
    """The answer to the message that starts a transaction."""
    if station.version is V16:
        return await station.call("StartTransaction", start(token, **members))
    return await station.call("TransactionEvent", event("Started", 0, token=token, **members))


# --- registration -------------------------------------------------------------------------------------------


@tries("boot_status")
@pytest.mark.parametrize("status", words.REGISTRATION_STATUSES)
async def test_one_boot_status_answers_every_boot(version: Version, status: str) -> None:
    async with serving("--boot-status", status) as csms:
        station = csms.station(version)
        for _ in range(3):
            answer = await station.call("BootNotification", BOOT[version])
            assert answer["status"] == status
            assert csms.time_of(answer["currentTime"]) == 0
            await asyncio.sleep(60)


@tries("boot_status_sequence")
async def test_a_boot_sequence_is_walked_by_each_station_and_stays_at_its_end(version: Version) -> None:
    async with serving("--boot-status-sequence", "Pending, Rejected,Accepted") as csms:
        for name in ("CP1", "CP2"):
            said = []
            for _ in range(5):  # also across connections
                station = csms.station(version, name)
                said.append((await station.call("BootNotification", BOOT[version]))["status"])
                station.link.abort()
            assert said == ["Pending", "Rejected", "Accepted", "Accepted", "Accepted"]


@tries("heartbeat_interval", "retry_interval")
async def test_intervals_are_those_of_the_status(version: Version) -> None:
    flags = ("--heartbeat-interval", "300", "--retry-interval", "0")
    async with serving("--boot-status-sequence", "Pending,Rejected,Accepted", *flags) as csms:
        station = csms.station(version)
        found = [(await station.call("BootNotification", BOOT[version]))["interval"] for _ in range(3)]
        assert found == [0, 0, 300]
    async with serving("--boot-status-sequence", "Pending,Accepted") as csms:
        station = csms.station(version)
        found = [(await station.call("BootNotification", BOOT[version]))["interval"] for _ in range(2)]
        assert found == [5, 60]


@tries("stations")
async def test_a_station_of_the_file_has_its_own_boots_and_tokens(version: Version, tmp_path: Any) -> None:
    toml = """
        [csms]
        boot-status = "Accepted"
        token = ["A=Blocked"]
        [csms.stations.CP1]
        boot-status-sequence = ["Rejected", "Pending", "Accepted"]
        [csms.stations.CP1.tokens]
        A = "Expired"
    """
    async with configured(tmp_path, toml) as csms:
        own, other = csms.station(version, "CP1"), csms.station(version, "CP2")
        said = [(await own.call("BootNotification", BOOT[version]))["status"] for _ in range(4)]
        assert said == ["Rejected", "Pending", "Accepted", "Accepted"]
        assert (await other.call("BootNotification", BOOT[version]))["status"] == "Accepted"
        assert (await status_of(own, "A"), await status_of(other, "A")) == ("Expired", "Blocked")


# --- authorization ------------------------------------------------------------------------------------------


@tries("auth_mode")
@pytest.mark.parametrize(
    ("mode", "known", "unknown"),
    [
        ("normal", "Accepted", "Accepted"),
        ("whitelist", "Accepted", "Blocked"),
        ("blacklist", "Accepted", "Accepted"),
        ("rate_limit", "NotAtThisTime", "NotAtThisTime"),
    ],
)
async def test_each_mode_judges_authorize_and_start(
    version: Version, mode: str, known: str, unknown: str
) -> None:
    if version is V16:  # which has no NotAtThisTime
        known, unknown = STATUS_ON_16[known], STATUS_ON_16[unknown]
    async with serving("--auth-mode", mode) as csms:
        station = await csms.booted(version)
        assert await status_of(station, "valid_token") == known
        assert await status_of(station, "stranger") == unknown
        assert info_of(await started(station, "stranger"))["status"] == unknown
        blocked = {"blacklist": "Blocked"}.get(mode, unknown)
        assert await status_of(station, "blocked_token") == blocked


@tries("whitelist")
async def test_a_whitelist_replaces_the_usual_one(version: Version) -> None:
    async with serving("--auth-mode", "whitelist", "--whitelist", "one", "two") as csms:
        station = await csms.booted(version)
        tokens = ("one", "TWO", "valid_token")
        assert [await status_of(station, t) for t in tokens] == ["Accepted", "Accepted", "Blocked"]


@tries("blacklist")
async def test_a_blacklist_replaces_the_usual_one(version: Version) -> None:
    async with serving("--auth-mode", "blacklist", "--blacklist", "one", "two") as csms:
        station = await csms.booted(version)
        tokens = ("one", "TWO", "blocked_token")
        assert [await status_of(station, t) for t in tokens] == ["Blocked", "Blocked", "Accepted"]


@pytest.mark.parametrize("flag", ["whitelist", "blacklist"])
async def test_a_list_is_of_no_matter_in_another_mode(version: Version, flag: str) -> None:
    async with serving(f"--{flag}", "one") as csms:
        station = await csms.booted(version)
        assert [await status_of(station, token) for token in ("one", "two")] == ["Accepted", "Accepted"]


@tries("tokens")
@pytest.mark.parametrize("status", words.TOKEN_STATUSES)
@pytest.mark.parametrize("mode", words.AUTH_MODES)
async def test_a_token_has_the_status_it_was_given_in_every_mode(
    version: Version, status: str, mode: str
) -> None:
    expected = STATUS_ON_16[status] if version is V16 else status
    async with serving("--token", f"T={status}", "--auth-mode", mode) as csms:
        station = await csms.booted(version)
        assert await status_of(station, "t") == expected
        assert info_of(await started(station))["status"] == expected


@tries("offline")
async def test_offline_fails_authorize_and_nothing_else(version: Version) -> None:
    async with serving("--offline", "--auth-mode", "whitelist") as csms:
        station = await csms.booted(version)
        with pytest.raises(GotError) as refused:
            await station.call("Authorize", authorize(version, "valid_token"))
        assert refused.value.code == "InternalError"
        assert "simulated" in refused.value.description
        assert info_of(await started(station, "valid_token"))["status"] == "Accepted"


def group_of(info: Payload) -> Any:
    return info.get("parentIdTag") or info.get("groupIdToken")


@tries("auth_group_id")
@pytest.mark.parametrize("flag", ["--auth-group-id", "--auth-parent-id-tag"])
async def test_the_group_comes_with_every_answer_about_a_token(version: Version, flag: str) -> None:
    expected: Any = "G1" if version is V16 else {"idToken": "G1", "type": "Central"}
    async with serving(flag, "G1", "--token", "B=Blocked") as csms:
        station = await csms.booted(version)
        for token in ("A", "B"):
            answer = await station.call("Authorize", authorize(version, token))
            assert group_of(info_of(answer)) == expected
        began = await started(station)
        assert group_of(info_of(began)) == expected
        if version is V16:
            ended = await station.call("StopTransaction", stop(began["transactionId"], idTag="T"))
            assert group_of(info_of(ended)) == expected


@tries("groups")
async def test_a_token_of_the_file_has_a_group_of_its_own(version: Version, tmp_path: Any) -> None:
    toml = '[csms]\nauth-group-id = "ALL"\n[csms.groups]\nA = "G1"\n"b c" = "G2"\n'
    async with configured(tmp_path, toml) as csms:
        station = await csms.booted(version)
        found = []
        for token in ("a", "B C", "other"):
            group = group_of(info_of(await station.call("Authorize", authorize(version, token))))
            found.append(group if version is V16 else group["idToken"])
        assert found == ["G1", "G2", "ALL"]


@tries("auth_cache_expiry")
async def test_answers_about_tokens_expire_when_told(version: Version) -> None:
    member = "expiryDate" if version is V16 else "cacheExpiryDateTime"
    async with serving("--auth-cache-expiry", "90.5") as csms:
        station = await csms.booted(version)
        for answer in (await station.call("Authorize", authorize(version, "T")), await started(station)):
            assert csms.time_of(info_of(answer)[member]) == pytest.approx(90.5)
    async with serving() as csms:
        station = await csms.booted(version)
        assert info_of(await started(station)).keys() == {"status"}


@tries("concurrent_tx")
async def test_a_token_that_charges_is_concurrent_elsewhere_when_told(version: Version) -> None:
    async def second(*args: str) -> str:
        async with serving(*args) as csms:
            one, two = await csms.booted(version, "CP1"), await csms.booted(version, "CP2")
            assert info_of(await started(one))["status"] == "Accepted"
            if version is not V16:
                assert await status_of(one, "T") == "Accepted"  # at the same station it is the way to stop
            return str(info_of(await started(two))["status"])

    assert await second("--concurrent-tx") == "ConcurrentTx"
    assert await second() == "Accepted"


# --- money --------------------------------------------------------------------------------------------------


def register(watt_hours: float) -> Payload:
    return {"meterValue": [{"timestamp": "2026-01-01T10:00:00Z", "sampledValue": [{"value": watt_hours}]}]}


async def costs(version: Version, *args: str) -> list[Any]:
    """What Started, Updated (2 kWh) and Ended (3.5 kWh) are told."""
    async with serving(*args) as csms:
        station = await csms.booted(version)
        events = (("Started", 0, 1000), ("Updated", 1, 3000), ("Ended", 2, 4500))
        return [
            (await station.call("TransactionEvent", event(kind, number, **register(wh)))).get("totalCost")
            for kind, number, wh in events
        ]


@tries("total_cost", "price_per_kwh")
@each_2x
@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((), [None, 10.0, 10.0]),
        (("--total-cost", "12.5"), [None, 12.5, 12.5]),
        (("--total-cost", "0"), [None, 0, 0]),
        (("--total-cost", "-2.5"), [None, -2.5, -2.5]),  # who feeds in may be paid
        (("--price-per-kwh", "0.4"), [None, 10.8, 11.4]),
        (("--total-cost", "1", "--price-per-kwh", "-0.1"), [None, 0.8, 0.65]),
    ],
)
async def test_the_cost_runs_and_ends_as_told(
    version: Version, args: tuple[str, ...], expected: list[float | None]
) -> None:
    assert await costs(version, *args) == expected


# --- vendors ------------------------------------------------------------------------------------------------

VENDORS = """
[csms.vendors.Acme]
Ping = "Accepted"
Pong = { status = "Rejected" }
Info = { data = { level = 3, tags = ["a"] } }
[csms.vendors."com.example"]
"*" = { status = "Accepted", data = "whatever" }
"""


@tries("vendors")
@pytest.mark.parametrize(
    ("vendor", "message", "expected"),
    [
        ("Acme", "Ping", {"status": "Accepted"}),
        ("Acme", "Pong", {"status": "Rejected"}),
        ("Acme", "Info", {"status": "Accepted", "data": {"level": 3, "tags": ["a"]}}),
        ("Acme", "Other", {"status": "UnknownMessageId"}),
        ("Acme", None, {"status": "UnknownMessageId"}),
        ("com.example", "Any", {"status": "Accepted", "data": "whatever"}),
        ("com.example", None, {"status": "Accepted", "data": "whatever"}),
        ("Nobody", "Ping", {"status": "UnknownVendorId"}),
    ],
)
async def test_a_vendor_of_the_file_is_answered_message_by_message(
    version: Version, tmp_path: Any, vendor: str, message: str | None, expected: Payload
) -> None:
    request = {"vendorId": vendor} | ({"messageId": message} if message else {})
    async with configured(tmp_path, VENDORS) as csms:
        station = await csms.booted(version)
        answer = await station.call("DataTransfer", request)
        if version is V16 and not isinstance(expected.get("data", ""), str):
            answer["data"] = json.loads(answer["data"])  # where data is text
        assert answer == expected


# --- checks and repeatability --------------------------------------------------------------------------------


@tries("schema")
async def test_a_message_against_its_schema_is_refused_or_taken(version: Version) -> None:
    extra = STATUS[version] | {"colour": "red"}
    code = "FormationViolation" if version is V16 else "ProtocolError"
    for mode, served, findings in (("strict", False, 1), ("warn", True, 1), ("off", True, 0)):
        async with serving("--schema", mode) as csms:
            station = await csms.booted(version)
            if served:
                await station.call("StatusNotification", extra)
            else:
                with pytest.raises(GotError) as refused:
                    await station.call("StatusNotification", extra)
                assert refused.value.code == code
            assert len(csms.journal.findings()) == findings


async def ids_of(*args: str) -> tuple[str, int]:
    """The message id and the requestId of our first call."""
    async with serving("-c", "GetBaseReport", "-d", "1", *args) as csms:
        station = csms.station(V201)
        asked = await station.asks("GetBaseReport")
        return asked.id, asked.payload["requestId"]


@tries("seed", "run_id")
async def test_the_same_seed_and_run_are_the_same_to_the_last_id() -> None:
    first = await ids_of("--seed", "1", "--run-id", "a")
    assert await ids_of("--seed", "1", "--run-id", "a") == first
    other_seed = await ids_of("--seed", "2", "--run-id", "a")
    assert other_seed[0] != first[0]
    assert other_seed[1] != first[1]
    other_run = await ids_of("--seed", "1", "--run-id", "b")
    assert other_run[0] != first[0]
    assert other_run[1] == first[1]
    assert 1 <= first[1] <= 2**31 - 1


@tries("compat")
async def test_compat_upstream_is_another_server(version: Version) -> None:
    async with serving("--compat", "upstream") as csms:
        station = await csms.booted(version)
        assert await station.call("DataTransfer", {"vendorId": "x"}) == {"status": "Accepted"}
    async with serving() as csms:
        station = await csms.booted(version)
        assert await station.call("DataTransfer", {"vendorId": "x"}) == {"status": "UnknownVendorId"}


@tries("inject")
async def test_an_injected_fault_is_done_to_what_the_csms_says(version: Version) -> None:
    once = "duplicate:action=Heartbeat,kind=answer,gap=3,times=1"
    async with serving("--inject", once, "--inject", "delay:after=7,direction=in,nth=3") as csms:
        station = await csms.booted(version)
        loop = asyncio.get_running_loop()
        await station.call("Heartbeat", {})
        began = loop.time()
        await station.call("Heartbeat", {})
        assert loop.time() - began == pytest.approx(7)
        await asyncio.sleep(3)
        texts = [entry.what for entry in csms.journal if entry.dir == "out"]
        assert sorted(texts.count(text) for text in set(texts)) == [1, 1, 2]
        notes = [entry.fault for entry in csms.journal if entry.note == "fault"]
        assert notes == ["duplicate", "delay"]


# --- the table ------------------------------------------------------------------------------------------------


def test_every_option_is_tried() -> None:
    # their tests of flags count
    import tests.csms.test_authority
    import tests.csms.test_files
    import tests.csms.test_files_servers
    import tests.csms.test_flags_commands
    import tests.csms.test_forwarding
    import tests.csms.test_payments
    import tests.csms.test_personas
    import tests.csms.test_program
    import tests.csms.test_server  # noqa: F401

    fields = {each.name for each in options_of(CsmsOptions)}
    assert fields - set(TRIED) == set(), "flags without a test"
    assert set(TRIED) - fields == set(), "tests of flags that do not exist"
