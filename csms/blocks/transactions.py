"""Transactions: 1.6's start and stop, 2.x's TransactionEvent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.authorizer import id_tag_info, id_token_info
from csms.blocks.answers import answers
from csms.ledger import use_reservation
from shared.dispatch import Payload, on
from shared.versions import V2X, V16, V21

if TYPE_CHECKING:
    from csms.session import Session
    from csms.transaction import Transaction


@on("StartTransaction", V16)
@answers(
    "transactionId, idTagInfo",
    "the ledger: 1000 and upwards, the same again when the same start comes again; idTagInfo: the token policy, "
    "ConcurrentTx when the policy forbids a second transaction",
    clause="1.6 §4.8, §7.2; J-errata 3.1",
    state=True,
)
def start_transaction(session: Session, request: Payload) -> Payload:
    """Number a transaction. It is numbered whatever the tag is worth: the station decides what follows."""
    csms, token = session.csms, request["idTag"]
    transaction = csms.ledger.begin(
        session,
        connector=request["connectorId"],
        token=token,
        timestamp=request["timestamp"],
        meter=request["meterStart"],
        reservation=request.get("reservationId"),
    )
    decision = csms.authorizer.decide(
        token, station=session.id, now=csms.clock.time(), transaction=transaction.id
    )
    return {"transactionId": transaction.id, "idTagInfo": id_tag_info(decision)}


@on("StopTransaction", V16)
@answers(
    "idTagInfo",
    "only when an idTag came: the token policy; an unknown transaction, and -1, are answered alike",
    clause="1.6 §4.10; errata 3.18",
    state=True,
)
def stop_transaction(session: Session, request: Payload) -> Payload:
    """Close a transaction; nothing can keep it from ending (1.6 §4.10)."""
    csms, token = session.csms, request.get("idTag")
    csms.ledger.finish(
        session,
        request["transactionId"],
        timestamp=request["timestamp"],
        meter=request["meterStop"],
        reason=request.get("reason", ""),
        token=token or "",
    )
    if "transactionData" in request:
        # meterStart and meterStop are what counts: here only signatures are looked for
        csms.ledger.sample(session, None, request["transactionData"])
    if token is None:
        return {}
    decision = csms.authorizer.decide(token, station=session.id, now=csms.clock.time(), starts=False)
    return {"idTagInfo": id_tag_info(decision)}


@on("TransactionEvent", *V2X)
@answers(
    "idTokenInfo, totalCost, transactionLimit",
    "idTokenInfo whenever an idToken came, on Started, Updated and Ended, and never else: the token policy; "
    "totalCost: the running cost on Updated, the final cost on Ended, the station's own figure when it calculated "
    "one, from `--total-cost` and the price per kWh; transactionLimit (2.1) once, of a remote start that was to have "
    "one and of a prepaid token (`--balance`). `--compat upstream`: idTokenInfo on every Started, totalCost "
    "on Updated, nothing on Ended",
    clause="E01.FR.12, E05.FR.01, C02.FR.02, I02.FR.01, I03.FR.02, I03.FR.04; TransactionEventResponse.idTokenInfo",
    state=True,
)
def transaction_event(session: Session, request: Payload) -> Payload:
    """Enter an event in the ledger and say what its token is worth and what the transaction costs."""
    csms, kind, info = session.csms, request["eventType"], request["transactionInfo"]
    transaction, new, in_order = csms.ledger.event(
        session,
        info["transactionId"],
        request["seqNo"],
        kind,
        request["timestamp"],
        "offline" in request and request["offline"],
    )
    if new:
        _enter(session, transaction, request, in_order)
    answer: Payload = {}
    token = request.get("idToken")
    upstream = csms.policies.upstream
    if upstream:
        token = _token_upstream(kind, token)
    if token is not None:
        answer["idTokenInfo"] = _worth(session, transaction, token)
    cost = csms.tariff.due(kind, transaction, request.get("costDetails"))
    if cost is not None:
        answer["totalCost"] = cost
    if kind == "Ended":
        if new and not upstream:
            csms.policies.payments.charge(transaction.token, cost)
            csms.policies.payments.settle_ourselves(session, transaction, cost)
    elif session.version is V21 and not upstream:
        limit = csms.policies.payments.limit(session, transaction, request)
        if limit is not None:
            answer["transactionLimit"] = limit
    return answer


def _enter(session: Session, transaction: Transaction, request: Payload, in_order: bool) -> None:
    """Write what an event tells into its transaction."""
    ledger, info = session.csms.ledger, request["transactionInfo"]
    if "evse" in request:  # only in the first event after the EV is known to be there (E01.FR.16)
        evse = request["evse"]
        transaction.evse = evse["id"]
        if "connectorId" in evse:
            transaction.connector = evse["connectorId"]
    if "idToken" in request:
        ledger.presented(session, transaction, request["idToken"]["idToken"], request["idToken"]["type"])
    if "meterValue" in request:
        ledger.sample(session, transaction, request["meterValue"], in_order=in_order)
    if in_order and "chargingState" in info:
        transaction.charging_state = info["chargingState"]
    if "remoteStartId" in info:
        transaction.remote_start_id = info["remoteStartId"]
    if "reservationId" in request:
        transaction.reservation = request["reservationId"]
        use_reservation(session.station, transaction.reservation)
    if request["eventType"] == "Ended":
        ledger.end(session, transaction, request["timestamp"], info.get("stoppedReason", ""))


def _worth(session: Session, transaction: Transaction, token: Payload) -> Payload:
    decision = session.csms.authorizer.decide(
        token["idToken"],
        station=session.id,
        now=session.csms.clock.time(),
        kind=token["type"],
        transaction=transaction.id,
    )
    return id_token_info(decision, session.version)


def _token_upstream(kind: str, token: Payload | None) -> Payload | None:
    """What the mock server of `--compat upstream` judges: the text of a Started's token, absent or not."""
    if kind != "Started":
        return None
    return {"idToken": token["idToken"] if token else "", "type": ""}
