"""A CSMS that answers nothing: it stands between real stations and a real central system.

    station  <-- near -->  Relay  <-- far -->  central system
                 |
            FaultyLink, journal, Overhearing

Every message passes as it came, byte for byte and in its order, one at a time in each direction: while one end takes
nothing more, nothing more is read from the other. Faults and journal are on the station's side, so that `in` is from
the station and `out` to it, as with a CSMS of our own. Pings are answered hop by hop. A close frame is passed on with
its code and reason; an end that has gone without one is told of with a code (1014, 1011), since nobody may send 1006.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from csms.admission import Admission, Admitted
from csms.central import Central, TurnedDown
from csms.overhearing import OverheardSession, Overhearing
from csms.registrar import LENIENT
from csms.server import Csms, handlers, offered_by
from shared.faults.link import FaultyLink
from shared.journal.entry import IN, OUT
from shared.link import ABNORMAL, NORMAL, Link, LinkClosed
from shared.peer import ConnectionLost

if TYPE_CHECKING:
    from websockets.http11 import Request, Response

    from csms.session import Session
    from shared.peer import Peer
    from shared.versions import Version
    from shared.websocket import ClientSide, ServerSide

CENTRAL_DIED = (1014, "the connection to the central system was lost")
"""RFC 6455 §11.7 (IANA): 1014, a gateway's bad answer from behind."""

STATION_DIED = (1011, "the connection to the station was lost")
"""RFC 6455 §7.4.1: 1011, an unexpected condition."""

NOT_SENT = (1015, ABNORMAL)
"""Codes that say how a connection ended and are never in a close frame (RFC 6455 §7.4.1); 1005 is a frame's."""

NO_COMMANDS = "with --forward nothing is sent to stations by us: have the central system do it"


class Through:
    """Both connections of one station: to whoever asks, the station's."""

    def __init__(self, near: Link, far: Link) -> None:
        self.near = near
        self.far = far
        self.recv = near.recv
        self.send = near.send

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """End both."""
        await asyncio.gather(self.near.close(code, reason), self.far.close(code, reason))

    def abort(self) -> None:
        """Cut both."""
        self.near.abort()
        self.far.abort()


class Relay:
    """Hands on what the two ends say. Stands in a session where otherwise the `Peer` does."""

    def __init__(self, through: Through, session: Session) -> None:
        self._near: Link = through.near
        self._far = through.far
        self._tap: FaultyLink | None = None
        """The station's link where it writes the journal by itself, below the faults; None where we do."""
        self._session = session
        self._csms = session.csms
        self._overhearing = Overhearing(session, session.csms.setting, handlers(session.version))
        self._has_ended = False
        if self._csms.faults.spoil:
            self.spoil()

    @property
    def ref(self) -> int:
        """The journal's number of the frame that is being heard."""
        return self._overhearing.ref

    async def run(self) -> LinkClosed:
        """Hand on until the station's connection ends; gives how it ended."""
        tasks = self._csms.tasks
        tasks.spawn(self._from_central())
        try:
            ended = await self._from_station()
        except asyncio.CancelledError:
            self._far.abort()
            raise
        finally:
            self._has_ended = True
            self._overhearing.end()
            if self._tap is not None:
                self._tap.forsake()
        tasks.spawn(self._far.close(*_passed_on(ended, STATION_DIED)))
        return ended

    async def _from_station(self) -> LinkClosed:
        journal, station = self._csms.journal, self._session.id
        tap = self._tap
        recv = self._near.recv
        while True:
            try:
                frame = await recv()
            except LinkClosed as ended:
                return ended
            if tap is not self._tap:  # faults came over the link while we were reading
                tap = self._tap
                assert tap is not None
                recv = tap.recv
                tap.came(frame)
                continue
            if tap is None:
                ref = journal.frame("csms", station, IN, frame)
                self._overhearing.heard(IN, frame, ref, [])
            else:
                ref = tap.ref
            try:
                await self._far.send(frame)
            except LinkClosed as ended:  # the other direction tells the station
                words = f"the connection to the central system had ended already: {ended}"
                journal.note(station, "not_forwarded", words, end="csms", ref=ref)

    async def _from_central(self) -> None:
        while True:
            try:
                frame = await self._far.recv()
            except LinkClosed as ended:
                if not self._has_ended:
                    words = f"the central system's connection ended: {ended}"
                    self._csms.journal.note(self._session.id, "central_gone", words, end="csms")
                await self._near.close(*_passed_on(ended, CENTRAL_DIED))
                return
            try:
                await self._say(frame)
            except LinkClosed:
                pass  # it is noted; until the far end has heard of it there may come more

    async def _say(self, frame: str | bytes) -> None:
        """Hand the station what the central system said. Raises `LinkClosed`."""
        if self._tap is not None:
            await self._tap.send(frame)
            return
        journal, station = self._csms.journal, self._session.id
        ref = journal.frame("csms", station, OUT, frame)
        self._overhearing.heard(OUT, frame, ref, [])
        try:
            await self._near.send(frame)
        except LinkClosed as ended:
            words = f"the connection had ended already: {ended}"
            journal.note(station, "not_sent", words, end="csms", ref=ref)
            raise

    # --- what a session wants of its peer ------------------------------------------------------------------

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close both connections."""
        await asyncio.gather(self._near.close(code, reason), self._far.close(code, reason))

    def abort(self) -> None:
        """Cut the station's connection without a close frame."""
        self._near.abort()

    def spoil(self) -> None:
        """Have what passes on the station's side go through the faults; no message is lost by that."""
        if self._tap is None and not self._has_ended:
            session = self._session
            self._near = self._tap = self._csms.faults.link(self._near, session.id, session.version)
            self._tap.heard = self._overhearing.heard

    async def call(self, action: str, payload: Any, **more: Any) -> Any:
        """Refused: what we sent would be answered to somebody who never asked. Raises `ConnectionLost`."""
        raise ConnectionLost(NO_COMMANDS)


