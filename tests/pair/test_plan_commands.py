"""The plan, groups 5 and 13: each command of the CSMS, five seconds after the station connected."""

from __future__ import annotations

import pytest

from charge_point.authorization import Token
from shared.versions import V16, Version
from tests.pair.conftest import Make, once_over_sockets
from tests.pair.conversation import ANY, CSMS, Exchange, Fact, Fields, asked, one_of, said
from tests.pair.pair import Pair
from tests.pair.words import booted, fallback, status
from tests.support import each_2x

on_16 = pytest.mark.parametrize("version", [V16], ids=str)


def _commands(pair: Make, name: str, station: str = "") -> Pair:
    """The plan's set-up of a row."""
    return pair(f"--boot-status Accepted --command {name} {pair.delay(5)}", station)


async def _answered(
    p: Pair, action: str, request: Fields, answer: Fields, *, success: bool | None = True
) -> Exchange:
    """The command came in time, once the station was registered, and was answered so; the CSMS takes it so."""
    exchange = await p.commanded(asked(action, request, answer))
    if not p.over.sockets:
        assert exchange.at == pytest.approx(5.0, abs=0.1)
    assert p.station.registration.accepted
    await p.until(lambda: p.csms.outcomes)
    assert [outcome.ok for outcome in p.csms.outcomes] == [success]
    await p.settled()
    return exchange


async def test_tc_f06_trigger__a_triggered_status_follows_the_answer(pair: Make) -> None:
    async with _commands(pair, "TriggerMessage") as p:
        wanted = {"requestedMessage": "StatusNotification"}
        trigger = await _answered(p, "TriggerMessage", wanted, {"status": "Accepted"})
        member = "status" if p.version is V16 else "connectorStatus"
        told = await p.sees(said("StatusNotification", {member: "Available", "connectorId": 1}))
        assert told.seq > trigger.answer_seq


async def test_tc_c01_cache__the_cache_is_empty_afterwards(pair: Make) -> None:
    async with _commands(pair, "ClearCache") as p:
        await _answered(p, "ClearCache", {}, {"status": "Accepted"})
        token = Token("test_token", "ISO14443")
        await p.generator_start()
        await p.generator_stop()
        await p.settled()
        assert _is_known(p, token), "a session fills the cache"
        assert (await p.command("ClearCache")).status == "Accepted"
        assert not _is_known(p, token)


def _is_known(p: Pair, token: Token) -> bool:
    return p.station.authorizer.known(token, p.station.model, p.clock.time()) is not None


@each_2x
async def test_tc_b07_gbr__the_report_follows_the_answer_part_by_part(pair: Make) -> None:
    async with _commands(pair, "GetBaseReport") as p:
        report = await _answered(p, "GetBaseReport", {"reportBase": "FullInventory"}, {"status": "Accepted"})
        await _is_reported(p, report)


async def _is_reported(p: Pair, report: Exchange) -> None:
    """NotifyReport after NotifyReport, numbered from 0, until there is no more to come."""
    id = report.request["requestId"]
    await p.sees(said("NotifyReport", {"requestId": id, "tbc": False}))
    parts = [e for e in p.charger.talk.of("NotifyReport") if e.request["requestId"] == id]
    assert parts[0].seq > report.answer_seq
    assert [e.request["seqNo"] for e in parts] == list(range(len(parts)))
    assert [e.request.get("tbc", False) for e in parts] == [True] * (len(parts) - 1) + [False]
    assert len(parts) > 1
    await p.settled()
    known = p.record.report(id, "NotifyReport")
    assert known.complete
    names = {(entry["component"]["name"], entry["variable"]["name"]) for entry in known.items("reportData")}
    assert ("ChargingStation", "AvailabilityState") in names
    assert ("OCPPCommCtrlr", "HeartbeatInterval") in names


@each_2x
async def test_tc_b06_gv__a_variable_is_read(pair: Make) -> None:
    async with _commands(pair, "GetVariables") as p:
        result = "getVariableResult.0"
        await _answered(
            p,
            "GetVariables",
            {"getVariableData.0.component.name": "ChargingStation"},
            {
                f"{result}.component.name": "ChargingStation",
                f"{result}.variable.name": "AvailabilityState",
                f"{result}.attributeStatus": "Accepted",
                f"{result}.attributeValue": "Available",
            },
        )


@on_16
async def test_tc_b06_gv__every_key_is_read(pair: Make) -> None:
    async with _commands(pair, "GetConfiguration") as p:
        some = Fact("more than ten keys", lambda keys: len(keys) > 10)
        await _answered(p, "GetConfiguration", {}, {"configurationKey": some})


