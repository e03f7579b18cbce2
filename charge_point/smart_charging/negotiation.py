"""What a car that speaks ISO 15118 and the CSMS agree on before energy flows, and again later (K15-K20).

The car tells its needs, the CSMS may answer with a TxProfile within a minute, the car tells its own schedule within
that, and energy flows. Without an answer, or offline, it is the default profile that the car keeps to (K15.FR.15).
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

from charge_point import power
from charge_point.connector import Energy, NotNow
from charge_point.outlets import VAR_SHARE
from charge_point.parts import Part, existing
from charge_point.smart_charging import is_on
from charge_point.smart_charging.composite import LINE_VOLTS, schedule_of
from charge_point.smart_charging.profile import Payload, Profile
from charge_point.smart_charging.profiles import Profiles, supply_of
from shared.versions import V16, V21

if TYPE_CHECKING:
    from charge_point.authorization import Token
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Transaction

WITH_DER = "AC_BPT_DER"
"""Bidirectional power transfer with the car's inverter following DER controls (ISO 15118-20 Amendment 1)."""

PATIENCE = 60.0
"""Seconds that a car waits for its schedule (ISO 15118 ChargeParameterDiscoveryReq; K15.FR.08)."""

_MOST_ALLOWED = 20

TUPLES = 24
"""The periods that a car can remember (maxScheduleTuples)."""

_HORIZON = 86_400
_SOME_ENERGY = 20_000.0


