"""Passwords and TLS (A; 1.6 085, 086) of the certification suites with the station under test, by id, over sockets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from charge_point.making import target_of
from charge_point.options import resolve
from csms.admission import Admission
from csms.making import csms_of
from csms.options import resolve as csms_options
from scripts.selftest_bench import make_certificate
from shared.clock import Clock
from shared.dialer import DialFailed, connected, dial
from shared.journal.journal import Journal
from shared.tls import server_context
from shared.versions import V16, Version
from tests.charge_point.moving import Moving

OLDEST = ssl.TLSVersion.TLSv1_2
HEX = "00ff" * 8 + "7a"
WORDS = "a-password-of-ours"


@asynccontextmanager
async def listening(admission: Admission, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    csms = csms_of(csms_options([], {}), Journal(Clock.of_loop(asyncio.get_running_loop())))
    port = await csms.listen("127.0.0.1", 0, admission, tls=tls)
    try:
        yield port
    finally:
        await csms.stop()


@pytest.mark.sockets
async def test_tc_a_01__tc_085__the_password_goes_with_the_identity(version: Version) -> None:
    """For 1.6 the bytes of the key, of which not all are text (whitepaper A00.FR.205)."""
    secret = bytes.fromhex(HEX) if version is V16 else WORDS.encode()
    flags = ["--password", HEX if version is V16 else WORDS, "--ocpp-version", version.name, "--id", "CP 1"]
    if version is V16:
        flags += ["--password-encoding", "hex"]
    async with listening(Admission((version,), passwords={"CP 1": secret})) as port:
        target = target_of(resolve(["--csms", f"ws://127.0.0.1:{port}", *flags], {}))
        link, spoken = await dial(target)
        assert spoken is version
        await link.close()
        with pytest.raises(DialFailed, match="401"):
            await dial(target._replace(password=b"another-password"))


@pytest.mark.sockets
async def test_tc_a_04__tc_086__a_certificate_that_is_trusted_is_enough(
    tmp_path: Path, version: Version
) -> None:
    certificate, key = make_certificate(tmp_path)
    async with listening(Admission((version,)), server_context(certificate, key)) as port:
        flags = ["--csms", f"wss://127.0.0.1:{port}", "--ocpp-version", version.name]
        connection = await connected(target_of(resolve([*flags, "--ca", certificate], {})))
        used = connection.transport.get_extra_info("ssl_object")
        assert used.version() in ("TLSv1.2", "TLSv1.3")
        assert (connection.subprotocol, used.context.minimum_version) == (version.subprotocol, OLDEST)
        await connection.close()


@pytest.mark.sockets
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("why", ["unknown", "another host", "old TLS"])
async def test_tc_a_05_06__who_cannot_be_trusted_is_not_spoken_to(tmp_path: Path, why: str) -> None:
    certificate, key = make_certificate(tmp_path)
    context = server_context(certificate, key)
    if why == "old TLS":
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    async with listening(Admission(), context) as port:
        host = "localhost" if why == "another host" else "127.0.0.1"
        trust = [] if why == "unknown" else ["--ca", certificate]
        with pytest.raises(DialFailed) as failed:
            await dial(target_of(resolve(["--csms", f"wss://{host}:{port}", *trust], {})))
        # of an old TLS nothing may be seen but that the other end hangs up
        assert isinstance(failed.value.__cause__, ssl.SSLCertVerificationError) is (why != "old TLS")


def unverified() -> ssl.SSLError:
    return ssl.SSLCertVerificationError(1, "certificate verify failed")


def too_old() -> ssl.SSLError:
    problem = ssl.SSLError(1, "[SSL: UNSUPPORTED_PROTOCOL]")
    problem.reason = "UNSUPPORTED_PROTOCOL"
    return problem


@pytest.mark.parametrize("what", ["certificate", "version"], ids=["TC_A_05", "TC_A_06"])
async def test_what_was_wrong_is_told_once_there_is_a_connection(version: Version, what: str) -> None:
    m = Moving(version)
    m.why = unverified() if what == "certificate" else too_old()
    m.closed = {m.connection._dialer.target.base_url}  # type: ignore[union-attr]
    m.tasks.spawn(m.connection.run())
    await m.settle(10)
    assert len(m.tried) > 3
    m.closed = set()
    await m.settle(5)
    told = [event["type"] for event in m.of("SecurityEventNotification")]
    name = "InvalidTLSVersion"
    if what == "certificate":
        name = "InvalidCentralSystemCertificate" if version is V16 else "InvalidCsmsCertificate"
    assert told.count(name) == 1
    await m.end()
