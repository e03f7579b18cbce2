"""Reports that come in parts: put together under the request id that we gave them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.record import Report
from shared.dispatch import Payload

if TYPE_CHECKING:
    from csms.session import Session

MOST_PARTS = 500
"""Of a report that never ends, further parts are answered and not kept."""


def take_part(session: Session, action: str, request: Payload, *, clause: str, number: int | None) -> Report:
    """Enter one part (`tbc`: more follow) of the report `requestId` and give the report.

    `number` is the part's `seqNo`, None where the message has none; `clause` is the rule that it counts from 0. A
    part that came before is answered again and not entered twice.
    """
    record = session.station
    request_id = request.get("requestId", 0)
    if record.expected is None or request_id not in record.expected:
        known = record.reports is not None and request_id in record.reports
        if not known:
            session.note(
                "unsolicited_report", f"{action} {request_id} answers no call of ours", request=request_id
            )
    report = record.report(request_id, action)
    if report.complete and number in (None, 0):
        record.forget_report(request_id)
        report = record.report(request_id, action)
    if number is not None and not _in_order(session, report, number, clause):
        return report
    if len(report.parts) < MOST_PARTS:
        report.parts.append(request)
    if not request.get("tbc", False):
        report.complete = True
        if record.expected:
            record.expected.pop(request_id, None)
    return report


def _in_order(session: Session, report: Report, number: int, clause: str) -> bool:
    """Whether the part is a new one. A missing one is noted, and the report goes on behind it."""
    expected = report.next_number
    if number < expected:
        text = f"part {number} of {report.action} {report.request_id} came again"
        session.note("report_repeated", text, request=report.request_id, expected=expected, got=number)
        return False
    if number > expected:
        text = f"part {number} of {report.action} {report.request_id}, where {expected} was to come"
        session.note(
            "report_gap", text, clause=clause, request=report.request_id, expected=expected, got=number
        )
    report.next_number = number + 1
    return True
