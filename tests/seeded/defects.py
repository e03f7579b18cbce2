"""What is seeded: each defect with the scenario that must fail for it, the step at which it must, and what is told.

`Row.name` is the switch in `central.py`, `station.py` or `wires.py`; `step` is how the failing step begins in the
scenario's file, `actual` stands in the failure's message. A `charge_point` plays its scenarios against the central
system, a `csms` against the station.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.scenario.load import FILES
from shared.scenario.model import CHARGE_POINT, CSMS
from shared.versions import V2X, V16, VERSIONS, Version


class Row(NamedTuple):
    """One defect: its switch, the step that must fail, what is told, and the versions that can have it."""

    name: str
    step: str
    actual: str
    versions: tuple[Version, ...] = VERSIONS


class Defect(NamedTuple):
    """One defect, and what finds it."""

    against: str
    file: str
    scenario: str
    row: Row

    @property
    def line(self) -> int:
        """The line of the step in the scenario's file. Raises LookupError when there is no such step."""
        lines = (FILES / f"{self.file}.yaml").read_text(encoding="utf-8").splitlines()
        begin = lines.index(f"scenario: {self.scenario}")
        for number, line in enumerate(lines):
            if number > begin and _step(line).startswith(self.row.step):
                return number + 1
        raise LookupError(f"{self.file}: {self.scenario!r} has no step {self.row.step!r}")


def _step(line: str) -> str:
    """A line of a file without what makes it an item or a flow mapping."""
    return line.strip().removeprefix("- ").removeprefix("{")


def _of(against: str, file: str, scenario: str, *rows: Row) -> list[Defect]:
    return [Defect(against, file, scenario, row) for row in rows]


OLD = (V16,)

CENTRAL: list[Defect] = [
    *_of(
        CHARGE_POINT,
        "happy_path/boot_accepted",
        "accepted at once",
        Row(
            "gives an interval of its own",
            "expect: {booted: {status: Accepted, interval: 30}}",
            "booted.interval is 900, not 30",
        ),
    ),
    *_of(
        CHARGE_POINT,
        "happy_path/boot_rejected",
        "rejected, then accepted",
        Row(
            "commands a rejected station",
            'forbid: {call: "!= BootNotification"}',
            '"TriggerMessage", {"requestedMessage": "Heartbeat"}',
        ),
    ),
    *_of(
        CHARGE_POINT,
        "edge_cases/clock_askew",
        "a station whose clock is wrong",
        Row(
            "has a clock an hour behind",
            'answered: boot, with: {currentTime: ">= $now',
            "answer.currentTime is 2026-01-01T09:00:00",
        ),
    ),
    *_of(
        CHARGE_POINT,
        "edge_cases/second_connection",
        "a station comes back while its old connection still stands",
        Row("turns the second connection away", "send: Heartbeat", "CP1 is not connected"),
    ),
    *_of(
        CHARGE_POINT,
        "error_handling/token_refused",
        "an unknown token",
        Row(
            "accepts an unknown token",
            "present: $tokens.invalid, outcome: refused",
            "invalid_token was started",
        ),
    ),
    *_of(
        CHARGE_POINT,
        "error_handling/token_refused",
        "an expired token",
        Row(
            "accepts an expired token",
            "present: $tokens.expired, outcome: refused",
            "expired_token was started",
        ),
    ),
    *_of(
        CHARGE_POINT,
        "error_handling/token_refused",
        "a blocked token",
        Row(
            "calls a blocked token invalid",
            "expect: {authorize: {token: $tokens.blocked, status: Blocked}}",
            "authorize.status is Invalid, not Blocked",
        ),
    ),
    *_of(
        CHARGE_POINT,
        "edge_cases/same_instant_one_station",
        "both plugs of one station in the same instant",
        Row(
            "gives one transactionId to all",
            'expect: {tx.started: {evse: 2, tx: "!= $one.tx"}}',
            "tx.started.tx is 42, not != 42",
            OLD,
        ),
    ),
    *_of(
        CHARGE_POINT,
        "edge_cases/cut_before_answer",
        "the answer to the start is lost",
        Row(
            "counts a repeated start twice",
            "sut: {count_transactions:",
            "count_transactions of the system under test is 2, not 1",
        ),
    ),
    *_of(
        CHARGE_POINT,
        "happy_path/complete_session",
        "a complete charging session",
        Row("leaves idTokenInfo out", "only: 2.x, answered: start", "answer.idTokenInfo is absent", V2X),
        Row("answers the end with an error", "answered: end", '"InternalError", "no such column"'),
        Row("refuses the token at the end", "answered: end", "answer.token_status is Invalid"),
    ),
    *_of(
        CHARGE_POINT,
        "edge_cases/readings_without_transaction",
        "readings outside of a transaction",
        Row(
            "does not answer readings outside of a transaction",
            "only: 1.6, send: {MeterValues:",
            "MeterValues had no answer within 30 s",
            OLD,
        ),
        Row(
            "does not answer readings outside of a transaction",
            "only: 2.x, send: {MeterValues:",
            "MeterValues had no answer within 30 s",
            V2X,
        ),
    ),
    *_of(
        CHARGE_POINT,
        "error_handling/connector_fault",
        "a connector breaks while charging",
        Row("cannot take a fault", "answered: broken", '"InternalError", "unexpected status"'),
    ),
    *_of(
        CHARGE_POINT,
        "error_handling/bad_input",
        "a central system survives bad input",
        Row("hangs up on bad input", "send: Heartbeat", "the connection is closed (1011 internal error)"),
    ),
    *_of(
        CHARGE_POINT,
        "error_handling/unknown_names",
        "a central system is asked what nobody knows",
        Row(
            "calls an unknown action not supported",
            "send: {NoSuchAction: {}}, error: NotImplemented",
            "expected CALLERROR NotImplemented, not NotSupported",
        ),
        Row(
            "accepts data of any vendor",
            "send: {DataTransfer:",
            "answer.status is Accepted, not UnknownVendorId",
        ),
    ),
    *_of(
        CHARGE_POINT,
        "edge_cases/message_ids",
        "a central system gives every message id back",
        Row("cuts long message ids", "expect: {raw:", 'raw is [3, "An-Id.May_Have-36-Ch"'),
    ),
]
"""What is wrong with a central system."""

