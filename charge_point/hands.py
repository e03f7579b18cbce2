"""What a person can do at a station: plug in and out, present a token, break it and mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from charge_point.authorization import Token, TokenInfo, same_group, unsupported
from charge_point.blocks.authorization import authorize
from charge_point.connector import HEALTH, Authorization, Cable, Connector, Lock, NotNow, follow
from charge_point.ev import Ev, Vehicle
from charge_point.keeping import keep_cache
from charge_point.parts import refusal, tell_parts
from charge_point.quirks import spelled
from shared.peer import CallFailed
from shared.versions import V16, V201, Version

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station


class Presented(NamedTuple):
    """What presenting a token came to: started, stopped, unlocked, refused or ignored, and why."""

    outcome: str
    evse: Evse | None = None
    reason: str = ""


def plug_in(
    station: Station, evse: int = 1, connector: int | None = None, *, ev: Vehicle | None = None
) -> None:
    """The driver plugs the cable of `ev` in, by default of the car that comes to this kind of station.

    Raises NotNow, ValueError for what does not exist, and for a file that holds no contract of the car.
    """
    one, c = socket(station, evse, connector)
    floating = next((e for e in station.evses if e.floating and e.is_authorized), None)
    if floating is not None and floating is not one and one.is_free and floating.active.cable is Cable.OUT:
        assert floating.token is not None
        if not refusal(station, one, floating.token, floating.group):
            one.take_over(floating)
    one.floating = False
    kind = ev or station.setup.ev
    if not kind.contract:
        one.plug_in(c, ev=None if ev is None else Ev(ev))
        return
    from charge_point.plug_and_charge import PlugAndCharge  # few cars have one

    payer = station.part(PlugAndCharge)
    payer.prepare(kind)
    one.plug_in(c, ev=Ev(kind))
    payer.begin(one)


def unplug(station: Station, evse: int = 1) -> bool:
    """The driver takes the cable away: out of the car and, unless it is locked, out of the station.

    Gives whether the station is rid of it. Raises NotNow when there is no cable.
    """
    one, _ = socket(station, evse, None)
    if one.active.cable is Cable.BOTH_ENDS:
        one.ev_side_out()
    if one.active.cable is Cable.OUT:
        return True
    if one.active.lock is Lock.LOCKED:
        return False
    one.station_side_out()
    return True


def drive_in(station: Station, evse: int = 1) -> None:
    """A car comes to the parking bay of the EVSE."""
    socket(station, evse, None)[0].park(True)


def drive_off(station: Station, evse: int = 1) -> None:
    """The car leaves the parking bay, without its cable."""
    one, _ = socket(station, evse, None)
    if one.active.cable is Cable.BOTH_ENDS:
        raise NotNow("drive_off is not possible while the cable is BOTH_ENDS; possible: unplug")
    one.park(False)


def meter_fault(station: Station, evse: int, kind: str, by: float | None = None) -> None:
    """The meter of the EVSE goes wrong, as `charge_point.meter_faults` has it. Raises ValueError."""
    from charge_point.meter_faults import spoil  # nobody pays for it who does not ask

    one, _ = socket(station, evse, None)
    spoil(one.meter, kind, by, station.clock.elapsed())


def limit(station: Station, evse: int = 1, **limits: float) -> None:
    """The driver limits the transaction at the EVSE, or the next one there, to so much energy (Wh), time (s), soc
    (percent) or cost (2.1 E16.FR.01). Raises ValueError."""
    from charge_point.transaction_limits import TransactionLimits

    one, _ = socket(station, evse, None)
    station.part(TransactionLimits).want(one, limits)


def ev_stops(station: Station, evse: int = 1) -> None:
    """The car ends its session over high-level communication (E15.FR.04, .05). Raises NotNow without one."""
    one, _ = socket(station, evse, None)
    if not one.is_authorized or one.active.cable is not Cable.BOTH_ENDS:
        raise NotNow("the car cannot end its session: it has none; possible: plug_in, present")
    one.end_authorization("StopAuthorized", "StoppedByEV")


def emergency_stop(station: Station) -> None:
    """Somebody hits the red button: everything stops (1.6 §7.36; 2.x ReasonEnumType EmergencyStop)."""
    for one in station.evses:
        if one.transaction is not None or one.is_authorized:
            one.end_authorization("AbnormalCondition", "EmergencyStop", ends=True)


def unplug_ev(station: Station, evse: int = 1) -> None:
    """The cable is pulled out of the car only."""
    socket(station, evse, None)[0].ev_side_out()


def socket(station: Station, evse: int, connector: int | None) -> tuple[Evse, Connector]:
    """The EVSE and its connector (the active one for None); ValueError when there is none."""
    one = station.evse(evse)
    c = None if one is None else one.active if connector is None else one.connector(connector)
    if one is None or c is None:
        where = f"EVSE {evse}" + (f", connector {connector}" if connector else "")
        raise ValueError(f"{station.id} has no {where}")
    return one, c


async def present(station: Station, token: Token | str, evse: int | None = None) -> Presented:
    """The driver presents a token: to stop what it started, to get the cable back, or to begin.

    Without `evse` the reader is the station's: the session of this token, a plugged in car, or the first
    free EVSE is meant. The CSMS is asked when it has to be.
    """
    token = Token(token) if isinstance(token, str) else token
    wrong = why_unusable(token, station.version) or unsupported(station, token)
    if wrong:
        return Presented("refused", None, wrong)
    if token.type != "KeyCode":
        return await _present(station, token, evse)
    from charge_point.key_codes import KeyCodes  # few stations have a keypad

    pad = station.part(KeyCodes)
    if pad.closed:  # C04.FR.06
        return Presented("refused", None, f"the keypad is closed for {pad.closed:.0f} s more")
    found = await _present(station, token, evse)
    pad.judged(found.outcome, found.reason)
    return found


async def _present(station: Station, token: Token, evse: int | None) -> Presented:
    if how := station.setup.quirks.token:
        token = Token(spelled(token.id, how), token.type)
    own = await _own_session(station, token, evse)
    if own is not None:
        return own
    one = candidate(station, evse, token)
    master = master_group(station)
    if one is None and not master:
        return _nowhere(station, evse, token)
    if not may_begin(station):
        return Presented("refused", one, "the station is not registered")
    info = await station.decide(token)
    if not info.accepted:
        station.changed()
        return Presented("refused", one, info.status)
    if same_group(info.group, master):
        return _stop_all(station, token, evse)  # C16.FR.03: it starts nothing
    if one is None or refusal(station, one, token, info.group) or not info.is_good_at(one.id):
        one = candidate(station, evse, token, info.group, info.evses)
    if one is None and info.evses and candidate(station, evse, token, info.group) is not None:
        return Presented("refused", None, f"it is good at EVSE {', '.join(map(str, info.evses))} only")
    if one is None:
        return _nowhere(station, evse, token, info.group)
    if not one.is_startable:
        return Presented("ignored", one, "the EVSE is in use by now")
    one.floating = evse is None and len(station.evses) > 1 and one.active.cable is Cable.OUT
    one.grant(token, info.group)
    return Presented("started", one, f"it is {info.status}, at EVSE {one.id}")


_LONGEST = {V16: 20, V201: 36}


def why_unusable(token: Token, version: Version) -> str:
    """Why a message of `version` cannot carry `token`; empty when it can."""
    if token.type == "NoAuthorization" and version is not V16:
        return "the start button has no id" if token.id else ""  # C02.FR.01
    longest = _LONGEST.get(version, 255)
    if len(token.id) > longest:
        return f"an OCPP {version} token has at most {longest} characters, this one {len(token.id)}"
    return "" if token.id else "the token is empty"


def may_begin(station: Station) -> bool:
    """Whether anybody may charge yet (1.6 §4.2.1; B02.FR.03)."""
    allowed = station.setup.transactions_before_accepted or station.model.flag("TxBeforeAcceptedEnabled")
    return station.registration.accepted or allowed


async def _own_session(station: Station, token: Token, evse: int | None) -> Presented | None:
    """Stop a session of this token or its group (E07.FR.01; 1.6 §4.10), or hand back a locked cable."""
    for one in station.evses_of(evse):
        if one.is_authorized and one.token is not None and one.token.key == token.key:
            one.end_authorization("StopAuthorized", "Local", token=token)
            return Presented("stopped", one, "the session was its own")
    for one in station.evses_of(evse):
        same = one.token is not None and one.token.key == token.key
        if one.authorization is Authorization.ENDED and same and one.active.lock is Lock.LOCKED:
            one.active.turn_lock("unlock")  # E09.FR.03, E05.FR.11
            return Presented("unlocked", one, "its session is over, the cable was still locked")
    grouped = [e for e in station.evses_of(evse) if e.is_authorized and e.group]
    if grouped and (evse is not None or candidate(station, None) is None):
        info = station.authorizer.known(token, station.model, station.clock.time()) or TokenInfo("Unknown")
        if not (info.accepted and info.group):
            info = await station.decide(token)
        for one in grouped:
            if info.accepted and same_group(info.group, one.group) and one.is_authorized:
                one.end_authorization("StopAuthorized", "Local", token=token)
                return Presented("stopped", one, f"the session is of its group, {info.group}")
    return None


def master_group(station: Station) -> str:
    """The group of the master passes; empty where there is none."""
    model = station.model
    return model.text("AuthCtrlr.MasterPassGroupId") if model.has("AuthCtrlr.MasterPassGroupId") else ""


def _stop_all(station: Station, token: Token, evse: int | None) -> Presented:
    """A master pass ends every transaction (C16.FR.02, .08), or on a display the one that is chosen (C16.FR.01)."""
    chosen = evse if station.model.flag("DisplayMessageCtrlr.Enabled") else None
    for one in station.evses_of(chosen):
        if one.is_authorized:
            one.end_authorization("StopAuthorized", "MasterPass", token=token)
    return Presented(
        "stopped", None, f"a master pass ends {'every transaction' if chosen is None else 'what is chosen'}"
    )


def candidate(
    station: Station,
    evse: int | None,
    token: Token | None = None,
    group: str | None = None,
    only: tuple[int, ...] = (),
) -> Evse | None:
    """Where a session could begin: the EVSE named; else one that is kept for `token`, or for its `group` (None: not
    known yet); else one with a car plugged in; else a free one. `only` at these, if any are named (C01.FR.21)."""
    found = station.evses if evse is None else station.evses_of(evse or -1)
    found = tuple(e for e in found if not only or e.id in only)
    open_ = [e for e in found if e.is_startable and (token is None or not refusal(station, e, token, group))]
    return min(open_, key=lambda e: (not e.reserved, e.active.cable is not Cable.BOTH_ENDS), default=None)


def _nowhere(station: Station, evse: int | None, token: Token, group: str | None = None) -> Presented:
    """Why no session can begin: everything is in use, or what is not is kept for others."""
    one = candidate(station, evse)
    if one is None:
        return Presented("ignored", None, "no EVSE is free")
    return Presented("refused", one, refusal(station, one, token, group))


async def decide(station: Station, token: Token) -> TokenInfo:
    """Whether `token` may charge: by the station's own knowledge, or by asking the CSMS."""
    now = station.clock.time()
    info = station.authorizer.local(token, station.model, now, online=station.may_send)
    if info is not None:
        _decided(station, token, info.status)
        return info
    try:
        info = await authorize(station, token)
    except CallFailed as failed:
        station.note("not_authorized", f"{token.shown}: {failed}")
        own = None
        if station.peer is None:  # went offline while asking
            own = station.authorizer.local(token, station.model, now, online=False)
        _decided(station, token, own.status if own is not None else "")
        return own or TokenInfo("Invalid")
    _decided(station, token, info.status)
    station.authorizer.learn(token, info, station.model, station.clock.time())
    keep_cache(station)
    return info


