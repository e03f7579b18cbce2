"""The case of the self-test about files: between two processes, over HTTP and FTP."""

from __future__ import annotations

from scripts.selftest_bench import Bench
from scripts.selftest_registry import case
from scripts.verdict import Row


@case("logs over HTTP and FTP; firmware that is fetched, and whose signature is verified")
def files(b: Bench) -> None:
    steps = "get_log:over=http@0.2,get_log:over=ftp@0.5,update_firmware:file=fw-2.0.0.bin,signed=true@0.5"
    (b.folder / "files").mkdir()
    csms = b.csms("--files", "files", "--ftp-port", "0", "--start-on", "accepted", "--commands", steps)
    station = b.station(csms)
    firmware = "SignedFirmwareStatusNotification" if b.is_16 else "FirmwareStatusNotification"
    b.see(
        *(Row("LogStatusNotification", {"status": word}, {}) for word in ("Uploading", "Uploaded") * 2),
        *(
            Row(firmware, {"status": word}, {})
            for word in ("Downloading", "Downloaded", "SignatureVerified", "Installing")
        ),
    )
    logs = sorted((b.folder / "files" / "uploads" / "CP1").iterdir())
    b.check(len(logs) == 2, f"two logs have arrived, not {[log.name for log in logs]}")
    b.check(all("BootNotification" in log.read_text("utf-8") for log in logs), "the boot is in each of them")
    b.stops(station, csms)
