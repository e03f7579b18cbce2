"""Stations as a scenario's stage: each with its connection, and what a person can do at it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from charge_point import persona
from charge_point.authorization import Token
from charge_point.battery_swap import insert_battery, swap_battery, take_battery
from charge_point.connection import Connection, handlers
from charge_point.connector import NotNow
from charge_point.ev import vehicle
from charge_point.generator import let_come
from charge_point.hands import ev_stops, limit, meter_fault
from charge_point.making import backoff_of, setup_of, target_of
from charge_point.persona_options import let_drivers_come, to_connection, to_target
from charge_point.restarting import watchdog
from charge_point.setup import StationSetup
from charge_point.spoiling import let_firmware_fail, let_uploads_fail
from charge_point.stage_questions import QUESTIONS
from charge_point.station import Station
from charge_point.transfer import Transfers
from shared.chance import Stream
from shared.dialer import Backoff, Dialer, GaveUp, Target, dial
from shared.journal.entry import OPEN, Entry
from shared.option_fields import UsageError
from shared.scenario.check_words import STATION_NEEDS
from shared.scenario.stage import Broken, CannotConnect, CannotDo, NotHere, NotMet, Setting, Stub, overlaid
from shared.tasks import Tasks

if TYPE_CHECKING:
    from shared.peer import Peer


class _Unit:
    """One station with its way to the central system."""

    station: Station
    dialer: Dialer
    connection: Connection
    layer: Mapping[str, Any]
    """The options of its persona."""
    dialling: asyncio.Task[None] | None = None
    failure: str = ""
    """Why the last attempt to connect failed."""

    def heard(self, sentence: str, wait: float) -> None:
        """An attempt to connect failed."""
        self.failure = sentence


class StationStage:
    """The stations of a scenario. Owns them; in a pair their dialler is the setting's `dial`."""

    role = "charge_point"

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.bugs: list[BaseException] = []
        self._tasks = Tasks(self._crashed)
        self._stubs: dict[str, Stub] = {}
        self._units = {name: self._unit(name, own) for name, own in setting.stations.items()}
        self._leave = setting.journal.subscribe(self._watch)

    def _crashed(self, error: BaseException) -> None:
        if not isinstance(error, GaveUp):
            self.bugs.append(error)

    def _unit(self, name: str, settings: Mapping[str, Any]) -> _Unit:
        setting, unit = self._setting, _Unit()
        options = setting.options.of_station() if setting.options is not None else None
        base = setup_of(options, setting.run_id) if options is not None else StationSetup()
        try:
            made = persona.setup(settings, base)
            layer = persona.layer_in(settings)
        except UsageError as wrong:
            raise Broken(str(wrong)) from None
        made = replace(made, seed=setting.seed, run_id=setting.run_id)
        try:
            unit.station = Station(name, made, setting.journal, self._tasks, version=setting.version)
        except ValueError as wrong:
            raise Broken(f"{name}: {wrong}") from None
        if setting.network is not None:
            unit.station.part(Transfers).through = setting.network
        if options is not None:
            target = target_of(options)._replace(identity=name, versions=(setting.version,))
            backoff: Callable[[], Backoff] = lambda: backoff_of(options, unit.station)  # noqa: E731
        else:
            target = Target(setting.url or "ws://pair", name, (setting.version,))
            backoff = lambda: _backoff(unit.station)  # noqa: E731
        unit.dialer = Dialer(
            to_target(target, layer),
            backoff,
            Stream(setting.seed, name, "dialling"),
            tell=unit.heard,
            dial=setting.dial or dial,
        )
        unit.connection = Connection(
            unit.station,
            unit.dialer,
            **{"schema": setting.schema, "timeout": setting.timeout, **to_connection(layer)},
            run_id=setting.run_id,
            bugs=self.bugs,
            inject=setting.inject,
        )
        unit.layer = layer
        return unit

    # --- its life -----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Switch the stations on; over sockets, wait until the first of them is connected."""
        on = [u for name, u in self._units.items() if self._setting.stations[name].get("switched_on", True)]
        for unit in on:
            self._switch_on(unit)
        if self._setting.options is None or not on:
            return
        first = on[0]
        if not await first.station.until(lambda: first.station.is_online, within=self._setting.patience):
            url = first.dialer.target.url
            raise CannotConnect(first.failure or f"{url}: no connection within {self._setting.patience:g} s")

    def _switch_on(self, unit: _Unit) -> None:
        if unit.dialling is None:
            unit.dialling = self._tasks.spawn(unit.connection.run())
            let_drivers_come(unit.station, unit.layer)

    async def stop(self) -> None:
        """Switch them off, with a proper close."""
        for unit in self._units.values():
            unit.connection.stop_dialling()
            await unit.connection.end()
        for unit in self._units.values():
            unit.station.switch_off()
        await self._tasks.end()
        self._leave()

    # --- what a stage does --------------------------------------------------------------------------------

    def peer(self, station: str) -> Peer | None:
        """The connection of a station."""
        return self._one(station).connection.peer

    def _one(self, station: str) -> _Unit:
        unit = self._units.get(station)
        if unit is None:
            raise Broken(f"there is no station {station}")
        return unit

    async def act(self, verb: str, station: str, arguments: Mapping[str, Any]) -> Any:
        """Do what a person does at a station. Raises CannotDo when it is not possible now."""
        act = ACTS.get(verb)
        if act is None:
            raise NotHere(f"nobody can {verb} a station")
        try:
            outcome = act(self, self._one(station), **arguments)
            return await outcome if isinstance(outcome, Awaitable) else outcome
        except (NotNow, ValueError) as wrong:
            raise CannotDo(str(wrong)) from None
        except TypeError as wrong:
            raise Broken(f"{verb}: {wrong}") from None

    def ask(self, question: str, station: str) -> Any:
        """What a station knows of itself, by the words of `QUESTIONS`: Wh, W and percent where it is a number."""
        unit = self._one(station)
        answer = QUESTIONS.get(question)
        if answer is None:
            raise Broken(f"nobody can ask a station {question!r} ({', '.join(QUESTIONS)})")
        return answer(unit.station)

    async def meet(self, need: str, wanted: Any, station: str) -> None:
        """What a scenario needs a station to be able to: ours can."""
        if need not in STATION_NEEDS:
            raise NotMet(f"a station of ours cannot see to {need!r}")
        if need == "evses" and len(self._one(station).station.evses) < int(wanted):
            raise NotHere(f"{station} has fewer than {wanted} EVSEs")

    def stub(self, action: str, answer: Stub | None) -> None:
        """Serve an action otherwise."""
        if answer is None:
            self._stubs.pop(action, None)
        else:
            self._stubs[action] = answer
        for unit in self._units.values():
            self._overlay(unit)

    def _overlay(self, unit: _Unit) -> None:
        peer = unit.connection.peer
        if self._stubs and peer is not None:
            peer.handlers = overlaid(handlers(peer.version), self._stubs)

    def _watch(self, entry: Entry) -> None:
        if entry.sort == OPEN and entry.end == self.role and entry.station in self._units:
            self._overlay(self._units[entry.station])

    # --- acts ---------------------------------------------------------------------------------------------

    async def _present(self, unit: _Unit, token: str, evse: int | None = None, type: str = "ISO14443") -> Any:
        outcome = await unit.station.present(Token(token, type), evse)
        return {"outcome": outcome.outcome, "reason": outcome.reason}

    def _plug_in(
        self,
        unit: _Unit,
        evse: int = 1,
        connector: int | None = None,
        ev: Mapping[str, Any] | None = None,
    ) -> None:
        car = None if ev is None else vehicle(ev, unit.station.setup.ev)
        unit.station.plug_in(evse, connector, ev=car)

    def _unplug(self, unit: _Unit, evse: int = 1) -> bool:
        return unit.station.unplug(evse)

    def _ev(self, unit: _Unit, does: str, evse: int = 1) -> None:
        one = unit.station.evse(evse)
        if one is None or does not in ("pauses", "resumes", "stops"):
            raise ValueError(
                f"{unit.station.id} has no EVSE {evse}" if one is None else f"a car cannot {does!r}"
            )
        if does == "stops":
            ev_stops(unit.station, evse)
        else:
            one.ev_pauses() if does == "pauses" else one.ev_resumes()

    def _fault(
        self, unit: _Unit, error: str = "OtherError", evse: int = 1, connector: int | None = None
    ) -> None:
        unit.station.fault(evse, connector, error)

    def _clear_fault(self, unit: _Unit, evse: int = 1, connector: int | None = None) -> None:
        unit.station.clear_fault(evse, connector)

    def _boot(self, unit: _Unit) -> None:
        if unit.dialling is None:
            self._switch_on(unit)
        elif unit.station.registration.status:
            if not unit.station.is_online:
                raise NotNow("it is not connected: it boots when it is back")
            unit.station.registration.boot()

    def _set_clock(self, unit: _Unit, ahead: float) -> None:
        unit.station.clock.offset = ahead

    def _inject(self, unit: _Unit, spec: Any) -> None:
        try:
            unit.connection.faults.add(spec)
        except UsageError as wrong:
            raise Broken(f"inject: {wrong}") from None

    def _reset_faults(self, unit: _Unit) -> None:
        unit.connection.faults.reset()


