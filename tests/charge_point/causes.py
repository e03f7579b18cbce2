"""How each value of the transaction enumerations comes about by itself: one function a value, with its story.

`tests/charge_point/test_causes.py` runs them all, and `scripts/docs_states.py` makes a page of them. No act of a
driver, a station or a CSMS sets such a value directly: each follows from what happened.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from charge_point.authorization import Token
from charge_point.ev import vehicle
from charge_point.grid import grid
from charge_point.hands import ev_stops, limit
from charge_point.restarting import watchdog
from charge_point.tariffs import refuse_tariff
from shared.versions import V2X, V16, V21, V201, VERSIONS, Version
from shared.wire.schema import document
from tests.charge_point.sessions import AUT, DS, ET, EVC, PB, PPC, Session

STATE, TRIGGER, REASON = "chargingState", "triggerReason", "stoppedReason"
OTHER = Token("04FFFFFF")

Story = Callable[[Version], Awaitable[Session]]


class Cause(NamedTuple):
    """What makes a value come about, on which versions."""

    versions: tuple[Version, ...]
    story: Story

    @property
    def words(self) -> str:
        """The story in a sentence."""
        return " ".join(inspect.cleandoc(self.story.__doc__ or "").split())


CAUSES: dict[tuple[str, str], Cause] = {}
"""(field, value) -> how it comes about."""

PRICE: dict[str, Any] = {"tariffId": "T1", "currency": "EUR", "energy": {"prices": [{"priceKwh": 0.25}]}}


def values(field: str, version: Version) -> list[str]:
    """The values that `field` has on `version`, from the schema."""
    if version is V16:
        reasons: list[str] = document(V16, "StopTransaction")["properties"]["reason"]["enum"]
        return reasons if field == REASON else []
    names = {STATE: "ChargingStateEnumType", TRIGGER: "TriggerReasonEnumType", REASON: "ReasonEnumType"}
    found: list[str] = document(version, "TransactionEvent")["definitions"][names[field]]["enum"]
    return found


def seen(at: Session, field: str) -> list[str]:
    """The values of `field` that the station told, in order."""
    if at.version is V16:
        return [p["reason"] for p in at.of("StopTransaction") if "reason" in p]
    place = {TRIGGER: 1, STATE: 2, REASON: 3}[field]
    return [step[place] for step in at.told() if step[place]]


def cause(field: str, value: str, *versions: Version) -> Callable[[Story], Story]:
    """The decorated story brings `value` about, on `versions` or all that have it."""

    def register(story: Story) -> Story:
        having = tuple(v for v in VERSIONS if value in values(field, v))
        assert (field, value) not in CAUSES
        assert having, f"no version has {field} {value}"
        CAUSES[field, value] = Cause(versions or having, story)
        return story

    return register


async def charging(version: Version, start: str = PPC, stop: str = AUT, **more: Any) -> Session:
    at = await Session.at(version, start, stop, **more)
    await at.transfer()
    return at


async def priced(version: Version, **more: Any) -> Session:
    """Charging by the tariff that the CSMS has set as the default."""
    at = await Session.at(version, **more)
    answer = await at.ask("SetDefaultTariff", {"evseId": 0, "tariff": PRICE})
    assert answer["status"] == "Accepted"
    await at.transfer()
    return at


# --- the charging state ---------------------------------------------------------------------------------------


@cause(STATE, "Idle")
async def idle(version: Version) -> Session:
    """A token begins the transaction before the plug is in (TxStartPoint Authorized)."""
    at = await Session.at(version, AUT)
    await at.present()
    return at


@cause(STATE, "EVConnected")
async def connected(version: Version) -> Session:
    """The plug begins the transaction before anybody is authorized (TxStartPoint EVConnected)."""
    at = await Session.at(version, EVC)
    await at.plug()
    return at


@cause(STATE, "Charging")
async def flowing(version: Version) -> Session:
    """Plugged in, authorized, and the car takes what is offered."""
    at = await Session.at(version)
    await at.plug()
    await at.present()
    return at


@cause(STATE, "SuspendedEV")
async def suspended_by_the_car(version: Version) -> Session:
    """The car takes no more: its battery is full."""
    at = await Session.at(version, PPC, AUT, ev=vehicle({"battery": 10_000, "soc": 99, "watts": 5_000}))
    await at.transfer()
    await at.settle(3_600)
    return at


@cause(STATE, "SuspendedEVSE")
async def suspended_by_the_station(version: Version) -> Session:
    """A charging profile allows less than a car can be offered."""
    at = await charging(version)
    await profile(at, 0)
    return at


async def profile(at: Session, amps: float) -> None:
    """The CSMS sets a TxProfile."""
    schedule: dict[str, Any] = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}],
        "startSchedule": at.station.clock.now(),
    }
    wanted: dict[str, Any] = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "transactionId": at.running,
        "chargingSchedule": [schedule],
    }
    answer = await at.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": wanted})
    assert answer["status"] == "Accepted", answer


# --- why a message is sent ------------------------------------------------------------------------------------


@cause(TRIGGER, "AbnormalCondition")
async def abnormal(version: Version) -> Session:
    """The hardware fails while charging."""
    at = await charging(version)
    at.station.fault(1)
    await at.settle()
    return at


@cause(TRIGGER, "Authorized")
async def authorized(version: Version) -> Session:
    """A token is presented and accepted."""
    at = await Session.at(version, AUT)
    await at.present()
    return at


@cause(TRIGGER, "CablePluggedIn")
async def plugged_in(version: Version) -> Session:
    """The plug is put in (TxStartPoint EVConnected)."""
    at = await Session.at(version, EVC)
    await at.plug()
    return at


@cause(TRIGGER, "ChargingRateChanged")
async def rate_changed(version: Version) -> Session:
    """An energy management system lowers what the station may draw, by more than LimitChangeSignificance."""
    from charge_point.smart_charging.limits import external_limit

    at = await charging(version)
    external_limit(at.station, 10)
    await at.settle()
    return at


@cause(TRIGGER, "ChargingStateChanged")
async def state_changed(version: Version) -> Session:
    """Energy begins to flow."""
    return await flowing(version)


@cause(TRIGGER, "CostLimitReached")
async def cost_reached(version: Version) -> Session:
    """The driver's limit in cost is reached by what the CSMS says the transaction costs (CostUpdated)."""
    at = await charging(version)
    limit(at.station, 1, cost=5.0)
    await at.ask("CostUpdated", {"totalCost": 6.0, "transactionId": at.running})
    return at


