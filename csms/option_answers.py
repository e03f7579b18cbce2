"""The options of what stations are answered: registration, and who may charge at what cost."""

# ruff: noqa: RUF009  (`option` makes a dataclass field)

from dataclasses import dataclass

from csms import option_tables as tables
from csms import option_values as words
from shared.option_fields import option
from shared.option_values import Pairs, filled, positive, whole
from shared.options import CommonOptions

BOOT, AUTH = "registration", "authorization"


@dataclass(frozen=True, eq=False, repr=False)
class AnswerOptions(CommonOptions):
    """What BootNotification and tokens are answered."""

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

    @property
    def boot_statuses(self) -> tuple[str, ...]:
        """What each station's boots are answered, one after another, the last for ever; never empty."""
        return self.boot_status_sequence or (self.boot_status or "Accepted",)
