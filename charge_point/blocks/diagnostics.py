"""Diagnostics: what is told of an upload when the CSMS asks, and what the station knows of a customer (N09, N10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token, TokenInfo
from charge_point.keeping import keep_cache
from charge_point.statuses import status
from charge_point.tellers import tells
from shared.answers import answers
from shared.dispatch import Answer, on
from shared.peer import CallFailed
from shared.versions import V2X, V16, VERSIONS

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]

LONGEST = 512
"""Characters of `data` in one NotifyCustomerInformation."""

_REFERENCES = ("idToken", "customerCertificate", "customerIdentifier")


@tells("DiagnosticsStatusNotification", V16)
def tell_diagnostics_status(station: Station, evse: int | None, connector: int | None) -> None:
    """Idle: nothing is ever uploaded (1.6 §4.4)."""
    station.say("DiagnosticsStatusNotification", {"status": "Idle"}, asked=True)


@tells("LogStatusNotification", *VERSIONS)
def tell_log_status(station: Station, evse: int | None, connector: int | None) -> None:
    """Idle, without a requestId: nothing is ever uploaded (F06.FR.15, N01.FR.13; white paper N01.FR.12)."""
    station.say("LogStatusNotification", {"status": "Idle"}, asked=True)


@on("CustomerInformation", *V2X)
@answers(
    "status",
    "Invalid for no or several references to a customer, Rejected when neither report nor clear is asked for and "
    "while the registration is not Accepted; else Accepted, and NotifyCustomerInformation follows with what cache, "
    "local list and transactions hold of an idToken, or that there is nothing; clear forgets it, but for the local "
    "list and what runs",
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
    wire = request.get("idToken")
    token = None if wire is None else Token(wire["idToken"], wire["type"])
    found = [] if token is None else _known(station, token)
    if not found:
        words = "no data found"
    elif request["report"]:
        words = "; ".join(found)
    else:
        words = "data cleared"
    if token is not None and request["clear"]:
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


def _known(station: Station, token: Token) -> list[str]:
    """What is stored of `token`, in words."""
    own = station.authorizer
    cached, _ = (own.cache or {}).get(token.key, (None, 0.0))
    listed = (own.listed or {}).get(token.key)
    found = [_words(station, "authorization cache", cached), _words(station, "local list", listed)]
    for one in station.evses:
        for state, transaction in (("running", one.transaction), ("last", one.last)):
            starter = None if transaction is None else transaction.starter
            if transaction is not None and starter is not None and starter.key == token.key:
                found.append(f"{state} transaction of EVSE {one.id}: {transaction.id}")
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
    for one in station.evses:
        if one.last is not None and one.last.starter is not None and one.last.starter.key == token.key:
            one.last = None
