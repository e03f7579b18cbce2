"""Firmware updates at the station: the conformance cases by their ids, and what no case has."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from charge_point import persona as personas
from charge_point.firmware import Firmware
from charge_point.firmware_habits import FirmwareHabits, habits
from charge_point.firmware_image import version_in
from charge_point.outbox import Store
from charge_point.parts import existing
from charge_point.restarting import power_cycle
from csms import files_signing
from shared.clock import text
from shared.option_fields import UsageError
from shared.transfer import TransferFailed
from shared.versions import V2X, V16, V201, Version
from tests.charge_point.wired import WIDE, Wired
from tests.support import each_2x

Payload = dict[str, Any]

SIGNER = files_signing.made(0)
DOWNLOAD = ["Downloading", "Downloaded"]
VERIFIED = [*DOWNLOAD, "SignatureVerified"]
INSTALL = ["Installing", "InstallRebooting", "Installed"]


def firmware(wired: Wired, url: str, *, signed: bool = True, **more: Any) -> Payload:
    """A FirmwareType for what is served at `url`, to be fetched now."""
    made: Payload = {"location": url, "retrieveDateTime": wired.journal.clock.now()}
    if signed:
        content = wired.files.served.get(url, b"")
        assert isinstance(content, bytes)
        signature = SIGNER.sign(hashlib.sha256(content).digest())
        made |= {"signingCertificate": SIGNER.certificate, "signature": signature}
    return made | more


async def update(wired: Wired, url: str, id: int = 7, *, signed: bool = True, **more: Any) -> str:
    """Ask for an update; gives the status of the answer. 1.6: a signed one."""
    action = "SignedUpdateFirmware" if wired.version is V16 else "UpdateFirmware"
    request = {"requestId": id, "firmware": firmware(wired, url, signed=signed, **more)}
    return str((await wired.ask(action, request))["status"])


def told(wired: Wired, id: int | None = None) -> list[str]:
    """The statuses of updates that were told, of one request if its id is given."""
    found = wired.of("FirmwareStatusNotification") + wired.of("SignedFirmwareStatusNotification")
    return [p["status"] for p in found if id is None or p.get("requestId") == id]


def events(wired: Wired) -> list[str]:
    """The security events that were told, those of a start apart."""
    return [
        p["type"]
        for p in wired.of("SecurityEventNotification")
        if p["type"] not in ("ResetOrReboot", "StartupOfTheDevice")
    ]


def boots(wired: Wired) -> list[tuple[str, str]]:
    """Version and reason of each boot."""
    return [
        (p.get("firmwareVersion", ""), "")
        if wired.version is V16
        else (p["chargingStation"]["firmwareVersion"], p["reason"])
        for p in wired.of("BootNotification")
    ]


async def wired_of(version: Version, **setup: Any) -> Wired:
    updates = habits({name: setup.pop(name) for name in list(setup) if name in FirmwareHabits.__slots__})
    return await Wired(version, updates=updates, variables=WIDE | setup.pop("variables", {}), **setup).start()


def later(wired: Wired, seconds: float) -> str:
    return text(wired.journal.clock.time() + seconds)


# --- signed updates: L01, and the security white paper -------------------------------------------------------


async def test_tc_l_01__tc_080__a_signed_update_succeeds(version: Version) -> None:
    wired = await wired_of(version)
    assert await update(wired, wired.files.image("2.0.0")) == "Accepted"
    await wired.settle(60)
    assert told(wired, 7) == [*VERIFIED, *INSTALL]
    assert boots(wired) == [("2.0.0", "" if version is V16 else "FirmwareUpdate")]
    assert events(wired) == ["FirmwareUpdated"]
    assert [status for _, _, status in wired.statuses()][:1] == ["Unavailable"]
    assert wired.statuses()[-1][2] == "Available"
    await wired.end()


async def test_tc_l_02__an_installation_waits_for_its_time(version: Version) -> None:
    wired = await wired_of(version)
    await update(wired, wired.files.image("2.0.0"), installDateTime=later(wired, 3600))
    await wired.settle(3500)
    assert told(wired) == [*VERIFIED, "InstallScheduled"]
    assert not wired.statuses(), "connectors stay usable until then"
    await wired.settle(200)
    assert told(wired) == [*VERIFIED, "InstallScheduled", *INSTALL]
    await wired.end()


async def test_tc_l_03__a_download_waits_for_its_time(version: Version) -> None:
    wired = await wired_of(version)
    await update(wired, wired.files.image("2.0.0"), retrieveDateTime=later(wired, 3600))
    await wired.settle(3500)
    assert told(wired) == ["DownloadScheduled"]
    assert wired.files.attempts == []
    await wired.settle(200)
    assert told(wired) == ["DownloadScheduled", *VERIFIED, *INSTALL]
    await wired.end()


@pytest.mark.parametrize("fault", ["no certificate", "another root", "expired", "a weak key", "revoked"])
async def test_tc_l_05__a_bad_signing_certificate_is_refused(
    version: Version, fault: str, tmp_path: Path
) -> None:
    root = tmp_path / "root.pem"
    root.write_text(SIGNER.root if fault != "another root" else files_signing.made(1).root)
    wired = await wired_of(version, root=str(root), fails="RevokedCertificate" if fault == "revoked" else "")
    url = wired.files.image("2.0.0")
    pem = {
        "no certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "a weak key": weak(),
    }
    if fault == "expired":
        wired.station.clock.offset = 50 * 365 * 86_400
    more = {"signingCertificate": pem[fault]} if fault in pem else {}
    wanted = "RevokedCertificate" if fault == "revoked" else "InvalidCertificate"
    assert await update(wired, url, **more) == wanted
    await wired.settle(60)
    assert events(wired) == ["InvalidFirmwareSigningCertificate"]
    assert (told(wired), wired.files.attempts) == ([], [])
    await wired.end()


async def test_a_signing_certificate_of_the_manufacturers_root_is_taken(tmp_path: Path) -> None:
    root = tmp_path / "root.pem"
    root.write_text(SIGNER.root)
    wired = await wired_of(V201, root=str(root))
    assert await update(wired, wired.files.image("2.0.0")) == "Accepted"
    await wired.end()


def weak() -> str:
    key = rsa.generate_private_key(65537, 1024)
    return own_certificate(key)


def own_certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    signed = builder.not_valid_after(datetime(2040, 1, 1, tzinfo=UTC)).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("how", ["pss", "pkcs1"])
async def test_rsa_signatures_are_verified_too(how: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pad: Any = padding.PKCS1v15()
    if how == "pss":
        pad = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    wired = await wired_of(V201)
    url = wired.files.image("2.0.0")
    content = wired.files.served[url]
    assert isinstance(content, bytes)
    signature = base64.b64encode(key.sign(content, pad, hashes.SHA256())).decode()
    await update(wired, url, signingCertificate=own_certificate(key), signature=signature)
    await wired.settle(60)
    assert told(wired)[2] == "SignatureVerified"
    await wired.end()


async def test_tc_l_06__tc_081__a_bad_signature_ends_the_update(version: Version) -> None:
    wired = await wired_of(version)
    assert await update(wired, wired.files.image("2.0.0"), signature=SIGNER.sign(b"x" * 32)) == "Accepted"
    await wired.settle(60)
    assert told(wired) == [*DOWNLOAD, "InvalidSignature"]
    assert events(wired) == ["InvalidFirmwareSignature"]
    assert wired.station.firmware == "1.0.0"
    assert boots(wired) == []
    await wired.end()


async def test_tc_l_07__a_download_that_fails_is_tried_again(version: Version) -> None:
    wired = await wired_of(version)
    action = "SignedUpdateFirmware" if version is V16 else "UpdateFirmware"
    request = {"requestId": 7, "firmware": firmware(wired, "http://files.test/nothing")}
    assert (await wired.ask(action, request | {"retries": 2, "retryInterval": 100}))["status"] == "Accepted"
    await wired.settle(400)
    first, *_ = wired.files.attempts
    assert [at - first for at in wired.files.attempts] == [0, 100, 200]
    assert told(wired) == ["Downloading", "DownloadFailed"]
    await wired.end()


@pytest.mark.parametrize("defect", ["broken", "fails=InstallationFailed", "fails=InstallVerificationFailed"])
async def test_tc_l_08__an_image_that_cannot_be_installed_leaves_the_station_usable(
    version: Version, defect: str
) -> None:
    wired = await wired_of(version)
    url = wired.files.image("2.0.0", "" if defect == "broken" else defect, broken=defect == "broken")
    await update(wired, url)
    await wired.settle(60)
    wanted = defect.removeprefix("fails=").replace("broken", "InstallVerificationFailed")
    assert told(wired) == [*VERIFIED, "Installing", wanted]
    assert [status for _, _, status in wired.statuses()] == ["Unavailable", "Available"]
    assert (boots(wired), wired.station.firmware) == ([], "1.0.0")
    await wired.end()


async def test_tc_l_10__a_second_request_takes_the_place_of_the_first(version: Version) -> None:
    wired = await wired_of(version)
    wired.files.takes = 100
    one, two = wired.files.image("2.0.0"), wired.files.image("3.0.0")
    assert await update(wired, one, 1) == "Accepted"
    await wired.settle(10)
    assert await update(wired, two, 2) == "AcceptedCanceled"
    await wired.settle(300)
    assert told(wired, 1) == ["Downloading"]
    assert told(wired, 2) == [*VERIFIED, *INSTALL]
    assert wired.station.firmware == "3.0.0"
    await wired.end()


async def test_tc_l_11__a_station_that_cannot_cancel_refuses_the_second(version: Version) -> None:
    wired = await wired_of(version, cancels=False)
    wired.files.takes = 100
    url = wired.files.image("2.0.0")
    await update(wired, url, 1)
    await wired.settle(10)
    assert await update(wired, url, 2) == "Rejected"
    await wired.settle(300)
    assert told(wired, 1) == [*VERIFIED, *INSTALL]
    assert told(wired, 2) == []
    assert await update(wired, url, 3) == "Accepted"
    await wired.end()


async def charging_at(wired: Wired, evse: int) -> None:
    wired.station.plug_in(evse)
    await wired.station.present(f"TOKEN{evse}", evse)
    await wired.settle(5)


async def leave(wired: Wired, evse: int) -> None:
    await wired.station.present(f"TOKEN{evse}", evse)
    await wired.settle(2)
    wired.station.unplug(evse)
    await wired.settle(2)


TWO = {"evses": ((1,), (1,))}


@pytest.mark.parametrize(
    ("case", "during", "allowed"),
    [
        ("L_12", "nothing", True),
        ("L_13", "nothing", False),
        ("L_14", "download", True),
        ("L_15", "download", False),
    ],
)
@each_2x
async def test_tc_l_12_to_15__an_update_waits_for_transactions(
    version: Version, case: str, during: str, allowed: bool
) -> None:
    variables = {"ChargingStation.AllowNewSessionsPendingFirmwareUpdate": allowed}
    wired = await wired_of(version, during_transactions=during, variables=variables, **TWO)
    await charging_at(wired, 1)
    wired.forget()
    await update(wired, wired.files.image("2.0.0"))
    await wired.settle(30)
    waiting = ["DownloadScheduled"] if during == "nothing" else [*VERIFIED, "InstallScheduled"]
    assert told(wired) == waiting
    assert ("Unavailable" in str(wired.statuses())) is not allowed
    outcome = await wired.station.present("TOKEN2", 2)
    assert (outcome.outcome == "started") is allowed
    if allowed:
        wired.station.plug_in(2)
        await wired.settle(5)
    await leave(wired, 1)
    await wired.settle(30)
    if allowed:
        assert told(wired) == waiting, "the second transaction counts as the first"
        await leave(wired, 2)
    await wired.settle(120)
    done = ["DownloadScheduled", *VERIFIED, *INSTALL] if during == "nothing" else [*waiting, *INSTALL]
    assert told(wired) == done
    assert boots(wired)[0][0] == "2.0.0"
    assert {status for *_, status in wired.statuses()[-2:]} == {"Available"}
    await wired.end()


@each_2x
async def test_tc_l_16__a_station_that_can_updates_while_it_charges(version: Version) -> None:
    wired = await wired_of(version, during_transactions="everything", reboots="never")
    await charging_at(wired, 1)
    wired.forget()
    await update(wired, wired.files.image("2.0.0"))
    await wired.settle(60)
    assert told(wired) == [*VERIFIED, "Installing", "Installed"]
    assert (events(wired), wired.station.firmware) == (["FirmwareUpdated"], "2.0.0")
    assert wired.station.evses[0].transaction is not None
    await wired.end()


async def test_tc_l_18__an_unsigned_request_is_refused_where_a_signature_is_due() -> None:
    for version in V2X:
        wired = await wired_of(version, signed_only=True)
        assert await update(wired, wired.files.image("2.0.0"), signed=False) == "Rejected"
        await wired.end()
    old = await wired_of(V16, signed_only=True)
    request = {"location": "http://x", "retrieveDate": "2026-01-01T00:00:00Z"}
    assert await old.refused("UpdateFirmware", request) == "NotSupported"  # SW16 L01.FR.20
    await old.end()


# --- unsigned updates: L02, and 1.6 --------------------------------------------------------------------------


@each_2x
async def test_an_unsigned_update_is_not_verified(version: Version) -> None:
    wired = await wired_of(version)
    assert await update(wired, wired.files.image("2.0.0"), signed=False) == "Accepted"
    await wired.settle(60)
    assert told(wired) == [*DOWNLOAD, *INSTALL]
    await wired.end()


async def test_a_certificate_without_a_signature_is_an_invalid_signature() -> None:
    wired = await wired_of(V201)
    url = wired.files.image("2.0.0")
    assert await update(wired, url, signed=False, signingCertificate=SIGNER.certificate) == "Accepted"
    await wired.settle(60)
    assert told(wired) == [*DOWNLOAD, "InvalidSignature"]
    await wired.end()


@pytest.mark.parametrize(
    ("case", "statuses"),
    [
        ("TC_044_1", ["Downloading", "Downloaded", "Installing", "Installed"]),
        ("TC_044_2", ["Downloading", "DownloadFailed"]),
        ("TC_044_3", ["Downloading", "Downloaded", "Installing", "InstallationFailed"]),
    ],
)
async def test_tc_044__an_update_of_16(case: str, statuses: list[str]) -> None:
    wired = await wired_of(V16)
    url = wired.files.image("2.0.0", broken=case == "TC_044_3")
    if case == "TC_044_2":
        url = "ftp://127.0.0.1:21/download_fail.fwi"
    request = {"location": url, "retrieveDate": wired.journal.clock.now(), "retries": 0}
    assert await wired.ask("UpdateFirmware", request) == {}
    await wired.settle(60)
    assert told(wired) == statuses
    assert len(boots(wired)) == (1 if case == "TC_044_1" else 0)
    assert wired.statuses()[-1:] == ([] if case == "TC_044_2" else [(0, 1, "Available")])
    assert events(wired) == []
    await wired.end()


# --- what is told when asked ---------------------------------------------------------------------------------


async def asked_for(wired: Wired, message: str = "FirmwareStatusNotification") -> Payload:
    action = "ExtendedTriggerMessage" if wired.version is V16 else "TriggerMessage"
    wired.forget()
    assert (await wired.ask(action, {"requestedMessage": message}))["status"] == "Accepted"
    name = "SignedFirmwareStatusNotification" if wired.version is V16 else message
    return wired.of(name)[0]


async def test_the_status_that_was_told_last_is_told_again_until_it_is_installed(version: Version) -> None:
    wired = await wired_of(version)
    wired.files.takes = 30
    assert await asked_for(wired) == {"status": "Idle"}
    await update(wired, wired.files.image("2.0.0"))
    await wired.settle(10)
    assert await asked_for(wired) == {"status": "Downloading", "requestId": 7}  # L01.FR.26
    await wired.settle(120)
    assert await asked_for(wired) == {"status": "Idle"}  # L01.FR.25
    await update(wired, wired.files.image("3.0.0", broken=True), 8)
    await wired.settle(120)
    assert await asked_for(wired) == {"status": "InstallVerificationFailed", "requestId": 8}
    await wired.end()


async def test_16_tells_of_an_unsigned_update_only_while_it_goes_on() -> None:
    wired = await wired_of(V16)
    wired.files.takes = 30
    await wired.ask("UpdateFirmware", {"location": "http://x/y", "retrieveDate": wired.journal.clock.now()})
    for action, sent, word in (
        ("TriggerMessage", "FirmwareStatusNotification", "Downloading"),
        ("ExtendedTriggerMessage", "SignedFirmwareStatusNotification", "Idle"),
    ):
        wired.forget()
        await wired.ask(action, {"requestedMessage": "FirmwareStatusNotification"})
        assert wired.of(sent) == [{"status": word}]
    await wired.settle(100)
    wired.forget()
    await wired.ask("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"})
    assert wired.of("FirmwareStatusNotification") == [{"status": "Idle"}]  # 1.6 §7.25: not busy
    await wired.end()


# --- interruptions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [5, 35, 45])
async def test_a_power_cut_holds_an_update_up_but_does_not_end_it(version: Version, after: float) -> None:
    wired = await wired_of(version)
    wired.files.takes = 30
    await update(wired, wired.files.image("2.0.0"))
    await wired.settle(after)
    power_cycle(wired.station, 20)
    await wired.settle(200)
    assert told(wired)[-1] == "Installed"
    assert wired.station.firmware == "2.0.0"
    assert wired.statuses()[-1][2] == "Available"
    await wired.end()


async def test_an_update_goes_on_in_the_next_process(version: Version, tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = await Wired(version, store=store).start()
    url = first.files.image("2.0.0")
    await update(first, url, installDateTime=later(first, 600))
    await first.settle(60)
    await first.tasks.end()
    first.station.switch_off()
    again = Wired(version, store=store)
    again.files.image("2.0.0")
    await again.start()
    await again.settle(900)
    assert told(again, 7) == INSTALL
    store.close()
    store = Store(tmp_path)
    third = await Wired(version, store=store).start()
    assert third.station.firmware == "2.0.0"
    store.close()
    await third.tasks.end()
    await again.tasks.end()


async def test_a_status_that_could_not_be_told_is_told_after_the_reconnect(version: Version) -> None:
    wired = await wired_of(version)
    wired.files.takes = 30
    await update(wired, wired.files.image("2.0.0"), installDateTime=later(wired, 3600))
    await wired.settle(10)
    wired.connection.go_offline()
    await wired.settle(60)
    wired.connection.come_online()
    await wired.settle(10)
    assert told(wired) == ["Downloading", "InstallScheduled"]
    await wired.end()


async def test_a_bricked_station_never_comes_back(version: Version) -> None:
    wired = await wired_of(version)
    await update(wired, wired.files.image("2.0.0", "fails=bricks"))
    await wired.settle(10 * 86_400)
    assert told(wired)[-1] == "InstallRebooting"
    assert not wired.station.is_online
    assert boots(wired) == []
    await wired.tasks.end()


async def test_a_reboot_before_the_installation_is_told(version: Version) -> None:
    wired = await wired_of(version, reboots="both")
    await update(wired, wired.files.image("2.0.0"))
    await wired.settle(120)
    assert told(wired) == [*VERIFIED, "InstallRebooting", *INSTALL]
    assert [found for found, _ in boots(wired)] == ["1.0.0", "2.0.0"]
    await wired.end()


async def test_a_download_that_pauses_goes_on(version: Version) -> None:
    wired = await wired_of(version, fails="DownloadPaused")
    await update(wired, wired.files.image("2.0.0"))
    await wired.settle(120)
    assert told(wired) == ["Downloading", "DownloadPaused", *VERIFIED, *INSTALL]
    await wired.end()


async def test_an_update_during_a_reset_goes_on_after_it(version: Version) -> None:
    wired = await wired_of(version)
    wired.files.takes = 30
    await update(wired, wired.files.image("2.0.0"))
    await wired.settle(5)
    await wired.ask("Reset", {"type": "Hard" if version is V16 else "Immediate"})
    await wired.settle(200)
    assert told(wired)[-1] == "Installed"
    await wired.end()


# --- the pieces ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("fw-2.0.bin", "2.0"),
        ("fw-2.0.0.bin", "2.0.0"),
        ("keba_v3.10.58.keb", "3.10.58"),
        ("firmware.bin", "firmware"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_a_name_holds_a_version(name: str, version: str) -> None:
    assert version_in(name) == version


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"fail": "x"}, "did you mean 'fails'"),
        ({"fails": "InstalationFailed"}, "did you mean 'InstallationFailed'"),
        ({"cancels": "yes"}, "cancels is bool"),
        ({"installing": True}, "installing is float"),
        ({"installing": -1}, "installing is seconds, not -1"),
        ({"root": "nowhere.pem"}, "root: nowhere.pem: there is no such file"),
        ("fails", "updates is a table"),
    ],
)
def test_habits_that_are_none_are_refused(settings: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        habits(settings)


def test_a_persona_says_how_its_stations_update_and_a_station_says_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "brittle.toml"
    file.write_text('about = "x"\n[updates]\nfails = "bricks"\ninstalling = 99\n')
    made = personas.setup({"persona": str(file), "updates": {"fails": "InstallationFailed"}})
    assert made.updates == FirmwareHabits(fails="InstallationFailed", installing=99.0)


async def test_a_station_that_never_updated_has_no_part_for_it() -> None:
    wired = await Wired(V201).start()
    assert existing(wired.station, Firmware) is None
    await wired.end()


# --- publishing: L03, L04 ------------------------------------------------------------------------------------


def published(wired: Wired) -> list[str]:
    return [p["status"] for p in wired.of("PublishFirmwareStatusNotification")]


async def publish(wired: Wired, url: str, checksum: str | None = None) -> str:
    content = wired.files.served.get(url, b"")
    assert isinstance(content, bytes)
    md5 = hashlib.md5(content).hexdigest() if checksum is None else checksum
    request = {"location": url, "checksum": md5, "requestId": 5}
    return str((await wired.ask("PublishFirmware", request))["status"])


@each_2x
async def test_a_local_controller_publishes_and_withdraws_firmware(version: Version) -> None:
    wired = await wired_of(version)
    url = wired.files.image("2.0.0")
    content = wired.files.served[url]
    assert isinstance(content, bytes)
    md5 = hashlib.md5(content).hexdigest()
    assert (await wired.ask("UnpublishFirmware", {"checksum": md5}))["status"] == "NoFirmware"
    assert await publish(wired, url) == "Accepted"
    await wired.settle(5)
    assert published(wired) == [*DOWNLOAD, "ChecksumVerified", "Published"]
    told = wired.of("PublishFirmwareStatusNotification")[-1]
    (offered,) = wired.files.published.values()
    assert told == {"status": "Published", "requestId": 5, "location": list(offered.urls)}
    assert offered.content == content
    wired.forget()
    await wired.ask("TriggerMessage", {"requestedMessage": "PublishFirmwareStatusNotification"})
    assert wired.of("PublishFirmwareStatusNotification") == [{"status": "Idle"}]  # L03.FR.10
    offered.busy = True
    assert (await wired.ask("UnpublishFirmware", {"checksum": md5}))["status"] == "DownloadOngoing"
    offered.busy = False
    assert (await wired.ask("UnpublishFirmware", {"checksum": md5.upper()}))["status"] == "Unpublished"
    assert wired.files.published == {}
    await wired.end()


@pytest.mark.parametrize("fault", ["InvalidChecksum", "DownloadFailed", "PublishFailed", "Rejected"])
@each_2x
async def test_a_publication_that_fails_is_told(version: Version, fault: str) -> None:
    wired = await wired_of(version, publishes=fault != "Rejected")
    url = wired.files.image("2.0.0") if fault != "DownloadFailed" else "http://files.test/nothing"
    if fault == "PublishFailed":
        wired.files.refuses = TransferFailed("no port")
    answer = await publish(wired, url, "0" * 32 if fault == "InvalidChecksum" else None)
    await wired.settle(30)
    if fault == "Rejected":
        assert (answer, published(wired)) == ("Rejected", [])
        await wired.end()
        return
    assert answer == "Accepted"
    assert published(wired)[-1] == fault
    wired.forget()
    await wired.ask("TriggerMessage", {"requestedMessage": "PublishFirmwareStatusNotification"})
    assert wired.of("PublishFirmwareStatusNotification") == [{"status": fault, "requestId": 5}]  # L03.FR.11
    await wired.end()
