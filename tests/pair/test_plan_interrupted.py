"""The plan, group 14 and the rest of 17: resets, and a second start while one transaction runs."""

from __future__ import annotations

from shared.versions import V16
from tests.pair.conftest import Make, once_over_sockets
from tests.pair.conversation import CSMS, asked
from tests.pair.words import START, booted, ended, metered, remote_start, started
from tests.support import each_2x

ACCEPTED = "--boot-status Accepted"


@once_over_sockets
async def test_tc_b12__a_reset_ends_the_transaction_before_the_station_goes(pair: Make) -> None:
    async with pair(ACCEPTED, pair.metered_every(5)) as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(started(p.version))
        await p.time(8)
        await p.restart_csms(f"{ACCEPTED} --command Reset --delay {pair.after(3)}")
        kind = "Hard" if p.version is V16 else "Immediate"
        reset = await p.commanded(asked("Reset", {"type": kind}, {"status": "Accepted"}))
        reason = "HardReset" if p.version is V16 else "ImmediateReset"
        over = await p.sees(ended(p.version, reason, {"triggerReason": "ResetCommand"}))
        assert over.seq > reset.answer_seq
        again = await p.sees(booted(p.version, "Accepted", "RemoteReset"))
        assert again.seq > over.answer_seq
        await p.accepted()
        p.station.unplug(1)
        await p.is_over()
        p.is_gapless()


@once_over_sockets
@each_2x
async def test_tc_b12__a_reset_on_idle_waits_for_the_end_of_the_transaction(pair: Make) -> None:
    async with pair(ACCEPTED) as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(started(p.version))
        await p.settled()
        assert (await p.command("Reset", "kind=OnIdle")).status == "Scheduled"
        await p.time(30)
        assert p.transaction, "it goes on"
        await p.generator_stop()
        over = await p.sees(ended(p.version, "Local"))
        again = await p.sees(booted(p.version, "Accepted", "ScheduledReset"))
        assert again.seq > over.answer_seq
        await p.is_over()


@once_over_sockets
async def test_tc_e_double_start__a_second_start_is_rejected_and_the_transaction_goes_on(pair: Make) -> None:
    async with pair(ACCEPTED, pair.metered_every(5)) as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(started(p.version))
        await p.settled()
        id = p.transaction
        await p.restart_csms(f"{ACCEPTED} --command {START} --delay {pair.after(3)}")
        await p.commanded(remote_start(p.version, "Rejected"))
        await p.sees(metered(p.version))
        assert p.transaction == id
        assert p.station.evses[0].connectors[0].told in ("Occupied", "Charging")
        assert len([e for e in p.events if e.request["eventType"] == "Started"]) == (0 if pair.is_16 else 1)
        await p.generator_stop()
        await p.sees(ended(p.version, "Local"))
        await p.is_over()


async def test_tc_b11_pending__a_pending_station_can_be_reset(pair: Make) -> None:
    retry = pair.whole(60)
    boot = f"--boot-status Pending --retry-interval {retry}"
    async with pair(f"{boot} --command Reset --delay {pair.after(8)} --start-on boot") as p:
        await p.sees(booted(p.version, "Pending", "PowerUp"))
        await p.commanded(asked("Reset", {}, {"status": "Accepted"}))
        await p.sees(booted(p.version, "Pending", "RemoteReset"))
        p.only("BootNotification")
        await p.settled()
        assert p.station.registration.status == "Pending"
        assert p.record.registration == "Pending"
        assert len(p.charger.talk.of("Reset", by=CSMS)) == 1
