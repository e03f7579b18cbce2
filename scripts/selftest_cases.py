"""The cases of the self-test. Each is a function of a `Bench`, run once on every version; it raises what went wrong.

Add one by writing it here with `@case`: the table, `--list` and `--only` know it then.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from signal import SIGINT, SIGTERM
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from scripts.processes import Program, url_of
from scripts.selftest_bench import Bench
from scripts.verdict import ANY, SAME, SAVE, Row, dig


class Case(NamedTuple):
    """One thing that is tried: its name, what it shows in a line, and how."""

    name: str
    shows: str
    run: Callable[[Bench], None]


CASES: dict[str, Case] = {}


def case(shows: str) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Make a case of a function; its name is the function's."""

    def add(function: Callable[[Bench], None]) -> Callable[[Bench], None]:
        name = function.__name__.strip("_").replace("_", "-")
        CASES[name] = Case(name, shows, function)
        return function

    return add


# --- both sides killed: the longest come first, so that they do not wait for a place at the end ---------------


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


# --- registration and what holds --------------------------------------------------------------------------------


@case("Pending, then Accepted; heartbeats at the interval of the answer")
def boot(b: Bench) -> None:
    csms = b.csms(
        *("--boot-status-sequence", "Pending,Accepted", "--retry-interval", "1"),
        *("--heartbeat-interval", "1"),
    )
    station = b.station(csms)
    heartbeat = Row("Heartbeat", {}, {"currentTime": ANY})
    found = b.see(
        b.booted("Pending", 1), b.booted("Accepted", 1), b.status("Available"), heartbeat, heartbeat
    )
    _nothing_but_boots(b, before=found[1].seq)
    b.stops(station, csms)


@case("Rejected, then Accepted; silence between the two")
def boot_rejected(b: Bench) -> None:
    csms = b.csms("--boot-status-sequence", "Rejected,Accepted", "--retry-interval", "1")
    station = b.station(csms)
    found = b.see(b.booted("Rejected", 1), b.booted("Accepted"), b.status("Available"))
    _nothing_but_boots(b, before=found[1].seq)
    b.stops(station, csms)


def _nothing_but_boots(b: Bench, before: int) -> None:
    early = {e.action for e in b.happened() if e.seq < before}
    b.check(early == {"BootNotification"}, f"nothing but BootNotification before Accepted, not {early}")


@case("file, environment and flags in layers; a station's own table")
def configuration(b: Bench) -> None:
    file = b.folder / "pair.toml"
    file.write_text(
        "[csms]\nheartbeat_interval = 301\nretry_interval = 7\nauth_mode = 'whitelist'\n"
        "[csms.stations.CP7]\nboot_status = 'Pending'\n"
        "[charge_point]\nid = 'CP7'\nmodel = 'from the file'\nvendor = 'from the file'\nserial = 'F1'\n"
    )
    config = ["--config", str(file)]
    model, vendor = (
        ("chargePointModel", "chargePointVendor")
        if b.is_16
        else ("chargingStation.model", "chargingStation.vendorName")
    )
    csms = b.csms(*config, "--retry-interval", "3", OCPP_CSMS_RETRY_INTERVAL="5", strict=False)
    seven = b.station(
        csms, *config, "--vendor", "from the flag", OCPP_CP_VENDOR="env", OCPP_CP_MODEL="from env"
    )
    (found,) = b.see(b.booted("Pending", 3, **{model: "from env", vendor: "from the flag"}))
    b.check(found.station == "CP7", f"the id comes from the file, not {found.station}")
    eight = b.station(csms, *config, "--id", "CP8", stdin="pipe")
    eight.type("wait accepted", "Authorize test_token", "Authorize other", "quit")
    b.see(b.booted("Accepted", 301), b.authorized("test_token", "Accepted"), b.authorized("other", "Blocked"))
    b.ends(eight, 0)
    b.stops(seven, csms)


# --- authorization --------------------------------------------------------------------------------------------


def _tokens(b: Bench, *options: str, **statuses: str) -> None:
    """Each token gets its status from a CSMS with these options."""
    csms = b.csms(*options)
    station = b.station(csms, stdin="pipe")
    station.type("wait accepted", *[f"Authorize {token}" for token in statuses], "quit")
    b.see(*(b.authorized(token, status) for token, status in statuses.items()))
    b.ends(station, 0)
    b.stops(csms)


