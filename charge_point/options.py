"""Every option of `python -m charge_point`: the one place where a flag is added."""

# ruff: noqa: RUF009  (`option` makes a dataclass field)

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from charge_point.ev import vehicle
from charge_point.option_drivers import check_drivers, check_stations, of_drivers
from charge_point.persona_of import LIST, Persona
from shared.option_fields import UsageError, option
from shared.option_layers import Layer
from shared.option_values import Pairs, address, filled, not_negative, positive, readable, versions, whole
from shared.options import CommonOptions, OptionParser
from shared.suggest import not_one_of
from shared.versions import V2X, V16, V21, V201, Version

REACH, STATION, BOOT = "reaching the CSMS", "the station", "registration and statuses"
DRIVE, BACK = "the driver", "coming back"
GROUPS = (REACH, STATION, DRIVE, BOOT, BACK)

ENCODINGS = ("text", "hex", "raw")

TOKEN_TYPES: dict[str, tuple[Version, ...]] = {
    # 2.0.1 part 2 IdTokenEnumType; 2.1 appendix IdTokenEnumStringType, an open list
    **dict.fromkeys(
        ("Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization"), V2X
    ),
    **dict.fromkeys(("DirectPayment", "EVCCID", "VIN"), (V21,)),
}

_LONGEST = {
    # 1.6 §6.3 BootNotification.req and §6.30 IdToken; 2.x ChargingStationType and IdTokenType
    "vendor": {V16: 20, V201: 50, V21: 50},
    "model": {V16: 20, V201: 20, V21: 20},
    "serial": {V16: 25, V201: 25, V21: 25},
    "firmware": {V16: 50, V201: 50, V21: 50},
    "token": {V16: 20, V201: 36, V21: 255},
}
"""Characters that BootNotification and the id token may have."""

_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "x-api-key")


def _header(name: str, value: str) -> str:
    """The value of an extra handshake header; its name is an RFC 9110 token."""
    if not all(c.isascii() and (c.isalnum() or c in "!#$%&'*+-.^_`|~") for c in name):
        raise ValueError(f"{name!r} is not the name of a header")
    if "\r" in value or "\n" in value:
        raise ValueError(f"{name}: the value of a header is one line")
    return value


def _without_secrets(headers: dict[str, str]) -> dict[str, str]:
    return {k: "(redacted)" if k.lower() in _SECRET_HEADERS else v for k, v in headers.items()}


def _persona(name: str) -> Persona:
    """The persona of this name or file; its reader is not loaded for nothing."""
    from charge_point.persona import named

    return named(name)


def _text(key: str, value: str) -> str:
    return value


def _of_a_car(name: str, value: str) -> str:
    """A property of a car, if there is such a car."""
    vehicle({name: value})
    return value