def _passed_on(ended: LinkClosed, died: tuple[int, str]) -> tuple[int, str]:
    """The code and reason that one end is told when the other's connection has ended."""
    return died if ended.code in NOT_SENT else (ended.code, ended.reason)


class ForwardingCsms(Csms):
    """Lets in whom `central` lets in, and hands on what the two say to each other."""

    session_class = OverheardSession
    takes_no_commands = NO_COMMANDS
    stopping = (1001, "what stands between station and central system is shutting down")

    def __init__(self, *policies_and_journal: Any, central: Central | None = None, **more: Any) -> None:
        super().__init__(*policies_and_journal, **more)
        self._central = central
        self.registrar.registration = LENIENT  # what is not registered is noted, and passes

    def _peer(self, link: Link, session: Session) -> Peer:
        assert isinstance(link, Through)
        return cast("Peer", Relay(link, session))

    # --- sockets -------------------------------------------------------------------------------------------

    async def _shake_hands(self, connection: Any, request: Request, admission: Admission) -> Response | None:
        """Dial the central system before the station's handshake is completed, and answer what it answers."""
        refused = self._admit(connection, request, admission)
        if refused is not None or connection.admitted.version is None:
            return refused
        if "Sec-WebSocket-Key" not in request.headers:  # no WebSocket at all: the library says so
            return None
        try:
            await self._dial(connection, request, admission)
        except TurnedDown as down:
            response: Response = connection.respond(down.status, f"{down.text}\n")
            for name, value in down.headers.items():
                response.headers[name] = value
            self.journal.note(
                connection.admitted.identity, "not_admitted", f"{down.status.value} {down.text}", end="csms"
            )
            return response
        return None

    async def _dial(self, connection: Any, request: Request, admission: Admission) -> None:
        identity = connection.admitted.identity
        assert self._central is not None, "who listens must know where to forward to"
        dialling = asyncio.ensure_future(
            self._central.dial(
                identity,
                admission.spoken(offered_by(request)),
                authorization=next(iter(request.headers.get_all("Authorization")), None),
                query=request.path.partition("?")[2],
                compression="permessage-deflate" in request.headers.get("Sec-WebSocket-Extensions", ""),
            )
        )
        leaving = asyncio.ensure_future(connection.wait_closed())
        try:
            await asyncio.wait((dialling, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not dialling.done():
                raise TurnedDown(
                    HTTPStatus.BAD_GATEWAY, f"{identity} left before the central system had answered"
                )
            far, version = dialling.result()
        except BaseException:
            dialling.add_done_callback(_let_go)
            raise
        finally:
            dialling.cancel()
            leaving.cancel()
        connection.admitted = Admitted(identity, version)
        connection.chosen = far.subprotocol
        connection.far = far
        connection.unserved = self.tasks.spawn(self._unless_served(connection))

    async def _unless_served(self, connection: Any) -> None:
        """A station may go before its handshake is completed: the central system is told then."""
        await connection.wait_closed()
        await connection.far.close(STATION_DIED[0], STATION_DIED[1])

    def _link(self, connection: ServerSide) -> Link:
        from shared.websocket import WebSocketLink

        connection.unserved.cancel()  # type: ignore[attr-defined]
        return Through(super()._link(connection), WebSocketLink(connection.far))  # type: ignore[attr-defined]


def _let_go(dialled: asyncio.Future[tuple[ClientSide, Version]]) -> None:
    """Leave no connection behind for which there is no station any more."""
    if not dialled.cancelled() and dialled.exception() is None:
        dialled.result()[0].transport.abort()
