"""Words of the prompt for single blocks: the display, tariffs refused, batteries swapped, payment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from charge_point.connector import NotNow
from charge_point.display import cycle, showing
from shared.digest_forms import clean
from shared.option_fields import UsageError
from shared.prompt import Word, numbers
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.station import Station


def block_words(station: Station) -> list[Word]:
    """The words of `station`."""
    found = [
        Word(
            "display",
            "display",
            "what stands on the display\nThe text that is seen now is marked; the others take turns with it.",
            lambda rest: shown(station),
        )
    ]
    if station.version is V21:
        found.append(
            _numbered("refuse_tariff", "EVSE", "the driver does not accept the tariff", station, _refuse)
        )
    if station.model.has("BatterySwapCtrlr.TargetSoc"):
        found += [
            Word(
                "insert_battery",
                INSERT,
                "put a battery into a slot\nSOC is its state of charge in percent, 20 if nobody says.",
                lambda rest: _insert(station, rest),
            ),
            _numbered("take_battery", "SLOT", "take the battery out of a slot", station, _take),
        ]
    if station.model.has("PaymentCtrlr.Enabled"):
        found += [
            Word(
                "pay",
                "pay [EVSE [CARD]]",
                "hold a card to the payment terminal\nCARD is its number; the same card again ends what it began.",
                lambda rest: _pay(station, rest),
            ),
            Word(
                "payment_provider",
                "payment_provider DOES",
                "how it behaves behind the terminal\n"
                "DOES is approves, declines, away, rejects_settlement, fails_settlement, refuses_increase or broken.",
                lambda rest: _provider(station, rest),
                lambda typed: _provider_words(),
            ),
        ]
    if station.version is V21 and "web_payments" in station.setup.features:
        found.append(
            Word("scan_qr", "scan_qr [EVSE]", "what its QR code says", lambda rest: _scan(station, rest))
        )
    return found


async def _pay(station: Station, rest: str) -> str:
    from charge_point.payment import pay
    from charge_point.payment_card import card

    place, _, number = rest.partition(" ")
    evse = next(iter(numbers(place, 1, "pay [EVSE [CARD]]")), None)
    try:
        outcome = await pay(station, evse, card(number))
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None
    return f"the card was {outcome.outcome}: {clean(outcome.reason, 80)}"


def _provider(station: Station, rest: str) -> str:
    from charge_point.payment import provider

    try:
        provider(station, rest)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None
    return ""


def _provider_words() -> tuple[str, ...]:
    from charge_point.payment_card import PROVIDER

    return tuple(PROVIDER)


def _scan(station: Station, rest: str) -> str:
    from charge_point.web_payment import scan

    try:
        return scan(station, next(iter(numbers(rest, 1, "scan_qr [EVSE]")), 1))
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None


def _numbered(name: str, of: str, help: str, station: Station, act: Callable[[Station, int], object]) -> Word:
    """A word that is followed by a number, 1 if by nothing."""
    usage = f"{name} [{of}]"

    def run(rest: str) -> str:
        try:
            act(station, next(iter(numbers(rest, 1, usage)), 1))
        except (NotNow, ValueError) as wrong:
            raise UsageError(str(wrong)) from None
        return ""

    return Word(name, usage, help, run)


def _refuse(station: Station, evse: int) -> None:
    from charge_point.tariffs import refuse_tariff

    refuse_tariff(station, evse)


INSERT = "insert_battery [SLOT [SOC]]"


def _insert(station: Station, rest: str) -> str:
    from charge_point.battery_swap import insert_battery

    given = numbers(rest, 2, INSERT)
    slot, soc = [*given, *(1, 20)[len(given) :]]
    try:
        insert_battery(station, slot, soc=soc)
    except (NotNow, ValueError) as wrong:
        raise UsageError(str(wrong)) from None
    return ""


def _take(station: Station, slot: int) -> None:
    from charge_point.battery_swap import take_battery

    take_battery(station, slot)


def shown(station: Station) -> str:
    """The texts on the display, a line each, the one that is seen now marked; at most 80 characters of each."""
    now = showing(station)
    lines = [f"{'>' if text == now else ' '} {clean(text, 80)}" for text in cycle(station)]
    return "\n".join(lines) or "the display is dark"