@cause(TRIGGER, "Deauthorized")
async def deauthorized(version: Version) -> Session:
    """The CSMS refuses the token in its answer to the transaction's message (StopTxOnInvalidId)."""
    at = await Session.at(version, PPC, AUT)
    at.script["TransactionEvent"] = lambda request: at.info("Blocked") if "idToken" in request else {}
    at.script["StartTransaction"] = lambda request: {"transactionId": 1000} | at.info("Blocked")
    await at.plug()
    await at.present()
    return at


@cause(TRIGGER, "EnergyLimitReached")
async def energy_reached(version: Version) -> Session:
    """The driver wanted so much energy, and it is there."""
    at = await Session.at(version, PPC, ET)
    limit(at.station, 1, energy=500)
    await at.plug()
    await at.present()
    await at.settle(600)
    return at


@cause(TRIGGER, "EVCommunicationLost")
async def communication_lost(version: Version) -> Session:
    """The cable is pulled out of the car."""
    at = await charging(version)
    await at.unplug_ev()
    return at


@cause(TRIGGER, "EVConnectTimeout")
async def never_plugged(version: Version) -> Session:
    """Authorized, but nobody plugs in within EVConnectionTimeOut."""
    at = await Session.at(version, AUT, AUT)
    await at.present()
    await at.settle(61)
    return at


@cause(TRIGGER, "EVDeparted")
async def departed(version: Version) -> Session:
    """The car leaves the parking bay (TxStopPoint ParkingBayOccupancy)."""
    at = await Session.at(version, PB, PB)
    await at.drive_in()
    await at.drive_off()
    return at


