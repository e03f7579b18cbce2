"""Verbs of what a person does at a station of 2.1: tariffs, and batteries that are swapped."""

from __future__ import annotations

from shared.scenario.model import CHARGE_POINT
from shared.scenario.play import Branch
from shared.scenario.registry import verb


@verb()
async def refuse_tariff(branch: Branch, *, evse: int = 1) -> None:
    """The driver does not accept the tariff (2.1), and the authorization is over."""
    await branch.act(CHARGE_POINT, "refuse_tariff", evse=evse)


@verb()
async def swap_battery(branch: Branch, *, token: str) -> None:
    """A driver wants to swap batteries at a station of slots (2.1)."""
    await branch.act(CHARGE_POINT, "swap_battery", token=token)


@verb()
async def insert_battery(branch: Branch, *, slot: int = 1, soc: float = 20.0, health: float = 95.0) -> None:
    """Somebody puts a battery into a slot, with its charge and its health in percent."""
    await branch.act(CHARGE_POINT, "insert_battery", slot=slot, soc=soc, health=health)


@verb()
async def take_battery(branch: Branch, *, slot: int = 1) -> None:
    """Somebody takes the battery out of a slot."""
    await branch.act(CHARGE_POINT, "take_battery", slot=slot)