class Talk:
    """The negotiation of one transaction. `departs` is Unix seconds, `energy` Wh.

    `waits`: the answer to the needs, or the profile that it promised, is still to come. `late`: when the needs were
    heard that could not be told, being offline. `allowed`: the kinds of energy transfer that the CSMS allows the
    driver; without any the car may be charged (Q02.FR.04).
    """

    __slots__ = ("allowed", "departs", "energy", "late", "timer", "transaction", "waits")

    def __init__(
        self, transaction: str, departs: float, energy: float, allowed: tuple[str, ...] = ()
    ) -> None:
        self.allowed = allowed
        self.transaction = transaction
        self.departs = departs
        self.energy = energy
        self.waits = True
        self.late = ""
        self.timer: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """Wait no longer."""
        self.waits = False
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Negotiations(Part):
    """The negotiations of a station. Owns them, one for each EVSE that a car of ISO 15118 charges at."""

    __slots__ = ("allowed", "talks")

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.talks: dict[int, Talk] = {}
        self.allowed: dict[str, tuple[str, ...]] = {}
        """Key of a token -> what Authorize allowed it, until its car tells its needs (Q01.FR.01)."""

    def allow(self, token: Token, modes: list[str]) -> None:
        """The CSMS allows who has `token` these kinds of energy transfer."""
        self.allowed = dict([*self.allowed.items(), (token.key, tuple(modes))][-_MOST_ALLOWED:])

    # --- the needs ----------------------------------------------------------------------------------------

    def begin(self, evse: Evse) -> bool:
        """The power path could be closed: negotiate first. False when there is nothing to wait for."""
        transaction = evse.transaction
        if transaction is None or not is_on(self.station) or evse.ev is None:
            return False
        talk = self.talks.get(evse.id)
        if talk is not None and talk.transaction == transaction.id:
            return talk.waits
        kind, now = evse.ev.kind, self.station.clock.time()
        allowed = self.allowed.pop(evse.token.key, ()) if evse.token is not None else ()
        talk = self.talks[evse.id] = Talk(transaction.id, now + kind.departure, _energy(evse), allowed)
        self._tell_needs(evse, talk)
        return talk.waits

    def _tell_needs(self, evse: Evse, talk: Talk) -> None:
        """NotifyEVChargingNeeds (K15.FR.01); offline the car goes on without (K15.FR.15)."""
        payload = needs(evse, talk)
        talk.waits = self.station.say(
            "NotifyEVChargingNeeds",
            payload,
            lambda answer: self._answered(evse, talk, answer["status"]),
            failed=lambda: self._go_on(evse, talk),
        )
        if not talk.waits:
            talk.late = self.station.clock.now()

    def _answered(self, evse: Evse, talk: Talk, status: str) -> None:
        if self.talks.get(evse.id) is not talk or not talk.waits:
            return
        if status == "Accepted":  # K15.FR.03: the profile follows
            talk.timer = asyncio.get_running_loop().call_later(PATIENCE, self._go_on, evse, talk)
        elif status == "Rejected" and evse.ev is not None and evse.ev.kind.iso15118 == "20":
            talk.stop()  # K18.FR.23, K19.FR.16
            evse.end_authorization("AbnormalCondition", "ReqEnergyTransferRejected", ends=True)
        else:  # K15.FR.04, .05; K18.FR.04
            self._go_on(evse, talk)

    def renew(
        self, evse: Evse, departs: float | None, energy: float | None, allowed: tuple[str, ...] | None = None
    ) -> None:
        """The car has other needs now, or is allowed other kinds of energy transfer (K17, K20, Q02.FR.06).

        Raises NotNow for a car that does not negotiate.
        """
        talk = self.talks.get(evse.id)
        if talk is None:
            raise NotNow(f"no car that speaks ISO 15118 charges at EVSE {evse.id}")
        talk.allowed = talk.allowed if allowed is None else allowed
        talk.departs = talk.departs if departs is None else departs
        talk.energy = talk.energy if energy is None else energy
        self._tell_needs(evse, talk)

    # --- the schedule -------------------------------------------------------------------------------------

    def profile_set(self, evse: Evse, profile: Profile) -> None:
        """The CSMS has set a profile of the transaction: the car answers with its own schedule (K15.FR.10, K16)."""
        talk = self.talks.get(evse.id)
        if talk is None or talk.transaction != profile.transaction:
            return
        self.station.say("NotifyEVChargingSchedule", self._schedule(evse, talk, profile))
        self._go_on(evse, talk)

    def _schedule(self, evse: Evse, talk: Talk, profile: Profile) -> Payload:
        """What the car will take: what is allowed until it leaves, within what it can (K15.FR.09)."""
        part = self.station.part(Profiles)
        now = part.now
        # in dynamic control mode it is the station that sees to it that the car follows (K19.FR.10)
        most = inf if evse.ev is not None and evse.ev.kind.dynamic else most_watts(evse)
        until = min(talk.departs - now, profile.schedule.duration, _HORIZON)
        steps, covered = schedule_of([part.case(evse, now)], "W", now, max(until, 1.0))
        periods = [{"startPeriod": round(one.start), "limit": min(one.limit, most)} for one in steps[:TUPLES]]
        schedule: Payload = {"id": profile.schedule.id, "chargingRateUnit": "W", "duration": round(covered)}
        payload: Payload = {
            "timeBase": self.station.clock.text(now),
            "evseId": evse.id,
            "chargingSchedule": schedule | {"chargingSchedulePeriod": periods},
        }
        if self.station.version is V21:  # K15.FR.21
            payload["selectedChargingScheduleId"] = profile.schedule.id
        return payload

    def _go_on(self, evse: Evse, talk: Talk) -> None:
        """Close the power path, if it still waits for that."""
        talk.stop()
        if self.talks.get(evse.id) is talk and evse.energy is Energy.OFF:
            power.offer(evse)

    # --- what happens to the station ----------------------------------------------------------------------

    def accepted(self) -> None:
        self.connected()

    def connected(self) -> None:
        """Needs that could not be told are told with the time at which they were (K15.FR.20; 2.1)."""
        if self.station.version is not V21 or not self.station.registration.accepted:
            return
        for id, talk in self.talks.items():
            if talk.late:
                payload = needs(self.station.evses[id - 1], talk) | {"timestamp": talk.late}
                talk.late = ""
                self.station.say("NotifyEVChargingNeeds", payload)

    def transaction_ended(self, evse: Evse, transaction: Transaction) -> None:
        for id in [id for id, talk in self.talks.items() if talk.transaction == transaction.id]:
            self.talks.pop(id).stop()

    def power_off(self) -> None:
        for talk in self.talks.values():
            talk.stop()
        self.talks.clear()


def holds_back(evse: Evse) -> bool:
    """Whether a car that speaks ISO 15118 negotiates first; called when its power path could be closed."""
    return evse.station.version is not V16 and evse.station.part(Negotiations).begin(evse)


def talk_of(station: Station, transaction: str) -> Talk | None:
    """The negotiation of the transaction with this id of ours, if there is one."""
    part = existing(station, Negotiations)
    return (
        next((talk for talk in part.talks.values() if talk.transaction == transaction), None)
        if part
        else None
    )


