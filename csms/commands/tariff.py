"""Cost (2.x) and tariffs (2.1)."""

from __future__ import annotations

from csms.commands.defaults import chosen, evse_2x, flags, moment, present
from csms.commands.defaults import transaction as transaction_of
from csms.commands.registry import Payload, Sent, Session, command


@command("CostUpdated")
def cost_updated(
    to: Session,
    *,
    cost: float | None = None,
    transaction: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
) -> Sent:
    """Tell the station what a transaction has cost so far.

    cost: default `--total-cost`. transaction: its id, default the oldest open one (of the evse and connector,
    if named).
    """
    return {
        "totalCost": chosen(cost, flags(to).total_cost),
        "transactionId": transaction_of(to, transaction, evse, connector),
    }


def _tariff(
    to: Session,
    id: str | None,
    currency: str | None,
    energy: float | None,
    minute: float | None,
    start: str | None,
) -> Payload:
    """A tariff: a price for energy, and for time if one was given."""
    price = {"prices": [{"priceKwh": 0.3 if energy is None else energy}]}
    time = None if minute is None else {"prices": [{"priceMinute": minute}]}
    return {
        "tariffId": chosen(id, "tariff-1"),
        "currency": chosen(currency, "EUR"),
        "energy": price,
    } | present(chargingTime=time, validFrom=moment(to, start))


@command("SetDefaultTariff")
def set_default_tariff(
    to: Session,
    *,
    energy: float | None = None,
    minute: float | None = None,
    currency: str | None = None,
    tariff: str | None = None,
    evse: int | None = None,
    start: str | None = None,
) -> Sent:
    """Set the tariff for drivers who have none of their own (2.1).

    energy: price of a kWh, default 0.3. minute: price of a minute of charging. currency: default EUR. tariff:
    its id, default tariff-1. evse: default 0, all of them. start: seconds from now or a timestamp.
    """
    return {"evseId": evse or 0, "tariff": _tariff(to, tariff, currency, energy, minute, start)}


@command("GetTariffs")
def get_tariffs(to: Session, *, evse: int | None = None) -> Sent:
    """Ask for the tariffs that the station holds (2.1).

    evse: default 0, all of them.
    """
    return {"evseId": evse or 0}


@command("ClearTariffs")
def clear_tariffs(to: Session, *, tariffs: list[str] | None = None, evse: int | None = None) -> Sent:
    """Remove tariffs (2.1).

    tariffs: ids, separated by commas, default all. evse: only there.
    """
    return present(tariffIds=tariffs, evseId=evse_2x(evse, None, None))


@command("ChangeTransactionTariff")
def change_transaction_tariff(
    to: Session,
    *,
    energy: float | None = None,
    minute: float | None = None,
    currency: str | None = None,
    tariff: str | None = None,
    transaction: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
) -> Sent:
    """Give a running transaction another tariff (2.1).

    energy: price of a kWh, default 0.3. minute: price of a minute of charging. currency: default EUR. tariff:
    its id, default tariff-1. transaction: its id, default the oldest open one (of the evse and connector,
    if named).
    """
    return {
        "transactionId": transaction_of(to, transaction, evse, connector),
        "tariff": _tariff(to, tariff, currency, energy, minute, None),
    }