@case("--auth-mode whitelist, blacklist and rate_limit, from three CSMSs")
def authorization(b: Bench) -> None:
    _tokens(
        b, "--auth-mode", "whitelist", "--whitelist", "W1", "W2", W1="Accepted", W2="Accepted", E9="Blocked"
    )
    _tokens(b, "--auth-mode", "blacklist", "--blacklist", "B1", B1="Blocked", E9="Accepted")
    _tokens(b, "--auth-mode", "rate_limit", E9="Blocked" if b.is_16 else "NotAtThisTime")


@case("--token: every status of its own")
def tokens(b: Bench) -> None:
    both = {"E1": "Expired", "E2": "Invalid", "E3": "ConcurrentTx", "E4": "Blocked", "E5": "Accepted"}
    more = {} if b.is_16 else {"E6": "NoCredit", "E7": "NotAllowedTypeEVSE", "E8": "Unknown"}
    statuses = both | more
    flags = [word for token, status in statuses.items() for word in ("--token", f"{token}={status}")]
    _tokens(b, *flags, **statuses)


@case("--offline: Authorize fails, the CSMS says InternalError")
def offline(b: Bench) -> None:
    csms = b.csms("--offline")
    station = b.station(csms, stdin="pipe", strict=False)
    station.type("wait accepted", "Authorize E1", "quit")

    def refused() -> bool:
        return any(e.action == "Authorize" and e.error == "InternalError" for e in b.happened())

    b.until(refused, "Authorize is answered with InternalError")
    b.ends(station, 0)
    b.stops(csms)


@case("a refused token charges nothing and ends with 1, a good one with 0")
def sessions(b: Bench) -> None:
    csms = b.csms("--token", "E1=Expired")
    bad = b.station(csms, "--id", "BAD", "--sessions", "1", "--duration", "0.5", "--token", "E1")
    good = b.station(csms, "--id", "GOOD", "--sessions", "1", "--energy", "5", "--token", "E2")
    b.ends(bad, 1)
    b.ends(good, 0)
    b.see(b.authorized("E1", "Expired"))
    b.see(b.authorized("E2", "Accepted"), b.started(SAVE("tx")), b.stopped(SAME("tx")))
    begun = {e.station for e in b.happened() if e.action in ("StartTransaction", "TransactionEvent")}
    b.check(begun == {"GOOD"}, f"only the accepted token begins a transaction, not {begun}")
    b.stops(csms)


# --- commands -------------------------------------------------------------------------------------------------


@case("--commands: read, trigger, start, stop, reset, each with its effect")
def commands(b: Bench) -> None:
    read = "GetConfiguration:HeartbeatInterval" if b.is_16 else "GetVariables:OCPPCommCtrlr.HeartbeatInterval"
    kind = "Soft" if b.is_16 else "OnIdle"
    listed = f"{read}@0.2,TriggerMessage:Heartbeat@0.2,RequestStartTransaction:token=R1@0.2"
    csms = b.csms(
        "--commands", f"{listed},request_stop_transaction:1,reset:kind={kind}@0.5", "--start-on", "accepted"
    )
    station = b.station(csms, stdin="pipe")
    station.type("wait accepted", "plug_in")
    start, stop = (
        ("RemoteStartTransaction", "RemoteStopTransaction")
        if b.is_16
        else ("RequestStartTransaction", "RequestStopTransaction")
    )
    value = (
        {"configurationKey.0.value": ANY} if b.is_16 else {"getVariableResult.0.attributeStatus": "Accepted"}
    )
    ended = {"interval": ANY} if b.is_16 else {}
    b.see(
        b.booted("Accepted"),
        Row("GetConfiguration" if b.is_16 else "GetVariables", {}, value, by="csms"),
        Row("TriggerMessage", {"requestedMessage": "Heartbeat"}, {"status": "Accepted"}, by="csms"),
        Row("Heartbeat", {}, {"currentTime": ANY}),
        Row(start, {}, {"status": "Accepted"}, by="csms"),
        b.started(SAVE("tx")),
        Row(stop, {"transactionId": SAME("tx")}, {"status": "Accepted"}, by="csms"),
        b.stopped(SAME("tx"), "Remote"),
        Row("Reset", {"type": kind}, {"status": "Accepted"}, by="csms"),
        Row("BootNotification", {} if b.is_16 else {"reason": "RemoteReset"}, {"status": "Accepted"} | ended),
    )
    b.stops(station, csms)


