"""From the options to the things that act by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.authorizer import Authorizer, TokenPolicy
from csms.conductor import conduct
from csms.ledger import Ledger
from csms.policies import Policies
from csms.registrar import Registrar
from csms.tariff import Tariff
from csms.timetable import Step, Timetable
from csms.vendors import Vendors
from shared.option_fields import UsageError

if TYPE_CHECKING:
    from csms.options import CsmsOptions


def policies_of(options: CsmsOptions) -> Policies:
    """What the CSMS decides by. Raises UsageError for values that no policy can have."""
    upstream = options.compat == "upstream"
    ledger = Ledger(upstream=upstream)
    stations = options.stations
    try:
        tariff = Tariff(options.total_cost, upstream=upstream)
    except ValueError as problem:
        raise UsageError(f"--total-cost: {problem}") from None
    return Policies(
        registrar=Registrar(
            options.boot_statuses,
            per_station={name: own.boot_statuses for name, own in stations.items() if own.boot_statuses},
            heartbeat=options.heartbeat_interval,
            retry=options.retry_interval,
            registration=options.registration,
            upstream=upstream,
        ),
        authorizer=Authorizer(
            TokenPolicy(
                mode=options.auth_mode,
                whitelist=options.whitelist,
                blacklist=options.blacklist,
                statuses=options.tokens,
                at_station={name: own.tokens for name, own in stations.items() if own.tokens},
                group=options.auth_group_id or "",
                cache_for=options.auth_cache_expiry,
                offline=options.offline,
            ),
            ledger,
        ),
        ledger=ledger,
        tariff=tariff,
        vendors=Vendors(upstream=upstream),
        upstream=upstream,
        options=options,
    )


def timetable_of(options: CsmsOptions) -> Timetable | None:
    """When commands go out; None when there are none. Raw calls go first, at once."""
    raw = tuple(Step("call", raw=text) for text in options.call)
    timed = tuple(Step(step.name, step.options, step.delay) for step in options.steps)
    if not raw and not timed:
        return None
    return Timetable(
        raw + timed,
        conduct,
        period=options.period if options.command is not None else None,  # --commands has its own delays
        start_on=options.start_on,
        rearm=options.rearm or options.compat == "upstream",
    )
