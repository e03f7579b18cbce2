"""The mock CSMS: admits stations, keeps a session for each that is connected and a record of each it has met."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from csms import blocks
from csms.admission import Admission, identity_of, remarks_on
from csms.admission import Refused as NotAdmitted
from csms.conductor import outcomes
from csms.persona import PLAIN
from csms.session import Session
from shared import dispatch
from shared.actions import known
from shared.chance import Stream
from shared.clock import Clock
from shared.dispatch import Payload, Table
from shared.faults import Faults
from shared.journal.journal import Journal
from shared.link import Link, LinkClosed
from shared.peer import STRICT, CallRefused, Peer, Setting
from shared.tasks import Tasks
from shared.versions import V16, VERSIONS, Version
from shared.wire.schema import schemas

if TYPE_CHECKING:
    import socket

    from websockets.asyncio.server import Server
    from websockets.http11 import Request, Response

    from csms.files import Library
    from csms.policies import Policies
    from csms.record import StationRecord
    from csms.timetable import Timetable, Timetables
    from shared.websocket import ServerSide

log = logging.getLogger("ocpp")

REPLACED = 4000
"""Close code for a connection that a newer one of the same station replaced (RFC 6455 §7.4.2: private use)."""

STOPPING = (1001, "the central system is shutting down")
"""Close code and reason for every connection when the program ends."""

FIGHT_WINDOW = 10.0
"""Seconds within which two clients of one identity that keep replacing each other are slowed down."""

MAX_FRAME = 1024 * 1024
BACKLOG = 4096

_tables: dict[Version, Table] = {}


def handlers(version: Version) -> Table:
    """The CSMS's handlers for `version`; one table per process."""
    if version not in _tables:
        _tables[version] = dispatch.table(version, blocks.MODULES)
    return _tables[version]


