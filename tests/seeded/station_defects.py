"""What is seeded into the foreign station, and the scenario of a central system that finds it."""

from __future__ import annotations

from shared.scenario.model import CSMS
from shared.versions import V2X
from tests.seeded.defects import IDS, OLD, Defect, Row, of

STATION: list[Defect] = [
    *of(
        CSMS,
        "edge_cases/station_pending",
        "a pending station asks again",
        Row("reports a status before it boots", "expect: {booted: {status: Pending", '"StatusNotification"'),
        Row("reports statuses while it is pending", "forbid: call", '"StatusNotification"'),
        Row("asks again too soon", "forbid: call", '"BootNotification"'),
        Row("boots only once", "expect: {booted: {status: Accepted}}", "0 messages came meanwhile: nothing"),
    ),
    *of(
        CSMS,
        "edge_cases/station_comes_back",
        "a station comes back without booting",
        Row("boots on every reconnect", "expect: booted, count: 0", "1 came"),
    ),
    *of(
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
    *of(
        CSMS,
        "edge_cases/station_transaction_told_once",
        "the end of a transaction is told once",
        Row("tells the end twice", "expect: {tx.ended: {tx: $end.tx}}, count: 0", "1 came"),
        Row("goes on after the end", "expect: {meter: {tx: $end.tx}}, since: end", "1 came"),
    ),
    *of(
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
    *of(
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
    *of(
        CSMS,
        "happy_path/station_session",
        "the meter of a session only grows",
        Row("ends below where it began", "check: {$end.meter:", "$end.meter is 500"),
    ),
    *of(
        CSMS,
        "error_handling/station_refuses",
        "a station does not charge with a refused token",
        Row("charges on a refused token", "never: [{tx.started:", '"idTag": "invalid_token"', OLD),
        Row("charges on a refused token", "never: [{tx.started:", '"eventType": "Started"', V2X),
    ),
    *of(
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
    *of(
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
    *of(
        CSMS,
        "happy_path/reset",
        "restarted from afar",
        Row(
            "forgets its transaction at a reset",
            "expect: {tx.ended: {reason: [HardReset, ImmediateReset]}}",
            "messages came meanwhile: close, open, BootNotification, StatusNotification",
        ),
    ),
    *of(
        CSMS,
        "happy_path/availability",
        "out of service and back",
        Row("stays in service", "expect: {plug: {state: unavailable}}", "0 messages came meanwhile: nothing"),
    ),
    *of(
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
    *of(
        CSMS,
        "happy_path/trigger_message",
        "messages on demand",
        Row(
            "calls a triggered reading periodic",
            "expect: {MeterValues:",
            "context is Sample.Periodic, not Trigger",
        ),
    ),
    *of(
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
    *of(
        CSMS,
        "edge_cases/message_ids",
        "a station gives every message id back",
        *IDS,
    ),
    *of(
        CSMS,
        "edge_cases/central_system_slow",
        "a central system that answers after forty seconds",
        Row("tries once", "expect: {tx.started: {time: $first.time}}", "messages came meanwhile: StatusNot"),
    ),
    *of(
        CSMS,
        "edge_cases/commands_before_boot_answer",
        "commands before the answer to the boot",
        Row("answers nothing before it is accepted", "only: 1.6, expect: GetConf", "no answer yet", OLD),
        Row("answers nothing before it is accepted", "only: 2.x, expect: GetVar", "no answer yet", V2X),
    ),
    *of(
        CSMS,
        "edge_cases/doubled_answers",
        "every answer comes twice",
        Row("gets stuck at a second answer", "expect: tx.started", "came meanwhile: StatusNotification x3"),
    ),
    *of(
        CSMS,
        "edge_cases/interval_zero",
        "intervals of zero",
        Row("takes an interval of 0 at its word", "never: {call: BootNotification}", '"BootNotification"'),
    ),
    *of(
        CSMS,
        "edge_cases/made_up_errors",
        "meter values and statuses are refused with an unknown error",
        Row("gets stuck at an unknown error", "expect: tx.started", "ServiceTemporarilyDown, Authorize"),
    ),
    *of(
        CSMS,
        "edge_cases/transaction_id_beyond_32_bits",
        "a transaction number that 32 bits do not hold",
        Row(
            "keeps 31 bits of a transaction number",
            "command: {remote_stop: {transaction: 2147483648}}",
            "answer.status is Rejected, not Accepted",
            OLD,
        ),
    ),
    *of(
        CSMS,
        "edge_cases/transaction_id_zero",
        "a start that is answered with Invalid and transaction 0",
        Row(
            "takes transaction 0 for none", "only: 1.6, expect: {tx.ended:", "came meanwhile: StatusNot", OLD
        ),
        Row("charges on when the start is refused", "only: 1.6, expect: {tx.ended:", "MeterValues", OLD),
        Row("charges on when the start is refused", "only: 2.x, expect: {tx.ended:", "TransactionEvent", V2X),
    ),
    *of(
        CSMS,
        "edge_cases/two_calls_at_once",
        "two calls at once",
        Row("loses a second call", "expect: TriggerMessage", "answer is no answer yet"),
    ),
    *of(
        CSMS,
        "edge_cases/unknown_variables",
        "variables that do not exist",
        Row(
            "accepts settings that it does not have",
            "only: 1.6, expect: ChangeConfiguration",
            "answer.status is Accepted, not NotSupported",
            OLD,
        ),
        Row(
            "accepts settings that it does not have",
            "expect: SetVariables",
            '"attributeStatus": "Accepted"',
            V2X,
        ),
    ),
    *of(
        CSMS,
        "edge_cases/clock_askew",
        "a station tells the true time",
        Row(
            "has a clock an hour behind",
            "expect: {tx.started: {time:",
            "tx.started.time is 2026-01-01T09:00:00",
        ),
    ),
]
"""What is wrong with a station."""
