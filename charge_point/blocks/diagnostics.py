"""Diagnostics: logs that are uploaded (N01; 1.6 §5.9), and what the station knows of a customer (N09, N10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token, TokenInfo, token_of
from charge_point.keeping import keep_cache
from charge_point.parts import existing
from charge_point.statuses import status
from charge_point.tellers import tells
from charge_point.transfer import patience
from shared.answers import answers
from shared.clock import parse
from shared.dispatch import Answer, on
from shared.peer import CallFailed
from shared.versions import V2X, V16, VERSIONS

if TYPE_CHECKING:
    from charge_point.plug_and_charge import PlugAndCharge
    from charge_point.station import Station

Payload = dict[str, Any]

LONGEST = 512
"""Characters of `data` in one NotifyCustomerInformation."""

_REFERENCES = ("idToken", "customerCertificate", "customerIdentifier")


@on("GetDiagnostics", V16)
@answers(
    "fileName",
    "the file that is uploaded into the folder `location`: what crossed the wire between startTime and stopTime; none, "
    "and no upload, when nothing did and while the registration is not Accepted",
    clause="1.6 §5.9",
    state=True,
)
def get_diagnostics(station: Station, request: Payload) -> Payload | Answer:
    """Upload the diagnostics."""
    from charge_point import log_files, logs

    name = log_files.name_of(station, log_files.DIAGNOSTICS)
    try:
        span = _moment(request.get("startTime")), _moment(request.get("stopTime"))
    except ValueError as wrong:
        station.note("bad_time", str(wrong))
        return {}
    content = log_files.content(station, log_files.DIAGNOSTICS, *span)
    if not content or not station.registration.accepted:  # while Pending nothing may be told of it (1.6 §4.2)
        return {}
    # 1.6 §6.25: the location is a directory
    url = request["location"] if request["location"].endswith("/") else f"{request['location']}/"
    upload = logs.Upload(logs.DIAGNOSTICS, None, url, name, content, **patience(request))
    return Answer({"fileName": name}, lambda: station.part(logs.Logs).begin(upload))


@on("GetLog", *VERSIONS)
@answers(
    "status, filename",
    "Rejected when there is no entry in the time asked for, for a time that is none, and while the registration is not "
    "Accepted; AcceptedCanceled when an upload runs, which ends; else Accepted, with the name of the file that is "
    "uploaded",
    clause="N01.FR.01-N01.FR.05, N01.FR.12; SW16 N01.FR.01, N01.FR.11",
    state=True,
)
def get_log(station: Station, request: Payload) -> Payload | Answer:
    """Upload a log."""
    from charge_point import log_files, logs

    version, log = station.version, request["log"]
    if not station.registration.accepted:  # B02.FR.02: what would follow may not be sent
        return status(version, "Rejected", "CSNotAccepted", "the registration is not accepted")
    try:
        span = _moment(log.get("oldestTimestamp")), _moment(log.get("latestTimestamp"))
    except ValueError as wrong:
        return status(version, "Rejected", "InvalidValue", str(wrong))
    content = log_files.content(station, request["logType"], *span)
    if not content:
        return status(version, "Rejected", "NotFound", "there is nothing to upload")  # N01.FR.05
    name = log_files.name_of(station, request["logType"])
    upload = logs.Upload(
        logs.LOG, request["requestId"], log["remoteLocation"], name, content, **patience(request)
    )
    part = station.part(logs.Logs)
    word = "Accepted" if part.running is None else "AcceptedCanceled"  # N01.FR.12
    return Answer({"status": word, "filename": name}, lambda: part.begin(upload))


def _moment(text: str | None) -> float | None:
    return None if text is None else parse(text)


@tells("DiagnosticsStatusNotification", V16)
def tell_diagnostics_status(station: Station, evse: int | None, connector: int | None) -> None:
    """Uploading, or Idle when no diagnostics are (1.6 §4.4)."""
    from charge_point import logs

    part = existing(station, logs.Logs)
    busy = part is not None and part.running is not None and part.running.action == logs.DIAGNOSTICS
    payload = {"status": "Uploading" if busy else "Idle"}
    station.say("DiagnosticsStatusNotification", payload, asked=True)


@tells("LogStatusNotification", *VERSIONS)
def tell_log_status(station: Station, evse: int | None, connector: int | None) -> None:
    """Uploading with its requestId, or Idle without (F06.FR.14, F06.FR.15, N01.FR.13; SW16 N01.FR.12)."""
    from charge_point import logs

    part = existing(station, logs.Logs)
    payload: Payload = {"status": "Idle"}
    if part is not None and part.running is not None and part.running.id is not None:
        payload = {"status": "Uploading", "requestId": part.running.id}
    station.say("LogStatusNotification", payload, asked=True)


@on("CustomerInformation", *V2X)
@answers(
    "status",
    "Invalid for no or several references to a customer, Rejected when neither report nor clear is asked for and "
    "while the registration is not Accepted; else Accepted, and NotifyCustomerInformation follows with what cache, "
    "local list, transactions and contract certificates hold of a customer, or that there is nothing; clear forgets "
    "it, but for the local list and what runs",
    clause="N09.FR.02-N09.FR.09, N10.FR.01-N10.FR.07",
    state=True,
)
def customer_information(station: Station, request: Payload) -> Payload | Answer:
    """Report or forget what is known of a customer."""
    if sum(name in request for name in _REFERENCES) != 1:
        return status(
            station.version, "Invalid", "InvalidValue", "exactly one reference to a customer is due"
        )
    if not (request["report"] or request["clear"]):
        return status(station.version, "Rejected", "InvalidValue", "neither report nor clear is asked for")
    if not station.registration.accepted:  # B02.FR.02: what would follow may not be sent
        return status(station.version, "Rejected", "CSNotAccepted", "the registration is not accepted")
    return Answer(status(station.version, "Accepted"), lambda: _inform(station, request))


async def _inform(station: Station, request: Payload) -> None:
    """Collect, clear, and report in as many messages as it takes, one after the other."""
    tokens = _tokens(station, request)
    named = "" if "idToken" in request else "{}: "  # which of the customer's tokens it is about
    found = [named.format(token.id) + words for token in tokens for words in _known(station, token)]
    if not found:
        words = "no data found"
    elif request["report"]:
        words = "; ".join(found)
    else:
        words = "data cleared"
    if request["clear"]:
        for token in tokens:
            _forget(station, token)
    parts = [words[at : at + LONGEST] for at in range(0, len(words), LONGEST)]
    for number, part in enumerate(parts):
        notice = {
            "requestId": request["requestId"],
            "generatedAt": station.clock.now(),
            "seqNo": number,
            "tbc": number < len(parts) - 1,
            "data": part,
        }
        try:
            await station.call("NotifyCustomerInformation", notice)
        except CallFailed as failed:
            station.note("call_failed", str(failed))
            return


def _tokens(station: Station, request: Payload) -> list[Token]:
    """The tokens of the customer: the one that is named, that of a contract certificate which was seen here, or all
    that have the identifier as their own or their group's.
    """
    wire = request.get("idToken")
    if wire is not None:
        return [Token(wire["idToken"], wire["type"])]
    if "customerCertificate" in request:
        part = _contracts(station)
        return part.customers(request["customerCertificate"]) if part is not None else []
    customer = request.get("customerIdentifier", "").casefold()
    if not customer:
        return []
    meant: dict[str, Token] = {}
    for token, group in _stored(station):
        if customer in (token.id.casefold(), group.casefold()):
            meant.setdefault(token.key, token)
    return list(meant.values())


def _contracts(station: Station) -> PlugAndCharge | None:
    """What the station knows of contracts, if it ever saw one."""
    from charge_point.plug_and_charge import PlugAndCharge  # few ask

    return existing(station, PlugAndCharge)


def _stored(station: Station) -> list[tuple[Token, str]]:
    """Every token that is stored with its group, from each place where it is."""
    own = station.authorizer
    found = [(token_of(key), entry.info.group) for key, entry in (own.cache or {}).items()]
    found += [(token_of(key), info.group) for key, info in (own.listed or {}).items()]
    for one in station.evses:
        for transaction in (one.transaction, one.last):
            if transaction is not None and transaction.starter is not None:
                found.append((transaction.starter, transaction.group))
    return found


def _known(station: Station, token: Token) -> list[str]:
    """What is stored of `token`, in words."""
    own = station.authorizer
    entry = (own.cache or {}).get(token.key)
    cached = None if entry is None else entry.info
    listed = (own.listed or {}).get(token.key)
    found = [_words(station, "authorization cache", cached), _words(station, "local list", listed)]
    for one in station.evses:
        for state, transaction in (("running", one.transaction), ("last", one.last)):
            starter = None if transaction is None else transaction.starter
            if transaction is not None and starter is not None and starter.key == token.key:
                found.append(f"{state} transaction of EVSE {one.id}: {transaction.id}")
    part = _contracts(station)
    if part is not None and any(emaid.lower() == token.id.lower() for _, emaid in part.seen):
        found.append("contract certificate: seen")
    return [words for words in found if words]


def _words(station: Station, where: str, info: TokenInfo | None) -> str:
    if info is None:
        return ""
    group = f", group {info.group}" if info.group else ""
    until = f", until {station.clock.text(info.expires)}" if info.expires is not None else ""
    return f"{where}: {info.status}{group}{until}"


def _forget(station: Station, token: Token) -> None:
    """Remove what is stored of `token`; the list is the CSMS's (N10.FR.02), what runs is needed to end it."""
    if station.authorizer.cache:
        station.authorizer.cache.pop(token.key, None)
        keep_cache(station)
    part = _contracts(station)
    if part is not None:
        part.forget(token)
    for one in station.evses:
        if one.last is not None and one.last.starter is not None and one.last.starter.key == token.key:
            one.last = None
