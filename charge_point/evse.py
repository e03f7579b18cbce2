"""An EVSE: what happens to its regions, and which transaction messages and status reports follow from it.

Every change takes the same way: the points before, the regions' tables, the points after. What has come true may
begin a transaction, what was lost may end it, anything else is an update (`charge_point.transaction`). Nothing here
knows how a message is spelled or whether the station is online.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

from charge_point import power, sampling, telling
from charge_point.authorization import Token
from charge_point.connector import (
    AUTHORIZATION,
    ENERGY,
    Authorization,
    Availability,
    Cable,
    Connector,
    Energy,
    Health,
    NotNow,
    Regions,
    follow,
)
from charge_point.ev import Ev
from charge_point.meter import Meter
from charge_point.parts import tell_parts
from charge_point.telling import owe_evse, owe_token, stop_points
from charge_point.transaction import Point, Transaction, reached

if TYPE_CHECKING:
    from charge_point.outlets import Outlet
    from charge_point.station import Station

_ANY_AUTHORIZATION = Point.Authorized | Point.PowerPathClosed


class Evse:
    """One EVSE. Owns its connectors, its meter, the authorization of its driver, and its transaction.

    `active` is the connector that the session uses: the one plugged in, else the first. `token` is who was
    authorized. `floating`: authorized without an EVSE being named, so that the session follows the plug.
    `ev` is the car that is plugged in, or was last as long as its transaction runs.
    """

    __slots__ = (
        "active",
        "authorization",
        "bay",
        "connectors",
        "energy",
        "ev",
        "floating",
        "group",
        "id",
        "last",
        "limits",
        "meter",
        "remote_id",
        "reservation",
        "reserved",
        "sampler",
        "station",
        "timer",
        "token",
        "transaction",
    )

    def __init__(self, station: Station, id: int, connectors: tuple[Connector, ...], meter: Meter) -> None:
        self.station = station
        self.id = id
        self.connectors = connectors
        self.active = connectors[0]
        self.meter = meter
        self.authorization = Authorization.NONE
        self.energy = Energy.OFF
        self.token: Token | None = None
        self.group = ""
        self.floating = False
        self.bay = False
        self.ev: Ev | None = None
        self.limits: dict[str, power.Limit] | None = None
        """What each source of limits allows: see `power.set_limit`."""
        self.reservation: int | None = None
        """The reservation in whose name the driver was authorized, until the transaction is told of it."""
        self.reserved = False
        """Whether it is kept for who has reserved."""
        self.transaction: Transaction | None = None
        self.last: Transaction | None = None
        """The last transaction that ended here."""
        self.remote_id: int | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.sampler = sampling.Sampler(self)

    # --- what is the case ---------------------------------------------------------------------------------

    @property
    def outlet(self) -> Outlet:
        """The electrics of the connector that is in use, or was last."""
        return self.station.setup.outlet(self.id, self.active.id)

    def use(self, connector: Connector) -> None:
        """The next session is at `connector`: of several only one delivers at a time."""
        self.active = connector
        self.meter.phases = self.outlet.phases

    def connector(self, id: int) -> Connector | None:
        """The connector with this id within the EVSE."""
        return next((c for c in self.connectors if c.id == id), None)

    def regions(self, connector: Connector | None = None) -> Regions:
        """The regions of `connector` (the active one if none is given); the session's belong to the active."""
        c = connector or self.active
        mine = c is self.active
        return Regions(
            c.cable,
            self.authorization if mine else Authorization.NONE,
            self.energy if mine else Energy.OFF,
            c.availability,
            c.health,
            self.reserved,
        )

    def points(self) -> Point:
        """Which start and stop points hold now."""
        return reached(self.regions(), bay=self.bay, signed=self.ev is not None and self.ev.signed)

    @property
    def is_free(self) -> bool:
        """Whether a new session could begin here."""
        return (
            self.transaction is None
            and self.authorization is not Authorization.GRANTED
            and self.active.availability is Availability.OPERATIVE
            and self.active.health is Health.SOUND
        )

    @property
    def is_startable(self) -> bool:
        """Whether a driver can be authorized here: nobody is, and the transaction, if any, waits for one."""
        waits = self.transaction is None or self.transaction.starter is None
        sound = self.active.availability is Availability.OPERATIVE and self.active.health is Health.SOUND
        return waits and sound and self.authorization is not Authorization.GRANTED

    @property
    def is_authorized(self) -> bool:
        """Whether a driver has been authorized here and has not ended it."""
        return self.authorization is Authorization.GRANTED

    # --- the cable ----------------------------------------------------------------------------------------

    def plug_in(self, connector: Connector, event: str = "plugged_in", ev: Ev | None = None) -> None:
        """The cable of `ev` (of the car that was here last, or any) is put in at `connector` (E02, E03).

        Raises NotNow.
        """
        before = self.points()
        if self.active is not connector and (
            self.active.cable is not Cable.OUT or self.energy is not Energy.OFF
        ):
            raise NotNow(
                f"plugged_in is not possible while connector {self.active.id} of EVSE {self.id} is in use"
            )
        connector.move_cable(event)
        self.use(connector)
        self.ev = ev or power.car(self)
        if not connector.tethered and self.ev.kind.cable < inf:
            power.set_limit(self, "cable", self.ev.kind.cable)
        self.cancel_timer()
        if self.energy is not Energy.OFF:  # E10: the EV is back, and goes on where it left off
            self.energy = follow(ENERGY, self.energy, "stopped")
        else:
            self.station.report(self, connector)
        if self.is_authorized and not power.secure(self):
            return
        if connector.cable is Cable.BOTH_ENDS:
            owe_evse(self)
            self.happened("CablePluggedIn", before)
            self.offer()
            self.station.report(self, connector)

    def ev_side_out(self) -> None:
        """The cable is pulled out of the car (E09, E10; 1.6 §9.1.23, §9.1.33)."""
        before = self.points()
        c = self.active
        c.move_cable("ev_side_out")
        model = self.station.model
        stops = self.is_authorized and model.flag("StopTransactionOnEVSideDisconnect")
        transaction = self.transaction
        if transaction is not None and self.is_authorized:
            losing = Point.EVConnected | Point.PowerPathClosed | Point.EnergyTransfer
            stops = stops or bool(stop_points(self) & losing)
        if stops:
            self.authorization = follow(AUTHORIZATION, self.authorization, "ended")
            power.stop_energy(self)
            if model.flag("UnlockConnectorOnEVSideDisconnect"):
                c.turn_lock("unlock")  # E09.FR.02, .03
        elif self.energy is not Energy.OFF:
            power.draw(self, Energy.HELD_BY_EV)
            c.info = "EV side disconnected"
        # a transaction without a driver has nothing to wait for but the bay; it would never end otherwise
        ends = not self.is_authorized and not stop_points(self) & Point.ParkingBayOccupancy
        self.happened("EVCommunicationLost", before, reason="EVDisconnected", ends=ends)
        if c.cable is Cable.OUT:
            self._cable_gone()
        self.car_gone()
        self.station.report(self, c)
        c.info = ""
        if self.is_authorized and c.tethered:
            self._await_plug()  # E10.FR.02

    def station_side_out(self) -> None:
        """The plug is pulled out of the station's socket. Raises NotNow while it is locked."""
        c = self.active
        c.move_cable("station_side_out")
        self._cable_gone()
        self.station.report(self, c)

    def car_gone(self) -> None:
        """Forget the car that has left; one that a transaction waits for is still the same when it is back."""
        if self.transaction is None and self.active.cable is not Cable.BOTH_ENDS:
            self.ev = None

    def _cable_gone(self) -> None:
        power.set_limit(self, "cable", None)
        if not self.is_authorized:
            self.authorization = follow(AUTHORIZATION, self.authorization, "cleared")
            if self.transaction is None:
                self.token, self.group = None, ""

    def park(self, present: bool) -> None:
        """A vehicle comes to the bay, or leaves it (E01.FR.01, E06.FR.01)."""
        before = self.points()
        self.bay = present
        self.happened("EVDetected" if present else "EVDeparted", before, reason="Local")

    # --- the driver ---------------------------------------------------------------------------------------

    def grant(
        self, token: Token, group: str = "", *, remote: int | None = None, by_csms: bool = False
    ) -> None:
        """`token` is authorized here: locally, or by the CSMS with its remoteStartId `remote` (E03, F01)."""
        if not power.secure(self):
            return
        before = self.points()
        self.authorization = follow(AUTHORIZATION, self.authorization, "granted")
        self.token, self.group = token, group
        self.remote_id = remote
        tell_parts(self.station, lambda part: part.driver_came(self))
        if self.ev is not None:
            self.ev.signed = False
        trigger = "RemoteStart" if by_csms else "Authorized"
        plugged = self.active.cable is Cable.BOTH_ENDS
        if self.transaction is not None:
            owe_token(self, self.transaction, trigger if by_csms or plugged else "")
        self.station.report(self, self.active)
        self.happened(trigger, before)
        if plugged:
            self.offer()
        else:
            self._await_plug()

    def end_authorization(
        self,
        trigger: str,
        reason: str,
        *,
        token: Token | None = None,
        keep_locked: bool = False,
        ends: bool = False,
    ) -> None:
        """The authorization ends: by token, by the CSMS, by refusal, by a reset (E06, E07, F03, E05).

        `ends` ends the transaction whatever its stop point is.
        """
        self.cancel_timer()
        before = self.points()
        transaction = self.transaction
        if transaction is not None:
            transaction.stopping = reason
            transaction.owed_token = token or transaction.owed_token
        if self.is_authorized:
            unplugged = self.active.cable is Cable.OUT
            self.authorization = follow(
                AUTHORIZATION, self.authorization, "cleared" if unplugged else "ended"
            )
            # without driver and car nothing is left that could end it, but for the bay (F03.FR.03, E03.FR.05)
            ends = ends or (unplugged and not stop_points(self) & Point.ParkingBayOccupancy)
        if ends or transaction is None or stop_points(self) & before & _ANY_AUTHORIZATION:
            power.stop_energy(self)  # one message says both
        self.happened(trigger, before, reason=reason, ends=ends)
        if self.energy is not Energy.OFF:
            before = self.points()
            power.stop_energy(self)
            if self.active.cable is Cable.BOTH_ENDS:  # else it was Idle, and is
                self.happened("ChargingStateChanged", before, reason=reason)
        if not keep_locked:
            self.active.turn_lock("unlock")  # E06.FR.10, E07.FR.07; kept for the owner: E05.FR.11
        self.station.report(self, self.active)
        self.settle_availability()

    def deny(self) -> None:
        """The CSMS refused the token of the running transaction (E05, C15; 1.6 §3.5.4, errata 3.17)."""
        transaction = self.transaction
        if transaction is None or transaction.refused or not self.is_authorized:
            return
        transaction.refused = True
        model = self.station.model
        if model.flag("StopTransactionOnInvalidId"):
            self.end_authorization("Deauthorized", "DeAuthorized", keep_locked=True)
            return
        allowance = model.number("MaxEnergyOnInvalidId") if model.has("MaxEnergyOnInvalidId") else 0.0
        transaction.allowance = transaction.meter_start + allowance
        power.watch(self)

    def _await_plug(self) -> None:
        self.cancel_timer()
        seconds = self.station.model.seconds("EVConnectionTimeOut")
        self.timer = asyncio.get_running_loop().call_later(seconds, self._plug_never_came)

    def _plug_never_came(self) -> None:
        """EVConnectionTimeOut has passed (E03.FR.05, .15; 1.6 §9.1.6)."""
        self.timer = None
        before = self.points()
        transaction = self.transaction
        if transaction is not None:
            transaction.stopping = "Timeout"
        self.authorization = follow(AUTHORIZATION, self.authorization, "cleared")
        power.stop_energy(self)
        stays = bool(stop_points(self) & Point.ParkingBayOccupancy)
        self.happened("EVConnectTimeout", before, reason="Timeout", ends=not stays)
        self.token, self.group = None, ""
        self.station.report(self, self.active)
        self.settle_availability()

    def cancel_timer(self) -> None:
        """The EVSE waits for nothing any more: neither for the plug nor for an allowance to be used up."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    # --- energy -------------------------------------------------------------------------------------------

    offer = power.offer
    hold = power.hold
    ev_pauses = power.ev_pauses
    ev_resumes = power.ev_resumes

    # --- from a change to a message -----------------------------------------------------------------------

    happened = telling.happened
    tell = telling.tell

    read = sampling.read

    # --- availability -------------------------------------------------------------------------------------

    def settle_availability(self) -> None:
        """What was to become inoperative after the transaction does so now (G03.FR.05)."""
        if self.transaction is None and not self.is_authorized:
            self.station.settle_availability(self)

    # --- losing power, and the process --------------------------------------------------------------------

    def power_off(self) -> None:
        """Everything that needs power stops at once; nothing is sent."""
        if self.transaction is not None:
            names = self.station.model.members("SampledDataCtrlr.TxEndedMeasurands")
            taken = self.read("Interruption.Begin", names)
            if taken.values:
                self.transaction.keep(taken)
        self.cancel_timer()
        self.sampler.off()
        power.stop_energy(self)
        if self.transaction is None:
            self.authorization, self.token, self.group = Authorization.NONE, None, ""
            self.active.turn_lock("unlock")

    def take_over(self, other: Evse) -> None:
        """The session that was begun without naming an EVSE comes here, where its driver plugs in."""
        self.authorization, self.token, self.group = other.authorization, other.token, other.group
        self.transaction, self.remote_id = other.transaction, other.remote_id
        self.reservation, other.reservation = other.reservation, None
        other.cancel_timer()
        if other.transaction is not None:
            other.sampler.off()
            self.sampler.on()
        other.authorization, other.token, other.group = Authorization.NONE, None, ""
        other.transaction, other.remote_id, other.floating = None, None, False
        other.station.report(other, other.active)
