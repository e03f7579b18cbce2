"""By which roots a station verifies its CSMS, over real TLS: those installed, the newest, the one before (M05, B10)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from charge_point.certificates import GIVEN, Certificates
from charge_point.connection import Connection
from charge_point.making import target_of
from charge_point.options import resolve
from charge_point.setup import StationSetup
from charge_point.station import Station
from charge_point.trust import trusting
from csms.admission import Admission
from csms.authority import CertificateAuthority
from csms.making import csms_of
from csms.options import resolve as csms_options
from csms.server import Csms
from shared import signing
from shared.chance import Stream
from shared.clock import Clock
from shared.dialer import Backoff, Dialer
from shared.journal.journal import Journal
from shared.tasks import Tasks
from shared.tls import server_context
from shared.versions import V16, V21, Version
from tests.charge_point.wired import Wired
from tests.support import each_2x, eventually

Payload = dict[str, Any]
OLD, NEW = "old", "new"
CHECKED = {"SecurityCtrlr.AdditionalRootCertificateCheck": True, "SecurityCtrlr.SecurityProfile": 2}


class Roots:
    """An old root, a new one that it has signed, and a certificate for this host under each. All as files too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        made = CertificateAuthority(7)
        now = Clock.of_loop(asyncio.get_running_loop()).time()
        self.old, self.new = made.root(now), _pem(made.sub(now)[0])
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "csms")])
        key = made.new_key()
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        builder = (
            x509.CertificateSigningRequestBuilder().subject_name(name).add_extension(names, critical=False)
        )
        csr = signing.request(builder, key).public_bytes(serialization.Encoding.PEM).decode()
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        # the chain under the new root ends with that, which a station does not need
        under = {OLD: made.sign(csr, now), NEW: made.sign(csr, now, "V2GCertificate")}
        self.shown = {which: self._written(which, pem + secret) for which, pem in under.items()}
        self.ca = self._written("ca", self.old)

    def _written(self, name: str, text: str) -> str:
        path = self._folder / f"{name}.pem"
        path.write_text(text)
        return str(path)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class Office:
    """A CSMS that is listened to on a port of its own, with a certificate that can be changed."""

    def __init__(self, roots: Roots, version: Version) -> None:
        self._roots = roots
        self._version = version
        self.tls = server_context(roots.shown[OLD])
        self.csms: Csms = csms_of(csms_options([], {}), Journal(Clock.of_loop(asyncio.get_running_loop())))
        self.url = ""
        self.seen = 0
        """So many of them are old."""

    @property
    def boots(self) -> int:
        """How often the station has registered here."""
        return sum(e.kind == "call" and e.parts()[2] == "BootNotification" for e in self.csms.journal)

    async def listen(self) -> None:
        port = await self.csms.listen("localhost", 0, Admission((self._version,)), tls=self.tls)
        self.url = f"wss://localhost:{port}"

    def show(self, which: str) -> None:
        """From the next connection on, the certificate under this root."""
        self.tls.load_cert_chain(self._roots.shown[which])

    async def call(self, action: str, payload: Payload) -> Payload:
        """A command, and its answer."""
        return await self.csms.call(self.csms.sessions["CP1"], action, payload)


class Site:
    """A station that really dials by TLS, the CSMS that it was started for, and another."""

    def __init__(
        self, version: Version, roots: Roots, offices: list[Office], *flags: str, **variables: Any
    ) -> None:
        self.version, self.roots = version, roots
        self.first, self.second = offices
        self.bugs: list[BaseException] = []
        self.tasks = Tasks(self.bugs.append)
        journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        setup = StationSetup(csms=self.first.url, reboot_seconds=0.0, variables=CHECKED | variables)
        self.station = Station("CP1", setup, journal, self.tasks, version=version)
        target = target_of(resolve(["--csms", self.first.url, "--ocpp-version", version.name, *flags], {}))
        self.failed: list[str] = []
        """The sentences about attempts that failed."""
        dialer = Dialer(
            target._replace(identity="CP1"),
            lambda: Backoff(0.01, 0.0, 0),
            Stream(0),
            tell=lambda sentence, wait: self.failed.append(sentence),
        )
        self.connection = Connection(self.station, dialer, bugs=self.bugs)

    async def booted(self, office: Office) -> None:
        """Wait for the next registration, which is to be there."""
        await eventually(
            lambda: self.bugs or (office.boots > office.seen and self.station.may_send), within=20
        )
        assert self.bugs == []
        office.seen = office.boots

    async def install(self, pem: str) -> str:
        type = "CentralSystemRootCertificate" if self.version is V16 else "CSMSRootCertificate"
        payload = {"certificateType": type, "certificate": pem}
        return str((await self.first.call("InstallCertificate", payload))["status"])

    async def reset(self) -> None:
        self.failed.clear()
        payload = {"type": "Soft" if self.version is V16 else "OnIdle"}
        assert (await self.first.call("Reset", payload))["status"] == "Accepted"

    async def listed(self, office: Office) -> set[str]:
        """The serial numbers of the installed roots for the CSMS."""
        if self.version is V16:
            asked: Payload = {"certificateType": "CentralSystemRootCertificate"}
            found = (await office.call("GetInstalledCertificateIds", asked)).get("certificateHashData", [])
        else:
            asked = {"certificateType": ["CSMSRootCertificate"]}
            answer = await office.call("GetInstalledCertificateIds", asked)
            found = [one["certificateHashData"] for one in answer.get("certificateHashDataChain", [])]
        return {one["serialNumber"] for one in found}

    async def move(self, attempts: int = 1) -> None:
        """Have the other CSMS dialled after a restart."""
        data = {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": self.second.url,
            "messageTimeout": 30,
            "securityProfile": 2,
            "ocppInterface": "Wired0",
        }
        request = {"configurationSlot": 2, "connectionData": data}
        assert (await self.first.call("SetNetworkProfile", request))["status"] == "Accepted"
        for name, value in (
            ("NetworkConfigurationPriority", "2,1"),
            ("NetworkProfileConnectionAttempts", attempts),
        ):
            place = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": name}}
            wanted = {"setVariableData": [place | {"attributeValue": str(value)}]}
            (result,) = (await self.first.call("SetVariables", wanted))["setVariableResult"]
            assert result["attributeStatus"] in ("Accepted", "RebootRequired")
        await self.reset()