async def test_tc_b05_sv__a_heartbeat_interval_that_was_set_is_kept_to(pair: Make) -> None:
    async with _commands(pair, "SetVariables") as p:
        if p.version is V16:
            wanted: Fields = {"key": "HeartbeatInterval", "value": "30"}
            await _answered(p, "ChangeConfiguration", wanted, {"status": "Accepted"})
        else:
            wanted = {
                "setVariableData.0.variable.name": "HeartbeatInterval",
                "setVariableData.0.attributeValue": "30",
            }
            answer = {"setVariableResult.0.attributeStatus": "Accepted"}
            await _answered(p, "SetVariables", wanted, answer)
        assert p.station.model.seconds("HeartbeatInterval") == 30
        if not p.over.sockets:
            first = await p.sees(said("Heartbeat"))
            second = await p.sees(said("Heartbeat"))
            assert second.at - first.at == pytest.approx(30, abs=0.1)


async def test_tc_g03__an_operative_station_stays_operative(pair: Make) -> None:
    async with _commands(pair, _whole(pair)) as p:
        await _answered(
            p, "ChangeAvailability", _availability(p.version, "Operative"), {"status": "Accepted"}
        )
        assert p.station.operative
        p.never(status(p.version, "Unavailable"))
        assert p.csms_status == "Available"


async def test_tc_g03__an_inoperative_station_reports_its_connector_unavailable(pair: Make) -> None:
    async with _commands(pair, f"{_whole(pair)} --availability-status Inoperative") as p:
        change = _availability(p.version, "Inoperative")
        exchange = await _answered(p, "ChangeAvailability", change, {"status": "Accepted"})
        told = await p.sees(status(p.version, "Unavailable"))
        assert told.seq > exchange.answer_seq
        assert not p.station.operative
        await p.settled()
        assert p.csms_status == "Unavailable"
        presented = await p.station.present(Token("test_token"), 1)
        assert presented.outcome != "started"


def _whole(pair: Make) -> str:
    """ChangeAvailability of the whole station: what 2.x means without an EVSE, and 1.6 by connector 0."""
    return "ChangeAvailability:connector=0" if pair.is_16 else "ChangeAvailability"


def _availability(version: Version, word: str) -> Fields:
    return {"connectorId": 0, "type": word} if version is V16 else {"operationalStatus": word}


@once_over_sockets
async def test_tc_b11__a_reset_station_goes_away_and_boots_anew(pair: Make) -> None:
    async with _commands(pair, "Reset") as p:
        first = await p.sees(booted(p.version, "Accepted", "PowerUp"))
        kind = "Hard" if p.version is V16 else "Immediate"
        await p.commanded(asked("Reset", {"type": kind}, {"status": "Accepted"}))
        again = await p.sees(booted(p.version, "Accepted", "RemoteReset", interval=60))
        await p.sees(status(p.version, "Available"))
        if not p.over.sockets:
            assert again.at - first.at >= 30, "it takes its time"
        await p.settled()
        assert p.record.boots == 2
        assert p.csms_status == "Available"
        await p.time(10)
        assert len(p.charger.talk.of("Reset", by=CSMS)) == 1, "once per station, not on every connection"


async def test_tc_f05__a_connector_is_unlocked(pair: Make) -> None:
    async with _commands(pair, "UnlockConnector") as p:
        where = {"connectorId": 1} | ({} if p.version is V16 else {"evseId": 1})
        await _answered(p, "UnlockConnector", where, {"status": "Unlocked"})


async def test_tc_p02__data_for_a_vendor_that_the_station_knows_is_accepted(pair: Make) -> None:
    async with _commands(pair, "DataTransfer") as p:
        data = {"vendorId": "TestVendor", "messageId": "TestMessage", "data": "test_data"}
        await _answered(p, "DataTransfer", data, {"status": "Accepted"})


@each_2x
async def test_tc_b09__a_network_profile_is_accepted(pair: Make) -> None:
    async with _commands(pair, "SetNetworkProfile") as p:
        profile = {"configurationSlot": 1, "connectionData.ocppCsmsUrl": ANY}
        await _answered(p, "SetNetworkProfile", profile, {"status": "Accepted"})


async def test_tc_n01_gl__a_log_is_uploaded(pair: Make) -> None:
    async with _commands(pair, "GetLog") as p:
        log = {"logType": "DiagnosticsLog", "requestId": ANY}
        exchange = await _answered(p, "GetLog", log, {"status": "Accepted"})
        told = await p.sees(said("LogStatusNotification", {"status": "Uploading"}))
        assert told.seq > exchange.answer_seq
        await p.sees(said("LogStatusNotification", {"status": "Uploaded"}))
        (log,) = p.network.library.received.values()
        assert b"BootNotification" in log


