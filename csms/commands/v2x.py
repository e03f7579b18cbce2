"""Bidirectional charging (2.1)."""

from __future__ import annotations

from csms.commands.defaults import moment
from csms.commands.defaults import transaction as transaction_of
from csms.commands.registry import Sent, Session, command


@command("AFRRSignal")
def afrr_signal(to: Session, *, signal: int | None = None, start: str | None = None) -> Sent:
    """Pass on a signal of the automatic frequency restoration reserve (2.1).

    signal: a value of the profile's v2xSignalWattCurve, default 0. start: when it becomes active, seconds from
    now or a timestamp, default now.
    """
    return {"timestamp": moment(to, start, 0), "signal": signal or 0}


@command("NotifyAllowedEnergyTransfer")
def notify_allowed_energy_transfer(
    to: Session,
    *,
    modes: list[str] | None = None,
    transaction: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
) -> Sent:
    """Tell the station which kinds of energy transfer a transaction may use from now on (2.1).

    modes: separated by commas (AC_single_phase, AC_three_phase, DC, AC_BPT, DC_BPT, ...), default
    AC_three_phase and DC. transaction: its id, default the oldest open one (of the evse and connector,
    if named).
    """
    return {
        "transactionId": transaction_of(to, transaction, evse, connector),
        "allowedEnergyTransfer": modes or ["AC_three_phase", "DC"],
    }
