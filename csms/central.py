"""The way to the central system that stations are forwarded to: dialled for each station, before it is let in.

What the central system answers to a handshake is what the station is answered: the status of a refusal with a
sentence, and the subprotocol that was chosen. A central system that cannot be reached is a 502 (Bad Gateway), one
that does not answer in time a 504 (RFC 9110 §15.6.3, §15.6.5).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from websockets.exceptions import InvalidStatus

from csms.admission import read_passwords
from shared.dialer import DialFailed, Flags, Target, connected, explain, no_subprotocol
from shared.option_fields import UsageError
from shared.tls import client_context
from shared.versions import V16, Version
from shared.versions import version as version_called

if TYPE_CHECKING:
    from csms.options import CsmsOptions
    from shared.websocket import ClientSide

FLAGS = Flags(
    "--forward",
    "--versions",
    "the station's password, or give another with --forward-password",
    "--forward-ca FILE",
    "--forward-insecure",
)

PATIENCE = 8.0
"""Seconds that the central system gets for a handshake: less than the ten that the station's may take."""

_PASSED_ON = ("WWW-Authenticate", "Retry-After")
"""Headers of a refusal that the station must see to make use of it (RFC 9110 §11.6.1, §10.2.3)."""


class TurnedDown(Exception):
    """The central system will not have a station, or cannot be reached: what the station is to be answered."""

    def __init__(self, status: HTTPStatus, text: str, headers: Mapping[str, str] = {}) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers


class Central:
    """A central system, and how it is dialled. `passwords` hold for their stations, `password` for the others."""

    def __init__(
        self,
        url: str,
        *,
        password: bytes | None = None,
        passwords: Mapping[str, bytes] | None = None,
        tls: ssl.SSLContext | None = None,
        max_frame: int = 1024 * 1024,
        ping_interval: float | None = None,
        lenient: bool = False,
    ) -> None:
        self._target = Target(
            url,
            "",
            (),
            tls=tls,
            max_frame=max_frame,
            ping_interval=ping_interval,
            open_timeout=PATIENCE,
            flags=FLAGS,
        )
        self._password = password
        self._passwords = {name.lower(): secret for name, secret in (passwords or {}).items()}
        self._lenient = lenient

    async def dial(
        self,
        identity: str,
        versions: Sequence[Version],
        *,
        authorization: str | None = None,
        query: str = "",
        compression: bool = False,
    ) -> tuple[ClientSide, Version]:
        """Connect as the station `identity` does, which offers `versions` and shows `authorization` (its header).

        Gives the connection and the version that the central system chose. Raises `TurnedDown`.
        """
        password = self._passwords.get(identity.lower(), self._password)
        headers = {"Authorization": authorization} if authorization is not None and password is None else {}
        target = self._target._replace(
            base_url=_with_query(self._target.base_url, query),
            identity=identity,
            versions=versions,
            password=password,
            headers=headers,
            compression=compression,
        )
        try:
            connection = await connected(target)
        except DialFailed as failure:
            problem = failure.__cause__
            assert problem is not None, "a failure is always raised from its cause"
            raise _turned_down(problem, target) from failure
        if connection.subprotocol is not None:
            return connection, version_called(connection.subprotocol)
        if self._lenient and (V16 in versions or not versions):
            return connection, V16
        connection.transport.abort()  # part 4 §3.3 has it close by itself; nobody waits for that
        raise TurnedDown(HTTPStatus.BAD_REQUEST, f"{_where(target)}: {no_subprotocol(target)}")


def central_of(options: CsmsOptions) -> Central:
    """The central system that `--forward` names. Raises UsageError for files that cannot be used."""
    assert options.forward is not None
    try:
        passwords = read_passwords(options.forward_passwords) if options.forward_passwords else None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise UsageError(f"--forward-passwords: {reason}") from None
    return Central(
        options.forward,
        password=options.forward_password.encode() if options.forward_password is not None else None,
        passwords=passwords,
        tls=_tls(options),
        max_frame=options.max_message_size,
        ping_interval=options.ping_interval,
        lenient=options.lenient_subprotocol,
    )


def _tls(options: CsmsOptions) -> ssl.SSLContext | None:
    if options.forward is None or not options.forward.startswith("wss:"):
        return None
    try:
        return client_context(options.forward_ca, insecure=options.forward_insecure)
    except ssl.SSLError as problem:
        why = f"not a usable PEM file ({problem.reason or problem})"
        raise UsageError(f"--forward-ca: {options.forward_ca}: {why}") from None
    except OSError as problem:
        raise UsageError(f"--forward-ca: {options.forward_ca}: {problem.strerror}") from None


def _turned_down(problem: BaseException, target: Target) -> TurnedDown:
    """What a station is answered for whom the central system could not be dialled because of `problem`."""
    text = f"{_where(target)}: {explain(problem, target)}"
    if isinstance(problem, TimeoutError):
        return TurnedDown(HTTPStatus.GATEWAY_TIMEOUT, text)
    if not isinstance(problem, InvalidStatus):
        return TurnedDown(HTTPStatus.BAD_GATEWAY, text)
    response = problem.response
    try:
        status = HTTPStatus(response.status_code)
    except ValueError:  # a number that HTTP has no name for
        status = HTTPStatus.BAD_GATEWAY
    if status < HTTPStatus.BAD_REQUEST:  # no WebSocket, but no refusal that a station would understand either
        status = HTTPStatus.BAD_GATEWAY
    headers = {name: value for name in _PASSED_ON for value in response.headers.get_all(name)[:1]}
    return TurnedDown(status, text, headers)


def _where(target: Target) -> str:
    """The address that was dialled, without its query, which may hold a key."""
    return urlunsplit(urlsplit(target.url)._replace(query=""))


def _with_query(url: str, query: str) -> str:
    """`url` with the query of the station's own URL behind its own."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, query)))))
