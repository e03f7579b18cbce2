"""A payment terminal in a 2.1 station: what is reserved on cards, and how it is settled (C18 to C23).

A card that the provider authorizes is a token of type DirectPayment, its id the provider's reference. It buys at most
the amount that was reserved, which is the transaction's limit of cost (E16). A transaction that came to nothing is
cancelled, any other one settled for what it cost: as the station reckons itself, else as the CSMS answers its last
message. The CSMS hears of that after the transaction's own messages, whenever it is there to hear.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token, TokenInfo
from charge_point.hands import Presented, candidate, may_begin
from charge_point.parts import Part, existing
from charge_point.payment_card import AUTHORIZES, PROVIDER, SETTLES_LATER, Card
from charge_point.tariffs import Tariffs
from charge_point.transaction_limits import TransactionLimits
from shared.suggest import not_one_of
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.outbox import Owed
    from charge_point.station import Station
    from charge_point.transaction import Transaction

Payload = dict[str, Any]

DIRECT = "DirectPayment"
"""The type of tokens that are a payment (part 2 appendix, IdTokenEnumStringType)."""

TRIES, BETWEEN = 3, 10.0
"""How often the terminal tries to settle when the provider cannot be reached, and seconds between (C22)."""

LINGERS = 60.0
"""Seconds for which a receipt is shown."""

_CONTROLLER = "PaymentCtrlr"


@dataclass(slots=True)
class Payment:
    """One card that was authorized, until it is settled or released. `amount` and `cost` in the station's currency."""

    ref: str
    card: str
    evse: int
    amount: float
    asked: bool = False
    """Whether the CSMS was asked to authorize it, so that it wants to hear of a cancellation (C19.FR.02)."""
    transaction: str = ""
    cost: float | None = None
    reckoned: bool = False
    """Whether `cost` is the station's own reckoning, and final."""
    ended: bool = False
    refused: bool = False
    """Whether the provider does not increase the amount."""
    attempts: int = 0
    vat: str = ""
    company: Payload | None = None
    brand: str = ""
    recognition: str = ""


