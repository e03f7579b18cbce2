"""Logs, and what a station knows about a customer."""

from __future__ import annotations

from csms.commands import served
from csms.commands.defaults import DIAGNOSTICS_URL, LOG_URL, chosen, id_token, moment, present, upstream
from csms.commands.registry import Payload, Sent, Session, command
from csms.commands.request import Needed


def _destination(to: Session, url: str | None, over: str | None, made_up: str) -> str | Needed:
    """Where to upload to: a log holds what is nobody else's business, so no address but our own is made up."""
    if url is not None:
        return url
    return made_up if upstream(to) else served.upload_folder(to, over) or Needed("url")


@command("GetLog")
def get_log(
    to: Session,
    *,
    url: str | None = None,
    over: str | None = None,
    kind: str | None = None,
    since: str | None = None,
    until: str | None = None,
    retries: int | None = None,
    interval: int | None = None,
    request: int | None = None,
) -> Sent:
    """Have the station upload a log.

    url: where to (needed unless our file server runs; over: http, https or ftp). kind: DiagnosticsLog
    (default), SecurityLog, in 2.1 DataCollectorLog. since, until: seconds from now (negative: ago) or
    timestamps. retries, interval: of the upload. request: its id.
    """
    log: Payload = {"remoteLocation": _destination(to, url, over, LOG_URL)}
    log |= present(oldestTimestamp=moment(to, since), latestTimestamp=moment(to, until))
    return {
        "logType": chosen(kind, "DiagnosticsLog"),
        "requestId": to.new_request_id() if request is None else request,
        "log": log,
    } | present(retries=retries, retryInterval=interval)


@command("GetDiagnostics", elsewhere="get_log")
def get_diagnostics(
    to: Session,
    *,
    url: str | None = None,
    over: str | None = None,
    since: str | None = None,
    until: str | None = None,
    retries: int | None = None,
    interval: int | None = None,
) -> Sent:
    """Have a 1.6 station upload its diagnostics; a 2.x station its DiagnosticsLog.

    url: the directory to upload to (needed unless our file server runs; over: http, https or ftp). since,
    until: seconds from now (negative: ago) or timestamps.
    retries, interval: of the upload.
    """
    return {"location": _destination(to, url, over, DIAGNOSTICS_URL)} | present(
        startTime=moment(to, since), stopTime=moment(to, until), retries=retries, retryInterval=interval
    )


@command("CustomerInformation", either=("customerIdentifier", "idToken", "customerCertificate"))
def customer_information(
    to: Session,
    *,
    customer: str | None = None,
    token: str | None = None,
    token_type: str | None = None,
    report: bool | None = None,
    clear: bool | None = None,
    request: int | None = None,
) -> Sent:
    """Ask for, or clear, what a station holds about a customer (2.x).

    customer: an identifier (default test_customer_001), or token: an id token, of token_type (default
    Central). report: default true, unless
    clear is asked for. clear: default false. request: its id, else made up.
    """
    # N09.FR.09: one reference to the customer, no more
    who: Payload
    if token is not None:
        who = {"idToken": id_token(to, token, token_type)} | present(customerIdentifier=customer)
    else:
        who = {"customerIdentifier": chosen(customer, "test_customer_001")}
    return {
        "requestId": to.new_request_id() if request is None else request,
        "report": not clear if report is None else report,
        "clear": bool(clear),
    } | who
