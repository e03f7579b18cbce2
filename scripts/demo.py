"""The main job: the mock CSMS and a charge point as real processes, one charging session on each OCPP version.

Prints the conversation and a verdict table; ends with 0 only if all of it happened. The verdict is an ordered list of
exchanges with their decisive fields for each version (`EXPECTED`), judged on the CSMS's journal file.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.verdict import ANY, AT_LEAST, MORE, SAME, SAVE, Exchange, Row, exchanges, judge
from shared.digest import digest
from shared.versions import V16, V21, V201, VERSIONS, Version

DURATION = 2
"""Seconds that each session charges."""

METER_INTERVAL = 1
CHARGING = "charging"


def _status_16(connector: int, status: str) -> Row:
    return Row("StatusNotification", {"connectorId": connector, "status": status, "errorCode": "NoError"})


def _status_201(status: str) -> Row:
    return Row("StatusNotification", {"evseId": 1, "connectorId": 1, "connectorStatus": status})


def _status_21(status: str) -> Row:
    """2.1 reports its connectors with NotifyEvent (G01.FR.07)."""
    return Row(
        "NotifyEvent",
        {
            "eventData.0.component.name": "Connector",
            "eventData.0.component.evse.id": 1,
            "eventData.0.variable.name": "AvailabilityState",
            "eventData.0.actualValue": status,
        },
    )


_BOOTED = {"status": "Accepted", "interval": 60, "currentTime": ANY}
_TOKEN = {"idToken.idToken": "test_token", "idToken.type": "ISO14443"}


def _event(sort: str, trigger: str, number: int, **more: object) -> dict[str, object]:
    transaction = SAVE("tx") if sort == "Started" else SAME("tx")
    return {
        "eventType": sort,
        "triggerReason": trigger,
        "seqNo": number,
        "transactionInfo.transactionId": transaction,
    } | {name.replace("__", "."): value for name, value in more.items()}


def _session_2x(version: Version) -> list[Row]:
    status = _status_201 if version is V201 else _status_21
    return [
        Row("BootNotification", {"reason": "PowerUp", "chargingStation.vendorName": ANY}, _BOOTED),
        status("Available"),
        status("Occupied"),
        Row("Authorize", _TOKEN, {"idTokenInfo.status": "Accepted"}),
        Row(
            "TransactionEvent",
            _event("Started", "Authorized", 0, evse__id=1) | _TOKEN,
            {"idTokenInfo.status": "Accepted"},
        ),
        Row(
            "TransactionEvent",
            _event("Updated", "ChargingStateChanged", 1, transactionInfo__chargingState="Charging"),
            {"totalCost": 10.0},
        ),
        Row(
            "TransactionEvent",
            _event("Updated", "MeterValuePeriodic", 2, meterValue=ANY),
            {"totalCost": 10.0},
        ),
        Row(
            "TransactionEvent",
            {
                "eventType": "Ended",
                "triggerReason": "StopAuthorized",
                "seqNo": AT_LEAST(3),
                "transactionInfo.transactionId": SAME("tx"),
                "transactionInfo.stoppedReason": "Local",
            },
            {"totalCost": 10.0},
        ),
        status("Available"),
    ]


EXPECTED: dict[Version, list[Row]] = {
    V16: [
        Row("BootNotification", {"chargePointVendor": ANY, "chargePointModel": ANY}, _BOOTED),
        _status_16(0, "Available"),
        _status_16(1, "Available"),
        _status_16(1, "Preparing"),
        Row("Authorize", {"idTag": "test_token"}, {"idTagInfo.status": "Accepted"}),
        Row(
            "StartTransaction",
            {"connectorId": 1, "idTag": "test_token", "meterStart": SAVE("start")},
            {"transactionId": SAVE("tx"), "idTagInfo.status": "Accepted"},
        ),
        _status_16(1, "Charging"),
        Row("MeterValues", {"connectorId": 1, "transactionId": SAME("tx"), "meterValue": ANY}),
        Row(
            "StopTransaction",
            {"transactionId": SAME("tx"), "meterStop": MORE("start"), "idTag": "test_token"},
            {"idTagInfo.status": "Accepted"},
        ),
        _status_16(1, "Available"),
    ],
    V201: _session_2x(V201),
    V21: _session_2x(V21),
}
"""What must have happened, in this order. Each row without its exchange turns the verdict red."""


def station_id(version: Version) -> str:
    """The identity of the demo's station on `version`."""
    return f"DEMO-{version.name}"