@cause(TRIGGER, "EVDetected")
async def detected(version: Version) -> Session:
    """A car comes to the parking bay (TxStartPoint ParkingBayOccupancy)."""
    at = await Session.at(version, PB, PB)
    await at.drive_in()
    return at


@cause(TRIGGER, "LimitSet")
async def limit_set(version: Version) -> Session:
    """The driver limits the running transaction, or the CSMS does in an answer (transactionLimit)."""
    at = await charging(version)
    limit(at.station, 1, energy=50_000)
    await at.settle()
    return at


@cause(TRIGGER, "MeterValueClock")
async def on_the_clock(version: Version) -> Session:
    """A quarter of an hour is full (AlignedDataCtrlr.Interval 900)."""
    at = await charging(version, AlignedDataCtrlr__Interval=900)
    await at.settle(901)
    return at


@cause(TRIGGER, "MeterValuePeriodic")
async def periodically(version: Version) -> Session:
    """A minute of the transaction has passed (SampledDataCtrlr.TxUpdatedInterval 60)."""
    at = await charging(version, SampledDataCtrlr__TxUpdatedInterval=60)
    await at.settle(61)
    return at


@cause(TRIGGER, "OperationModeChanged")
async def other_mode(version: Version) -> Session:
    """The next period of the charging profile has another operation mode: the car is to give energy back."""
    at = await Session.at(version)
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
    at.station.plug_in(ev=vehicle({"battery": 60_000, "soc": 80, "discharge": 10_000, "iso15118": "20"}))
    await at.present()
    await at.settle(5)
    periods = [
        {"startPeriod": 0, "limit": 11_000.0},
        {"startPeriod": 60, "operationMode": "CentralSetpoint", "setpoint": -5_000.0},
    ]
    schedule = {"id": 1, "chargingRateUnit": "W", "startSchedule": at.station.clock.now()}
    profile = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule | {"chargingSchedulePeriod": periods}],
    }
    answer = await at.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": profile})
    assert answer["status"] == "Accepted", answer
    await at.settle(70)
    return at


@cause(TRIGGER, "RemoteStart")
async def started_remotely(version: Version) -> Session:
    """The CSMS starts the transaction (RequestStartTransaction)."""
    at = await Session.at(version, AUT)
    await at.start_remotely()
    return at


@cause(TRIGGER, "RemoteStop")
async def stopped_remotely(version: Version) -> Session:
    """The CSMS stops the transaction (RequestStopTransaction)."""
    at = await charging(version)
    await stop_remotely(at)
    return at


async def stop_remotely(at: Session) -> None:
    if at.version is V16:
        await at.ask("RemoteStopTransaction", {"transactionId": at.number})
    else:
        await at.stop_remotely()


@cause(TRIGGER, "ResetCommand")
async def reset_command(version: Version) -> Session:
    """The CSMS resets the station at once."""
    at = await charging(version)
    await at.ask("Reset", {"type": "Immediate"})
    await at.settle(10)
    return at


@cause(TRIGGER, "RunningCost")
async def running_cost(version: Version) -> Session:
    """The interval is over at which the station tells the cost that it reckons (TariffCostCtrlr.Interval)."""
    at = await Session.at(version)
    at.station.model.put("TariffCostCtrlr.Enabled[RunningCost]", True)
    at.station.model.put("TariffCostCtrlr.Interval[Cost]", 600)
    await at.ask("SetDefaultTariff", {"evseId": 0, "tariff": PRICE})
    await at.transfer()
    await at.settle(601)
    return at


@cause(TRIGGER, "SignedDataReceived")
async def signed_data(version: Version) -> Session:
    """The meter has signed the first value (TxStartPoint DataSigned, SignReadings)."""
    at = await Session.at(version, DS, SampledDataCtrlr__SignReadings=True)
    await at.plug()
    await at.present()
    return at


@cause(TRIGGER, "SoCLimitReached")
async def soc_reached(version: Version) -> Session:
    """The battery is as full as the driver wanted."""
    at = await Session.at(version, PPC, ET, ev=vehicle({"battery": 20_000, "soc": 50}))
    limit(at.station, 1, soc=51)
    await at.plug()
    await at.present()
    await at.settle(600)
    return at


