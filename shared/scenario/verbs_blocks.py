"""Verbs of drivers who come by chance, and of what a person does at a station of 2.1: tariffs, batteries, payment."""

from __future__ import annotations

from shared.scenario.match import Mismatch
from shared.scenario.model import CHARGE_POINT, CSMS
from shared.scenario.play import Branch, Outcome
from shared.scenario.registry import verb
from shared.scenario.tree import Node

Seconds = float


@verb()
async def generate(branch: Branch, *, drivers: Node, evse: int | None = None) -> None:
    """Let drivers come by chance, to one EVSE or to all: `generate: {max_duration: 600, tokens: [A, B]}`.

    The settings are those of `--generate`; `generate: start` takes the usual ones, or those that were given before,
    `generate: stop` lets nobody come any more, and who charges leaves.
    """
    await branch.act(CHARGE_POINT, "generate", drivers=branch.value(drivers), evse=evse)


@verb()
async def refuse_tariff(branch: Branch, *, evse: int = 1) -> None:
    """The driver does not accept the tariff (2.1), and the authorization is over."""
    await branch.act(CHARGE_POINT, "refuse_tariff", evse=evse)


@verb()
async def swap_battery(branch: Branch, *, token: str, batteries: int = 1) -> None:
    """A driver wants to swap so many batteries at a station of slots (2.1); also one whom the CSMS has announced."""
    await branch.act(CHARGE_POINT, "swap_battery", token=token, batteries=batteries)


@verb()
async def insert_battery(branch: Branch, *, slot: int = 1, soc: float = 20.0, health: float = 95.0) -> None:
    """Somebody puts a battery into a slot, with its charge and its health in percent."""
    await branch.act(CHARGE_POINT, "insert_battery", slot=slot, soc=soc, health=health)


@verb()
async def take_battery(branch: Branch, *, slot: int = 1) -> None:
    """Somebody takes the battery out of a slot."""
    await branch.act(CHARGE_POINT, "take_battery", slot=slot)


@verb()
async def pay(
    branch: Branch,
    *,
    evse: int | None = None,
    number: str = "",
    brand: str = "",
    wallet: str = "",
    outcome: str | None = None,
) -> Outcome:
    """A driver holds a card to the payment terminal (2.1); the same card again ends what it began.

    `outcome` is what it must come to: started, stopped, refused or ignored.
    """
    value = await branch.act(CHARGE_POINT, "pay", evse=evse, number=number, brand=brand, wallet=wallet)
    if outcome is not None and value["outcome"] != outcome:
        words = f"the card was {value['outcome']} ({value['reason']}), not {outcome}"
        raise branch.failed(words, Mismatch("outcome", outcome, value["outcome"]))
    return Outcome(None, branch.play, value)


@verb()
async def payment_provider(branch: Branch, *, does: str) -> None:
    """How the terminal's payment service provider behaves from now on.

    `does` is approves, declines, away, rejects_settlement, fails_settlement, refuses_increase or, of the terminal
    itself, broken.
    """
    await branch.act(CHARGE_POINT, "payment_provider", does=does)


@verb()
async def vat_number(branch: Branch, *, number: str, evse: int = 1, valid: bool | None = None) -> Outcome:
    """Who pays by card types a VAT number for the receipt; `valid` is what the CSMS must find it."""
    value = await branch.act(CHARGE_POINT, "vat_number", number=number, evse=evse)
    if valid is not None and value["valid"] is not valid:
        words = f"the VAT number {number} is {'valid' if value['valid'] else 'not valid'}"
        raise branch.failed(words, Mismatch("valid", str(valid), value["valid"]))
    return Outcome(None, branch.play, value)


@verb()
async def scan_qr(
    branch: Branch,
    *,
    evse: int = 1,
    energy: float | None = None,
    time: Seconds | None = None,
    cost: float | None = None,
) -> Outcome:
    """A driver scans the QR code of an EVSE (2.1), with what they want at most; kept by `as:`, it has the `url`."""
    wanted = {"energy": energy, "time": time, "cost": cost}
    limits = {name: value for name, value in wanted.items() if value is not None}
    value = await branch.act(CHARGE_POINT, "scan_qr", evse=evse, **limits)
    return Outcome(None, branch.play, value)


@verb()
async def open_page(branch: Branch, *, url: str, timeout: int = 60, valid: bool = True) -> Outcome:
    """Somebody opens the address of a QR code at the central system (2.1), which tells the station if it is genuine.

    `valid` is whether it must be. Kept by `as:`, it has `evse` and what is wanted at most: `maxEnergy`, `maxTime`,
    `maxCost`.
    """
    value = await branch.act(CSMS, "open_page", url=url, timeout=timeout)
    if value["valid"] is not valid:
        words = value["why"] or f"{url} is genuine"
        raise branch.failed(words, Mismatch("valid", str(valid), value["valid"]))
    return Outcome(None, branch.play, value)