def needs(evse: Evse, talk: Talk) -> Payload:
    """NotifyEVChargingNeeds: what the car at `evse` wants (K15.FR.06, K18.FR.06)."""
    assert evse.ev is not None
    kind, supply, clock = evse.ev.kind, supply_of(evse), evse.station.clock
    transfer = _transfer(evse, talk)
    about: Payload = {"requestedEnergyTransfer": transfer}
    if transfer == WITH_DER:
        about["derChargingParameters"] = _inverter(evse)
    if talk.departs < inf:
        about["departureTime"] = clock.text(talk.departs)
    if kind.iso15118 == "20" and evse.station.version is V21:
        about["availableEnergyTransfer"] = _available(evse)  # Q01.FR.03, Q02.FR.04
        about["controlMode"] = "DynamicControl" if kind.dynamic else "ScheduledControl"
        about["v2xChargingParameters"] = {
            "maxChargePower": round(most_watts(evse)),
            "evTargetEnergyRequest": round(talk.energy),
        }
        if kind.discharge:
            about["v2xChargingParameters"]["maxDischargePower"] = round(kind.discharge)
    elif supply.is_dc:
        about["dcChargingParameters"] = _direct(evse, talk)
    else:
        about["acChargingParameters"] = {
            "energyAmount": round(talk.energy),
            "evMinCurrent": round(kind.min_amps),
            "evMaxCurrent": round(min(kind.amps, kind.cable, supply.amount)),
            "evMaxVoltage": 400 if min(kind.phases, supply.phases) > 1 else 230,
        }
    return {"evseId": evse.id, "maxScheduleTuples": TUPLES, "chargingNeeds": about}


def _direct(evse: Evse, talk: Talk) -> Payload:
    assert evse.ev is not None
    kind, soc = evse.ev.kind, evse.ev.soc
    found: Payload = {
        "evMaxCurrent": round(min(kind.amps, evse.outlet.amps)),
        "evMaxVoltage": round(kind.volts[1]),
        "evMaxPower": round(most_watts(evse)),
        "energyAmount": round(talk.energy),
    }
    if soc is not None:
        found |= {"stateOfCharge": round(soc), "evEnergyCapacity": round(kind.battery)}
    return found


def _transfer(evse: Evse, talk: Talk) -> str:
    """The EnergyTransferModeEnumType that the car asks for: both ways where it can and is allowed to."""
    return next((both for both in _both_ways(evse) if both in talk.allowed), _charging_only(evse))


def _available(evse: Evse) -> list[str]:
    """What the car can do."""
    return [_charging_only(evse), *_both_ways(evse)]


def _both_ways(evse: Evse) -> list[str]:
    """Bidirectional power transfer, where the car can give back: what it likes best first."""
    assert evse.ev is not None
    if evse.ev.kind.iso15118 != "20" or not evse.ev.kind.discharge or evse.station.version is not V21:
        return []
    if supply_of(evse).is_dc:
        return ["DC_BPT"]
    return [WITH_DER, "AC_BPT"] if evse.ev.kind.der else ["AC_BPT"]


def _inverter(evse: Evse) -> Payload:
    """The nameplate of a car's inverter that follows DER controls (R02.FR.01, R03.FR.01)."""
    assert evse.ev is not None
    most, back = round(most_watts(evse)), round(evse.ev.kind.discharge)
    var = round(VAR_SHARE * max(most, back))
    return {
        "evSupportedDERControl": list(evse.ev.kind.der),
        "maxApparentPower": max(most, back),
        "maxChargeApparentPower": most,
        "maxDischargeApparentPower": back,
        "maxChargeReactivePower": var,
        "maxDischargeReactivePower": var,
        "nominalVoltage": 230,
        "evInverterManufacturer": "Example",
        "evInverterModel": "Mock car",
    }


def _charging_only(evse: Evse) -> str:
    assert evse.ev is not None
    supply = supply_of(evse)
    if supply.is_dc:
        return "DC"
    return {1: "AC_single_phase", 2: "AC_two_phase"}.get(
        min(evse.ev.kind.phases, supply.phases), "AC_three_phase"
    )


def _energy(evse: Evse) -> float:
    assert evse.ev is not None
    if evse.ev.kind.energy:
        return evse.ev.kind.energy
    return evse.ev.enough - evse.ev.stored if evse.ev.enough < inf else _SOME_ENERGY


def most_watts(evse: Evse) -> float:
    """What the car takes at most of what the EVSE gives, in W."""
    assert evse.ev is not None
    kind, supply = evse.ev.kind, supply_of(evse)
    if supply.is_dc:
        return min(kind.watts, supply.amount)
    return min(
        kind.watts, min(kind.amps, kind.cable, supply.amount) * LINE_VOLTS * min(kind.phases, supply.phases)
    )


def ev_needs(
    station: Station, evse: int = 1, *, departure: float | None = None, energy: float | None = None
) -> None:
    """The car at `evse` leaves in `departure` seconds and wants `energy` Wh, where these are given.

    Raises ValueError for an EVSE that is not there, NotNow without a car that negotiates.
    """
    one = station.evse(evse)
    if one is None:
        raise ValueError(f"{station.id} has no EVSE {evse}")
    departs = None if departure is None else station.clock.time() + departure
    station.part(Negotiations).renew(one, departs, energy)
