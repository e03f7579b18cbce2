"""The cases of the self-test. Each is a function of a `Bench`, run once on every version; it raises what went wrong.

Add one by writing it here with `@case`: the table, `--list` and `--only` know it then. The installed scenarios are
cases too, without being named anywhere (`selftest_scenarios`).
"""

from __future__ import annotations

import socket
from signal import SIGINT, SIGTERM
from urllib.parse import urlsplit

from scripts import selftest_files, selftest_killed  # noqa: F401  (the longest come first)
from scripts.processes import Program, url_of
from scripts.selftest_bench import Bench
from scripts.selftest_registry import CASES, Case, case
from scripts.verdict import ANY, SAME, SAVE, Row

__all__ = ["CASES", "Case"]

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
