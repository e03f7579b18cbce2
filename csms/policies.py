"""Everything by which the CSMS decides, in one place: made of the options, asked by the handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.authorizer import Authorizer
from csms.learning import learn
from csms.ledger import Ledger
from csms.payments import Payments
from csms.record import StationRecord
from csms.registrar import ACCEPTED, Registrar
from csms.scrutiny import CHECKS, UNREADABLE, Scrutiny
from csms.tariff import Tariff
from csms.vendors import Vendors
from shared.dispatch import Payload
from shared.versions import Version

if TYPE_CHECKING:
    from csms.authority import CertificateAuthority
    from csms.session import Session


class Policies:
    """Registrar, authorizer, ledger, tariff and vendors, and what connects them with a conversation.

    `upstream` says that answers are those of the mock server which `--compat upstream` names, where they differ
    from the standard's. `options` is passed through for whoever needs it; nothing here reads it.
    """

    __slots__ = (
        "authority",
        "authorizer",
        "ledger",
        "options",
        "payments",
        "registrar",
        "scrutiny",
        "tariff",
        "upstream",
        "vendors",
    )

    def __init__(
        self,
        *,
        registrar: Registrar,
        authorizer: Authorizer,
        ledger: Ledger,
        tariff: Tariff,
        vendors: Vendors,
        upstream: bool = False,
        options: Any = None,
        authority: CertificateAuthority | None = None,
        payments: Payments | None = None,
    ) -> None:
        self.registrar = registrar
        self.authorizer = authorizer
        self.ledger = ledger
        self.tariff = tariff
        self.vendors = vendors
        self.upstream = upstream
        self.options = options
        self.payments = payments or Payments()
        self.authority = authority
        """What signs certificates for stations; None: nothing does."""
        self.scrutiny = Scrutiny()

    def new_record(self, identity: str, version: Version) -> StationRecord:
        """The record of a station that is met for the first time."""
        return StationRecord(identity, version)

    def gate(self, session: Session, action: str, payload: Payload) -> None:
        """Asked before every handler: raises `Refuse` for what a station may not send yet, notes what is odd."""
        station = session.station
        if (
            station.registration == ACCEPTED and station.reset_due is None
        ):  # nearly always: no further call than one
            if action in CHECKS:
                try:
                    CHECKS[action](self.scrutiny, session, payload)
                except UNREADABLE:
                    pass  # what breaks the schema, where that is let through, has its finding
            return
        try:
            self.registrar.gate(session, action, payload)
        finally:
            self.scrutiny.look(session, action, payload)

    def expect(self, session: Session, action: str, payload: Payload) -> None:
        """To be called when a call of ours goes out, before it does."""
        self.registrar.expect(session, action, payload)
        self.scrutiny.asks(session, action, payload)

    def refused(self, session: Session, action: str, payload: Payload) -> None:
        """To be called when a call of ours was answered with a CALLERROR: what it asked for will not come."""
        self.registrar.answered(session, action, payload, {"status": "Rejected"})

    def answered(self, session: Session, action: str, payload: Payload, answer: Payload) -> None:
        """To be called when a call of ours was answered with a CALLRESULT."""
        self.registrar.answered(session, action, payload, answer)
        self.scrutiny.answered(session, action, payload, answer)
        learn(session.station, action, payload, answer)