STATION: list[Defect] = [
    *_of(
        CSMS,
        "edge_cases/station_pending",
        "a pending station asks again",
        Row("reports a status before it boots", "expect: {booted: {status: Pending", '"StatusNotification"'),
        Row("reports statuses while it is pending", "forbid: call", '"StatusNotification"'),
        Row("asks again too soon", "forbid: call", '"BootNotification"'),
        Row("boots only once", "expect: {booted: {status: Accepted}}", "0 messages came meanwhile: nothing"),
    ),
    *_of(
        CSMS,
        "edge_cases/station_comes_back",
        "a station comes back without booting",
        Row("boots on every reconnect", "expect: booted, count: 0", "1 came"),
    ),
    *_of(
        CSMS,
        "edge_cases/station_comes_back",
        "a transaction ends while the station is offline",
        Row(
            "never says that it was offline",
            "expect: {tx.ended: {reason: EVDisconnected, offline: true}}",
            "tx.ended.offline is false, not true",
            V2X,
        ),
        Row(
            "gives late messages the time of sending",
            "expect: {tx.ended: {reason: EVDisconnected, offline: true}}",
            "tx.ended.offline is false, not true",
            OLD,
        ),
    ),
    *_of(
        CSMS,
        "edge_cases/station_transaction_told_once",
        "the end of a transaction is told once",
        Row("tells the end twice", "expect: {tx.ended: {tx: $end.tx}}, count: 0", "1 came"),
        Row("goes on after the end", "expect: {meter: {tx: $end.tx}}, since: end", "1 came"),
    ),
    *_of(
        CSMS,
        "edge_cases/station_transaction_told_once",
        "the events of a transaction are numbered",
        Row(
            "skips a sequence number",
            "never: [finding: seqno_gap",
            "event 2 of transaction foreign-1, where 1 was to come",
            V2X,
        ),
    ),
    *_of(
        CSMS,
        "happy_path/station_session",
        "a session at the plug",
        Row(
            "stays occupied after the cable is out",
            "expect: {plug: {evse: 1, state: available}}",
            "plug.state is occupied, not available",
        ),
        Row(
            "reports the free plug late",
            "expect: {plug: {evse: 1, state: available}}",
            "plug.state is occupied, not available",
        ),
    ),
    *_of(
        CSMS,
        "happy_path/station_session",
        "the meter of a session only grows",
        Row("ends below where it began", "check: {$end.meter:", "$end.meter is 500"),
    ),
    *_of(
        CSMS,
        "error_handling/station_refuses",
        "a station does not charge with a refused token",
        Row("charges on a refused token", "never: [{tx.started:", '"idTag": "invalid_token"', OLD),
        Row("charges on a refused token", "never: [{tx.started:", '"eventType": "Started"', V2X),
    ),
    *_of(
        CSMS,
        "happy_path/remote_start_refused",
        "a remote start that cannot be",
        Row("starts on a plug in use", "command: {remote_start:", "answer.status is Accepted, not Rejected"),
        Row(
            "stops what it does not run",
            "only: 1.6, command: {remote_stop:",
            "answer.status is Accepted, not Rejected",
            OLD,
        ),
        Row(
            "stops what it does not run",
            "only: 2.x, command: {remote_stop:",
            "answer.status is Accepted, not Rejected",
            V2X,
        ),
    ),
    *_of(
        CSMS,
        "happy_path/remote_start_stop",
        "started and stopped from afar",
        Row(
            "leaves remoteStartId out",
            "only: 2.x, expect: {TransactionEvent:",
            "TransactionEvent.transactionInfo.remoteStartId is absent",
            V2X,
        ),
        Row(
            "calls a remote stop local",
            "expect: {tx.ended: {tx: $start.tx, reason: Remote}}",
            "tx.ended.reason is Local, not Remote",
        ),
    ),
    *_of(
        CSMS,
        "happy_path/reset",
        "restarted from afar",
        Row(
            "forgets its transaction at a reset",
            "expect: {tx.ended: {reason: [HardReset, ImmediateReset]}}",
            "messages came meanwhile: close, open, BootNotification, StatusNotification",
        ),
    ),
    *_of(
        CSMS,
        "happy_path/availability",
        "out of service and back",
        Row("stays in service", "expect: {plug: {state: unavailable}}", "0 messages came meanwhile: nothing"),
    ),
    *_of(
        CSMS,
        "happy_path/set_and_get_variables",
        "a setting is changed and read back",
        Row(
            "forgets what was set",
            "only: 1.6, command: {get_config:",
            "answer.configurationKey.0.value is 60, not 15",
            OLD,
        ),
        Row(
            "forgets what was set",
            "only: 2.x, command: {get_variables:",
            "answer.getVariableResult.0.attributeValue is 60, not 15",
            V2X,
        ),
        Row("keeps its heartbeat interval", "expect: heartbeat", "0 messages came meanwhile: nothing"),
    ),
    *_of(
        CSMS,
        "happy_path/trigger_message",
        "messages on demand",
        Row(
            "calls a triggered reading periodic",
            "expect: {MeterValues:",
            "context is Sample.Periodic, not Trigger",
        ),
    ),
    *_of(
        CSMS,
        "error_handling/unknown_names",
        "a station is asked what nobody knows",
        Row(
            "calls an unknown action an internal error",
            "send: {NoSuchAction: {}}, error: NotImplemented",
            "expected CALLERROR NotImplemented, not InternalError",
        ),
        Row(
            "accepts data of any vendor",
            "send: {DataTransfer:",
            "answer.status is Accepted, not UnknownVendorId",
        ),
    ),
    *_of(
        CSMS,
        "edge_cases/message_ids",
        "a station gives every message id back",
        Row("cuts long message ids", "expect: {raw:", 'raw is [3, "An-Id.May_Have-36-Ch"'),
    ),
]
"""What is wrong with a station."""
