"""A password that the central system gives a station is the one that both go by from then on (A01)."""

from __future__ import annotations

import asyncio

import pytest

from charge_point.connection import Connection
from charge_point.making import setup_of, target_of
from charge_point.options import resolve
from charge_point.station import Station
from csms.admission import Admission
from csms.making import csms_of
from csms.options import resolve as csms_options
from csms.passwords import hashed, is_right
from csms.record import StationRecord
from shared.chance import Stream
from shared.clock import Clock
from shared.dialer import Backoff, Dialer, DialFailed, dial
from shared.journal.journal import Journal
from shared.tasks import Tasks
from shared.versions import V16, Version

OLD, NEW, HEX = "the-password-before", "the-password-after", "00ff" * 8


def change(version: Version) -> tuple[str, dict[str, object]]:
    if version is V16:
        return "ChangeConfiguration", {"key": "AuthorizationKey", "value": HEX}
    place = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    return "SetVariables", {"setVariableData": [place | {"attributeValue": NEW}]}


@pytest.mark.sockets
async def test_both_ends_go_by_the_new_password(version: Version) -> None:
    clock = Clock.of_loop(asyncio.get_running_loop())
    failures: list[BaseException] = []
    tasks = Tasks(failures.append)
    csms = csms_of(csms_options([], {}), Journal(clock))
    port = await csms.listen("127.0.0.1", 0, Admission((version,), passwords={"CP1": OLD.encode()}))
    flags = ["--csms", f"ws://127.0.0.1:{port}", "--password", OLD, "--id", "CP1"]
    options = resolve([*flags, "--ocpp-version", version.name], {})
    station = Station("CP1", setup_of(options, "0"), Journal(clock), tasks, version=version)
    dialer = Dialer(target_of(options), lambda: Backoff(0.01, 0.0, 0), Stream(0, "dial"))
    tasks.spawn(Connection(station, dialer, bugs=failures).run())
    assert await station.until(lambda: station.registration.accepted, 5)
    session = csms.find("CP1")
    assert session is not None
    await csms.call(session, *change(version))
    assert await station.until(lambda: not station.is_online, 5)
    assert await station.until(lambda: station.is_online, 5)  # A01.FR.03: with the new one
    with pytest.raises(DialFailed, match="401"):
        await dial(target_of(options))
    await tasks.end()
    await csms.stop()
    assert failures == []


def test_only_a_hash_of_a_password_is_kept() -> None:
    record = StationRecord("CP1")
    record.secret = hashed("CP1", NEW.encode())
    assert NEW not in str(record.to_json())
    again = StationRecord.from_json(record.to_json())
    assert again.secret is not None
    assert is_right("cp1", again.secret, NEW.encode())
    assert not is_right("CP2", again.secret, NEW.encode())
    assert not is_right("CP1", again.secret, OLD.encode())
    key = hashed("CP1", bytes.fromhex(HEX))
    assert is_right("CP1", key, bytes.fromhex(HEX))
    assert is_right("CP1", key, HEX.upper().encode())
