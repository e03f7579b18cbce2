"""Findings: the rules that a peer can break, each with the clause of its version."""

from __future__ import annotations

from shared.versions import Version

_J16, _P4 = "OCPP-J 1.6", "part 4"

CLAUSES: dict[str, tuple[str, str, str]] = {
    # finding: clause of 1.6, 2.0.1 and 2.1
    "unusable_message": (f"{_J16} §4.2", f"OCPP 2.0.1 {_P4} §4.2", f"OCPP 2.1 {_P4} §4.2"),
    "invalid_request": (f"{_J16} §4.2.1", f"OCPP 2.0.1 {_P4} §4.1.2", f"OCPP 2.1 {_P4} §4.1.2"),
    "invalid_answer": (f"{_J16} §4.2.2", f"OCPP 2.0.1 {_P4} §4.2.2", f"OCPP 2.1 {_P4} FR.06"),
    "unanswered_call": (f"{_J16} §4.1.1", f"OCPP 2.0.1 {_P4} §4.1.1", f"OCPP 2.1 {_P4} §4.1.1"),
    "late_answer": (f"{_J16} §4.1.1", f"OCPP 2.0.1 {_P4} §4.1.1", f"OCPP 2.1 {_P4} §4.1.1"),
    "duplicate_answer": (f"{_J16} §4.1.4", f"OCPP 2.0.1 {_P4} §4.1.4", f"OCPP 2.1 {_P4} §4.1.4"),
    "unknown_answer": (f"{_J16} §4.1.4", f"OCPP 2.0.1 {_P4} §4.1.4", f"OCPP 2.1 {_P4} §4.1.4"),
    "duplicate_id": (f"{_J16} §4.1.4", f"OCPP 2.0.1 {_P4} §4.1.4", f"OCPP 2.1 {_P4} §4.1.4"),
}


def clause(version: Version, finding: str) -> str:
    """The clause of `version` that `finding` breaks; KeyError for a finding that is not in the table."""
    return CLAUSES[finding][version.order]