class Payments(Part):
    """The terminal of one station. Owns the payments under way and what the CSMS has not been told of them."""

    __slots__ = ("_busy", "_made", "_timers", "held", "owed", "provider", "receipts")

    name = "payments"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.held: dict[str, Payment] = {}
        """By reference."""
        self.owed: list[Payload] = []
        """NotifySettlement messages, in their order."""
        self.receipts: dict[int, tuple[str, float]] = {}
        """EVSE -> the address of the last receipt there, and when it came (Unix s)."""
        self.provider = "approves"
        self._busy = False
        self._made = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}

    # --- a card is presented ------------------------------------------------------------------------------

    async def present(self, card: Card, evse: int | None) -> Presented:
        """A driver holds a card to the terminal: to begin, or with the same card to end what it began."""
        station = self.station
        own = [
            p for p in self.held.values() if p.card == card.digest and not p.ended and evse in (None, p.evse)
        ]
        if own:
            return await station.present(Token(own[0].ref, DIRECT), own[0].evse)
        why = self._closed()
        if why:
            return Presented("refused", None, why)
        self._busy = True
        try:
            return await self._authorize(card, evse)
        finally:
            self._busy = False

    def _closed(self) -> str:
        if not self.station.model.flag(f"{_CONTROLLER}.Enabled"):
            return "the terminal is switched off"
        if self.provider == "broken":
            return "the terminal is out of order"
        if not may_begin(self.station):
            return "the station is not registered"
        return "the terminal is busy with another card" if self._busy else ""

    async def _authorize(self, card: Card, evse: int | None) -> Presented:
        station = self.station
        token = self._token(card)
        one = candidate(station, evse, token)
        if one is None:
            return Presented("ignored", None, "no EVSE is free")
        if self.provider not in AUTHORIZES:  # C18, error handling: the CSMS is not asked
            return Presented("refused", one, "the card is not authorized")
        asked = station.model.flag(f"{_CONTROLLER}.AuthorizeDirectPayment")
        info = await station.decide(token) if asked else TokenInfo("Accepted")  # C18.FR.03, .04
        if not info.is_good_at(one.id) or not one.is_startable:
            station.note("payment_released", f"{token.id}: the card is not charged")  # C18.FR.07
            outcome = "ignored" if info.accepted and not one.is_startable else "refused"
            return Presented(outcome, one, info.status if not info.accepted else f"not at EVSE {one.id}")
        amount = station.model.number(f"{_CONTROLLER}.AuthorizationAmount")  # C18.FR.01
        self.held[token.id] = Payment(
            token.id, card.digest, one.id, amount, asked, brand=card.brand, recognition=card.recognition
        )
        self.keep()
        station.part(TransactionLimits).secure(one, amount)
        one.floating = False
        one.grant(token, info.group)
        return Presented("started", one, f"{amount:g} are reserved, at EVSE {one.id}")

    def _token(self, card: Card) -> Token:
        model, run = self.station.model, self.station.setup.run_id
        self._made += 1
        ids = self.station.stream(f"payment {self._made} of run {run}")
        ref, session = f"PSP-{ids.hex(16).upper()}", ids.hex(8)
        known = card.details(ref, session, model.text(f"{_CONTROLLER}.Merchant[Id]"))
        wanted = model.members(f"{_CONTROLLER}.PaymentDetails")
        return Token(ref, DIRECT, tuple((kind, known[kind]) for kind in wanted if known.get(kind)))

    # --- the course of its transaction --------------------------------------------------------------------

    def _paid(self, transaction: Transaction | None) -> Payment | None:
        starter = transaction.starter if transaction is not None else None
        return self.held.get(starter.id) if starter is not None and starter.type == DIRECT else None

    def tells(self, evse: Evse, transaction: Transaction, sort: str) -> Payload:
        """The message that tells of the card tells of the amount as well (C18.FR.06)."""
        payment = self._paid(transaction)
        if payment is None:
            return {}
        if not payment.transaction:
            payment.transaction, payment.evse = transaction.id, evse.id
            limits = transaction.limits or {}
            transaction.limits = limits | {"cost": min(payment.amount, limits.get("cost", inf))}
            transaction.owed_limit = (transaction.owed_limit or {}) | {"maxCost": payment.amount}
            self.keep()
        if sort == "Ended":
            tariffs = existing(self.station, Tariffs)
            payment.reckoned = tariffs is not None and evse.id in tariffs.running
        return {}

    def cost_mark(self, evse: Evse) -> float:
        payment = self._paid(evse.transaction)
        return inf if payment is None else self._headroom(payment)

    def _headroom(self, payment: Payment) -> float:
        """The cost above which more has to be reserved; inf when it cannot be."""
        model, step = self.station.model, self._step()
        path = f"{_CONTROLLER}.IncrementalAuthorizationThreshold"
        threshold = model.number(path) if model.has(path) else step / 2  # C23.FR.01: ours to define
        return payment.amount - threshold if step > 0 and not payment.refused else inf

    def _step(self) -> float:
        path = f"{_CONTROLLER}.IncrementalAuthorizationAmount"
        return self.station.model.number(path) if self.station.model.has(path) else 0.0

    def cost_changed(self, evse: Evse) -> None:
        """Reserve more before the amount is used up, unless its driver wants to spend less (C23)."""
        payment, transaction = self._paid(evse.transaction), evse.transaction
        if payment is None or transaction is None or transaction.cost is None:
            return
        if (transaction.limits or {}).get("cost", inf) < payment.amount:
            return
        while transaction.cost > self._headroom(payment):
            if self.provider not in AUTHORIZES or self.provider == "refuses_increase":
                payment.refused = True
                self.station.note("payment_not_increased", f"{payment.ref}: {payment.amount:g} is all")
            else:
                payment.amount += self._step()
                self.station.part(TransactionLimits).secure(evse, payment.amount)  # C23.FR.02
            self.keep()

    def driver_left(self, evse: Evse) -> None:
        """Who leaves before a transaction has begun pays nothing (C19)."""
        for payment in [p for p in self.held.values() if not p.transaction]:
            if not any(e.is_authorized and e.token and e.token.id == payment.ref for e in self.station.evses):
                self._cancel(payment)

    def transaction_ended(self, evse: Evse, transaction: Transaction) -> None:
        payment = self._paid(transaction)
        self.station.part(TransactionLimits).secure(evse, None)
        if payment is None:
            return
        payment.ended, payment.cost = True, transaction.cost
        self.keep()
        if self.station.model.flag(f"{_CONTROLLER}.SettlementByCSMS"):  # C21.FR.06, .07
            self._show(payment.evse, self.station.model.text(f"{_CONTROLLER}.ReceiptServerUrl"))
            self._over(payment)
        elif payment.reckoned:
            self._settle(payment)

    def answered(self, owed: Owed, answer: Payload) -> None:
        """The cost that the CSMS tells in the end is what is settled, where the station does not reckon itself."""
        if owed.payload.get("eventType") == "Ended":
            for payment in [p for p in self.held.values() if p.transaction == owed.transaction]:
                if payment.ended and not payment.reckoned and not payment.attempts:
                    payment.cost = answer.get("totalCost", payment.cost)
                    payment.reckoned = True
                    self._settle(payment)
        self._flush()

    # --- settling -----------------------------------------------------------------------------------------

    def _cancel(self, payment: Payment) -> None:
        """The amount is released (C19, C20); of what the CSMS never heard it is not told (C19, remark)."""
        self.station.note("payment_released", f"{payment.ref}: the card is not charged")
        if payment.asked or payment.transaction:
            self._owe(payment, "Canceled", 0.0)
        self._over(payment)

    def _settle(self, payment: Payment) -> None:
        """The terminal settles what the transaction cost, as far as it is reserved (C21.FR.01, C20.FR.04)."""
        if not payment.cost or payment.cost <= 0:
            self._cancel(payment)
            return
        self._timers.pop(payment.ref, None)
        payment.attempts += 1
        if self.provider in SETTLES_LATER and payment.attempts < TRIES:
            again = asyncio.get_running_loop().call_later(BETWEEN, self._settle, payment)
            self._timers[payment.ref] = again
            self.keep()
            return
        amount = round(min(payment.cost, payment.amount), 2)
        if self.provider in SETTLES_LATER:
            self._owe(payment, "Failed", amount, "the payment service provider cannot be reached")
        elif self.provider == "rejects_settlement":
            self._owe(payment, "Rejected", amount, "the payment service provider rejects it")
        else:
            self._owe(payment, "Settled", amount)
        self._over(payment)

    def _owe(self, payment: Payment, status: str, amount: float, info: str = "") -> None:
        """A NotifySettlement is due (C19.FR.02, C20.FR.05, C21.FR.02, C22.FR.01, .02)."""
        model = self.station.model
        told: Payload = {
            "pspRef": payment.ref,
            "status": status,
            "settlementAmount": amount,
            "settlementTime": self.station.clock.now(),
        }
        if payment.transaction:
            told["transactionId"] = payment.transaction
        if info:
            told["statusInfo"] = info
        if status == "Settled" and not model.flag(f"{_CONTROLLER}.ReceiptByCSMS"):  # C21.FR.04
            told["receiptId"] = f"R-{payment.ref.removeprefix('PSP-')}"
            told["receiptUrl"] = model.text(f"{_CONTROLLER}.ReceiptServerUrl") + told["receiptId"]
            self._show(payment.evse, told["receiptUrl"])
        if status == "Settled" and payment.vat:
            told |= {"vatNumber": payment.vat} | ({"vatCompany": payment.company} if payment.company else {})
        self.owed.append(told | {"evse": payment.evse})

    def _over(self, payment: Payment) -> None:
        self.held.pop(payment.ref, None)
        self.keep()
        self._flush()
        self.station.changed()

    def _flush(self) -> None:
        """Tell the CSMS what it may hear by now: of no transaction before its own messages."""
        station = self.station
        while self.owed and station.may_send:
            told = self.owed[0]
            if station.outbox.owes(told.get("transactionId", "-")):
                return
            self.owed.pop(0)
            self.keep()
            payload = {name: value for name, value in told.items() if name != "evse"}
            again = partial(asyncio.get_running_loop().call_soon, self._not_told, told)
            station.say("NotifySettlement", payload, partial(self._told, told["evse"]), failed=again)

    def _told(self, evse: int, answer: Payload) -> None:
        if "receiptUrl" in answer:  # C21.FR.03
            self._show(evse, str(answer["receiptUrl"]))

    def _not_told(self, told: Payload) -> None:
        """There was no answer: it waits if the link is gone; one that was refused is not said again."""
        if not self.station.is_online:
            self.owed.insert(0, told)
            self.keep()

    # --- receipts and VAT numbers -------------------------------------------------------------------------

    def _show(self, evse: int, url: str) -> None:
        if url:
            self.receipts[evse] = url, self.station.clock.time()
            self.station.changed()

    def shows(self, evse: Evse) -> list[str]:
        payment = next((p for p in self.held.values() if p.evse == evse.id and not p.ended), None)
        if payment is not None:
            return [f"{payment.amount:.2f} {self.station.model.text('TariffCostCtrlr.Currency')} reserved"]
        url, at = self.receipts.get(evse.id, ("", -inf))
        return (
            [f"receipt: {url}"] if self.station.clock.time() - at < LINGERS and not evse.is_authorized else []
        )

    async def validate_vat(self, number: str, evse: int) -> bool:
        """A driver types a VAT number for the receipt, and the CSMS validates it (C18.FR.08). Raises ValueError."""
        payment = next((p for p in self.held.values() if p.evse == evse), None)
        if payment is None:
            raise ValueError(f"nobody pays by card at EVSE {evse} of {self.station.id}")
        answer = await self.station.call("VatNumberValidation", {"vatNumber": number, "evseId": evse})
        if answer.get("evseId") != evse:
            words = f"asked for EVSE {evse}, answered for {answer.get('evseId', 'none')}"
            self.station.note("vat_number_misplaced", words, clause="C18.FR.10")
        valid: bool = answer["status"] == "Accepted"
        payment.vat = number if valid else ""
        payment.company = answer.get("company") if valid else None
        self.keep()
        return valid

    # --- the life of the station --------------------------------------------------------------------------

    def connected(self) -> None:
        self._flush()

    def accepted(self) -> None:
        """After a start: go on settling, and release what nobody is authorized by any more."""
        for payment in [p for p in self.held.values() if p.ended and p.reckoned]:
            if payment.ref not in self._timers:
                self._settle(payment)
        self.driver_left(self.station.evses[0])
        self._flush()

    def power_off(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._busy = False

    def as_kept(self) -> Any:
        if not self.held and not self.owed:
            return None
        return {"held": [asdict(one) for one in self.held.values()], "owed": self.owed}

    def restore(self, kept: Any) -> None:
        self.held = {one["ref"]: Payment(**one) for one in kept["held"]}
        self.owed = list(kept["owed"])


def offers(station: Station) -> bool:
    """Whether the station has a payment terminal."""
    return station.version is V21 and station.model.has(f"{_CONTROLLER}.Enabled")


def terminal(station: Station) -> Payments:
    """The station's payment terminal. Raises ValueError when it has none."""
    if not offers(station):
        raise ValueError(f"{station.id} has no payment terminal")
    return station.part(Payments)


async def pay(station: Station, evse: int | None = None, card: Card | None = None) -> Presented:
    """A driver holds a card to the terminal (C18); the same card again ends what it began. Raises ValueError."""
    return await terminal(station).present(card or Card(), evse)


def provider(station: Station, does: str) -> None:
    """How the payment service provider, and the terminal, behave from now on (`PROVIDER`). Raises ValueError."""
    if does not in PROVIDER:
        raise ValueError(not_one_of(does, "something that a payment service provider does", PROVIDER))
    terminal(station).provider = does
    station.changed()
