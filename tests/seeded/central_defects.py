"""What is seeded into the foreign central system, and the scenario of a station that finds it."""

from __future__ import annotations

from shared.scenario.model import CHARGE_POINT
from shared.versions import V2X
from tests.seeded.defects import IDS, OLD, Defect, Row, of

CENTRAL: list[Defect] = [
    *of(
        CHARGE_POINT,
        "happy_path/boot_accepted",
        "accepted at once",
        Row(
            "gives an interval of its own",
            "expect: {booted: {status: Accepted, interval: 30}}",
            "booted.interval is 900, not 30",
        ),
    ),
    *of(
        CHARGE_POINT,
        "happy_path/boot_rejected",
        "rejected, then accepted",
        Row(
            "commands a rejected station",
            'forbid: {call: "!= BootNotification"}',
            '"TriggerMessage", {"requestedMessage": "Heartbeat"}',
        ),
        Row(
            "never accepts whom it rejected",
            "expect: {booted: {status: Accepted}}, within: 35s",
            "booted.status is Rejected, not Accepted",
        ),
    ),
    *of(
        CHARGE_POINT,
        "edge_cases/clock_askew",
        "a station whose clock is wrong",
        Row(
            "has a clock an hour behind",
            'answered: boot, with: {currentTime: ">= $now',
            "answer.currentTime is 2026-01-01T09:00:00",
        ),
    ),
    *of(
        CHARGE_POINT,
        "edge_cases/second_connection",
        "a station comes back while its old connection still stands",
        Row("turns the second connection away", "send: Heartbeat", "CP1 is not connected"),
    ),
    *of(
        CHARGE_POINT,
        "error_handling/token_refused",
        "an unknown token",
        Row(
            "accepts an unknown token",
            "present: $tokens.invalid, outcome: refused",
            "invalid_token was started",
        ),
    ),
    *of(
        CHARGE_POINT,
        "error_handling/token_refused",
        "an expired token",
        Row(
            "accepts an expired token",
            "present: $tokens.expired, outcome: refused",
            "expired_token was started",
        ),
    ),
    *of(
        CHARGE_POINT,
        "error_handling/token_refused",
        "a blocked token",
        Row(
            "calls a blocked token invalid",
            "expect: {authorize: {token: $tokens.blocked, status: Blocked}}",
            "authorize.status is Invalid, not Blocked",
        ),
    ),
    *of(
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
    *of(
        CHARGE_POINT,
        "edge_cases/cut_before_answer",
        "the answer to the start is lost",
        Row(
            "counts a repeated start twice",
            "sut: {count_transactions:",
            "count_transactions of the system under test is 2, not 1",
        ),
    ),
    *of(
        CHARGE_POINT,
        "happy_path/complete_session",
        "a complete charging session",
        Row("leaves idTokenInfo out", "only: 2.x, answered: start", "answer.idTokenInfo is absent", V2X),
        Row("answers the end with an error", "answered: end", '"InternalError", "no such column"'),
        Row("refuses the token at the end", "answered: end", "answer.token_status is Invalid"),
    ),
    *of(
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
    *of(
        CHARGE_POINT,
        "error_handling/unknown_transaction",
        "the end of a transaction that the central system does not know",
        Row(
            "refuses the end of an unknown transaction",
            "only: 1.6, send: {StopTransaction:",
            "StopTransaction was refused: InternalError: no such transaction",
            OLD,
        ),
        Row(
            "refuses the end of an unknown transaction",
            "only: 2.x, send: {TransactionEvent:",
            "TransactionEvent was refused: InternalError: no such transaction",
            V2X,
        ),
    ),
    *of(
        CHARGE_POINT,
        "error_handling/connector_fault",
        "a connector breaks while charging",
        Row("cannot take a fault", "answered: broken", '"InternalError", "unexpected status"'),
    ),
    *of(
        CHARGE_POINT,
        "error_handling/bad_input",
        "a central system survives bad input",
        Row("hangs up on bad input", "send: Heartbeat", "the connection is closed (1011 internal error)"),
    ),
    *of(
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
    *of(
        CHARGE_POINT,
        "edge_cases/message_ids",
        "a central system gives every message id back",
        *IDS,
    ),
]
"""What is wrong with a central system."""
