"""Money at the CSMS: prepaid balances, limits of remote starts, VAT numbers, settlements and receipts (C17 to C25).

No payment service provider stands behind it: what a provider would say are its options and the commands' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.dispatch import Payload
from shared.versions import V21

if TYPE_CHECKING:
    from csms.record import StationRecord
    from csms.session import Session
    from csms.transaction import Transaction

_TAKEN = ("Accepted", "RebootRequired")

MOST = 1000
"""Settlements, and limits of remote starts, that are remembered of one station."""


class Payments:
    """What the CSMS decides by about money. Owns the balances, which what was charged is taken from.

    `balances`: prepaid token -> amount, in the currency of all costs. `vat_numbers`: valid number -> its company, or
    empty. `receipts` is what the address of a receipt begins with. Neither tokens nor numbers differ by case.
    """

    __slots__ = ("balances", "receipts", "vat_numbers")

    def __init__(
        self,
        balances: Mapping[str, float] | None = None,
        vat_numbers: Mapping[str, str] | None = None,
        receipts: str = "https://receipts.example/csms/",
    ) -> None:
        self.balances = {token.lower(): amount for token, amount in (balances or {}).items()}
        self.vat_numbers = {_plain(number): company for number, company in (vat_numbers or {}).items()}
        self.receipts = receipts

    # --- prepaid tokens and limits ------------------------------------------------------------------------

    def balance(self, token: str) -> float | None:
        """What is left on a prepaid token; None for one that is not prepaid."""
        return self.balances.get(token.lower()) if self.balances else None

    def limit(self, session: Session, transaction: Transaction, request: Payload) -> Payload | None:
        """The transactionLimit in the answer to a TransactionEvent, once (C17.FR.03, C24.FR.02, C25.FR.24)."""
        if session.version is not V21 or request["eventType"] == "Ended":
            return None
        wanted = session.station.limits
        asked: Payload = {}
        if wanted and "remoteStartId" in (info := request["transactionInfo"]):
            asked = dict(wanted.pop(info["remoteStartId"], {}))
        left = self.balance(request["idToken"]["idToken"]) if "idToken" in request else None
        if left is not None and left > 0 and not transaction.limited:
            asked["maxCost"] = min(left, asked.get("maxCost", left))
            transaction.limited = True
        return asked or None

    def charge(self, token: str, cost: float | None) -> None:
        """A transaction of `token` has ended, and cost so much."""
        if cost is not None and (left := self.balance(token)) is not None:
            self.balances[token.lower()] = round(left - cost, 2)

    # --- VAT numbers --------------------------------------------------------------------------------------

    def validate(self, request: Payload) -> Payload:
        """The answer to a VatNumberValidation (C18.FR.09, .10)."""
        number = request["vatNumber"]
        company = self.vat_numbers.get(_plain(number))
        answer: Payload = {"status": "Rejected" if company is None else "Accepted", "vatNumber": number}
        if company:
            where = {"address1": "Example Street 1", "city": "Example", "country": _plain(number)[:2]}
            answer["company"] = {"name": company, **where}
        if "evseId" in request:
            answer["evseId"] = request["evseId"]
        return answer

    # --- settlements --------------------------------------------------------------------------------------

    def settle(self, session: Session, request: Payload) -> Payload:
        """Keep a settlement; one that is Settled gets a receipt, unless the terminal gave one (C21.FR.03, .04)."""
        _judge(session, request)
        number = _number(session.station, request)
        if request["status"] != "Settled" or "receiptUrl" in request:
            return {}
        return self._receipt(session, number)

    def settle_ourselves(self, session: Session, transaction: Transaction, cost: float | None) -> None:
        """A transaction has ended and cost so much: one paid at the terminal is settled with the provider, where the
        station leaves that to us, and its receipt noted (C21.FR.05)."""
        if not session.station.settles_here or transaction.token_type != "DirectPayment" or cost is None:
            return
        settlement: Payload = {
            "pspRef": transaction.token,
            "transactionId": transaction.id,
            "status": "Settled",
            "settlementAmount": cost,
            "settlementTime": session.csms.clock.now(),
            "ours": True,
        }
        receipt = self._receipt(session, _number(session.station, settlement))
        session.note("settled", f"{transaction.token} is charged {cost:.2f}; receipt {receipt['receiptUrl']}")

    def _receipt(self, session: Session, number: int) -> Payload:
        id = f"{session.id}-{number}"[-50:]
        return {"receiptId": id, "receiptUrl": self.receipts + id}


def _number(record: StationRecord, settlement: Payload) -> int:
    """Keep a settlement; gives its number at the station, which it has had if it was told before."""
    if record.settlements is None:
        record.settlements = {}
    key = _key(settlement)
    before = record.settlements.get(key)
    number: int = (
        before["number"] if before else 1 + max((s["number"] for s in record.settlements.values()), default=0)
    )
    record.settlements[key] = settlement | {"number": number}
    while len(record.settlements) > MOST:
        del record.settlements[next(iter(record.settlements))]
    return number


def _key(settlement: Payload) -> str:
    return f"{settlement['pspRef']} {settlement.get('transactionId', '')}"


def learn(record: StationRecord, request: Payload, answer: Payload) -> None:
    """Remember who settles, as the station has taken it from a SetVariables of ours (C21.FR.05)."""
    for wanted, result in zip(request["setVariableData"], answer["setVariableResult"], strict=False):
        name = f"{wanted['component']['name']}.{wanted['variable']['name']}".lower()
        if name == "paymentctrlr.settlementbycsms" and result["attributeStatus"] in _TAKEN:
            record.settles_here = wanted["attributeValue"].lower() == "true"


def remember_limit(record: StationRecord, remote_start: int, limit: Payload) -> None:
    """The transaction of a remote start is to have this transactionLimit (F07, C24.FR.02, C25.FR.24)."""
    if record.limits is None:
        record.limits = {}
    record.limits[remote_start] = limit
    while len(record.limits) > MOST:
        del record.limits[next(iter(record.limits))]


def _judge(session: Session, request: Payload) -> None:
    """Find what a settlement must not be like."""
    status = request["status"]
    if status != "Canceled" and not request.get("transactionId"):
        words = f"the settlement of {request['pspRef']} is {status} and names no transaction"
        session.note("settlement_of_nothing", words, clause="C21.FR.02")
    own = (session.station.settlements or {}).get(_key(request))
    if own is not None and own.get("ours"):
        words = f"{request['pspRef']} was to be settled by us, and the station says {status}"
        session.note("settled_by_both", words, clause="C21.FR.06")
    if status in ("Rejected", "Failed") and {"receiptId", "receiptUrl"} & request.keys():
        rule = "C22.FR.01" if status == "Rejected" else "C22.FR.02"
        session.note("receipt_of_nothing", f"{request['pspRef']} is {status} and has a receipt", clause=rule)


def _plain(number: str) -> str:
    return "".join(number.split()).upper()
