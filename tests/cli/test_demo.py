"""The demo: green when everything happened, red as soon as one decisive message is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts.demo import EXPECTED, station_id
from scripts.verdict import MORE, SAME, SAVE, Exchange, Row, exchanges, judge
from shared.versions import VERSIONS, Version

ROOT = Path(__file__).resolve().parents[2]


def happened(folder: Path) -> list[Exchange]:
    """What the demo's journal says, after a run that ended with 0."""
    journal = folder / "journal.jsonl"
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "demo.py"), "--keep", str(journal)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("passed") == 3
    assert "all of it happened" in ended.stdout
    return exchanges(journal)


def test_the_verdict_is_red_when_any_one_message_is_suppressed(tmp_path: Path) -> None:
    told = happened(tmp_path)
    for version in VERSIONS:
        is_red_without_any_one(version, told)


def is_red_without_any_one(version: Version, happened: list[Exchange]) -> None:
    mine = [exchange for exchange in happened if exchange.station == station_id(version)]
    verdict = judge(EXPECTED[version], mine)
    assert [row for row, exchange in verdict if exchange is None] == []
    met = [exchange.seq for _, exchange in verdict if exchange is not None]
    for at, (row, suppressed) in enumerate(verdict):
        assert suppressed is not None
        after = met[at + 1] if at + 1 < len(met) else 10**9
        # a periodic message is suppressed with its repetitions up to the next row's
        without = [e for e in mine if not (e.action == row.action and met[at] <= e.seq < after)]
        judged = judge(EXPECTED[version], without)
        assert any(exchange is None for _, exchange in judged), f"green without {row}"


def _exchange(seq: int, request: object, answer: object = None, error: str = "") -> Exchange:
    return Exchange(seq, "CP1", "charge_point", "StartTransaction", request, answer, error)


def test_a_row_wants_its_fields_in_call_and_answer() -> None:
    row = Row("StartTransaction", {"idTag": "A"}, {"idTagInfo.status": "Accepted"})
    good = _exchange(1, {"idTag": "A"}, {"idTagInfo": {"status": "Accepted"}})
    bad = _exchange(1, {"idTag": "A"}, {"idTagInfo": {"status": "Blocked"}})
    refused = _exchange(1, {"idTag": "A"}, None, "InternalError")
    assert judge([row], [good])[0][1] is good
    assert judge([row], [bad])[0][1] is None
    assert judge([row], [refused])[0][1] is None


def test_rows_must_come_in_order_and_share_what_they_saved() -> None:
    rows = [
        Row("StartTransaction", {"n": 1, "meter": SAVE("m")}),
        Row("StartTransaction", {"n": 2, "meter": SAME("m")}),
        Row("StartTransaction", {"n": 3, "meter": MORE("m")}),
    ]
    one, two, three = (_exchange(n, {"n": n, "meter": meter}, {}) for n, meter in ((1, 5), (2, 5), (3, 6)))
    assert [e is not None for _, e in judge(rows, [one, two, three])] == [True, True, True]
    assert [e is not None for _, e in judge(rows, [two, one, three])] == [True, False, True]
    odd = _exchange(2, {"n": 2, "meter": 4}, {})
    assert [e is not None for _, e in judge(rows, [one, odd, three])] == [True, False, True]
