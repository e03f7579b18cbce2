"""Everything by which the CSMS decides, in one place: made of the options, asked by the handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.authorizer import Authorizer, TokenPolicy
from csms.learning import learn
from csms.ledger import Ledger
from csms.record import StationRecord
from csms.registrar import LENIENT, NORMAL, Registrar
from csms.tariff import Tariff
from csms.vendors import Vendors
from shared.dispatch import Payload
from shared.versions import Version

if TYPE_CHECKING:
    from csms.options import CsmsOptions
    from csms.session import Session


class Policies:
    """Registrar, authorizer, ledger, tariff and vendors, and what connects them with a conversation.

    `upstream` says that answers are those of the mock server which `--compat upstream` names, where they differ
    from the standard's. `options` is passed through for whoever needs it; nothing here reads it.
    """

    __slots__ = ("authorizer", "gate", "ledger", "options", "registrar", "tariff", "upstream", "vendors")

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
    ) -> None:
        self.registrar = registrar
        self.authorizer = authorizer
        self.ledger = ledger
        self.tariff = tariff
        self.vendors = vendors
        self.upstream = upstream
        self.options = options
        self.gate = registrar.gate
        """Asked before every handler: raises `Refuse` for what a station may not send yet."""

    @classmethod
    def of(cls, options: CsmsOptions) -> Policies:
        """The policies that a command line and its configuration file ask for."""
        upstream = options.compat == "upstream"
        stations = options.stations
        ledger = Ledger(upstream=upstream)
        tokens = TokenPolicy(
            mode=options.auth_mode,
            whitelist=tuple(options.whitelist),
            blacklist=tuple(options.blacklist),
            statuses=options.tokens,
            at_station={name: own.tokens for name, own in stations.items() if own.tokens},
            group=options.auth_group_id or "",
            cache_for=options.auth_cache_expiry,
            offline=options.offline,
        )
        registrar = Registrar(
            options.boot_statuses,
            per_station={name: own.boot_statuses for name, own in stations.items() if own.boot_statuses},
            heartbeat=options.heartbeat_interval,
            retry=options.retry_interval,
            # the mock server of --compat upstream answers everything in every state
            registration=LENIENT if upstream and options.registration == NORMAL else options.registration,
            upstream=upstream,
        )
        return cls(
            registrar=registrar,
            authorizer=Authorizer(tokens, ledger, upstream=upstream),
            ledger=ledger,
            tariff=Tariff(options.total_cost),
            vendors=Vendors(upstream=upstream),
            upstream=upstream,
            options=options,
        )

    def new_record(self, identity: str, version: Version) -> StationRecord:
        """The record of a station that is met for the first time."""
        return StationRecord(identity, version)

    def expect(self, session: Session, action: str, payload: Payload) -> None:
        """To be called when a call of ours goes out, before it does."""
        self.registrar.expect(session, action, payload)

    def answered(self, session: Session, action: str, payload: Payload, answer: Payload) -> None:
        """To be called when a call of ours was answered with a CALLRESULT."""
        self.registrar.answered(session, action, payload, answer)
        learn(session.station, action, payload, answer)
