"""Files over real sockets: the servers of the CSMS, and the network of the station as their client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from charge_point.transfer import Network
from csms.files_servers import FileServers
from csms.files_uploads import Upload
from csms.making import csms_of
from csms.options import resolve
from csms.server import Csms
from scripts.selftest_bench import make_certificate
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.option_fields import UsageError
from shared.tls import client_context
from shared.transfer import Failure, TransferFailed
from tests.csms.dialled import tries

pytestmark = pytest.mark.sockets

STATION = "ws://127.0.0.1:9000/CP1"


@asynccontextmanager
async def served(folder: Path, *flags: str, tls: Any = None) -> AsyncIterator[Csms]:
    """A CSMS whose files are served, over FTP too."""
    options = resolve(["--files", str(folder), "--ftp-port", "0", *flags], {})
    csms = csms_of(options, Journal(Clock.of_loop(asyncio.get_running_loop())))
    servers = FileServers(csms, options)
    await servers.begin(tls)
    try:
        yield csms
    finally:
        await servers.stop()
        await csms.stop()


def url(csms: Csms, path: str, scheme: str | None = None) -> str:
    assert csms.files is not None
    return csms.files.location(path, STATION, scheme)


async def fetched(where: str, network: Network | None = None) -> bytes:
    return b"".join([piece async for piece in (network or Network()).fetch(where)])


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("scheme", ["http", "ftp"])
@tries("files", "files_port", "ftp_port")
async def test_files_are_fetched_and_logs_are_brought(tmp_path: Path, scheme: str) -> None:
    (tmp_path / "a b.bin").write_bytes(bytes(range(256)) * 1000)
    async with served(tmp_path) as csms:
        assert csms.files is not None
        assert await fetched(url(csms, "a b.bin", scheme)) == bytes(range(256)) * 1000
        assert (await fetched(url(csms, "fw-2.0.0.bin", scheme))).startswith(b"firmware 2.0.0 ")
        folder = csms.files.upload_folder("CP1", STATION, scheme)
        await Network().store(folder, "a.log", b"log\n" * 50_000)
        assert (tmp_path / "uploads" / "CP1" / "a.log").read_bytes() == b"log\n" * 50_000
        with pytest.raises(TransferFailed) as caught:
            await fetched(url(csms, "nothing.bin", scheme))
        assert caught.value.failure is Failure.FAILED
        names = [p.name for p in (tmp_path / "uploads").rglob("*") if p.is_file()]
        assert names == ["a.log"], "it was sent once"


@pytest.mark.parametrize("scheme", ["http", "ftp"])
async def test_a_cut_is_noticed_and_a_slow_line_waited_for(
    tmp_path: Path, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    faults = "cut:after=30000,times=1 slow:rate=500000,times=2"
    async with served(tmp_path, "--files-fault", faults) as csms:
        with pytest.raises(TransferFailed):
            await fetched(url(csms, "fw-2.0.bin", scheme))
        assert len(await fetched(url(csms, "fw-2.0.bin", scheme))) > 65_000
    assert [one.getMessage() for one in caplog.records if one.exc_info] == []


async def test_who_hangs_up_in_the_middle_of_an_upload_leaves_nothing_and_no_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path) as csms:
        assert csms.files is not None
        receive, begun = csms.files.receive, asyncio.Event()

        def taken(path: str, credentials: str = "") -> Upload:
            begun.set()
            return receive(path, credentials)

        monkeypatch.setattr(csms.files, "receive", taken)
        address = url(csms, "uploads/CP1/a.log").removeprefix("http://")
        host, _, path = address.partition("/")
        name, _, port = host.partition(":")
        _, writer = await asyncio.open_connection(name, int(port))
        writer.write(f"PUT /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99\r\n\r\nhalf".encode())
        await writer.drain()
        await begun.wait()
        writer.close()
    assert [one.getMessage() for one in caplog.records if one.exc_info] == []
    assert kept(tmp_path) == []


@pytest.mark.parametrize("scheme", ["http", "ftp"])
async def test_a_password_is_demanded_and_stands_in_the_address(tmp_path: Path, scheme: str) -> None:
    async with served(tmp_path, "--files-password", "user:s:ecret") as csms:
        good = url(csms, "fw-2.0.bin", scheme)
        assert await fetched(good)
        for bad in (good.replace("user:s%3Aecret@", ""), good.replace("ecret", "urprise")):
            with pytest.raises(TransferFailed) as caught:
                await fetched(bad)
            assert caught.value.failure is Failure.DENIED
            assert "urprise" not in str(caught.value)


async def test_uploads_are_posted_where_a_put_is_not_taken_and_redirects_not_followed(tmp_path: Path) -> None:
    fault = "error:status=405,times=1 redirect:path=uploads/CP1/never*"
    async with served(tmp_path, "--files-fault", fault) as csms:
        assert csms.files is not None
        folder = csms.files.upload_folder("CP1", STATION)
        await Network().store(folder, "posted.log", b"1")
        assert (tmp_path / "uploads" / "CP1" / "posted.log").read_bytes() == b"1"
        with pytest.raises(TransferFailed) as caught:
            await Network().store(folder, "never.log", b"2")
        assert caught.value.code == "RedirectNotAllowed"


async def test_a_form_is_taken_as_browsers_send_it(tmp_path: Path) -> None:
    import aiohttp

    async with served(tmp_path) as csms, aiohttp.ClientSession() as session:
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("uploadfile", b"content", filename="../form.log")
        async with session.post(url(csms, "uploads/CP1"), data=form) as answer:
            assert (answer.status, await answer.text()) == (201, "uploads/CP1/form.log\n")
        async with session.delete(url(csms, "uploads/CP1/x")) as answer:
            assert answer.status == 405
        async with session.get(url(csms, "")) as answer:
            assert await answer.text() == ""


async def test_files_come_over_https_when_stations_do(tmp_path: Path) -> None:
    from shared.tls import server_context

    certificate, key = make_certificate(tmp_path)
    (tmp_path / "files").mkdir()
    async with served(tmp_path / "files", tls=server_context(certificate, key)) as csms:
        where = url(csms, "fw-2.0.bin")
        assert where.startswith("https://")
        assert await fetched(where, Network(client_context(certificate)))
        with pytest.raises(TransferFailed, match="certificate"):
            await fetched(where)


async def test_a_port_or_directory_that_cannot_be_had_is_told_in_one_clause(tmp_path: Path) -> None:
    async with served(tmp_path) as csms:
        assert csms.files is not None
        for scheme, flag in (("http", "--files-port"), ("ftp", "--ftp-port")):
            with pytest.raises(UsageError, match=rf"{flag}: port \d+ is in use"):
                async with served(tmp_path, flag, str(csms.files.ports[scheme])):
                    pass

    with pytest.raises(UsageError, match=r"--files: .*new: no such directory"):
        async with served(tmp_path / "new"):
            pass
    assert not (tmp_path / "new").exists(), "a slip makes no directory"
    with pytest.raises(UsageError, match="needs --files"):
        resolve(["--ftp-port", "0"], {})


@pytest.mark.parametrize(
    "where", ["dummy://x/y", "http://127.0.0.1:1/x", "http:///x", "ftp://127.0.0.1:1/x", "http://[x"]
)
async def test_what_cannot_be_reached_is_one_clause(where: str) -> None:
    with pytest.raises(TransferFailed) as caught:
        await fetched(where)
    assert "\n" not in str(caught.value)
