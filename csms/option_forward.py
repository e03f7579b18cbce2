"""The options of standing between real stations and a real central system, and what makes no sense with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.option_fields import UsageError, option, options_of
from shared.option_values import address, filled, readable
from shared.options import CommonOptions

FORWARD = "forwarding"

_ALONE = ("stations", "groups", "vendors", "persona")
"""What says how we would answer, in the configuration file or by another name."""


def _address(text: str) -> str:
    return address(text, "--forward-password")


@dataclass(frozen=True, eq=False, repr=False)
class ForwardOptions(CommonOptions):
    """Where to forward to, and with what."""

    forward: str | None = option(
        None,
        "answer nothing: stand between the stations and the central system at this address, record, and spoil with "
        "--inject; each station's id is appended (docs/forward.md)",
        group=FORWARD,
        parse=_address,
        metavar="URL",
    )
    forward_password: str | None = option(
        None,
        "show the central system this password, not the station's own",
        group=FORWARD,
        parse=filled,
        metavar="PASSWORD",
        exclusive="forward_password",
        secret=True,
    )
    forward_passwords: str | None = option(
        None,
        "the same for each station; lines of IDENTITY:PASSWORD or IDENTITY:hex:DIGITS",
        group=FORWARD,
        parse=readable,
        metavar="FILE",
        exclusive="forward_password",
    )
    forward_ca: str | None = option(
        None,
        "trust the certificates in this file (PEM) for wss://",
        group=FORWARD,
        parse=readable,
        metavar="FILE",
        exclusive="forward_trust",
    )
    forward_insecure: bool = option(
        False, "trust any certificate of the central system", group=FORWARD, exclusive="forward_trust"
    )

    def check_forward(self, given: frozenset[str], answering: Sequence[str]) -> None:
        """Refuse what makes no sense with `--forward`, and what makes none without; UsageError.

        `answering` are the groups of options by which a CSMS answers and sends by itself.
        """
        for each in options_of(type(self)):
            if each.name not in given or getattr(self, each.name) is False:
                continue
            if self.forward is None:
                if each.group == FORWARD:
                    raise UsageError("needs --forward", each.name)
            elif each.group in answering or each.name in _ALONE:
                why = "there the real central system answers and sends"
                raise UsageError(f"not together with --forward: {why}", each.name)
            elif each.name == "state":
                raise UsageError(
                    "not together with --forward: there is nothing that must be remembered", "state"
                )
            elif each.name in ("forward_ca", "forward_insecure") and not self.forward.startswith("wss:"):
                raise UsageError("needs a wss:// address in --forward", each.name)
