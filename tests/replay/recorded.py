"""Conversations to compare and replay: written by hand, or recorded from the pair."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.replay.read import read
from shared.replay.recording import Recording

Line = tuple[str, list[Any]]
STARTED = 1_772_359_200


def written(path: Path, lines: list[Line], *, every: float = 1.0, first: int = 1) -> Path:
    """A journal of the CSMS's, as its program writes one: `>` from the CSMS, `<` from the station."""
    entries = []
    for at, (mark, parts) in enumerate(lines):
        seconds = STARTED + at * every
        entries.append(
            {
                "seq": first + at,
                "at": f"2026-03-01T10:{int(seconds - STARTED) // 60:02d}:{(seconds - STARTED) % 60:09.6f}Z",
                "t": at * every,
                "end": "csms",
                "station": "CP1",
                "dir": "out" if mark == ">" else "in",
                "kind": "call",
                "frame": json.dumps(parts),
            }
        )
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path


def recorded(path: Path, lines: list[Line], **more: Any) -> Recording:
    """The same as a recording."""
    return read(written(path, lines, **more))


def session(transaction: int = 7, *, model: str = "M", prefix: str = "m", energy: int = 900) -> list[Line]:
    """A 1.6 session: boot, status, start, meter values, a command, stop."""
    at = "2026-03-01T10:00:00Z"
    accepted = {"idTagInfo": {"status": "Accepted"}}
    lines: list[Line] = [
        ("<", [2, f"{prefix}1", "BootNotification", {"chargePointVendor": "V", "chargePointModel": model}]),
        (">", [3, f"{prefix}1", {"status": "Accepted", "currentTime": at, "interval": 300}]),
        ("<", [2, f"{prefix}2", "StatusNotification", status("Preparing")]),
        (">", [3, f"{prefix}2", {}]),
        (
            "<",
            [
                2,
                f"{prefix}3",
                "StartTransaction",
                {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": at},
            ],
        ),
        (">", [3, f"{prefix}3", {"transactionId": transaction, **accepted}]),
        (">", [2, f"{prefix}r1", "RemoteStopTransaction", {"transactionId": transaction}]),
        ("<", [3, f"{prefix}r1", {"status": "Accepted"}]),
        (
            "<",
            [
                2,
                f"{prefix}4",
                "StopTransaction",
                {"transactionId": transaction, "meterStop": energy, "timestamp": at, "reason": "Remote"},
            ],
        ),
        (">", [3, f"{prefix}4", accepted]),
        ("<", [2, f"{prefix}5", "StatusNotification", status("Available")]),
        (">", [3, f"{prefix}5", {}]),
    ]
    return lines


def status(word: str) -> dict[str, Any]:
    """A StatusNotification of connector 1."""
    return {"connectorId": 1, "errorCode": "NoError", "status": word}


HEARTBEAT: list[Line] = [
    ("<", [2, "h", "Heartbeat", {}]),
    (">", [3, "h", {"currentTime": "2026-03-01T10:00:00Z"}]),
]
