"""The options of what is sent without being asked: commands, their moments, and what they say."""

# ruff: noqa: RUF009  (`option` makes a dataclass field)

from dataclasses import dataclass

from csms import option_values as words
from csms.option_listen import ListenOptions
from csms.option_values import Scheduled, VariableName, VariableValue
from shared.option_fields import UsageError, option
from shared.option_values import filled, one_of, positive, whole

SEND, SAY = "commands to send", "what the commands say"

_positive_id = whole(0, 2**31 - 1)


@dataclass(frozen=True, eq=False, repr=False)
class CommandOptions(ListenOptions):
    """What is sent, when, and with what in it, to stations of the versions that are served."""

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

    @property
    def steps(self) -> tuple[Scheduled, ...]:
        """The commands to send in turn, each with its delay; with `period` the one that is repeated."""
        if self.command is None:
            return self.commands
        return (Scheduled(self.command.name, self.command.options, self.delay or self.period or 0.0),)

    def check_commands(self) -> None:
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