@case("commands and messages typed into both programs")
def typed(b: Bench) -> None:
    csms = b.csms(stdin="pipe")
    kind = "Hard" if b.is_16 else "Immediate"
    csms.type("wait CP1", f"CP1 reset kind={kind}")
    station = b.station(csms, stdin="pipe")
    b.see(
        b.booted("Accepted"),
        Row("Reset", {"type": kind}, {"status": "Accepted"}, by="csms"),
        b.booted("Accepted"),
    )
    station.type(
        "wait accepted", "plug_in", "present T1", "wait charging", "Heartbeat", "present T1", "unplug"
    )
    b.see(
        b.authorized("T1", "Accepted"),
        b.started(SAVE("tx")),
        b.stopped(SAME("tx")),
    )
    b.see(b.started(), b.status("Available"))  # unlike transaction messages, statuses wait for nothing
    csms.type("stations", "transactions", "quit")
    b.ends(csms, 0)
    b.check("CP1" in "\n".join(csms.out) and "T1" in "\n".join(csms.out), "the CSMS lists station and token")
    station.type("wait idle", "quit")
    b.ends(station, 0)


# --- reaching a system ------------------------------------------------------------------------------------------


@case("Basic auth over wss://; the wrong password and an untrusted certificate end with 3")
def secured(b: Bench) -> None:
    certificate, key = b.certificate()
    passwords = b.folder / "passwords"
    passwords.write_text("CP1:secret: with a colon\nHEX:hex:00ff10aa00ff10aa00ff10aa00ff10aa00ff10aa\n")
    csms = b.csms("--tls-cert", certificate, "--tls-key", key, "--passwords", str(passwords))
    url = url_of(csms)
    b.check(url.startswith("wss://"), f"the CSMS says that it speaks TLS: {url}")
    good = b.station(url, "--ca", certificate, OCPP_CP_PASSWORD="secret: with a colon", stdin="pipe")
    good.type("wait accepted", "quit")
    b.ends(good, 0)
    hexed = ["--id", "HEX", "--password", "00ff10aa" * 5, "--password-encoding", "hex", "--insecure"]
    other = b.station(url, *hexed, stdin="pipe")
    other.type("wait accepted", "quit")
    b.ends(other, 0)
    b.see(b.booted("Accepted"), b.booted("Accepted"))
    soon = ["--give-up-after", "0.1", "--password", "wrong"]
    wrong, doubtful = b.station(url, "--ca", certificate, *soon), b.station(url, *soon)
    b.ends(wrong, 3)
    b.check("401" in wrong.said, f"the reason is told: {wrong.said}")
    b.ends(doubtful, 3)
    b.check("not trusted" in doubtful.said, f"the reason is told: {doubtful.said}")
    b.stops(csms)


# --- the end ------------------------------------------------------------------------------------------------------


@case("SIGINT and SIGTERM: 0 serving, 130/143 in sessions, 128+n the second time")
def signals(b: Bench) -> None:
    csms = b.csms()
    for signum in (SIGINT, SIGTERM):
        serving = b.station(csms, "--id", f"SERVING{signum}")
        busy = b.station(csms, "--id", f"BUSY{signum}", "--sessions", "1", "--duration", "1000")
        serving.line("BootNotification")
        busy.line("charging in transaction")
        b.ends(serving, 0, signum)
        b.ends(busy, 128 + signum, signum)
    b.ends(csms, 0, SIGINT)
    for first, second in ((SIGINT, SIGTERM), (SIGTERM, SIGINT)):
        _twice(b, first, second)


def _twice(b: Bench, first: int, second: int) -> None:
    """A CSMS that waits for a client which never answers its close ends at once at the second signal."""
    csms = b.csms(strict=False)
    with _mute(b, url_of(csms)):
        csms.line("MUTE.*connected")
        csms.send(first)
        _until_draining(b, csms)
        csms.send(second)
        b.ends(csms, 128 + second)


def _mute(b: Bench, url: str) -> socket.socket:
    """A station that completes the handshake and then says nothing more, not even to a close."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    connection = socket.create_connection((host, port))
    connection.sendall(
        f"GET /MUTE HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: {b.version.subprotocol}\r\n\r\n".encode()
    )
    return connection


def _until_draining(b: Bench, csms: Program) -> None:
    """The first signal has arrived: nobody is let in any more."""
    host, port = urlsplit(url_of(csms)).hostname, urlsplit(url_of(csms)).port

    def refused() -> bool:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            return True
        return False

    b.until(refused, "after the first signal nobody is let in")