@cause(TRIGGER, "StopAuthorized")
async def stop_authorized(version: Version) -> Session:
    """The token that began the transaction is presented again."""
    at = await charging(version)
    await at.present()
    return at


@cause(TRIGGER, "TariffChanged")
async def tariff_changed(version: Version) -> Session:
    """The CSMS gives the running transaction another tariff (ChangeTransactionTariff)."""
    at = await priced(version)
    change = {"transactionId": at.running, "tariff": PRICE | {"tariffId": "T2"}}
    assert (await at.ask("ChangeTransactionTariff", change))["status"] == "Accepted"
    return at


@cause(TRIGGER, "TariffNotAccepted")
async def tariff_refused(version: Version) -> Session:
    """The driver sees the tariff at the station and does not accept it."""
    at = await priced(version)
    refuse_tariff(at.station)
    await at.settle()
    return at


@cause(TRIGGER, "TimeLimitReached")
async def time_reached(version: Version) -> Session:
    """The transaction has lasted as long as the driver wanted."""
    at = await Session.at(version, PPC, ET)
    limit(at.station, 1, time=300)
    await at.plug()
    await at.present()
    await at.settle(301)
    return at


@cause(TRIGGER, "Trigger")
async def triggered(version: Version) -> Session:
    """The CSMS asks for the message (TriggerMessage TransactionEvent)."""
    at = await charging(version)
    await at.ask("TriggerMessage", {"requestedMessage": "TransactionEvent"})
    return at


@cause(TRIGGER, "TxResumed")
async def resumed(version: Version) -> Session:
    """The power is back within TxCtrlr.ResumptionTimeout."""
    at = await charging(version, TxCtrlr__ResumptionTimeout=60)
    at.station.power_cycle(20)
    await at.settle(30)
    return at


@cause(TRIGGER, "UnlockCommand")
async def unlock_command(version: Version) -> Session:
    """The CSMS unlocks a plug whose transaction nobody was authorized for (TxStartPoint EVConnected)."""
    at = await Session.at(version, EVC, EVC)
    await at.plug()
    await at.ask("UnlockConnector", {"evseId": 1, "connectorId": 1})
    return at


# --- why a transaction ends -----------------------------------------------------------------------------------


@cause(REASON, "DeAuthorized")
async def refused(version: Version) -> Session:
    """The CSMS refuses the token in its answer to the transaction's message (StopTxOnInvalidId)."""
    return await deauthorized(version)


@cause(REASON, "EmergencyStop")
async def emergency(version: Version) -> Session:
    """Somebody hits the red button."""
    at = await charging(version)
    at.station.emergency_stop()
    await at.settle()
    return at


@cause(REASON, "EnergyLimitReached")
async def ended_by_energy_limit(version: Version) -> Session:
    """The driver wanted so much energy, and it is there; on 2.1 with TxStopPoint EnergyTransfer."""
    return await energy_reached(version)


@cause(REASON, "EVDisconnected")
async def disconnected(version: Version) -> Session:
    """The cable is pulled out of the car (StopTxOnEVSideDisconnect)."""
    return await communication_lost(version)


async def with_car(version: Version, **car: Any) -> Session:
    """Half a minute of charging, if it comes to that."""
    at = await Session.at(version, PPC, AUT, ev=vehicle(car))
    await at.present()
    await at.plug()
    await at.settle(30)
    return at


@cause(REASON, "GroundFault")
async def ground_fault(version: Version) -> Session:
    """The car leaks current to the ground, and the residual current device opens."""
    return await with_car(version, leak=30)


@cause(REASON, "OvercurrentFault")
async def overcurrent(version: Version) -> Session:
    """The car takes more current than it is offered, for longer than it has to follow."""
    return await with_car(version, overdraw=1.5)


@cause(REASON, "PowerQuality")
async def bad_power(version: Version) -> Session:
    """The voltage of the grid is too low for the hardware."""
    at = await charging(version)
    grid(at.station, volts=60)
    await at.settle()
    return at


@cause(REASON, "Other")
async def other(version: Version) -> Session:
    """Any other fault."""
    at = await charging(version)
    at.station.fault(1, error="OtherError")
    await at.settle()
    return at