@dataclass(frozen=True, eq=False, repr=False)
class ChargePointOptions(CommonOptions):
    """The configuration of one simulated station, flat; every value is parsed and checked."""

    csms: str = option(
        "",
        "the address of the CSMS, as in ws://localhost:9000; the id is appended",
        group=REACH,
        parse=address,
        metavar="URL",
        required=True,
    )
    id: str = option("CP1", "the station's identity", group=REACH, parse=filled, metavar="ID")
    stations: int | None = option(
        None,
        "be so many stations, with {n} or {n:03} for their number in --id, --serial and tokens (docs/fleet.md)",
        group=REACH,
        parse=whole(1, 100_000),
        shown="one",
    )
    stagger: float = option(
        0.0, "dial so much later for each station after the first", group=REACH, parse=not_negative
    )
    ocpp_version: tuple[Version, ...] = option(
        (V21, V201, V16),
        "the versions to offer, the preferred first",
        group=REACH,
        parse=versions,
        many=True,
        metavar="V,V",
        aliases=("--versions",),
    )
    password: str | None = option(
        None,
        "the password of HTTP Basic auth; better in the environment or a file",
        group=REACH,
        parse=filled,
        metavar="PASSWORD",
        exclusive="password",
        secret=True,
    )
    password_file: str | None = option(
        None,
        "read the password from this file",
        group=REACH,
        parse=readable,
        metavar="FILE",
        exclusive="password",
    )
    password_encoding: str = option(
        "text",
        "send the password as the text it is, as the bytes of its hex digits (a 1.6 AuthorizationKey), "
        "or every byte of the file",
        group=REACH,
        choices=ENCODINGS,
        noun="an encoding of the password",
    )
    header: dict[str, str] = option(
        {},
        "an extra header of the handshake; may be repeated",
        group=REACH,
        parse=Pairs("NAME=VALUE", _header),
        many=True,
        metavar="NAME=VALUE",
        secret=_without_secrets,
    )
    ca: str | None = option(
        None,
        "trust the certificates in this file (PEM) for wss://, beside roots that the CSMS installs (docs/roots.md)",
        group=REACH,
        parse=readable,
        metavar="FILE",
        exclusive="trust",
    )
    insecure: bool = option(False, "trust any certificate", group=REACH, exclusive="trust")
    compression: bool = option(False, "offer permessage-deflate", group=REACH)

    persona: Persona | None = option(
        None,
        "be a station of this kind: the name of one (`list` tells all), or a TOML file of your own "
        "(docs/personas.md)",
        group=STATION,
        parse=_persona,
        metavar="NAME|FILE",
    )
    evses: int = option(1, "how many EVSEs it has", group=STATION, parse=whole(1, 1000))
    connectors: int = option(1, "how many connectors each EVSE has", group=STATION, parse=whole(1, 100))
    current: str = option(
        "AC", "what its EVSEs deliver", group=STATION, choices=("AC", "DC"), noun="a kind of current"
    )
    phases: int = option(3, "on how many phases (AC)", group=STATION, parse=whole(1, 3))
    amps: float = option(
        32.0,
        "the most that flows, on each phase or on the DC cable",
        group=STATION,
        parse=positive,
        metavar="A",
    )
    power: float | None = option(
        None,
        "the most that a DC EVSE delivers",
        group=STATION,
        parse=positive,
        metavar="W",
        shown="400 V x amps",
    )
    tethered: bool = option(False, "its cables are fixed to it", group=STATION)
    ev: dict[str, str] = option(
        {},
        "the car that is plugged in, as in battery=60000,soc=30,phases=1; without a battery it is never full",
        group=STATION,
        parse=Pairs("NAME=VALUE", _of_a_car, commas=True),
        many=True,
        metavar="NAME=VALUE",
    )
    vendor: str = option("OCPP mock pair", "its vendor", group=STATION, parse=filled)
    model: str = option("Simulator", "its model", group=STATION, parse=filled)
    serial: str | None = option(None, "its serial number", group=STATION, parse=filled, shown="none sent")
    firmware: str = option("1.0.0", "its firmware version", group=STATION, parse=filled)
    set: dict[str, str] = option(
        {},
        "preset a configuration key (1.6) or Component.Variable (2.x); may be repeated",
        group=STATION,
        parse=Pairs("KEY=VALUE", _text),
        many=True,
        metavar="KEY=VALUE",
    )

    sessions: int = option(
        0,
        "make this many charging sessions and end; 0 waits for the CSMS",
        group=DRIVE,
        parse=whole(0),
    )
    energy: float | None = option(
        None,
        "how much each session charges",
        group=DRIVE,
        parse=positive,
        metavar="WH",
        exclusive="goal",
    )
    duration: float | None = option(
        None, "how long each session charges", group=DRIVE, parse=positive, exclusive="goal", shown="10"
    )
    token: str = option("test_token", "the token presented", group=DRIVE, parse=filled, metavar="TOKEN")
    token_type: str = option(
        "ISO14443",
        f"its type (2.x): {', '.join(TOKEN_TYPES)}",
        group=DRIVE,
        parse=filled,
        metavar="TYPE",
    )
    generate: dict[str, str] = option(
        {},
        "let drivers come and go by chance, as in max_duration=600,probability=0.8 (docs/personas.md)",
        group=DRIVE,
        parse=Pairs("NAME=VALUE", of_drivers, commas=True),
        many=True,
        metavar="NAME=VALUE",
    )
    stay: bool = option(False, "stay connected after the last session", group=DRIVE)

    heartbeat_interval: float | None = option(
        None, "send heartbeats this often, whatever the CSMS says", group=BOOT, parse=positive
    )
    status_by: str = option(
        "notify-event",
        "how a 2.1 station reports its connectors",
        group=BOOT,
        choices=("notify-event", "notification"),
        noun="a way to report statuses",
    )
    boot_on_reconnect: bool = option(
        False, "send BootNotification after every reconnect, as many stations do", group=BOOT
    )

    reconnect_min: float = option(1.0, "the least to wait before dialling again", group=BACK, parse=positive)
    reconnect_random: float = option(
        1.0, "wait up to this much more, at random", group=BACK, parse=not_negative
    )
    reconnect_repeat: int = option(
        5, "how often the wait doubles", group=BACK, parse=whole(0, 30), metavar="TIMES"
    )
    give_up_after: float | None = option(
        None,
        "end with 3 when the CSMS cannot be reached for so long",
        group=BACK,
        parse=positive,
        shown="never",
    )

    @staticmethod
    def beneath(given: Layer) -> Layer:
        """The options of the persona, which everything else that is said comes before."""
        if "persona" not in given:
            return {}
        if given["persona"].value.name == LIST:
            return {"csms": given["persona"]._replace(value="ws://nobody")}  # which nobody dials
        from charge_point.persona import layer_of

        return layer_of(given["persona"].value)

    @property
    def goal(self) -> tuple[float | None, float | None]:
        """When a session has charged enough: Wh or seconds, one of them None; 10 s when neither was given."""
        return (self.energy, None) if self.energy is not None else (None, self.duration or 10.0)

    def password_bytes(self) -> bytes | None:
        """What Basic auth sends behind `id:`, None without a password; UsageError names the option at fault.

        1.6 sends the bytes whose hex digits AuthorizationKey holds (security whitepaper A00.FR.205), 2.x the text
        in UTF-8 (2.x part 2 A00.FR.205).
        """
        source = "password" if self.password_file is None else "password_file"
        if self.password_file is not None:
            try:
                with open(self.password_file, "rb") as file:
                    content = file.read()
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise UsageError(f"{self.password_file}: {why}", source) from None
        elif self.password is not None:
            content = self.password.encode("utf-8", "surrogateescape")
        else:
            return None
        if self.password_encoding == "raw":
            return content
        content = content.rstrip(b"\r\n")
        if not content:
            raise UsageError("the password is empty", source)
        if self.password_encoding == "text":
            return content
        try:
            return bytes.fromhex(content.decode("ascii"))
        except ValueError:
            raise UsageError("the password is not an even number of hex digits", source) from None

    # --- what only the whole can tell -----------------------------------------------------------------------

    def check(self, given: frozenset[str]) -> None:
        """Refuse what contradicts itself, or has no meaning in any version offered; UsageError."""
        if self.stations is not None or self.stagger:
            return check_stations(self, given)
        has_password = self.password_bytes() is not None
        if has_password and ":" in self.id:
            # RFC 7617 §2: the user name ends at the first colon
            raise UsageError(f"{self.id!r} cannot hold a colon when there is a password", "id")
        if not has_password and "password_encoding" in given:
            raise UsageError("needs --password or --password-file", "password_encoding")
        if self.stay and not self.sessions:
            raise UsageError("needs --sessions; without, the station stays anyhow", "stay")
        if self.power is not None and self.current != "DC":
            raise UsageError("needs --current DC; of AC it follows from --amps and --phases", "power")
        for injection in self.inject:
            if injection.fault.at_handshake:
                name = injection.fault.name
                raise UsageError(f"{name}: only a CSMS is connected to; a station dials", "inject")
        check_drivers(self.generate, self.sessions)
        self._check_lengths()
        self._check_token_type(given)
        of_persona = self.persona.settings if self.persona else {}  # which says it for where it has a meaning
        if "status_by" in given and V21 not in self.ocpp_version and "status_by" not in of_persona:
            raise UsageError(f"has a meaning in OCPP 2.1 only, and {self._offered()}", "status_by")

    def _offered(self) -> str:
        return f"--ocpp-version has {', '.join(v.name for v in self.ocpp_version)}"

    def _check_lengths(self) -> None:
        """What the station sends must be valid in every version that the CSMS may choose."""
        for name, limits in _LONGEST.items():
            text = getattr(self, name)
            strictest = min(self.ocpp_version, key=lambda version: limits[version])
            if text is not None and len(text) > limits[strictest]:
                limit = f"{limits[strictest]} characters, the most that OCPP {strictest} allows"
                raise UsageError(f"{text!r} is longer than {limit}", name)

    def _check_token_type(self, given: frozenset[str]) -> None:
        if "token_type" not in given:
            return
        if not any(version in self.ocpp_version for version in V2X):
            raise UsageError(f"has a meaning in OCPP 2.x only, and {self._offered()}", "token_type")
        if V201 not in self.ocpp_version:  # 2.1: any string of at most 20 characters
            if len(self.token_type) > 20:
                raise UsageError(f"{self.token_type!r} is longer than 20 characters", "token_type")
            return
        allowed = [name for name, meant in TOKEN_TYPES.items() if V201 in meant]
        if self.token_type in TOKEN_TYPES and self.token_type not in allowed:
            raise UsageError(
                f"{self.token_type!r} exists in OCPP 2.1 only, and {self._offered()}", "token_type"
            )
        if self.token_type not in allowed:
            raise UsageError(not_one_of(self.token_type, "a token type of OCPP 2.0.1", allowed), "token_type")


EXAMPLES = """\
examples:
  python -m charge_point --csms ws://localhost:9000
  python -m charge_point --csms ws://localhost:9000 --sessions 1 --duration 5
  python -m charge_point --csms wss://csms.example/ocpp --ocpp-version 1.6
or with a first word: run, scenario, replay, diff (each has its own --help)
"""


def parser() -> OptionParser[ChargePointOptions]:
    """The parser of `python -m charge_point`."""
    return OptionParser(
        ChargePointOptions,
        prog="charge_point",
        table="charge_point",
        prefix="OCPP_CP_",
        description="A simulated station for OCPP 1.6J, 2.0.1 and 2.1, with its driver.",
        examples=EXAMPLES,
        groups=GROUPS,
    )


def parse(args: Sequence[str] | None = None) -> ChargePointOptions:
    """The options of this process (of `args`, or sys.argv); ends it with status 2 when they are wrong."""
    return parser().parse_args(args)


def resolve(args: Sequence[str], environ: Mapping[str, str]) -> ChargePointOptions:
    """The options that `args` and `environ` amount to; UsageError when they are wrong."""
    return parser().resolve(args, environ)[0]