def _backoff(station: Station) -> Backoff:
    model = station.model
    return Backoff(
        model.seconds("RetryBackOffWaitMinimum"),
        model.seconds("RetryBackOffRandomRange"),
        model.integer("RetryBackOffRepeatTimes"),
    )


def _external_limit(
    station: Station, amps: float | None = None, watts: float | None = None, **how: Any
) -> None:
    from charge_point.smart_charging.limits import external_limit  # most scenarios have none

    external_limit(station, amps if watts is None else watts, unit="A" if watts is None else "W", **how)


def _ev_needs(
    station: Station, evse: int = 1, departure: float | None = None, energy: float | None = None
) -> None:
    from charge_point.smart_charging.negotiation import ev_needs

    ev_needs(station, evse, departure=departure, energy=energy)


def _refuse_tariff(station: Station, evse: int) -> None:
    from charge_point.tariffs import refuse_tariff

    refuse_tariff(station, evse)


def _terminal(station: Station, does: str) -> None:
    from charge_point.payment import provider

    provider(station, does)


async def _pay(station: Station, evse: int | None = None, **how: str) -> dict[str, str]:
    from charge_point.payment import pay
    from charge_point.payment_card import card

    outcome = await pay(station, evse, card(**how))
    return {"outcome": outcome.outcome, "reason": outcome.reason}


