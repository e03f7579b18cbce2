"""The flags about commands: when they go out, and what they say; seen on the wire as in `test_flags`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from csms import option_values as words
from csms.conductor import conduct
from csms.timetable import Step
from shared.versions import V16, V21, V201, VERSIONS, Version
from tests.csms.dialled import (
    BOOT,
    SILENCE,
    Asked,
    Fails,
    Payload,
    RawStation,
    Serving,
    event,
    info_of,
    serving,
    start,
    stop,
    tries,
)
from tests.support import each_2x, each_version

DAY = 86_400.0


async def sent_by(version: Version, command: str, *args: str) -> Payload:
    """The payload of what `--command` sends with further flags."""
    async with serving("--command", command, "--delay", "1", *args) as csms:
        station = csms.station(version)
        await asyncio.sleep(2)
        assert len(station.asked) == 1, (station.asked, csms.csms.outcomes)
        return station.asked[0].payload


@each_2x
async def test_the_cost_is_what_cost_updated_says(version: Version) -> None:
    assert (await sent_by(version, "CostUpdated", "--total-cost", "7.25"))["totalCost"] == 7.25


# --- commands: when -----------------------------------------------------------------------------------------

RESET = {V16: {"type": "Hard"}, V201: {"type": "Immediate"}, V21: {"type": "Immediate"}}


@tries("command", "delay")
@pytest.mark.parametrize("spelling", [("--command", "--delay"), ("-c", "-d")])
async def test_a_command_with_a_delay_goes_out_once(version: Version, spelling: tuple[str, str]) -> None:
    async with serving(spelling[0], "Reset", spelling[1], "5") as csms:
        station = csms.station(version)
        await asyncio.sleep(DAY)
        assert [(a.at, a.action, a.payload) for a in station.asked] == [(5, "Reset", RESET[version])]


@tries("period")
@pytest.mark.parametrize("spelling", [("--command", "--period"), ("-c", "-p")])
async def test_a_command_with_a_period_goes_out_again_and_again(
    version: Version, spelling: tuple[str, str]
) -> None:
    async def slowly(asked: Asked) -> Payload:
        await asyncio.sleep(2)
        return {"status": "Accepted"}

    async with serving(spelling[0], "ClearCache", spelling[1], "5") as csms:
        station = csms.station(version, ClearCache=slowly)
        await asyncio.sleep(27)
        assert [asked.at for asked in station.asked] == [5, 12, 19, 26]  # 5 s after each answer


@pytest.mark.parametrize("flag", ["--delay", "--period"])
async def test_a_time_without_a_command_has_no_effect(version: Version, flag: str) -> None:
    async with serving(flag, "1") as csms:
        station = csms.station(version)
        await asyncio.sleep(DAY)
        assert station.asked == []


@tries("commands")
async def test_a_sequence_counts_each_delay_from_the_end_of_the_one_before(version: Version) -> None:
    async def slowly(asked: Asked) -> Payload:
        await asyncio.sleep(3)
        return {"status": "Accepted"}

    async with serving("--commands", "ClearCache:5, ,reset:2,UnlockConnector:10") as csms:
        station = csms.station(version, ClearCache=slowly, Reset=SILENCE)
        await asyncio.sleep(DAY)
        # 5; answered at 8; its timeout ends Reset at 40
        assert [(a.at, a.action) for a in station.asked] == [
            (5, "ClearCache"),
            (10, "Reset"),
            (50, "UnlockConnector"),
        ]


async def test_a_sequence_goes_on_on_the_connection_after_a_reset(version: Version) -> None:
    async with serving("--commands", "Reset:5,ClearCache:10,Reset:10") as csms:
        first = csms.station(version)
        await first.asks("Reset")
        await asyncio.sleep(1)
        first.link.abort()
        await asyncio.sleep(30)  # longer than the delay: it waits for the station
        second = await csms.booted(version)
        await asyncio.sleep(DAY)
        assert [(a.at, a.action) for a in first.asked] == [(5, "Reset")]
        assert [(a.at, a.action) for a in second.asked] == [(36, "ClearCache"), (46, "Reset")]


@tries("rearm")
async def test_rearm_begins_anew_on_every_connection(version: Version) -> None:
    async with serving("--command", "Reset", "--delay", "5", "--rearm") as csms:
        for connection in range(3):
            station = csms.station(version)
            asked = await station.asks("Reset")
            assert asked.at == pytest.approx(5 * (connection + 1))
            station.link.abort()
            await station.served
    async with serving("--command", "Reset", "--delay", "5") as csms:
        station = csms.station(version)
        await station.asks("Reset")
        station.link.abort()
        again = csms.station(version)
        await asyncio.sleep(DAY)
        assert again.asked == []


@tries("start_on")
@pytest.mark.parametrize(("start_on", "at"), [("connect", 5), ("boot", 15), ("accepted", 25)])
async def test_delays_count_from_what_start_on_says(version: Version, start_on: str, at: float) -> None:
    sequence = ("--boot-status-sequence", "Pending,Accepted")
    async with serving("--command", "ClearCache", "-d", "5", "--start-on", start_on, *sequence) as csms:
        station = csms.station(version)
        for _ in range(2):
            await asyncio.sleep(10)
            await station.call("BootNotification", BOOT[version])
        await asyncio.sleep(DAY)
        assert [asked.at for asked in station.asked] == [at]


@pytest.mark.parametrize("start_on", ["boot", "accepted"])
async def test_what_starts_on_a_boot_comes_after_its_answer(version: Version, start_on: str) -> None:
    async with serving("--call", '{"action": "ClearCache"}', "--start-on", start_on) as csms:
        station = await csms.booted(version)
        await station.asks("ClearCache")
        assert [frame[0] for frame in station.frames] == [3, 2]


@tries("call")
async def test_raw_calls_go_out_at_once_in_their_order_and_as_they_are(version: Version) -> None:
    calls = [{"action": "Reset", "payload": {"type": 7, "x": []}}, {"action": "Nonsense"}]
    flags = [word for call in calls for word in ("--call", json.dumps(call))]
    async with serving(*flags) as csms:
        station = csms.station(version, Reset=Fails("FormationViolation"), Nonsense=Fails("NotImplemented"))
        await asyncio.sleep(DAY)
        assert [(a.at, a.action, a.payload) for a in station.asked] == [
            (0, "Reset", {"type": 7, "x": []}),
            (0, "Nonsense", {}),
        ]


async def test_raw_calls_beside_a_period_go_first_and_are_not_repeated(version: Version) -> None:
    async with serving("--call", '{"action": "ClearCache"}', "-c", "Reset", "-p", "10") as csms:
        station = csms.station(version)
        await asyncio.sleep(35)
        found = [(asked.at, asked.action) for asked in station.asked]
        assert found == [(0, "ClearCache"), (10, "Reset"), (20, "Reset"), (30, "Reset")]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--call", '{"action": "ClearCache"}', "-p", "5"), [(0, "ClearCache")]),
        (("--commands", "Reset:3,ClearCache:3", "-p", "5"), [(3, "Reset"), (6, "ClearCache")]),
    ],
)
async def test_a_period_repeats_nothing_but_command(
    version: Version, flags: tuple[str, ...], expected: list[tuple[float, str]]
) -> None:
    async with serving(*flags) as csms:
        station = csms.station(version)
        await asyncio.sleep(60)
        assert [(asked.at, asked.action) for asked in station.asked] == expected


@tries("message_timeout")
async def test_an_answer_is_waited_for_as_long_as_told(version: Version) -> None:
    async with serving("--message-timeout", "3", "--commands", "ClearCache:1,Reset:1") as csms:
        station = csms.station(version, ClearCache=SILENCE)
        assert (await station.asks("Reset")).at == 5
        assert [outcome.status for outcome in csms.csms.outcomes] == ["Unanswered"]


# --- commands: what -----------------------------------------------------------------------------------------


@each_2x
async def test_a_command_takes_options(version: Version) -> None:
    for text in (
        "reset:kind=OnIdle,evse=1",
        'Reset:{"type": "OnIdle", "evseId": 1}',
        "reset:type=OnIdle,evseId=1",
    ):
        assert await sent_by(version, text) == {"type": "OnIdle", "evseId": 1}


async def test_what_a_version_lacks_is_skipped_there_and_sent_elsewhere() -> None:
    async with serving("--commands", "reset:kind=OnIdle,evse=1@5,GetBaseReport:1,ClearCache:1") as csms:
        old, new = csms.station(V16, "CP16"), csms.station(V201, "CP201")
        await asyncio.sleep(10)
        assert [asked.action for asked in old.asked] == ["ClearCache"]
        assert [asked.action for asked in new.asked] == ["Reset", "GetBaseReport", "ClearCache"]
        skipped = [(o.station, o.command) for o in csms.csms.outcomes if o.status == "Skipped"]
        assert skipped == [("CP16", "reset"), ("CP16", "GetBaseReport")]


_TRIGGERS = [
    (version, message)
    for message, versions in words.TRIGGERS.items()
    for version in VERSIONS
    if version in versions
]


@tries("trigger_message")
@pytest.mark.parametrize(("version", "message"), _TRIGGERS, ids=str)
async def test_a_trigger_asks_for_what_the_flag_says(version: Version, message: str) -> None:
    async with serving("-c", "TriggerMessage", "-d", "1", "--trigger-message", message) as csms:
        station = csms.station(version)
        await asyncio.sleep(2)
        extended = version is V16 and message in ("LogStatusNotification", "SignChargePointCertificate")
        assert [asked.action for asked in station.asked] == [
            "ExtendedTriggerMessage" if extended else "TriggerMessage"
        ]
        assert station.asked[0].payload["requestedMessage"] == message


_RESETS = [(v, kind) for kind, versions in words.RESET_TYPES.items() for v in versions]


@tries("reset_type")
@pytest.mark.parametrize(("version", "kind"), _RESETS, ids=str)
async def test_a_reset_is_of_the_kind_that_the_flag_says(version: Version, kind: str) -> None:
    assert await sent_by(version, "Reset", "--reset-type", kind) == {"type": kind}


async def test_a_kind_of_reset_that_a_version_lacks_is_not_sent_there() -> None:
    async with serving("-c", "Reset", "-d", "1", "--reset-type", "OnIdle") as csms:
        old, new = csms.station(V16, "CP16"), csms.station(V21, "CP21")
        await asyncio.sleep(2)
        assert [asked.payload for asked in new.asked] == [{"type": "OnIdle"}]
        assert old.asked == []


@tries("availability_status")
@pytest.mark.parametrize("status", ["Operative", "Inoperative"])
@pytest.mark.parametrize("flag", ["--availability-status", "--availability-type"])
async def test_availability_is_changed_to_what_the_flag_says(
    version: Version, flag: str, status: str
) -> None:
    payload = await sent_by(version, "ChangeAvailability", flag, status)
    expected = {"connectorId": 1, "type": status} if version is V16 else {"operationalStatus": status}
    assert payload == expected


@tries("set_variables")
@each_2x
async def test_variables_are_set_as_told(version: Version) -> None:
    told = "OCPPCommCtrlr.HeartbeatInterval=45, A.B.C=x = y.z ,"
    payload = await sent_by(version, "SetVariables", "--set-variables", told)
    assert [
        (each["component"]["name"], each["variable"]["name"], each["attributeValue"])
        for each in payload["setVariableData"]
    ] == [("OCPPCommCtrlr", "HeartbeatInterval", "45"), ("A", "B.C", "x = y.z")]


@tries("get_variables")
@each_2x
async def test_variables_are_read_as_told(version: Version) -> None:
    payload = await sent_by(version, "GetVariables", "--get-variables", "A.B, C.D")
    assert payload["getVariableData"] == [
        {"component": {"name": "A"}, "variable": {"name": "B"}},
        {"component": {"name": "C"}, "variable": {"name": "D"}},
    ]


@tries("connector_id")
@pytest.mark.parametrize(
    "command",
    [
        "RemoteStartTransaction",
        "ChangeAvailability",
        "UnlockConnector",
        "TriggerMessage",
        "GetCompositeSchedule",
    ],
)
async def test_commands_of_1_6_name_the_connector_of_the_flag(command: str) -> None:
    assert (await sent_by(V16, command, "--connector-id", "3"))["connectorId"] == 3
    assert (await sent_by(V16, f"{command}:connector=2", "--connector-id", "3"))["connectorId"] == 2


@tries("connector_id")
@each_2x
async def test_commands_of_2x_that_must_name_a_connector_name_that_of_the_flag(version: Version) -> None:
    flag = ("--connector-id", "3")
    unlock = await sent_by(version, "UnlockConnector", *flag)
    assert unlock == {"evseId": 1, "connectorId": 3}
    assert (await sent_by(version, "UnlockConnector:evse=2", *flag)) == {"evseId": 2, "connectorId": 1}
    assert (await sent_by(version, "UnlockConnector:connector=2", *flag)) == {"evseId": 1, "connectorId": 2}
    trigger = await sent_by(version, "TriggerMessage", *flag)
    assert trigger["evse"] == {"id": 1, "connectorId": 3}


@tries("reservation_id")
@pytest.mark.parametrize("command", ["ReserveNow", "CancelReservation"])
async def test_reservations_have_the_id_of_the_flag(version: Version, command: str) -> None:
    payload = await sent_by(version, command, "--reservation-id", "77")
    assert payload["id" if version is not V16 and command == "ReserveNow" else "reservationId"] == 77


@tries("reserve_id_token", "reserve_evse_id")
@each_2x
async def test_a_reservation_of_2x_is_for_the_token_and_evse_of_the_flags(version: Version) -> None:
    payload = await sent_by(version, "ReserveNow", "--reserve-id-token", "04A1", "--reserve-evse-id", "2")
    assert (payload["idToken"], payload["evseId"]) == ({"idToken": "04A1", "type": "Central"}, 2)


@each_version
async def test_a_reservation_of_evse_or_connector_0_is_one_of_any(version: Version) -> None:
    flag = "--reserve-connector-id" if version is V16 else "--reserve-evse-id"
    for payload in (
        await sent_by(version, "ReserveNow", flag, "0"),
        await sent_by(version, "ReserveNow:evse=0"),
    ):
        assert payload.get("connectorId") == (0 if version is V16 else None)  # 1.6 §5.16
        assert "evseId" not in payload  # H01.FR.04


@tries("reserve_id_tag", "reserve_connector_id")
async def test_a_reservation_of_1_6_is_for_the_tag_and_connector_of_the_flags() -> None:
    payload = await sent_by(V16, "ReserveNow", "--reserve-id-tag", "04A1", "--reserve-connector-id", "2")
    assert (payload["idTag"], payload["connectorId"]) == ("04A1", 2)


@tries("local_list_tokens")
@pytest.mark.parametrize("tokens", [("one", "two"), ()])
async def test_the_local_list_holds_the_tokens_of_the_flag(version: Version, tokens: tuple[str, ...]) -> None:
    payload = await sent_by(version, "SendLocalList", "--local-list-tokens", *tokens)
    entries = payload.get("localAuthorizationList", [])
    found = [entry["idTag"] if version is V16 else entry["idToken"]["idToken"] for entry in entries]
    assert found == list(tokens)
    infos = [info_of({"idTagInfo": e.get("idTagInfo"), "idTokenInfo": e.get("idTokenInfo")}) for e in entries]
    assert all(info == {"status": "Accepted"} for info in infos)


# --- transactions across reconnects ---------------------------------------------------------------------------


async def begin(station: RawStation, place: int, name: str) -> Any:
    """Start a transaction there; gives its id."""
    if station.version is V16:
        began = await station.call("StartTransaction", start(name, connector=place))
        return began["transactionId"]
    await station.call("TransactionEvent", event("Started", 0, name, token=name, evse={"id": place}))
    return name


async def asked_for(csms: Serving, station: RawStation, action: str, options: str = "") -> Any:
    """The transaction id that a command names."""
    before = len(station.asked)
    await conduct(csms.csms.sessions["CP1"], Step(action, options))
    assert len(station.asked) == before + 1, csms.csms.outcomes[-1]
    return station.asked[-1].payload["transactionId"]


async def test_a_stop_names_the_transaction_of_its_connector_across_reconnects(version: Version) -> None:
    fallback = 1 if version is V16 else "test_transaction_123"
    stop_it = "RemoteStopTransaction" if version is V16 else "RequestStopTransaction"
    place = "connector" if version is V16 else "evse"
    actions = [stop_it] if version is V16 else [stop_it, "GetTransactionStatus"]
    async with serving() as csms:
        station = await csms.booted(version)
        for action in actions:
            assert await asked_for(csms, station, action) == fallback
        ids = [await begin(station, where, f"T{where}") for where in (2, 1)]
        station = await csms.back(station)
        for action in actions:
            assert await asked_for(csms, station, action) == ids[0]  # the oldest
            assert await asked_for(csms, station, action, f"{place}=2") == ids[0]
            assert await asked_for(csms, station, action, f"{place}=1") == ids[1]
            assert await asked_for(csms, station, action, f"{place}=3") == fallback
            assert await asked_for(csms, station, action, "transaction=4711") in (4711, "4711")
        await end(station, ids[0])
        for action in actions:
            assert await asked_for(csms, station, action) == ids[1]
        await end(station, ids[1])
        for action in actions:
            assert await asked_for(csms, station, action) == fallback


async def end(station: RawStation, id: Any) -> None:
    """Stop a transaction."""
    if station.version is V16:
        await station.call("StopTransaction", stop(id))
    else:
        await station.call("TransactionEvent", event("Ended", 1, id))


async def test_the_transactions_of_another_station_are_not_meant(version: Version) -> None:
    fallback = 1 if version is V16 else "test_transaction_123"
    async with serving() as csms:
        one, other = await csms.booted(version, "CP1"), await csms.booted(version, "CP2")
        await begin(other, 1, "T")
        assert await asked_for(csms, one, "stop_transaction") == fallback