def serial(pem: str) -> str:
    return f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:x}"


@asynccontextmanager
async def site(version: Version, folder: Path, *flags: str, **variables: Any) -> AsyncIterator[Site]:
    """A station that is connected by the old root, which is installed, and has `--ca` too."""
    roots = Roots(folder)
    offices = [Office(roots, version), Office(roots, version)]
    for office in offices:
        await office.listen()
    s = Site(version, roots, offices, "--ca", roots.ca, *flags, **variables)
    s.tasks.spawn(s.connection.run())
    try:
        await s.booted(s.first)
        yield s
        assert s.bugs == []
    finally:
        s.connection.stop_dialling()
        await s.connection.end()
        await s.tasks.end()
        for office in offices:
            await office.csms.stop()


@asynccontextmanager
async def renewed(version: Version, folder: Path) -> AsyncIterator[Site]:
    """The same, and the new root has been installed over the old one."""
    async with site(version, folder) as s:
        assert await s.install(s.roots.old) == "Accepted"
        assert await s.install(s.roots.new) == "Accepted"
        assert await s.listed(s.first) == {serial(s.roots.old), serial(s.roots.new)}  # M05.FR.09, .12
        yield s


@pytest.mark.sockets
async def test_tc_m_30__the_new_root_serves_and_the_old_one_goes(version: Version, tmp_path: Path) -> None:
    async with renewed(version, tmp_path) as s:
        s.first.show(NEW)
        await s.reset()
        await s.booted(s.first)
        assert s.failed == []
        assert await s.listed(s.first) == {serial(s.roots.new)}  # M05.FR.13
        s.first.show(OLD)
        await s.reset()
        await eventually(lambda: len(s.failed) >= 3)  # and nothing falls back any more
        assert all("not trusted" in sentence for sentence in s.failed)


@pytest.mark.sockets
async def test_tc_m_31__a_csms_of_the_old_root_is_taken_at_the_second_attempt(
    version: Version, tmp_path: Path
) -> None:
    async with renewed(version, tmp_path) as s:
        await s.reset()
        await s.booted(s.first)
        assert len(s.failed) == 1  # M05.FR.14
        assert "not trusted" in s.failed[0]
        assert await s.listed(s.first) == {serial(s.roots.old), serial(s.roots.new)}
        kind = "InvalidCentralSystemCertificate" if version is V16 else "InvalidCsmsCertificate"
        await eventually(lambda: any(kind in str(entry.what) for entry in s.first.csms.journal), within=5)


@pytest.mark.sockets
@each_2x
async def test_tc_b_47__a_move_that_fails_for_the_new_root_goes_back_by_the_old_one(
    version: Version, tmp_path: Path
) -> None:
    async with renewed(version, tmp_path) as s:
        await s.move(attempts=2)
        await s.booted(s.first)
        assert [s.second.url in sentence for sentence in s.failed] == [True, True]  # M05.FR.15, .16
        assert await s.listed(s.first) == {serial(s.roots.old), serial(s.roots.new)}


@pytest.mark.sockets
@each_2x
async def test_tc_b_50__a_station_moves_to_a_csms_of_the_new_root(version: Version, tmp_path: Path) -> None:
    async with renewed(version, tmp_path) as s:
        s.second.show(NEW)
        await s.move()
        await s.booted(s.second)
        assert s.failed == []
        assert await s.listed(s.second) == {serial(s.roots.new)}


@pytest.mark.sockets
async def test_without_the_check_each_root_counts_beside_the_one_given(
    version: Version, tmp_path: Path
) -> None:
    off = {"SecurityCtrlr.AdditionalRootCertificateCheck": False}
    async with site(version, tmp_path, **off) as s:
        s.first.show(NEW)
        assert await s.install(s.roots.new) == "Accepted"
        for which in (NEW, OLD):
            s.first.show(which)
            await s.reset()
            await s.booted(s.first)
            assert s.failed == []


@pytest.mark.sockets
async def test_what_was_given_stands_in_for_the_root_before_the_first(
    version: Version, tmp_path: Path
) -> None:
    async with site(version, tmp_path) as s:
        assert await s.install(s.roots.new) == "Accepted"
        assert s.station.part(Certificates).fallback == GIVEN
        await s.reset()
        await s.booted(s.first)
        assert len(s.failed) == 1
        assert await s.listed(s.first) == {serial(s.roots.new)}


async def test_whom_anybody_suits_no_root_disturbs(tmp_path: Path) -> None:
    wired = await Wired(V21).start()
    assert wired.station.part(Certificates).install("CSMSRootCertificate", Roots(tmp_path).old) is None
    target = target_of(resolve(["--csms", "wss://localhost", "--insecure"], {}))
    assert target.tls is not None
    assert target.tls.verify_mode is ssl.CERT_NONE
    assert trusting(wired.station, target, None, moving=False) is target
    checked = target_of(resolve(["--csms", "wss://localhost"], {}))
    assert trusting(wired.station, checked, None, moving=False).tls is not checked.tls
    await wired.end()