async def _vat_number(station: Station, number: str, evse: int = 1) -> dict[str, bool]:
    from charge_point.payment import terminal

    return {"valid": await terminal(station).validate_vat(number, evse)}


def _scan(station: Station, evse: int = 1, **limits: float) -> dict[str, str]:
    from charge_point.web_payment import scan

    return {"url": scan(station, evse, **limits)}


def _priority(station: Station, evse: int, on: bool) -> None:
    from charge_point.smart_charging.priority import priority

    priority(station, evse, on)


def _load(station: Station, watts: float) -> None:
    from charge_point.smart_charging.balancing import measured

    measured(station, watts)


def _grid(station: Station, hertz: float | None = None, volts: float | None = None) -> None:
    from charge_point.grid import grid

    grid(station, hertz=hertz, volts=volts)


ACTS: dict[str, Callable[..., Any]] = {
    "plug_in": StationStage._plug_in,
    "present": StationStage._present,
    "unplug": StationStage._unplug,
    "drive_in": lambda stage, unit, evse=1: unit.station.drive_in(evse),
    "drive_off": lambda stage, unit, evse=1: unit.station.drive_off(evse),
    "ev": StationStage._ev,
    "fault": StationStage._fault,
    "clear_fault": StationStage._clear_fault,
    "meter_fault": lambda stage, unit, kind, evse=1, by=None: meter_fault(unit.station, evse, kind, by),
    "external_limit": lambda stage, unit, **how: _external_limit(unit.station, **how),
    "ev_needs": lambda stage, unit, **how: _ev_needs(unit.station, **how),
    "priority": lambda stage, unit, evse=1, on=True: _priority(unit.station, evse, on),
    "grid_frequency": lambda stage, unit, hertz: _grid(unit.station, hertz=hertz),
    "grid_voltage": lambda stage, unit, volts: _grid(unit.station, volts=volts),
    "building_load": lambda stage, unit, watts: _load(unit.station, watts),
    "power_cycle": lambda stage, unit, seconds=5.0, backup=False: unit.station.power_cycle(
        seconds, backup=backup
    ),
    "insert_battery": lambda stage, unit, **how: insert_battery(unit.station, **how),
    "take_battery": lambda stage, unit, slot=1: take_battery(unit.station, slot),
    "swap_battery": lambda stage, unit, token, batteries=1: swap_battery(unit.station, token, batteries),
    "generate": lambda stage, unit, drivers, evse=None: let_come(unit.station, drivers, evse),
    "refuse_tariff": lambda stage, unit, evse=1: _refuse_tariff(unit.station, evse),
    "driver_limit": lambda stage, unit, evse=1, **limits: limit(unit.station, evse, **limits),
    "pay": lambda stage, unit, **how: _pay(unit.station, **how),
    "payment_provider": lambda stage, unit, does: _terminal(unit.station, does),
    "vat_number": lambda stage, unit, number, evse=1: _vat_number(unit.station, number, evse),
    "scan_qr": lambda stage, unit, **how: _scan(unit.station, **how),
    "watchdog": lambda stage, unit: watchdog(unit.station),
    "emergency_stop": lambda stage, unit: unit.station.emergency_stop(),
    "firmware": lambda stage, unit, fails: let_firmware_fail(unit.station, fails),
    "uploads": lambda stage, unit, fails: let_uploads_fail(unit.station, fails),
    "go_offline": lambda stage, unit: unit.connection.go_offline(),
    "come_online": lambda stage, unit: unit.connection.come_online(),
    "abandon_connection": lambda stage, unit: unit.connection.abandon(),
    "reconnect": lambda stage, unit, after=1.0: unit.connection.redial(after),
    "boot": StationStage._boot,
    "set_clock": StationStage._set_clock,
    "inject": StationStage._inject,
    "reset_faults": StationStage._reset_faults,
}
