"""The options about what cars of ISO 15118 get for their charging needs (K15 to K20, Q01)."""

from dataclasses import dataclass

from csms.option_persona import PersonaOptions
from shared.option_fields import option
from shared.option_values import finite, listed, not_negative, one_of, positive

NEEDS = "charging needs"

NONE, PROFILE, PROCESSING, PROMISE, BEYOND, REJECTED = WORDS = (
    "none",
    "profile",
    "processing",
    "promise",
    "beyond",
    "rejected",
)

TRANSFERS = (
    "AC_single_phase",
    "AC_two_phase",
    "AC_three_phase",
    "DC",
    "AC_BPT",
    "AC_BPT_DER",
    "AC_DER",
    "DC_BPT",
    "DC_ACDP",
    "DC_ACDP_BPT",
    "WPT",
)
"""2.1's EnergyTransferModeEnumType; 2.0.1 has the first four."""


@dataclass(frozen=True, eq=False, repr=False)
class NeedsOptions(PersonaOptions):
    """What the CSMS makes of the charging needs of a car; by default it has nothing to say to them."""

    charging_needs: str = option(
        NONE,
        "how NotifyEVChargingNeeds is answered: none (no profile), profile (a TxProfile follows), processing (it "
        "follows later); wrong on purpose: promise (none follows), beyond (more than the car can take), rejected",
        group=NEEDS,
        choices=WORDS,
        noun="an answer to charging needs",
    )
    charging_needs_delay: float = option(
        0.0,
        "how long after the answer that profile goes out; a car waits for a minute",
        group=NEEDS,
        parse=not_negative,
        metavar="SECONDS",
    )
    charging_power: float | None = option(
        None, "the most that a car gets by that profile, in W", group=NEEDS, parse=positive, metavar="WATTS"
    )
    v2x_setpoint: float | None = option(
        None,
        "what a car is told to take that can give back (2.1), in W; below 0: to give back",
        group=NEEDS,
        parse=finite,
        metavar="WATTS",
    )
    allowed_energy_transfer: tuple[str, ...] = option(
        (),
        "the kinds of energy transfer that Authorize allows (2.1); needs of another kind are rejected",
        group=NEEDS,
        parse=listed(one_of("a kind of energy transfer", TRANSFERS), "kind of energy transfer"),
        many=True,
        metavar="MODE,MODE",
    )
