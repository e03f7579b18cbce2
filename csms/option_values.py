"""The words and small grammars of the CSMS's command line, with the OCPP versions in which each has a meaning."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.option_values import Texts, filled, one_of, positive
from shared.versions import V2X, V16, V21, VERSIONS, Version

REGISTRATION_STATUSES = ("Accepted", "Pending", "Rejected")
AUTH_MODES = ("normal", "whitelist", "blacklist", "rate_limit")

DATA_TRANSFER_STATUSES = ("Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId")

_V16_ONLY = (V16,)

TOKEN_STATUSES: dict[str, tuple[Version, ...]] = {
    # 1.6 §7.2 AuthorizationStatus; 2.x part 2 §3.6 AuthorizationStatusEnumType
    **dict.fromkeys(("Accepted", "Blocked", "ConcurrentTx", "Expired", "Invalid"), VERSIONS),
    **dict.fromkeys(("NoCredit", "NotAllowedTypeEVSE", "NotAtThisLocation", "NotAtThisTime", "Unknown"), V2X),
}
RESET_TYPES: dict[str, tuple[Version, ...]] = {
    "Immediate": V2X,
    "OnIdle": V2X,
    "ImmediateAndResume": (V21,),
    "Hard": _V16_ONLY,
    "Soft": _V16_ONLY,
}
TRIGGERS: dict[str, tuple[Version, ...]] = {
    # 1.6 §7.37 and MessageTriggerEnumType of its security extension; 2.x part 2 MessageTriggerEnumType
    **dict.fromkeys(
        (
            "BootNotification",
            "FirmwareStatusNotification",
            "Heartbeat",
            "LogStatusNotification",
            "MeterValues",
            "StatusNotification",
        ),
        VERSIONS,
    ),
    **dict.fromkeys(("DiagnosticsStatusNotification", "SignChargePointCertificate"), _V16_ONLY),
    **dict.fromkeys(
        (
            "PublishFirmwareStatusNotification",
            "SignChargingStationCertificate",
            "SignCombinedCertificate",
            "SignV2GCertificate",
            "TransactionEvent",
        ),
        V2X,
    ),
    **dict.fromkeys(("CustomTrigger", "SignV2G20Certificate"), (V21,)),
}


class Scheduled(NamedTuple):
    """One command to send: its name, its options as typed behind the colon, and the seconds to wait before."""

    name: str
    options: str = ""
    delay: float = 0.0

    @property
    def text(self) -> str:
        """Name and options as `csms.commands` reads them."""
        return f"{self.name}:{self.options}" if self.options else self.name


class VariableValue(NamedTuple):
    """What `--set-variables` says of one variable."""

    component: str
    variable: str
    value: str


class VariableName(NamedTuple):
    """What `--get-variables` says of one variable."""

    component: str
    variable: str


def auth_mode(text: str) -> str:
    """A mode of the token policy; `offline` was one in the mock server to surpass, and is a switch since."""
    if text == "offline":
        raise ValueError(f"'offline' is a switch of its own, --offline ({', '.join(AUTH_MODES)})")
    return one_of("an authorization mode", AUTH_MODES)(text)


def tokens(texts: Texts) -> tuple[str, ...]:
    """Id tokens, separated by spaces or commas; may be none."""
    return tuple(part.strip() for text in texts for part in text.split(",") if part.strip())


def some_tokens(texts: Texts) -> tuple[str, ...]:
    """Id tokens, at least one."""
    found = tokens(texts)
    if not found:
        raise ValueError("at least one token is required")
    return found


def token_status(token: str, status: str) -> str:
    """The status that a token is to have."""
    filled(token)
    return one_of("an authorization status", TOKEN_STATUSES)(status)


def command(text: str) -> Scheduled:
    """`NAME` or `NAME:options`; the name itself is judged once the versions are known."""
    name, _, options = filled(text).partition(":")
    if not name.strip():
        raise ValueError(f"{text!r}: expected CMD or CMD:options")
    return Scheduled(name.strip(), options.strip())


# --- a sequence of commands ---------------------------------------------------------------------------------


def commands(texts: Texts) -> tuple[Scheduled, ...]:
    """`CMD:DELAY` items in comma lists; an item with options is `CMD:options@DELAY`, its commas its own.

    The delay is a finite number of seconds above 0, counted from the end of the step before. Blank items are
    skipped; one item at least is required.
    """
    found = [_item(item) for text in texts for item in _items(text)]
    if not found:
        raise ValueError("at least one CMD:DELAY is required")
    return tuple(found)


def _items(text: str) -> list[str]:
    """The items of a comma list, where options (`key=value,key=value` or JSON) run up to their `@DELAY`."""
    pieces = text.split(",")
    items = []
    while pieces:
        item = pieces.pop(0)
        if _has_options(item):
            end = next((n for n, piece in enumerate([item, *pieces]) if _ends_in_delay(piece)), 0)
            item = ",".join([item, *pieces[:end]])
            del pieces[:end]
        if item.strip():
            items.append(item.strip())
    return items


def _has_options(item: str) -> bool:
    rest = item.partition(":")[2].lstrip()
    return rest.startswith("{") or "=" in rest or "@" in rest


def _ends_in_delay(piece: str) -> bool:
    _, at, delay = piece.rpartition("@")
    try:
        return bool(at) and float(delay) == float(delay)
    except ValueError:
        return False


def _item(item: str) -> Scheduled:
    name, colon, rest = item.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"{item!r}: expected CMD:DELAY")
    options = ""
    if _has_options(item):
        options, at, rest = rest.rpartition("@")
        if not at:
            raise ValueError(f"{item!r}: expected CMD:options@DELAY")
    try:
        return Scheduled(name.strip(), options.strip(), positive(rest.strip()))
    except ValueError as error:
        raise ValueError(f"{item!r}: the delay {error}") from None


# --- variables ----------------------------------------------------------------------------------------------


def set_variables(texts: Texts) -> tuple[VariableValue, ...]:
    """`Component.Variable=Value` in comma lists: values may hold dots, `=` and spaces, but no comma."""
    found = []
    for item in _filled_items(texts, "Component.Variable=Value"):
        name, equals, value = item.partition("=")
        component, dot, variable = name.partition(".")
        if not (equals and dot and component.strip() and variable.strip()):
            raise ValueError(f"{item!r}: expected Component.Variable=Value")
        found.append(VariableValue(component.strip(), variable.strip(), value.strip()))
    return tuple(found)


def get_variables(texts: Texts) -> tuple[VariableName, ...]:
    """`Component.Variable` in comma lists."""
    found = []
    for item in _filled_items(texts, "Component.Variable"):
        component, dot, variable = item.partition(".")
        if not (dot and component.strip() and variable.strip()):
            raise ValueError(f"{item!r}: expected Component.Variable")
        found.append(VariableName(component.strip(), variable.strip()))
    return tuple(found)


def _filled_items(texts: Texts, form: str) -> list[str]:
    items = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if not items:
        raise ValueError(f"at least one {form} is required")
    return items


def nowhere(what: str, meant: Sequence[Version], enabled: Sequence[Version]) -> str | None:
    """Why `what`, which exists in the versions `meant`, is of no use when only `enabled` are served; or None."""
    if any(version in enabled for version in meant):
        return None
    theirs = " and ".join(v.name for v in meant)
    return f"{what} exists in OCPP {theirs} only, and --versions has {', '.join(v.name for v in enabled)}"


CERTIFICATE_STATUSES = (
    "Accepted",
    "SignatureError",
    "CertificateExpired",
    "CertificateRevoked",
    "NoCertificateAvailable",
    "CertChainError",
    "ContractCancelled",
)
