"""The option to be a central system that misbehaves, whose own options lie beneath all others."""

# ruff: noqa: RUF009  (`option` makes a dataclass field)

from dataclasses import dataclass

from csms.option_forward import ForwardOptions
from csms.persona import Persona, named
from shared.option_fields import option
from shared.option_layers import Layer

PERSONA = "misbehaving"


@dataclass(frozen=True, eq=False, repr=False)
class PersonaOptions(ForwardOptions):
    """Which of them to be."""

    persona: Persona | None = option(
        None,
        "misbehave as this central system does: the name of one (`list` tells all), or a TOML file of your own "
        "(docs/personas-csms.md)",
        group=PERSONA,
        parse=named,
        metavar="NAME|FILE",
    )

    @staticmethod
    def beneath(given: Layer) -> Layer:
        """The options of the persona, which everything else that is said comes before."""
        persona = given["persona"].value if "persona" in given else None
        return dict(persona.layer or {}) if persona is not None else {}
