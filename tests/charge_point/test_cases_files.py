"""Logs with credentials (N) of the certification suite, by id: over real sockets, and asked for in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from charge_point.transfer import Network
from scripts.selftest_bench import make_certificate
from shared.tls import client_context, server_context
from shared.transfer import Failure, TransferFailed
from shared.versions import V21
from tests.charge_point.wired import Wired
from tests.csms.test_files_servers import STATION, served

CREDENTIALS = "--files-password", "user:s:ecret"


@pytest.mark.sockets
@pytest.mark.parametrize("scheme", ["http", "https"], ids=["TC_N_102", "TC_N_103"])
async def test_a_log_goes_where_a_password_is_demanded(tmp_path: Path, scheme: str) -> None:
    (tmp_path / "files").mkdir()
    own, network = None, Network()
    if scheme == "https":
        certificate, key = make_certificate(tmp_path)
        own, network = server_context(certificate, key), Network(client_context(certificate))
    async with served(tmp_path / "files", *CREDENTIALS, tls=own) as csms:
        assert csms.files is not None
        folder = csms.files.upload_folder("CP1", STATION, scheme)
        assert folder.startswith(f"{scheme}://user:s%3Aecret@")
        await network.store(folder, "a.log", b"log")
        with pytest.raises(TransferFailed) as caught:
            await network.store(folder.replace("ecret", "urprise"), "b.log", b"log")
        assert caught.value.failure is Failure.DENIED
    uploads = (tmp_path / "files" / "uploads").rglob("*")
    assert [path.name for path in uploads if path.is_file()] == ["a.log"]


async def test_n01_fr_25__what_stands_before_the_host_is_used_and_told_to_nobody() -> None:
    where = "https://user:secret@files.test/logs/"
    wired = await Wired(V21).start()
    await wired.ask("GetLog", {"requestId": 1, "logType": "DiagnosticsLog", "log": {"remoteLocation": where}})
    await wired.settle(5)
    assert [url for url, _, _ in wired.files.stored] == [where]
    assert [p["status"] for p in wired.of("LogStatusNotification")] == ["Uploading", "Uploaded"]
    assert not any("secret" in entry.what for entry in wired.journal if entry.note)
    await wired.end()
