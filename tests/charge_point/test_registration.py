"""Boot, retry, heartbeat and reconnect: what is sent when, and what is not."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from shared.dispatch import NoAnswer, Refuse
from shared.versions import V16, V21, V201, Version
from tests.charge_point.scripted import REFUSED, ScriptedCsms, Stage


def boot(csms: ScriptedCsms, status: str, interval: int) -> dict[str, object]:
    return {"currentTime": csms.clock.now(), "status": status, "interval": interval}


async def test_an_accepted_station_reports_every_connector(version: Version) -> None:
    stage = Stage(version, evses=((1,), (1, 2)))
    csms = stage.connect()
    await stage.settle()
    assert csms.actions()[0] == "BootNotification"
    if version is V16:
        numbers = [p["connectorId"] for p in csms.of("StatusNotification")]
        assert numbers == [0, 1, 2, 3]
        assert "reason" not in csms.of("BootNotification")[0]
    else:
        assert csms.statuses(1) == ["Available"]
        assert csms.statuses(2) == ["Available", "Available"]
        assert csms.of("BootNotification")[0]["reason"] == "PowerUp"
        assert csms.of("SecurityEventNotification")[0]["type"] == "StartupOfTheDevice"
    assert ("NotifyEvent" in csms.actions()) == (version is V21)


async def test_21_reports_by_status_notification_when_told_to() -> None:
    stage = Stage(V21, status_by="notification")
    csms = stage.connect()
    await stage.settle()
    assert "StatusNotification" in csms.actions()
    assert "NotifyEvent" not in csms.actions()


@pytest.mark.parametrize("status", ["Rejected", "Pending"])
async def test_nothing_but_boot_is_sent_before_accepted(version: Version, status: str) -> None:
    stage = Stage(version)
    stage.csms.script["BootNotification"] = [
        boot(stage.csms, status, 20),
        boot(stage.csms, status, 20),
        boot(stage.csms, "Accepted", 60),
    ]
    csms = stage.connect()
    await stage.settle(39)
    stage.station.plug_in()
    await stage.station.present("04A1")
    assert csms.actions() == ["BootNotification", "BootNotification"]
    assert csms.got[1].at - csms.got[0].at == pytest.approx(20, abs=0.01)
    await stage.settle(10)
    assert stage.station.registration.accepted
    expected = "Preparing" if version is V16 else "Occupied"
    assert csms.statuses() == [expected]


async def test_an_interval_of_zero_does_not_make_the_station_flood(version: Version) -> None:
    stage = Stage(version)
    stage.csms.script["BootNotification"] = boot(stage.csms, "Pending", 0)
    csms = stage.connect()
    await stage.settle(600)
    times = [got.at for got in csms.got]
    gaps = [round(b - a) for a, b in pairwise(times)]
    assert gaps[:4] == [10, 20, 40, 80]


@pytest.mark.parametrize("interval", ["soon", None, [], {}])
async def test_an_interval_that_is_none_counts_as_zero(version: Version, interval: object) -> None:
    """With a lenient schema anything comes through."""
    stage = Stage(version)
    answer = {"currentTime": 5, "status": "Pending", "interval": interval}
    stage.csms.script["BootNotification"] = answer
    csms = stage.connect()
    csms.lenient = True
    await stage.settle(600)
    times = [got.at for got in csms.got]
    assert [round(b - a) for a, b in pairwise(times)][:4] == [10, 20, 40, 80]


async def test_a_refused_boot_is_tried_again(version: Version) -> None:
    stage = Stage(version)
    stage.csms.script["BootNotification"] = [REFUSED, boot(stage.csms, "Accepted", 60)]
    stage.connect()
    await stage.settle(15)
    assert stage.station.registration.accepted
    assert "boot_failed" in stage.notes()


async def test_a_triggered_boot_comes_before_its_time(version: Version) -> None:
    stage = Stage(version)
    stage.csms.script["BootNotification"] = [
        boot(stage.csms, "Pending", 500),
        boot(stage.csms, "Accepted", 60),
    ]
    csms = stage.connect()
    await stage.settle()
    outcome = stage.station.trigger("BootNotification")
    assert outcome.status == "Accepted"
    assert outcome.then is not None
    outcome.then()
    await stage.settle()
    assert stage.station.registration.accepted
    if version is not V16:
        assert csms.of("BootNotification")[1]["reason"] == "Triggered"
    assert stage.station.trigger("BootNotification").status == "Rejected"


async def test_heartbeats_come_after_the_interval_of_silence(version: Version) -> None:
    stage = Stage(version)
    stage.csms.interval = 100
    csms = stage.connect()
    await stage.settle(250)
    beats = [got.at for got in csms.got if got.action == "Heartbeat"]
    assert beats == pytest.approx([100, 200], abs=0.1)
    stage.station.plug_in()  # says something at 250
    await stage.settle(160)
    beats = [got.at for got in csms.got if got.action == "Heartbeat"]
    assert beats == pytest.approx([100, 200, 350], abs=0.1)


async def test_the_csms_sets_the_clock(version: Version) -> None:
    stage = Stage(version)
    ahead = stage.clock.text(stage.clock.time() + 7200)
    stage.csms.script["BootNotification"] = {"currentTime": ahead, "status": "Accepted", "interval": 60}
    stage.connect()
    await stage.settle()
    assert stage.station.clock.time() - stage.clock.time() == pytest.approx(7200, abs=1)


async def test_a_rejected_station_answers_as_its_version_says(version: Version) -> None:
    stage = Stage(version)
    stage.csms.script["BootNotification"] = boot(stage.csms, "Rejected", 500)
    stage.connect()
    stage.station.gate("GetVariables", {})  # before the first answer nothing forbids it
    await stage.settle()
    with pytest.raises(NoAnswer if version is V16 else Refuse) as caught:
        stage.station.gate("GetVariables", {})
    assert version is V16 or getattr(caught.value, "code", "") == "SecurityError"


async def test_what_a_csms_must_not_send_yet_is_a_finding(version: Version) -> None:
    stage = Stage(version)
    stage.csms.script["BootNotification"] = boot(stage.csms, "Pending", 500)
    stage.connect()
    await stage.settle()
    if version is V16:
        stage.station.gate("RemoteStartTransaction", {"idTag": "T"})
    assert [f.clause for f in stage.journal.findings()] == (["1.6 §4.2"] if version is V16 else [])
    stage.station.registration.status = "Rejected"
    with pytest.raises((NoAnswer, Refuse)):
        stage.station.gate("GetVariables", {})
    assert stage.journal.findings()[-1].clause == ("1.6 §4.2" if version is V16 else "B03.FR.03")
    assert stage.journal.findings()[-1].note == "called_while_rejected"


async def test_a_trigger_for_boot_after_acceptance_is_a_finding_on_16_only(version: Version) -> None:
    stage = Stage(version)
    await stage.booted()
    stage.station.gate("TriggerMessage", {"requestedMessage": "Heartbeat"})
    assert stage.journal.findings() == []
    stage.station.gate("TriggerMessage", {"requestedMessage": "BootNotification"})
    assert [f.clause for f in stage.journal.findings()] == (["1.6 errata 3.40"] if version is V16 else [])


async def test_heartbeats_can_be_set_whatever_the_csms_says(version: Version) -> None:
    stage = Stage(version, heartbeat=20.0)
    stage.csms.interval = 300
    csms = stage.connect()
    await stage.settle(70)
    assert [got.at for got in csms.got if got.action == "Heartbeat"] == pytest.approx([20, 40, 60], abs=0.1)


async def test_a_short_outage_reports_only_what_changed(version: Version) -> None:
    stage = Stage(version, evses=((1,), (1,)))
    await stage.booted()
    stage.cut()
    stage.station.plug_in(2)
    await asyncio.sleep(30)
    csms = stage.connect()
    await stage.settle()
    assert "BootNotification" not in csms.actions()
    assert (csms.statuses(1), len(csms.statuses(2))) == ([], 1)


async def test_a_long_outage_reports_every_connector(version: Version) -> None:
    stage = Stage(version, evses=((1,), (1,)))
    await stage.booted()
    stage.cut()
    await asyncio.sleep(61)
    csms = stage.connect()
    await stage.settle()
    assert "BootNotification" not in csms.actions()
    assert (len(csms.statuses(1)), len(csms.statuses(2))) == (1, 1)


async def test_a_station_that_boots_on_every_reconnect_does_so(version: Version) -> None:
    stage = Stage(version, boot_on_reconnect=True)
    await stage.booted()
    stage.cut()
    csms = stage.connect()
    await stage.settle()
    assert csms.actions()[0] == "BootNotification"


async def test_a_station_cut_while_pending_boots_when_it_is_due(version: Version) -> None:
    stage = Stage(version)
    stage.csms.script["BootNotification"] = [
        boot(stage.csms, "Pending", 100),
        boot(stage.csms, "Accepted", 60),
    ]
    stage.connect()
    await stage.settle(10)
    stage.cut()
    csms = stage.connect()
    await stage.settle(80)
    assert csms.actions() == []
    await stage.settle(20)
    assert stage.station.registration.accepted


async def test_another_version_is_a_registration_of_its_own() -> None:
    stage = Stage(V201)
    await stage.booted()
    stage.cut()
    stage.version = V16
    csms = stage.connect()
    await stage.settle()
    assert csms.actions()[0] == "BootNotification"
    assert csms.statuses() == ["Available"]
