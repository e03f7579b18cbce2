"""The way to a central system: dial, say in one sentence why it failed, back off, dial again.

Back-off as OCPP 2.x sets it (2.0.1 part 4 §5.3, 2.1 part 4 §5.4 with §8.1): attempt k waits
`minimum * 2^min(k-1, repeat)` seconds plus a fresh random 0..`spread`; the first attempt after a loss waits too, and a
connection that was made starts the count anew. 1.6 names no values and gets the same rule.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from websockets.asyncio.client import connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
)

from shared.chance import Stream
from shared.link import Link
from shared.tls import client_context
from shared.versions import Version, version
from shared.websocket import ClientSide, WebSocketLink


class Backoff(NamedTuple):
    """How long to wait before attempt k, in seconds."""

    minimum: float = 1.0
    spread: float = 1.0
    repeat: int = 5

    def wait(self, attempt: int, chance: Stream) -> float:
        """Seconds before attempt number `attempt` (from 1)."""
        return float(self.minimum * 2 ** min(attempt - 1, self.repeat) + chance.uniform(0, self.spread))


class DialFailed(Exception):
    """An attempt failed; its text is one sentence with the address, the likely cause and what to try."""


class Flags(NamedTuple):
    """What the options are called that a failed attempt may be due to."""

    address: str = "--csms"
    version: str = "--ocpp-version"
    proof: str = "--id and --password"
    ca: str = "--ca FILE"
    insecure: str = "--insecure"


class Target(NamedTuple):
    """Where to dial and as whom."""

    base_url: str
    identity: str
    versions: Sequence[Version]
    password: bytes | None = None
    headers: Mapping[str, str] = {}
    tls: ssl.SSLContext | None = None
    compression: bool = False
    max_frame: int = 1024 * 1024
    ping_interval: float | None = None
    open_timeout: float = 10.0
    flags: Flags = Flags()
    trust: Callable[[], ssl.SSLContext] = client_context
    """Makes another `tls` of the same options, for who dials elsewhere or trusts somebody else too."""

    @property
    def url(self) -> str:
        """The connection URL: the identity, percent-encoded, is the path's last segment (part 4 §3.1.1)."""
        parts = urlsplit(self.base_url)
        path = f"{parts.path.rstrip('/')}/{quote(self.identity, safe='')}"
        return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


async def dial(target: Target) -> tuple[WebSocketLink, Version]:
    """Connect once; gives the link and the version that the server chose. Raises `DialFailed`."""
    connection = await connected(target)
    if connection.subprotocol is None:
        # never guess a version: part 4 §3.3 has the server close such a connection
        await connection.close(1002, "no subprotocol")
        raise DialFailed(f"{target.url}: {no_subprotocol(target)}")
    return WebSocketLink(connection), version(connection.subprotocol)


def no_subprotocol(target: Target) -> str:
    """What it means that a server completed the handshake without a subprotocol, in one clause."""
    offered = ", ".join(v.subprotocol for v in target.versions)
    return (
        f"the handshake was completed without a subprotocol, so the CSMS speaks none of {offered}; "
        f"try another {target.flags.version}"
    )


async def connected(target: Target) -> ClientSide:
    """Connect once, whichever subprotocol the server chooses, or none. Raises `DialFailed`, from what was wrong."""
    headers = dict(target.headers)
    if target.password is not None:
        # user name = identity, decoded (A00.FR.204); the password's own bytes, which in 1.6 need not be text
        credentials = target.identity.encode() + b":" + target.password
        headers["Authorization"] = f"Basic {b64encode(credentials).decode()}"
    try:
        connection = await connect(
            target.url,
            subprotocols=[v.subprotocol for v in target.versions] or None,  # type: ignore[misc]
            additional_headers=headers,
            ssl=target.tls if target.url.startswith("wss:") else None,
            create_connection=ClientSide,
            compression="deflate" if target.compression else None,
            max_size=target.max_frame,
            open_timeout=target.open_timeout,
            ping_interval=target.ping_interval,
            ping_timeout=target.ping_interval,
            proxy=None,
            user_agent_header=None,
        )
    except Exception as problem:
        raise DialFailed(f"{target.url}: {explain(problem, target)}") from problem
    assert isinstance(connection, ClientSide)
    return connection


