"""Cases of the self-test in which one of the two sides is killed in the middle of a session."""

from __future__ import annotations

from typing import Any

from scripts.processes import Program, url_of
from scripts.selftest_bench import Bench
from scripts.selftest_registry import case
from scripts.verdict import SAME, SAVE, Row, dig


@case("the CSMS killed in a session: no new boot, nothing lost, id kept")
def csms_killed(b: Bench) -> None:
    state = ["--state", str(b.folder / "csms"), "--registration", "strict", "--fail-on-findings"]
    first = b.csms(*state, strict=False)  # late events are no finding, but strict counts them
    address = url_of(first)
    station = b.station(address, *b.metering(1), stdin="pipe", strict=False)
    station.type("wait accepted", "plug_in", "present T1")
    started, _ = b.see(b.started(SAVE("tx")), b.metered(SAME("tx")))
    transaction = _id_of(b, started.request if not b.is_16 else started.answer)
    first.kill()
    station.line("connection ended")
    cut = len(b.happened())
    _until_owing(b, station)
    second = b.csms(*state, port=int(address.rpartition(":")[2]), stdin="pipe", strict=False)
    b.until(lambda: len(b.happened()) > cut, "the station goes on with the CSMS that was started again")
    second.type("CP1 request_stop_transaction")  # without an id: what the CSMS remembers is meant
    stop = "RemoteStopTransaction" if b.is_16 else "RequestStopTransaction"
    b.see(
        b.booted("Accepted"),
        b.started(SAVE("tx")),
        Row(stop, {"transactionId": SAME("tx")}, {"status": "Accepted"}, by="csms"),
        b.stopped(SAME("tx"), "Remote"),
    )
    b.check(_count(b, "BootNotification") == 1, "no BootNotification on the connection after the crash")
    _check_numbers(b, transaction, cut)
    station.type("unplug", "wait idle", "quit")
    b.ends(station, 0)
    b.stops(second)  # a gap in the seqNo, or something that came twice, would be a finding


@case("the station killed offline in a session: all delivered once, in order")
def station_killed(b: Bench) -> None:
    csms = b.csms("--fail-on-findings", strict=False)  # late events are no finding, but strict counts them
    options = ["--state", str(b.folder / "station"), *b.metering(1)]
    station = b.station(csms, *options, stdin="pipe")
    station.type("wait accepted", "plug_in", "present T1")
    started, _ = b.see(b.started(), b.metered())
    station.type("go_offline")
    csms.line("= connection ended")
    cut = len(b.happened())
    _until_owing(b, station)
    station.kill()
    again = b.station(csms, *options, stdin="pipe")
    rows = [b.booted("Accepted"), b.started(SAVE("tx")), b.booted("Accepted"), b.metered(SAME("tx"))]
    b.see(*rows, b.metered(SAME("tx")), b.stopped(SAME("tx"), "PowerLoss"))
    transaction = _id_of(b, started.request if not b.is_16 else started.answer)
    _check_numbers(b, transaction, cut)
    late = [e for e in b.happened()[cut:] if _is_of(b, e.request, transaction)]
    b.check(len(late) >= 3, "at least two meter values and the end come after the restart")
    if not b.is_16:
        b.check(all(e.request.get("offline") for e in late), "what arose offline says so")
    b.check(_count(b, "StartTransaction" if b.is_16 else "TransactionEvent", "Started") == 1, "one start")
    b.check(_count(b, "StopTransaction" if b.is_16 else "TransactionEvent", "Ended") == 1, "one end")
    again.type("wait idle", "quit")
    b.ends(again, 0)
    b.stops(csms)


def _until_owing(b: Bench, station: Program) -> None:
    """Wait until two messages have arisen that could not be delivered."""

    def owes_some() -> bool:
        station.type("status")
        return any("offline, Accepted, 2 transaction messages not delivered" in line for line in station.out)

    b.until(owes_some, "messages arise while the station is offline")


def _id_of(b: Bench, payload: object) -> object:
    return dig(payload, "transactionId" if b.is_16 else "transactionInfo.transactionId")


def _is_of(b: Bench, payload: object, transaction: object) -> bool:
    return bool(_id_of(b, payload) == transaction)


def _count(b: Bench, action: str, sort: str = "") -> int:
    mine = [e for e in b.happened() if e.action == action]
    return len([e for e in mine if action != "TransactionEvent" or e.request["eventType"] == sort])


def _check_numbers(b: Bench, transaction: object, cut: int) -> None:
    """Each message of the transaction was delivered once, in the order in which it arose.

    `cut` exchanges had happened when the connection was cut. What was answered just then may come again, since the
    station cannot know of the answer.
    """
    before, after = (
        [e.request for e in part if _is_of(b, e.request, transaction) and e.by == "charge_point"]
        for part in (b.happened()[:cut], b.happened()[cut:])
    )
    if before and after and _mark(b, before[-1]) == _mark(b, after[0]):
        del after[0]
    marks = [_mark(b, payload) for payload in before + after]
    b.check(len(set(map(str, marks))) == len(marks), f"no message comes twice: {marks}")
    if b.is_16:
        b.check(marks == sorted(marks), f"the messages come in the order of their times: {marks}")
    else:
        b.check([seq for _, seq in marks] == list(range(len(marks))), f"the seqNo have no gap: {marks}")
        b.check(marks == sorted(marks), f"the messages come in the order of their times: {marks}")


def _mark(b: Bench, payload: Any) -> tuple[Any, Any]:
    """What tells a message of a transaction from the others of it: its time, and what it is."""
    if not b.is_16:
        return payload["timestamp"], payload["seqNo"]
    sort = "meter" if "meterValue" in payload else "stop"
    return dig(payload, "meterValue.0.timestamp") if sort == "meter" else payload["timestamp"], sort
