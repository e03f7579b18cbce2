"""Every option of `python -m csms`: the one place where a flag is added."""

# ruff: noqa: RUF009  (`option` makes a dataclass field)

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csms import option_tables as tables
from csms import option_values as words
from csms.files_options import FILES, FileOptions
from csms.option_answers import AUTH, BOOT, AnswerOptions
from csms.option_authority import AUTHORITY
from csms.option_commands import SAY, SEND, CommandOptions
from csms.option_forward import FORWARD
from csms.option_listen import LISTEN
from csms.option_needs import NEEDS
from csms.option_payment import PAYMENT, PaymentOptions
from csms.option_persona import PERSONA
from csms.option_tables import StationOptions
from shared.option_fields import UsageError, option
from shared.options import OptionParser
from shared.versions import V2X, V16, V21, V201, VERSIONS, Version

COMPATIBILITY = "compatibility"
GROUPS = (LISTEN, FORWARD, PERSONA, BOOT, AUTH, AUTHORITY, PAYMENT, NEEDS, FILES, SEND, SAY)


@dataclass(frozen=True, eq=False, repr=False)
class CsmsOptions(CommandOptions, AnswerOptions, FileOptions, PaymentOptions):
    """The configuration of one mock CSMS, flat; every value is parsed and checked."""

    compat: str | None = option(
        None,
        "answer as the mock server this one supersedes does, against the specification where that does",
        group=COMPATIBILITY,
        choices=("upstream",),
        noun="something to be compatible with",
    )
    stations: dict[str, StationOptions] = option({}, "", layers="file", parse=tables.stations)
    groups: dict[str, str] = option({}, "", layers="file", parse=tables.groups)
    vendors: dict[str, dict[str, Any]] = option({}, "", layers="file", parse=tables.vendors)

    # --- what only the whole can tell -----------------------------------------------------------------------

    def check(self, given: frozenset[str]) -> None:
        """Refuse what contradicts itself, or has no meaning in any version served; UsageError."""
        if self.command is not None and self.delay is None and self.period is None:
            raise UsageError("needs --delay or --period", "command")
        if self.tls_key is not None and self.tls_cert is None:
            raise UsageError("needs --tls-cert", "tls_key")
        if self.lenient_subprotocol and V16 not in self.versions:
            raise UsageError("needs 1.6 among --versions", "lenient_subprotocol")
        self.check_files(given)
        for name, meant in _MEANT.items():
            if name in given:
                self._refuse("what it sets", meant, name)
        self.check_forward(given, _ANSWERING)
        self._check_words(given)
        self._check_lengths(given)
        self.check_commands()

    def _refuse(self, what: str, meant: Sequence[Version], name: str) -> None:
        why = words.nowhere(what, meant, self.versions)
        if why is not None:
            raise UsageError(why, name)

    def _check_words(self, given: frozenset[str]) -> None:
        if self.reset_type is not None:
            self._refuse(repr(self.reset_type), words.RESET_TYPES[self.reset_type], "reset_type")
        if "trigger_message" in given:
            self._refuse(repr(self.trigger_message), words.TRIGGERS[self.trigger_message], "trigger_message")
        for token, status in self.tokens.items():
            self._refuse(f"{token}={status}: {status!r}", words.TOKEN_STATUSES[status], "tokens")
        for station, own in self.stations.items():
            for token, status in own.tokens.items():
                what = f"{station}: {token}={status}: {status!r}"
                self._refuse(what, words.TOKEN_STATUSES[status], "stations")

    def _check_lengths(self, given: frozenset[str]) -> None:
        for name in ("auth_group_id", "reserve_id_token", "reserve_id_tag", "groups"):
            value = getattr(self, name)
            served = [v for v in _MEANT.get(name, VERSIONS) if v in self.versions]
            for text in value.values() if name == "groups" else [value]:
                if name in given and text and len(text) > max(_LONGEST_TOKEN[v] for v in served):
                    longest = max(served, key=lambda v: _LONGEST_TOKEN[v])
                    limit = f"{_LONGEST_TOKEN[longest]} characters, the most that OCPP {longest} allows"
                    raise UsageError(f"{text!r} is longer than {limit}", name)


_MEANT: dict[str, tuple[Version, ...]] = {
    "total_cost": V2X,
    "price_per_kwh": V2X,
    "set_variables": V2X,
    "get_variables": V2X,
    "reserve_id_token": V2X,
    "reserve_evse_id": V2X,
    "reserve_id_tag": (V16,),
    "reserve_connector_id": (V16,),
}
"""The flags that not every version has a use for."""

_LONGEST_TOKEN = {V16: 20, V201: 36, V21: 255}
"""Characters of an idTag (1.6 §6.30) and of IdTokenType.idToken (2.0.1, 2.1)."""

_ANSWERING = (PERSONA, BOOT, AUTH, AUTHORITY, PAYMENT, NEEDS, FILES, SEND, SAY, COMPATIBILITY)
"""The groups of options by which a CSMS answers, sends and serves by itself."""

EXAMPLES = """\
examples:
  python -m csms --boot-status-sequence Pending,Accepted
  python -m csms --token E1=Expired --auth-mode whitelist --whitelist E1 E2
  python -m csms --command Reset --delay 5 --reset-type OnIdle
  python -m csms --commands reset:kind=OnIdle@5,ClearCache:10 --rearm
or with a first word: run, scenario, replay, diff (each has its own --help)

only in a file (--config):
  [csms.stations.ID]     boots and tokens of one station
  [csms.groups]          TOKEN = GROUP, the group (1.6: parent) of one token
  [csms.vendors.VENDOR]  MESSAGE = STATUS, what DataTransfer is answered
"""


def parser() -> OptionParser[CsmsOptions]:
    """The parser of `python -m csms`."""
    return OptionParser(
        CsmsOptions,
        prog="csms",
        table="csms",
        prefix="OCPP_CSMS_",
        description="A mock CSMS (back office) for OCPP 1.6J, 2.0.1 and 2.1, all on one port.",
        examples=EXAMPLES,
        groups=GROUPS,
    )


def parse(args: Sequence[str] | None = None) -> CsmsOptions:
    """The options of this process (of `args`, or sys.argv); ends it with status 2 when they are wrong."""
    return parser().parse_args(args)


def resolve(args: Sequence[str], environ: Mapping[str, str]) -> CsmsOptions:
    """The options that `args` and `environ` amount to; UsageError when they are wrong."""
    return parser().resolve(args, environ)[0]