def explain(problem: BaseException, target: Target) -> str:
    """The likely cause of a failed attempt and what to try, in one clause."""
    if isinstance(problem, InvalidStatus):
        return _explain_status(problem, target)
    if isinstance(problem, ssl.SSLCertVerificationError):
        return _explain_certificate(problem, target.flags)
    if isinstance(problem, ssl.SSLError):
        return f"TLS failed ({problem.reason or problem}); does this port speak TLS? if not, use ws://"
    if isinstance(problem, socket.gaierror):
        return f"the name {urlsplit(target.url).hostname!r} cannot be resolved; check {target.flags.address}"
    if isinstance(problem, ConnectionRefusedError) or (
        isinstance(problem, OSError) and "Connect call failed" in str(problem)
    ):
        return "nothing listens there (connection refused); is the CSMS running, and the port right?"
    if isinstance(problem, TimeoutError):
        return f"no answer within {target.open_timeout:g} s; is the address right, and no firewall between?"
    if isinstance(problem, InvalidURI):
        return f"this is not a ws:// or wss:// URL; check {target.flags.address}"
    if isinstance(problem, InvalidMessage):
        return "something answered, but not a WebSocket server; is the port right, or does it want wss://?"
    if isinstance(problem, InvalidHandshake):
        return f"the handshake failed: {problem}"
    if isinstance(problem, ConnectionError | ConnectionClosed):
        is_secure = target.url.startswith("wss:")
        hint = "does this port speak TLS? if not, use ws://" if is_secure else "does it want wss://?"
        return f"the connection was closed in the middle of the handshake; {hint}"
    if isinstance(problem, OSError):
        return f"{problem.strerror or problem or type(problem).__name__}"
    return f"{type(problem).__name__}: {problem}"


_EXPIRED, _NOT_YET_VALID = 10, 9
_WRONG_HOST, _WRONG_ADDRESS = 62, 64
"""X509_V_ERR_CERT_HAS_EXPIRED and its like, as OpenSSL numbers them."""


def _explain_certificate(problem: ssl.SSLCertVerificationError, flags: Flags) -> str:
    why = (problem.verify_message or problem.reason or str(problem)).rstrip(".")
    if problem.verify_code in (_EXPIRED, _NOT_YET_VALID):
        return (
            f"the TLS certificate is out of its time ({why}); renew it, check both clocks, or use "
            f"{flags.insecure}"
        )
    if problem.verify_code in (_WRONG_HOST, _WRONG_ADDRESS):
        return (
            f"the TLS certificate is another host's ({why}); dial the name that it is for, or use "
            f"{flags.insecure}"
        )
    return f"the TLS certificate is not trusted ({why}); give its authority with {flags.ca}, or use {flags.insecure}"


def _explain_status(problem: InvalidStatus, target: Target) -> str:
    status = problem.response.status_code
    said = bytes(problem.response.body or b"").decode("utf-8", "replace").strip().splitlines()
    words = f" ({said[0][:200]})" if said else ""
    if status == 401:
        is_given = target.password is not None or "Authorization" in target.headers
        hint = "the password is wrong" if is_given else "it wants a password"
        return f"401 Unauthorized{words}: {hint}; check {target.flags.proof}"
    if status == 403:
        return f"403 Forbidden{words}: the CSMS does not let {target.identity} in"
    if status == 404:
        return (
            f"404 Not Found{words}: the CSMS does not know {target.identity}, or the path in "
            f"{target.flags.address} is wrong"
        )
    if status == 400:
        return f"400 Bad Request{words}: often the subprotocol; try another {target.flags.version}"
    if status in (429, 503):
        return f"{status}{words}: the CSMS is overloaded or closed for now"
    return f"the CSMS answered with status {status}{words} instead of a WebSocket"


class GaveUp(Exception):
    """No connection could be made within the time allowed; its text is the last failure's sentence."""


class Dialer:
    """Keeps dialling one target. `tell` hears each failure as (sentence, seconds until the next attempt).

    `dial` makes one attempt: over a socket unless another way is given. It raises `DialFailed`.
    """

    failure: DialFailed | None = None
    """How the attempt before failed, while there is no connection."""

    def __init__(
        self,
        target: Target,
        backoff: Callable[[], Backoff],
        chance: Stream,
        *,
        give_up_after: float | None = None,
        tell: Callable[[str, float], object] = lambda sentence, wait: None,
        dial: Callable[[Target], Awaitable[tuple[Link, Version]]] = dial,
    ) -> None:
        self.target = target
        self._dial = dial
        self._backoff = backoff
        self._chance = chance
        self._give_up_after = give_up_after
        self._tell = tell
        self.route: Callable[[Target, int], Target] | None = None
        """Where to dial instead of `target`, after so many failures in a row."""
        self.dialled = target
        """Where the last attempt went."""

    async def connect(self, *, again: bool = False) -> tuple[Link, Version]:
        """Dial until a connection is made; `again` waits before the first attempt, as after a loss.

        Raises `GaveUp` when none was made within the time allowed.
        """
        loop = asyncio.get_running_loop()
        begun = loop.time()
        attempt = failures = 0
        if again:
            attempt = 1
            await asyncio.sleep(self._backoff().wait(attempt, self._chance))
        while True:
            self.dialled = self.target if self.route is None else self.route(self.target, failures)
            try:
                made = await self._dial(self.dialled)
                self.failure = None
                return made
            except DialFailed as failure:
                self.failure = failure
                attempt += 1
                failures += 1
                wait = self._backoff().wait(attempt, self._chance)
                if self._give_up_after is not None:
                    left = self._give_up_after - (loop.time() - begun)
                    if left <= 0:
                        raise GaveUp(str(failure)) from failure
                    wait = min(wait, left)
                self._tell(str(failure), wait)
                await asyncio.sleep(wait)