@cause(REASON, "ImmediateReset")
async def immediate_reset(version: Version) -> Session:
    """The CSMS resets the station at once."""
    return await reset_command(version)


@cause(REASON, "HardReset")
async def hard_reset(version: Version) -> Session:
    """The CSMS resets the station hard."""
    at = await charging(version)
    await at.ask("Reset", {"type": "Hard"})
    await at.settle(10)
    return at


@cause(REASON, "SoftReset")
async def soft_reset(version: Version) -> Session:
    """The CSMS resets the station softly."""
    at = await charging(version)
    await at.ask("Reset", {"type": "Soft"})
    await at.settle(10)
    return at


@cause(REASON, "UnlockCommand")
async def unlocked(version: Version) -> Session:
    """The CSMS unlocks the plug of a running transaction."""
    at = await charging(version)
    await at.ask("UnlockConnector", {"connectorId": 1})
    return at


@cause(REASON, "MasterPass")
async def master_pass(version: Version) -> Session:
    """A token of the group AuthCtrlr.MasterPassGroupId is presented."""
    at = await charging(version, AuthCtrlr__MasterPassGroupId="MASTER")
    info = at.info()
    info["idTokenInfo"]["groupIdToken"] = {"idToken": "MASTER", "type": "Central"}
    at.script["Authorize"] = lambda request: info
    await at.present(OTHER)
    return at


@cause(REASON, "Local")
async def local(version: Version) -> Session:
    """The token that began the transaction is presented again."""
    return await stop_authorized(version)


@cause(REASON, "LocalOutOfCredit")
async def out_of_credit(version: Version) -> Session:
    """The driver's limit in cost is reached; on 2.1 with TxStopPoint EnergyTransfer."""
    at = await charging(version, stop=ET)
    limit(at.station, 1, cost=5.0)
    await at.ask("CostUpdated", {"totalCost": 6.0, "transactionId": at.running})
    return at


@cause(REASON, "PowerLoss")
async def power_loss(version: Version) -> Session:
    """The power fails; the transaction is ended when it is back, or before by a backup."""
    at = await charging(version)
    at.station.power_cycle(20)
    await at.settle(30)
    return at


@cause(REASON, "Reboot")
async def rebooted(version: Version) -> Session:
    """The station hangs, and its watchdog restarts it."""
    at = await charging(version)
    watchdog(at.station)
    await at.settle(15)
    return at


@cause(REASON, "Remote")
async def remote(version: Version) -> Session:
    """The CSMS stops the transaction."""
    return await stopped_remotely(version)


@cause(REASON, "ReqEnergyTransferRejected")
async def transfer_rejected(version: Version) -> Session:
    """The car asks by ISO 15118-20 for a way to charge that the CSMS rejects (NotifyEVChargingNeeds)."""
    at = await Session.at(version)
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "Rejected"}
    at.station.plug_in(ev=vehicle({"battery": 60_000, "iso15118": "20"}))
    await at.present()
    await at.settle(5)
    return at


@cause(REASON, "SOCLimitReached")
async def ended_by_soc_limit(version: Version) -> Session:
    """The battery is as full as the driver wanted; on 2.1 with TxStopPoint EnergyTransfer."""
    return await soc_reached(version)


@cause(REASON, "StoppedByEV")
async def stopped_by_the_car(version: Version) -> Session:
    """The car ends its session over high-level communication."""
    at = await charging(version)
    ev_stops(at.station)
    await at.settle()
    return at


@cause(REASON, "TimeLimitReached")
async def ended_by_time_limit(version: Version) -> Session:
    """The transaction has lasted as long as the driver wanted; on 2.1 with TxStopPoint EnergyTransfer."""
    return await time_reached(version)


@cause(REASON, "Timeout")
async def timed_out(version: Version) -> Session:
    """Authorized, but nobody plugs in within EVConnectionTimeOut."""
    return await never_plugged(version)


__all__ = ["CAUSES", "REASON", "STATE", "TRIGGER", "V2X", "V21", "V201", "seen", "values"]