class Csms:
    """One mock back office. `policies` decides, `journal` remembers the wire, `records` remember the stations."""

    session_class = Session
    takes_no_commands = ""
    """Why nothing can be sent to stations, in words; "" where it can."""
    stopping = STOPPING

    def __init__(
        self,
        policies: Policies,
        journal: Journal,
        *,
        timetable: Timetable | Timetables | None = None,
        seed: int | str = 0,
        run_id: str = "0",
        schema: str = "strict",
        timeout: float = 30.0,
    ) -> None:
        self.policies = policies
        self.options = policies.options
        self.registrar = policies.registrar
        self.authorizer = policies.authorizer
        self.ledger = policies.ledger
        self.tariff = policies.tariff
        self.journal = journal
        self.files: Library | None = None
        """The firmware that stations may fetch, and where their uploads go, if it serves files."""
        self.clock: Clock = journal.clock
        self.timetable = timetable
        self.socket = PLAIN
        """How connections are treated below OCPP."""
        self.sessions: dict[str, Session] = {}
        self.records: dict[str, StationRecord] = {}
        self.bugs: list[BaseException] = []
        self.outcomes = outcomes()
        """What became of the commands that were sent, the last ones."""
        self.tasks = Tasks(self._crashed)
        self.faults = Faults(
            journal,
            self.tasks,
            "csms",
            seed=seed,
            peers=lambda: [each.peer for each in self.sessions.values()],
        )
        self.setting = Setting(
            "csms",
            journal,
            self.tasks,
            gate=policies.gate,
            schema=schema,
            timeout=timeout,
            crashed=self._crashed,
            faults=self.faults,
        )
        self.on_change: Callable[[Session, str], object] = lambda session, what: None
        """Told when a session is "connected" or "gone"."""
        self._seed = seed
        self._run_id = run_id
        self._connections = 0
        self._folded: dict[str, str] = {}
        self._fights: dict[str, tuple[float, int]] = {}
        self._servers: list[Server] = []
        self._stopping = False

    # --- stations ----------------------------------------------------------------------------------------

    async def serve(self, link: Link, identity: str, version: Version, url: str = "") -> LinkClosed:
        """Talk to one station until its connection ends. A connection it already had is replaced."""
        name = self._name(identity, version)
        await self._settle_fight(name)
        if self._stopping:
            await link.close(*self.stopping)
            return LinkClosed(*self.stopping)
        record = self.records.get(name)
        if record is None:
            record = self.records[name] = self.policies.new_record(identity, version)
        record.version = version
        self._connections += 1
        session = self.session_class(self, identity, version, record, url, self._connections)
        peer = session.peer = self._peer(link, session)
        older, self.sessions[name] = self.sessions.get(name), session
        self.journal.opened("csms", identity, f"{version.subprotocol} {url}".rstrip())
        remarks = remarks_on(identity, version)
        if remarks:
            session.note("identity", remarks, clause=f"OCPP {version.name} part 4 §3.1.1")
        if older is not None:
            self._replace(name, older)
        self.on_change(session, "connected")
        if self.timetable is not None:
            self.timetable.connected(session)
        ended = LinkClosed(1006, "no longer served")
        try:
            ended = await peer.run()
        finally:
            if self.sessions.get(name) is session:
                del self.sessions[name]
            self.journal.closed("csms", identity, str(ended))
            if self.timetable is not None:
                self.timetable.gone(session)
            self.on_change(session, "gone")
        return ended

    def _peer(self, link: Link, session: Session) -> Peer:
        """Who talks to the station of `session`."""
        version = session.version
        if self.socket.close_idle_after is not None:
            from csms.sockets import IdleLink

            link = IdleLink(link, self.socket)
        key = Stream(self._seed, "csms", session.id, self._run_id, session.number).hex(8)
        return Peer(
            link, version, handlers(version), session, self.setting, station=session.id, id_prefix=f"{key}-"
        )

    def remember(self, records: dict[str, StationRecord]) -> None:
        """Take up the records of an earlier run, each under the name that it is filed under."""
        self.records.update(records)
        self._folded.update({name.lower(): name for name in records})
        self.ledger.restore(records.values())

    def booted(self, session: Session, status: str) -> None:
        """A BootNotification was answered with `status`, and the answer is out."""
        if self.timetable is not None:
            self.timetable.booted(session, status)

    def energy(self, station: str) -> tuple[int, float]:
        """The finished transactions of a station and the Wh that they charged."""
        record = self.records.get(station) or self.records.get(self._folded.get(station.lower(), station))
        bills = self.ledger.billed(record) if record is not None else []
        return len(bills), sum(bill.energy or 0.0 for bill in bills)

    def find(self, name: str) -> Session | None:
        """The session of the connected station called `name`."""
        return self.sessions.get(name) or next(
            (s for s in self.sessions.values() if s.id.lower() == name.lower()), None
        )

    def stream(self, *purpose: object) -> Stream:
        """Seeded chance for one purpose."""
        return Stream(self._seed, "csms", *purpose)

    async def call(
        self,
        session: Session,
        action: str,
        payload: Payload,
        *,
        valid: bool = True,
        timeout: float | None = None,
    ) -> Payload:
        """Call a station and take note of what the call may bring about (B02.FR.02: triggered messages).

        Every call of ours that is not a reaction goes out here. Raises as `Peer.call`; with `valid=False` what
        breaks the schema is sent all the same, and nothing is concluded from it.
        """
        checked = schemas(session.version)
        if not known(session.version, action) or checked.violations(action, payload):
            return await session.call(action, payload, valid=valid, timeout=timeout)
        self.policies.expect(session, action, payload)
        try:
            answer = await session.call(action, payload, valid=valid, timeout=timeout)
        except CallRefused:
            self.policies.refused(session, action, payload)
            raise
        if self.setting.schema == STRICT or not checked.violations(action, answer, answer=True):
            self.policies.answered(session, action, payload, answer)
        return answer

    def _name(self, identity: str, version: Version) -> str:
        """What the station is filed under. 2.x identities do not differ by case (part 2 §2.1.4, Table 1);
        1.6 ones are taken as given."""
        if version is V16:
            self._folded.setdefault(identity.lower(), identity)
            return identity
        return self._folded.setdefault(identity.lower(), identity)

    def _replace(self, name: str, older: Session) -> None:
        """The newer connection wins: the older is closed and its pending calls fail at once."""
        now = self.clock.elapsed()
        since, count = self._fights.get(name, (now, 0))
        self._fights[name] = (since, count + 1) if now - since < FIGHT_WINDOW else (now, 1)
        older.note("replaced", f"a newer connection of {older.id} replaces this one")
        self.tasks.spawn(older.peer.close(REPLACED, "replaced by a newer connection of this station"))

    async def _settle_fight(self, name: str) -> None:
        """Slow down two clients that keep evicting each other."""
        since, count = self._fights.get(name, (0.0, 0))
        if count < 3 or self.clock.elapsed() - since > FIGHT_WINDOW:
            return
        wait = min(2.0 ** (count - 3), FIGHT_WINDOW)
        self.journal.note(
            name,
            "connection_fight",
            f"{count} connections of {name} replaced each other within {FIGHT_WINDOW:g} s: two clients use one "
            f"identity? the newest waits {wait:g} s",
            end="csms",
        )
        await asyncio.sleep(wait)

    def _crashed(self, error: BaseException) -> None:
        self.bugs.append(error)
        if not isinstance(error, Exception):
            raise error
        log.debug("a bug of ours", exc_info=error)

    # --- sockets -----------------------------------------------------------------------------------------

    async def listen(
        self,
        host: str,
        port: int,
        admission: Admission,
        *,
        tls: ssl.SSLContext | None = None,
        compression: bool = True,
        max_frame: int = MAX_FRAME,
        ping_interval: float | None = None,
        sockets: Sequence[socket.socket] = (),
    ) -> int:
        """Accept stations from now on; gives the port, which is a free one for port 0. Raises OSError.

        `sockets` that are listened to already take the place of host and port; they are closed with `stop`.
        """
        from websockets.asyncio.server import serve
        from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

        from shared.websocket import ServerSide

        # without context takeover on either side: 15 KiB a connection instead of 55
        deflate = ServerPerMessageDeflateFactory(
            server_no_context_takeover=True,
            client_no_context_takeover=True,
            compress_settings={"memLevel": 5},
        )
        scheme = "wss" if tls else "ws"
        begin = partial(
            serve,
            lambda connection: self._serve_socket(connection, scheme),  # type: ignore[arg-type]
            create_connection=ServerSide,
            process_request=lambda connection, request: self._shake_hands(connection, request, admission),
            select_subprotocol=lambda connection, offered: getattr(connection, "chosen", None),
            compression=None,
            extensions=[deflate] if compression else None,
            max_size=max_frame,
            ping_interval=ping_interval,
            ping_timeout=ping_interval,
            ssl=tls,
            backlog=BACKLOG,
            server_header=None,
        )
        self._servers = [await begin(sock=one) for one in sockets] or [await begin(host, port)]
        bound: int = next(iter(self._servers[0].sockets)).getsockname()[1]
        return bound

    def doubled_sockets(self) -> list[socket.socket]:
        """Sockets like those that are listened to, which stay open when these are closed; the caller closes them."""
        return [one.dup() for server in self._servers for one in server.sockets]

    async def stop(self) -> None:
        """Accept nobody any more, close every connection (1001), and end what still runs."""
        self._stopping = True
        for server in self._servers:
            server.close(close_connections=False)
        # side by side: one station that does not answer the close must not hold up the others
        await asyncio.gather(
            *(session.peer.close(*self.stopping) for session in list(self.sessions.values()))
        )
        for server in self._servers:
            await server.wait_closed()
        await self.tasks.end()

    def _shake_hands(
        self, connection: Any, request: Request, admission: Admission
    ) -> Response | Awaitable[Response | None] | None:
        """What a station's request for a connection is answered, None to let it in."""
        return self._admit(connection, request, admission)

    def _admit(self, connection: Any, request: Request, admission: Admission) -> Response | None:
        offered = admission.handshake.offered(request.headers.get_all("Sec-WebSocket-Protocol"))
        credentials = request.headers.get_all("Authorization")
        proof = credentials[0] if len(credentials) == 1 else None  # RFC 9110 §11.6.2: one, not a list
        identity = identity_of(request.path)
        turned_down = self.faults.handshake(identity) if len(self.faults) else None
        if turned_down is not None:
            if turned_down.status is None:
                connection.transport.abort()
            said: Response = connection.respond(turned_down.status or 503, f"{turned_down.reason}\n")
            return said
        known = self.records.get(identity) or self.records.get(self._folded.get(identity.lower(), identity))
        decision = admission.decide(request.path, proof, offered, known.secret if known is not None else None)
        if isinstance(decision, NotAdmitted):
            response: Response = connection.respond(decision.status, f"{decision.text}\n")
            if decision.status == 401:
                response.headers["WWW-Authenticate"] = 'Basic realm="OCPP", charset="UTF-8"'
            self.journal.note("", "not_admitted", f"{decision.status.value} {decision.text}", end="csms")
            return response
        connection.admitted = decision
        version = decision.version
        chosen = version.subprotocol if version and version.subprotocol in offered else None
        connection.chosen = admission.handshake.answer(chosen)
        return None

    async def _serve_socket(self, connection: ServerSide, scheme: str) -> None:
        identity, version = connection.admitted
        request = connection.request
        assert request is not None
        if version is None:
            # part 4 §3.3: complete the handshake without the header, then close at once
            self.journal.note(identity, "not_admitted", "no common subprotocol: closed", end="csms")
            await connection.close(1002, "no common subprotocol")
            return
        host = next(iter(request.headers.get_all("Host")), "")
        url = f"{scheme}://{host}{request.path}"
        await self.serve(self._link(connection), identity, version, url)

    def _link(self, connection: ServerSide) -> Link:
        """What `serve` is to talk over."""
        from shared.websocket import WebSocketLink

        if not self.socket.pongs:
            from csms.sockets import never_pong

            never_pong(connection)
        return WebSocketLink(connection)


def offered_by(request: Request) -> list[str]:
    """The subprotocols that a station offers, in its order."""
    headers = request.headers.get_all("Sec-WebSocket-Protocol")
    return [name.strip() for header in headers for name in header.split(",") if name.strip()]


__all__ = ["VERSIONS", "Csms", "handlers"]
