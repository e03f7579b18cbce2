"""The options about money: what transactions cost, who has a balance, which VAT numbers are valid (C17 to C25)."""

# ruff: noqa: RUF009  (`option` makes a dataclass field)

from dataclasses import dataclass

from csms.option_authority import AuthorityOptions
from shared.option_fields import option
from shared.option_values import Pairs, filled, finite

PAYMENT = "costs and payment"


def _balance(token: str, amount: str) -> float:
    filled(token)
    return finite(amount)


def _company(number: str, name: str) -> str:
    filled(number)
    if len(name) > 50:
        raise ValueError(f"the name of a company has at most 50 characters, not {len(name)}")
    return name


@dataclass(frozen=True, eq=False, repr=False)
class PaymentOptions(AuthorityOptions):
    """What the CSMS knows of money."""

    total_cost: float = option(
        10.0,
        "the cost of a transaction, running and final (2.x)",
        group=PAYMENT,
        parse=finite,
        metavar="AMOUNT",
    )
    price_per_kwh: float = option(
        0.0, "what each kWh adds to the cost (2.x)", group=PAYMENT, parse=finite, metavar="AMOUNT"
    )
    balances: dict[str, float] = option(
        {},
        "a prepaid token and the amount on it, the limit of its transaction's cost (2.1); may be repeated or a "
        "comma list",
        group=PAYMENT,
        parse=Pairs("TOKEN=AMOUNT", _balance, commas=True),
        many=True,
        flag="--balance",
        metavar="TOKEN=AMOUNT",
    )
    vat_numbers: dict[str, str] = option(
        {},
        "a VAT number that is valid (2.1), and its company (NUMBER= for none); others are Rejected; may be repeated",
        group=PAYMENT,
        parse=Pairs("NUMBER=COMPANY", _company),
        many=True,
        flag="--vat-number",
        metavar="NUMBER=COMPANY",
    )
    receipts: str = option(
        "https://receipts.example/csms/",
        "what the address of each receipt for a settlement begins with (2.1)",
        group=PAYMENT,
        parse=filled,
        metavar="URL",
    )
