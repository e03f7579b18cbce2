"""Firmware that a local controller offers (L03, L04): the conversation of the pair, by the cases of a CSMS."""

from __future__ import annotations

import pytest

from shared.transfer import TransferFailed
from shared.versions import Version
from tests.pair.pair import Over, Pair
from tests.support import each_2x

FILE = "file=fw-2.0.0.bin"
CAME = ["Downloading", "Downloaded"]


def told(pair: Pair) -> list[str]:
    """The statuses that the CSMS was told, and answered."""
    calls = [entry.parts() for entry in pair.csms_journal if entry.dir == "in"]
    return [
        call[3]["status"] for call in calls if call and call[0] == 2 and "PublishFirmwareStatus" in call[2]
    ]


@each_2x
@pytest.mark.parametrize(
    ("options", "files", "statuses"),
    [
        (FILE, "", [*CAME, "ChecksumVerified", "Published"]),
        (f"{FILE},checksum={'0' * 32}", "", [*CAME, "InvalidChecksum"]),
        (FILE, "", [*CAME, "ChecksumVerified", "PublishFailed"]),
        (FILE, "--files-fault error:status=404", ["Downloading", "DownloadFailed"]),
    ],
    ids=["TC_L_17_CSMS", "TC_L_19_CSMS", "TC_L_20_CSMS", "TC_L_24_CSMS"],
)
async def test_a_publication_is_asked_for_and_every_status_is_answered(
    version: Version, options: str, files: str, statuses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Pair(Over(sockets=False), version, files) as pair:
        await pair.accepted()
        if statuses[-1] == "PublishFailed":

            async def refuse(*what: object) -> None:
                raise TransferFailed("there is no port")

            monkeypatch.setattr(pair.network, "publish", refuse)
        outcome = await pair.command("publish_firmware", options)
        assert outcome.ok
        await pair.time(60)
        assert told(pair) == statuses


@each_2x
async def test_tc_l_21_22_23_csms__firmware_is_withdrawn_once_nobody_fetches_it(version: Version) -> None:
    async with Pair(Over(sockets=False), version) as pair:
        await pair.accepted()

        async def withdrawn() -> str:
            return (await pair.command("unpublish_firmware", FILE)).status

        assert await withdrawn() == "NoFirmware"
        await pair.command("publish_firmware", FILE)
        await pair.time(60)
        (offered,) = pair.network.published.values()
        pieces = pair.network.fetch(offered.urls[0])
        assert await anext(pieces)
        assert await withdrawn() == "DownloadOngoing"
        async for _ in pieces:
            pass
        assert await withdrawn() == "Unpublished"
        assert pair.network.published == {}
