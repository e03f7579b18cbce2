"""A payment card at a terminal, and what stands behind the terminal: the payment service provider (2.1 C18 to C23).

Neither speaks OCPP: the station knows what the terminal tells it, and the scenario says how the provider behaves.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

PROVIDER: dict[str, str] = {
    "approves": "as it should",
    "declines": "it authorizes no card",
    "away": "the terminal cannot reach it: no card is authorized, and settling fails",
    "rejects_settlement": "it authorizes cards, and rejects to settle",
    "fails_settlement": "it authorizes cards, and cannot be reached to settle",
    "refuses_increase": "it does not let the amount on a card be increased",
    "broken": "the terminal itself is out of order",
}
"""How provider and terminal behave, by the word for it."""

AUTHORIZES = frozenset({"approves", "rejects_settlement", "fails_settlement", "refuses_increase"})
SETTLES_LATER = frozenset({"away", "fails_settlement", "broken"})

MAGSTRIPE, CONTACT, CONTACTLESS = "Magstripe", "Contact", "Contactless"


class Card(NamedTuple):
    """What a driver pays with. `brand` and `recognition` are words of the appendix on additionalInfo types.

    `wallet` is the user's id in a digital wallet; `expires` is written YYYY/MM.
    """

    number: str = "4111111111111111"
    brand: str = "Visa"
    reading: str = CONTACTLESS
    recognition: str = "CC"
    expires: str = "2030/12"
    wallet: str = ""

    @property
    def digest(self) -> str:
        """The hashed number: the number itself stays in the terminal."""
        return sha256(self.number.encode()).hexdigest()

    def details(self, ref: str, session: str, merchant: str) -> dict[str, str]:
        """What the terminal can tell of it, by the additionalInfo types of the standard; empty where it has none."""
        return {
            "PspRef": ref,
            "SessionRef": session,
            "MerchantRef": merchant,
            "PaymentBrand": self.brand,
            "ReadingMethod": self.reading,
            "PaymentRecognition": self.recognition,
            "CardBin": self.number[:6],
            "CardLast4Digits": self.number[-4:],
            "CardExpiryDate": self.expires,
            "HashedCardNr": self.digest,
            "WalletUserID": self.wallet,
        }


def card(number: str = "", brand: str = "", wallet: str = "") -> Card:
    """The card with this number (12 to 19 digits), the usual one if none is given. Raises ValueError."""
    plain = number.replace(" ", "")
    if plain and not (plain.isascii() and plain.isdigit() and 12 <= len(plain) <= 19):
        raise ValueError(f"a card number has 12 to 19 digits, unlike {number!r}")
    usual = Card()
    return usual._replace(
        number=plain or usual.number,
        brand=brand or usual.brand,
        wallet=wallet,
        recognition=brand if wallet and brand else usual.recognition,
    )
