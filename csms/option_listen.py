"""The options of listening: where, which versions, TLS, passwords."""

from dataclasses import dataclass

from shared.option_fields import option
from shared.option_values import filled, readable, versions, whole
from shared.options import CommonOptions
from shared.versions import VERSIONS, Version

LISTEN = "listening"


@dataclass(frozen=True, eq=False, repr=False)
class ListenOptions(CommonOptions):
    """Where stations are waited for, and who may come."""

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
