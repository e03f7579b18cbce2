"""Findings: the rules that a peer can break, each with the clause of its version."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from shared import versions
from shared.versions import V16, Version

_J16, _P201, _P21 = "OCPP-J 1.6", "OCPP 2.0.1 part 4", "OCPP 2.1 part 4"
_R201, _R21 = "OCPP 2.0.1 part 2", "OCPP 2.1 part 2"


def _rpc(v16: str, v2x: str) -> tuple[str, str, str]:
    """A section of OCPP-J: of the 1.6 specification, and of part 4 of 2.0.1 and 2.1 alike."""
    return f"{_J16} {v16}", f"{_P201} {v2x}", f"{_P21} {v2x}"


CLAUSES: dict[str, tuple[str, str, str]] = {
    # finding: clause of 1.6, 2.0.1 and 2.1; "" where it is no more than a remark
    "unusable_message": _rpc("§4.2", "§4.2"),
    # Tables 4 and 5: the name of an action, case-sensitive; 2.x §4.1.7: only a known action is valid
    "unknown_action": _rpc("§4.2.1", "§4.1.7"),
    # 1.6 §4 and §5 are the operations of the Charge Point and of the Central System; 2.x: "sent by ... to"
    "wrong_direction": ("OCPP 1.6 §4, §5", f"{_R201} Messages §1", f"{_R21} Messages §1"),
    # NotifyPeriodicEventStream travels as SEND, and nothing else does
    "wrong_message_type": ("", "", f"{_P21} §4.1.3"),
    # J-errata 3.8 makes the schemas part of 1.6
    "invalid_request": (f"{_J16} §4.2.1", f"{_P201} §4.1.7", f"{_P21} §4.1.7"),
    "invalid_answer": (f"{_J16} §4.2.2", f"{_P201} §4.1.7", f"{_P21} §4.1.7"),
    "invalid_error": _rpc("§4.2.3", "§4.2.3"),
    # whatever can be handled is answered by a CALLRESULT, what cannot by a CALLERROR
    "unanswered_call": (f"{_J16} §4.2.2", f"{_R201} FR.02", f"{_R21} FR.02"),
    # SHOULD NOT in 1.6 (§4.1.1), SHALL NOT in 2.x
    "overlapping_calls": ("", f"{_P201} §4.1.1", f"{_P21} §4.1.1"),
    "late_answer": _rpc("§4.1.1", "§4.1.1"),
    # an answer bears the id of the one call that it answers; an id is used once (1.6: J-errata 3.1)
    "duplicate_answer": _rpc("§4.1.4", "§4.1.4"),
    "unknown_answer": _rpc("§4.1.4", "§4.1.4"),
    "duplicate_id": _rpc("§4.1.4", "§4.1.4"),
    # --- what makes a message unusable ---
    versions.NOT_UTF8: _rpc("§4.1.2", "§4.1.2"),
    versions.BINARY: _rpc("§4.1.2", "§4.1.2"),
    versions.NOT_JSON: _rpc("§4.1.2", "§4.1.2"),
    versions.NO_TYPE: _rpc("§4.1.3", "§4.1.3"),
    versions.UNKNOWN_TYPE: _rpc("§4.1.3", "§4.1.3"),
    versions.BAD_ID: _rpc("§4.1.4", "§4.1.4"),
    versions.NUMERIC_ID: _rpc("§4.1.4", "§4.1.4"),
    versions.LONG_ID: _rpc("§4.1.4", "§4.1.4"),
    versions.BAD_ACTION: _rpc("§4.2.1", "§4.2.1"),
}

SYMPTOMS = frozenset(
    (
        versions.NOT_UTF8,
        versions.BINARY,
        versions.NOT_JSON,
        versions.NO_TYPE,
        versions.UNKNOWN_TYPE,
        versions.BAD_ID,
        versions.NUMERIC_ID,
        versions.LONG_ID,
        versions.BAD_ACTION,
    )
)
"""What makes a message unusable: a finding is `unusable_message`, whatever the symptom."""

NAMES: tuple[str, ...] = (
    *(name for name in CLAUSES if name not in SYMPTOMS),
    *"""
    authorized_without_token called_too_early called_while_rejected early_boot empty_token
    empty_transaction_id error_with_status event_after_end faulted_without_error identity
    limit_of_our_own no_location no_ocsp_response no_request_id not_registered receipt_of_nothing
    report_gap reset_ignored seqno_duplicate seqno_gap setting_ignored settlement_of_nothing station_status
    settled_by_both status_missing swap_of_another
    transaction_id_reused unasked_keys unasked_report unknown_stream unlike_recording vat_number_misplaced
    """.split(),
)
"""What findings are called: notes that cite a rule. Scenarios that expect another name are refused."""

NOTES: tuple[str, ...] = tuple(
    """
    answer_refused bad_time boot_again boot_failed bricked call_failed central_gone command
    connection_fight data_transfer download_failed downloaded duplicate_start duplicate_stop
    external_limit_ignored fault given_up held injected invalid_checksum invalid_signature kept_again
    late_event meter_backwards never_booted no_client_certificate no_stream not_admitted not_authorized not_forwarded
    not_handed not_kept not_offered not_sent not_signed not_started overloaded payment_not_increased
    payment_released publish_failed received registered_before removed renumbered_transaction replaced
    report_repeated rollout settled signed_meter_values status_order status_transition stream_falls_behind
    swap_aborted thinned unknown_transaction unreadable_call unsolicited_report unsupported_token_type update_refused
    upload_failed uploaded warning
    """.split()
)
"""What other notes are called."""


def clause(version: Version, finding: str, symptom: str = "") -> str:
    """The clause of `version` that `finding` breaks, by its `symptom` where that says more; "" for a remark.

    KeyError for a finding that is not in the table.
    """
    return (CLAUSES.get(symptom) or CLAUSES[finding])[version.order]


class Causes(Protocol):
    """What knows which finding our own faults have brought about (`shared.faults`)."""

    def cause(self, station: str, finding: str, ref: int, *ids: str) -> str:
        """The fault of ours that a finding about frame `ref`, or a message id, is the consequence of; ""."""


def excused(
    faults: Causes | None, station: str, finding: str, text: str, rule: str, ref: int, *ids: str
) -> tuple[str, str]:
    """The words and clause of a finding: without a clause, and with the reason, when a fault of ours is behind it."""
    cause = faults.cause(station, finding, ref, *ids) if rule and faults is not None else ""
    return (f"{text}; no finding: our own fault {cause} is behind it", "") if cause else (text, rule)


class Breach(NamedTuple):
    """A rule that was broken: the name of the finding, what happened in words, and the clause."""

    finding: str
    text: str
    clause: str


_TOO_EARLY_16 = {
    ("Pending", "RemoteStartTransaction"): ("not while the registration is Pending", "1.6 §4.2"),
    ("Pending", "RemoteStopTransaction"): ("not while the registration is Pending", "1.6 §4.2"),
    ("Accepted", "TriggerMessage"): ("BootNotification from a station that is accepted", "1.6 errata 3.40"),
}
"""Registration and action -> what is wrong with it, and the clause. 2.x leaves these to the station to refuse."""


def called_early(version: Version, registration: str, action: str, request: dict[str, Any]) -> Breach | None:
    """What is wrong with a central system's call of `action` to a station whose `registration` it last answered so.

    `registration` is Accepted, Pending, Rejected, or "" when the station never booted; `request` is the payload.
    """
    fault = _TOO_EARLY_16.get((registration, action)) if version is V16 else None
    if fault and (action != "TriggerMessage" or request.get("requestedMessage") == "BootNotification"):
        return Breach("called_too_early", f"{action}: {fault[0]}", fault[1])
    if registration != "Rejected":
        return None
    clause = "1.6 §4.2" if version is V16 else "B03.FR.03"
    return Breach("called_while_rejected", f"{action} to a station that was rejected", clause)
