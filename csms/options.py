"""Every option of `python -m csms`: the one place where a flag is added."""

# ruff: noqa: RUF009  (`option` makes a dataclass field)

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csms import option_tables as tables
from csms import option_values as words
from csms.files_options import FILES, FileOptions
from csms.option_authority import AUTHORITY
from csms.option_forward import FORWARD
from csms.option_needs import NEEDS
from csms.option_payment import PAYMENT, PaymentOptions
from csms.option_persona import PERSONA
from csms.option_tables import StationOptions
from csms.option_values import Scheduled, VariableName, VariableValue
from shared.option_fields import UsageError, option
from shared.option_values import Pairs, filled, one_of, positive, readable, versions, whole
from shared.options import OptionParser
from shared.versions import V2X, V16, V21, V201, VERSIONS, Version

LISTEN, BOOT, AUTH = "listening", "registration", "authorization"
SEND, SAY, COMPATIBILITY = "commands to send", "what the commands say", "compatibility"
GROUPS = (LISTEN, FORWARD, PERSONA, BOOT, AUTH, AUTHORITY, PAYMENT, NEEDS, FILES, SEND, SAY)

_positive_id = whole(0, 2**31 - 1)


@dataclass(frozen=True, eq=False, repr=False)
class CsmsOptions(FileOptions, PaymentOptions):
    """The configuration of one mock CSMS, flat; every value is parsed and checked."""

    host: str = option("127.0.0.1", "the address to listen on", group=LISTEN, parse=filled, metavar="ADDRESS")
    port: int = option(
        9000, "the port to listen on, 0 for a free one", group=LISTEN, parse=whole(0, 65535), metavar="PORT"
    )
    versions: tuple[Version, ...] = option(
        VERSIONS,
        "the OCPP versions to serve",
        group=LISTEN,
        parse=versions,
        many=True,
        metavar="V,V",
        aliases=("--ocpp-version",),
    )
    no_subprotocol: str = option(
        "refuse",
        "when no version is common: refuse the handshake (400), or complete it and close",
        group=LISTEN,
        choices=("refuse", "close"),
        noun="a way to turn down a station",
    )
    lenient_subprotocol: bool = option(
        False, "take a station that names no subprotocol at all for OCPP 1.6", group=LISTEN
    )
    tls_cert: str | None = option(
        None, "serve wss:// with this certificate chain (PEM)", group=LISTEN, parse=readable, metavar="FILE"
    )
    tls_key: str | None = option(
        None, "its private key, unless the chain holds it", group=LISTEN, parse=readable, metavar="FILE"
    )
    passwords: str | None = option(
        None,
        "demand Basic auth; lines of IDENTITY:PASSWORD or IDENTITY:hex:DIGITS",
        group=LISTEN,
        parse=readable,
        metavar="FILE",
    )
    compression: bool = option(True, "do not accept permessage-deflate", group=LISTEN)

    boot_status: str | None = option(
        None,
        "the answer to every BootNotification",
        group=BOOT,
        parse=tables.status,
        metavar="|".join(words.REGISTRATION_STATUSES),
        exclusive="boot",
        shown="Accepted",
    )
    boot_status_sequence: tuple[str, ...] = option(
        (),
        "the answers to a station's BootNotifications, one after another, the last for ever",
        group=BOOT,
        parse=tables.statuses,
        many=True,
        metavar="STATUS,...",
        exclusive="boot",
    )
    heartbeat_interval: int = option(
        60, "interval in an Accepted answer", group=BOOT, parse=whole(0, 2**31 - 1), metavar="SECONDS"
    )
    retry_interval: int = option(
        5,
        "interval in a Pending or Rejected answer",
        group=BOOT,
        parse=whole(0, 2**31 - 1),
        metavar="SECONDS",
    )
    registration: str = option(
        "normal",
        "strict: serve nobody who has not booted in this run; lenient: serve also who was not accepted",
        group=BOOT,
        choices=("normal", "strict", "lenient"),
        noun="a registration policy",
    )

    auth_mode: str = option(
        "normal", "who may charge", group=AUTH, parse=words.auth_mode, metavar="|".join(words.AUTH_MODES)
    )
    whitelist: tuple[str, ...] = option(
        ("valid_token", "test_token", "authorized_user"),
        "the tokens accepted in whitelist mode",
        group=AUTH,
        parse=words.some_tokens,
        many=True,
        nargs="+",
        metavar="TOKEN",
    )
    blacklist: tuple[str, ...] = option(
        ("blocked_token", "invalid_user"),
        "the tokens blocked in blacklist mode",
        group=AUTH,
        parse=words.some_tokens,
        many=True,
        nargs="+",
        metavar="TOKEN",
    )
    tokens: dict[str, str] = option(
        {},
        "the status of one token, in every mode; may be repeated or a comma list",
        group=AUTH,
        parse=Pairs("TOKEN=STATUS", words.token_status, commas=True),
        many=True,
        flag="--token",
        metavar="TOKEN=STATUS",
    )
    offline: bool = option(
        False, "answer Authorize with InternalError, as if what stands behind were away", group=AUTH
    )
    auth_group_id: str | None = option(
        None,
        "the group (1.6: parent) of every token",
        group=AUTH,
        parse=filled,
        metavar="ID",
        aliases=("--auth-parent-id-tag",),
    )
    auth_cache_expiry: float | None = option(
        None, "let answers about tokens expire after this time", group=AUTH, parse=positive
    )
    concurrent_tx: bool = option(
        False, "answer ConcurrentTx to a token that charges elsewhere already", group=AUTH
    )

    command: Scheduled | None = option(
        None,
        "send this command, as in reset or Reset:kind=OnIdle; needs --delay or --period",
        group=SEND,
        parse=words.command,
        short="-c",
        metavar="CMD",
        exclusive="commands",
    )
    commands: tuple[Scheduled, ...] = option(
        (),
        "send these one after another, each DELAY seconds after the one before; CMD:options@DELAY with options",
        group=SEND,
        parse=words.commands,
        many=True,
        metavar="CMD:DELAY,...",
        exclusive="commands",
    )
    delay: float | None = option(
        None, "send --command once, after this time", group=SEND, parse=positive, short="-d", exclusive="when"
    )
    period: float | None = option(
        None, "send --command again and again", group=SEND, parse=positive, short="-p", exclusive="when"
    )
    call: tuple[str, ...] = option(
        (),
        'send {"action": ..., "payload": {...}} unchecked, before any command; may be repeated',
        group=SEND,
        parse=tuple,
        many=True,
        metavar="JSON",
    )
    start_on: str = option(
        "connect",
        "what a station does for delays to begin to count",
        group=SEND,
        choices=("connect", "boot", "accepted"),
        noun="a start",
    )
    rearm: bool = option(False, "begin again on every connection, not once per station", group=SEND)

    trigger_message: str = option(
        "StatusNotification",
        "what TriggerMessage asks for",
        group=SAY,
        parse=one_of("a message that can be triggered", words.TRIGGERS),
        metavar="MESSAGE",
    )
    reset_type: str | None = option(
        None,
        f"the kind of Reset: {', '.join(words.RESET_TYPES)}",
        group=SAY,
        parse=one_of("a kind of reset", words.RESET_TYPES),
        metavar="KIND",
        shown="Immediate; 1.6: Hard",
    )
    availability_status: str = option(
        "Operative",
        "what ChangeAvailability sets",
        group=SAY,
        parse=one_of("an availability", ("Operative", "Inoperative")),
        metavar="Operative|Inoperative",
        aliases=("--availability-type",),
    )
    set_variables: tuple[VariableValue, ...] = option(
        (),
        "what SetVariables sets (2.x)",
        group=SAY,
        parse=words.set_variables,
        many=True,
        metavar="Component.Variable=Value,...",
    )
    get_variables: tuple[VariableName, ...] = option(
        (),
        "what GetVariables reads (2.x)",
        group=SAY,
        parse=words.get_variables,
        many=True,
        metavar="Component.Variable,...",
    )
    connector_id: int = option(
        1, "the connector of commands that name one (2.x: of EVSE 1)", group=SAY, parse=_positive_id
    )
    reservation_id: int = option(1, "of ReserveNow, CancelReservation", group=SAY, parse=_positive_id)
    reserve_id_token: str = option(
        "reserved_token", "who ReserveNow reserves for (2.x)", group=SAY, parse=filled, metavar="TOKEN"
    )
    reserve_id_tag: str = option(
        "reserved_tag", "who ReserveNow reserves for (1.6)", group=SAY, parse=filled, metavar="TOKEN"
    )
    reserve_evse_id: int = option(1, "the EVSE of ReserveNow (2.x)", group=SAY, parse=_positive_id)
    reserve_connector_id: int = option(1, "the connector of ReserveNow (1.6)", group=SAY, parse=_positive_id)
    local_list_tokens: tuple[str, ...] = option(
        ("test_token",),
        "the tokens of SendLocalList, all Accepted",
        group=SAY,
        parse=words.tokens,
        many=True,
        nargs="*",
        metavar="TOKEN",
    )
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

    @property
    def boot_statuses(self) -> tuple[str, ...]:
        """What each station's boots are answered, one after another, the last for ever; never empty."""
        return self.boot_status_sequence or (self.boot_status or "Accepted",)

    @property
    def steps(self) -> tuple[Scheduled, ...]:
        """The commands to send in turn, each with its delay; with `period` the one that is repeated."""
        if self.command is None:
            return self.commands
        return (Scheduled(self.command.name, self.command.options, self.delay or self.period or 0.0),)

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
        self.check_forward(given, (PERSONA, BOOT, AUTH, PAYMENT, SEND, SAY, COMPATIBILITY))
        self._check_words(given)
        self._check_lengths(given)
        self._check_commands()

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

    def _check_commands(self) -> None:
        """Names, options and raw calls, judged by the commands themselves, which are imported only if needed."""
        if not (self.command or self.commands or self.call):
            return
        from csms.commands import check, raw

        for name, texts in (
            ("command", [self.command.text] if self.command else []),
            ("commands", [each.text for each in self.commands]),
            ("call", self.call),
        ):
            for text in texts:
                try:
                    raw(text) if name == "call" else check(text, self.versions)
                except UsageError as error:
                    raise UsageError(str(error), name) from None


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