def main() -> int:
    """Run the demo; gives 0 when all of it happened."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--keep", metavar="FILE", help="keep the CSMS's journal in this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(options.keep) if options.keep else Path(folder) / "journal.jsonl"
        statuses = _run(journal)
        happened = exchanges(journal)
    verdicts = {}
    for version in VERSIONS:
        mine = [exchange for exchange in happened if exchange.station == station_id(version)]
        _print_conversation(version, mine)
        verdicts[version] = judge(EXPECTED[version], mine)
    return _print_verdict(verdicts, statuses)


def _run(journal: Path) -> dict[str, int]:
    """Start both programs, one session on each version, stop them; gives each program's exit status."""
    csms = subprocess.Popen(
        [sys.executable, "-m", "csms", "--port", "0", "--journal", str(journal), "--log-level", "error"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    statuses = {}
    try:
        assert csms.stdout is not None
        first = csms.stdout.readline().strip()
        url = first.removeprefix("listening on ")
        print(f"the mock CSMS is listening on {url}")
        for version in VERSIONS:
            print(f"a charge point makes one session on OCPP {version} ...", flush=True)
            begun = time.monotonic()
            ended = subprocess.run(_station(url, version), stdin=subprocess.DEVNULL, timeout=60, check=False)
            statuses[station_id(version)] = ended.returncode
            print(f"    ended with status {ended.returncode} after {time.monotonic() - begun:.1f} s")
        csms.terminate()
        statuses["csms"] = csms.wait(30)
    finally:
        csms.kill()
        csms.wait()
    return statuses


def _station(url: str, version: Version) -> list[str]:
    interval = "MeterValueSampleInterval" if version is V16 else "SampledDataCtrlr.TxUpdatedInterval"
    return [
        *(sys.executable, "-m", "charge_point", "--csms", url, "--id", station_id(version)),
        *("--ocpp-version", version.name, "--sessions", "1", "--duration", str(DURATION)),
        *(
            "--set",
            f"{interval}={METER_INTERVAL}",
            "--give-up-after",
            "20",
            "--log-level",
            "error",
            "--no-interactive",
        ),
    ]


def _print_conversation(version: Version, happened: list[Exchange]) -> None:
    print(f"\nOCPP {version}")
    for exchange in happened:
        arrow = "->" if exchange.by == "charge_point" else "<-"
        asked = digest(version, exchange.action, exchange.request)
        answered = exchange.error or digest(version, exchange.action, exchange.answer, answer=True)
        print(f"  {arrow} {exchange.action} {asked}{'  => ' if answered else ''}{answered}"[:110])


def _print_verdict(
    verdicts: dict[Version, list[tuple[Row, Exchange | None]]], statuses: dict[str, int]
) -> int:
    print("\nverdict")
    passed = True
    for version, verdict in verdicts.items():
        missing = [row for row, exchange in verdict if exchange is None]
        ok = not missing and statuses.get(station_id(version)) == 0
        passed = passed and ok
        count = f"{len(verdict) - len(missing)} of {len(verdict)} exchanges as they must be"
        print(f"  {'passed' if ok else 'FAILED'}  OCPP {version.name:<6}{count}")
        for row in missing:
            print(f"          missing: {row}")
    if statuses.get("csms") != 0:
        passed = False
        print(f"  FAILED  the CSMS ended with {statuses.get('csms')}")
    print("all of it happened" if passed else "not all of it happened")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