@once_over_sockets
async def test_tc_l01_uf__firmware_is_updated_step_by_step(pair: Make) -> None:
    async with _commands(pair, "UpdateFirmware:file=fw-2.0.0.bin") as p:
        assert p.station.firmware != "2.0.0"
        old = p.version is V16
        answer = {} if old else {"status": "Accepted"}
        await _answered(p, "UpdateFirmware", {}, answer, success=None if old else True)
        for word in ("Downloading", "Downloaded", "Installing"):
            await p.sees(said("FirmwareStatusNotification", {"status": word}))
        await p.sees(booted(p.version, "Accepted", "FirmwareUpdate"))
        await p.sees(said("FirmwareStatusNotification", {"status": "Installed"}))
        assert p.station.firmware == "2.0.0"


@each_2x
async def test_tc_n02_ci__what_is_known_of_a_customer_is_told(pair: Make) -> None:
    async with _commands(pair, "CustomerInformation") as p:
        wanted = {"report": True, "clear": False, "requestId": ANY}
        exchange = await _answered(p, "CustomerInformation", wanted, {"status": "Accepted"})
        told = await p.sees(said("NotifyCustomerInformation", {"seqNo": 0}))
        assert told.request["requestId"] == exchange.request["requestId"]


async def test_tc_a02__a_certificate_that_is_none_is_answered(pair: Make) -> None:
    async with _commands(pair, "CertificateSigned") as p:
        word = {"status": one_of("Accepted", "Rejected")}
        answer = await p.commanded(asked("CertificateSigned", {"certificateChain": ANY}, word))
        kind = "InvalidChargePointCertificate" if p.version is V16 else "InvalidChargingStationCertificate"
        told = await p.sees(said("SecurityEventNotification", {"type": kind}))  # A02.FR.07
        assert told.seq > answer.answer_seq


async def test_tc_m04__a_certificate_that_is_not_there_is_not_found(pair: Make) -> None:
    async with _commands(pair, "DeleteCertificate") as p:
        word = {"status": one_of("Accepted", "NotFound")}
        await p.commanded(asked("DeleteCertificate", {"certificateHashData.hashAlgorithm": "SHA256"}, word))


async def test_tc_m03__the_certificates_of_a_station_are_listed(pair: Make) -> None:
    async with _commands(pair, "GetInstalledCertificateIds") as p:
        word = {"status": one_of("Accepted", "NotFound")}
        await p.commanded(asked("GetInstalledCertificateIds", {"certificateType": ANY}, word))


@on_16
async def test_tc_m05__a_root_certificate_is_answered_on_16(pair: Make) -> None:
    async with _commands(pair, "InstallCertificate") as p:
        wanted = {"certificateType": "CentralSystemRootCertificate", "certificate": ANY}
        word = {"status": one_of("Accepted", "Rejected")}
        await p.commanded(asked("InstallCertificate", wanted, word))


@each_2x
async def test_tc_m05__a_root_certificate_is_answered(pair: Make) -> None:
    async with _commands(pair, "InstallCertificate") as p:
        wanted = {"certificateType": "CSMSRootCertificate", "certificate": ANY}
        word = {"status": one_of("Accepted", "Rejected")}
        await p.commanded(asked("InstallCertificate", wanted, word))


@each_2x
async def test_tc_e14__an_unknown_transaction_has_nothing_in_the_queue(pair: Make) -> None:
    async with _commands(pair, "GetTransactionStatus") as p:
        wanted = {"transactionId": fallback(p.version)}
        exchange = await _answered(
            p, "GetTransactionStatus", wanted, {"messagesInQueue": False}, success=None
        )
        assert not (exchange.answer or {}).get("ongoingIndicator", False)


@each_2x
async def test_tc_periodic__a_report_comes_every_ten_seconds(pair: Make) -> None:
    start = "--start-on accepted" if pair.over.sockets else ""
    async with pair(f"--boot-status Accepted --command GetBaseReport --period {pair.after(10)} {start}") as p:
        reports = []
        for _ in range(4):
            reports.append(await p.commanded(asked("GetBaseReport", {}, {"status": "Accepted"})))
            await _is_reported(p, reports[-1])
        assert len({e.request["requestId"] for e in reports}) == 4, "each under a request id of its own"
        if not p.over.sockets:
            assert [round(e.at) for e in reports] == [10, 20, 30, 40]
            await p.time(9)
            assert len(p.charger.talk.of("GetBaseReport", by=CSMS)) == 4