def _decided(station: Station, token: Token, status: str) -> None:
    tell_parts(station, lambda part: part.decided(token, status))


FAULT_REASONS = {
    "GroundFailure": "GroundFault",
    "OverCurrentFailure": "OvercurrentFault",
    "OverVoltage": "PowerQuality",
    "UnderVoltage": "PowerQuality",
}
"""1.6 ChargePointErrorCode -> the 2.x ReasonEnumType with which it ends a transaction; Other for the rest."""


def fault(station: Station, evse: int = 1, connector: int | None = None, error: str = "OtherError") -> None:
    """The connector breaks; `error` is a 1.6 ChargePointErrorCode. A transaction on it ends (E06.FR.16)."""
    one, c = socket(station, evse, connector)
    c.health = follow(HEALTH, c.health, "fault")
    c.error = error
    if station.version is not V16:
        from charge_point.monitoring.monitors import Monitors  # few stations have a fault

        station.part(Monitors).look_soon()  # a hard-wired monitor watches for faults
    if one.active is c and one.is_authorized:
        one.end_authorization("AbnormalCondition", FAULT_REASONS.get(error, "Other"))
    station.report(one, c)
    station.changed()


def clear_fault(station: Station, evse: int = 1, connector: int | None = None) -> None:
    """The connector is sound again. Raises NotNow when it is."""
    one, c = socket(station, evse, connector)
    c.health = follow(HEALTH, c.health, "repaired")
    c.error = "NoError"
    station.report(one, c)
    station.changed()
