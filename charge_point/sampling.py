"""When the meter is read: in a transaction every so often, and for the whole station on the clock.

Sampled values (J02; 1.6 §9.1.19, §9.1.27) count from the beginning of the transaction, clock-aligned ones (J01;
1.6 §9.1.5) from midnight. Those for the end of a transaction are kept in it, the others are told at once. The
timers are the loop's; an idle station with no interval set has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from charge_point import power
from charge_point.blocks.meter_values import say_main_meter, say_meter_values, say_of_station
from charge_point.connector import Cable, Energy
from charge_point.grid import hertz_of
from charge_point.measurands import REGISTER, Sample, sample
from charge_point.parts import existing
from shared.versions import V16, V21

if TYPE_CHECKING:
    from charge_point.device_model import DeviceModel
    from charge_point.evse import Evse
    from charge_point.station import Station

DAY = 86_400.0
UPSTREAM = "AlignedDataCtrlr.UpstreamInterval"
DEFAULT = (REGISTER,)
"""What 1.6 samples when the key is empty (§7.33: the default measurand)."""


def is_on(model: DeviceModel, controller: str) -> bool:
    """Whether SampledDataCtrlr or AlignedDataCtrlr is enabled; one that cannot be switched off is."""
    return not model.has(f"{controller}.Enabled") or model.flag(f"{controller}.Enabled")


def signs(model: DeviceModel, controller: str, further: str = "") -> bool:
    """Whether the values of this controller are signed; `further` is the switch that 2.1 and 1.6 have for some."""
    if not model.flag(f"{controller}.SignReadings"):
        return False
    return not further or not model.has(f"{controller}.{further}") or model.flag(f"{controller}.{further}")


def read(
    evse: Evse, context: str, names: tuple[str, ...], *, interval: str = "", signed: bool = False
) -> Sample:
    """A sample of the meter now. `interval`: "sampled" or "aligned" begins the next interval of that kind."""
    station = evse.station
    reading = evse.meter.read(station.clock.elapsed(), station.clock.time(), interval=interval)
    giving = evse.energy in (Energy.FLOWING, Energy.HELD_BY_EV)
    amps, watts = power.offered(evse) if giving else (0.0, 0.0)
    reading = reading._replace(offered_amps=amps, offered_watts=watts, hertz=hertz_of(station))
    if evse.active.cable is Cable.BOTH_ENDS and evse.ev is not None:
        reading = reading._replace(ev=evse.ev, seconds_left=_seconds_until(evse, evse.ev.enough))
    if station.version is V21:
        from charge_point.further_values import completed  # what only 2.1 has

        reading = completed(evse, reading, names, interval)
    model, phased = station.model, station.version is not V16
    totals = not phased or model.flag("SampledDataCtrlr.RegisterValuesWithoutPhases")
    taken = sample(reading, context, names, each_phase=phased, registers_too=not totals)
    if not signed:
        return taken
    from charge_point.meter_signing import sign  # the library behind it takes long to load

    return sign(evse, taken)


def _seconds_until(evse: Evse, stored: float) -> float | None:
    flow = evse.meter.flow
    left = flow.seconds_until(stored) if flow is not None and flow.ev.soc is not None else inf
    return left if left < inf else None


def measurands(evse: Evse, name: str) -> tuple[str, ...]:
    """The measurands of SampledDataCtrlr, and on 2.1 those of the operation mode that holds (Q01.FR.33-.35)."""
    model, transaction = evse.station.model, evse.transaction
    names = model.members(f"SampledDataCtrlr.{name}")
    used = evse.station.version is V21 and transaction is not None
    if not used or all(part.name != "charging profiles" for part in (evse.station.parts or {}).values()):
        return names
    from charge_point.smart_charging.profiles import Profiles  # a station without profiles does without it

    assert transaction is not None
    part = existing(evse.station, Profiles)
    mode = part.modes.get(transaction.id, "ChargingOnly") if part is not None and part.held else ""
    path = f"V2XChargingCtrlr#{evse.id}.{name}[{mode}]"
    return tuple(dict.fromkeys((*names, *model.members(path)))) if mode and model.has(path) else names


def begin_samples(evse: Evse) -> tuple[Sample, ...]:
    """The values at the beginning of a transaction (E01.FR.09); those for its end are kept (E06.FR.11)."""
    model, transaction = evse.station.model, evse.transaction
    evse.meter.lost = 0.0  # 2.1 MeasurandEnumType: the loss in the cable is counted from here
    if transaction is None or not is_on(model, "SampledDataCtrlr"):
        return ()
    names = measurands(evse, "TxEndedMeasurands")
    kept = evse.read("Transaction.Begin", names, signed=signs(model, "SampledDataCtrlr"))
    if kept.values:
        transaction.keep(kept)
    signed = signs(model, "SampledDataCtrlr", "SignStartedReadings")
    begun = evse.read("Transaction.Begin", measurands(evse, "TxStartedMeasurands"), signed=signed)
    return (begun,) if begun.values else ()


def ended_samples(evse: Evse) -> tuple[Sample, ...]:
    """What was kept for the end of the transaction, and the values at the end (E06.FR.11; 1.6 §4.10)."""
    model, transaction = evse.station.model, evse.transaction
    kept = tuple(transaction.samples or ()) if transaction is not None else ()
    if not is_on(model, "SampledDataCtrlr"):
        return kept
    names = measurands(evse, "TxEndedMeasurands")
    last = evse.read("Transaction.End", names, signed=signs(model, "SampledDataCtrlr"))
    return (*kept, *((last,) if last.values else ()))


class Sampler:
    """The timers of one EVSE's transaction. Each sample is due an interval after the last was due."""

    __slots__ = ("_ended", "_evse", "_updated", "_upstream")

    def __init__(self, evse: Evse) -> None:
        self._evse = evse
        self._upstream: asyncio.TimerHandle | None = None
        self._updated: asyncio.TimerHandle | None = None
        self._ended: asyncio.TimerHandle | None = None

    def on(self) -> None:
        """Sample from now on, by the intervals that are set."""
        self.off()
        now = asyncio.get_running_loop().time()
        self._updated = _later(now, self._interval("TxUpdatedInterval"), self._take_updated)
        self._ended = _later(now, self._interval("TxEndedInterval"), self._take_ended)
        if self._evse.station.model.has(UPSTREAM):
            self._upstream = _later(now, self._interval("UpstreamInterval"), self._take_upstream)

    def off(self) -> None:
        """Sample no more."""
        for timer in (self._updated, self._ended, self._upstream):
            if timer is not None:
                timer.cancel()
        self._updated = self._ended = self._upstream = None

    def _interval(self, name: str) -> float:
        if self._evse.station.version is V16:
            name = "TxUpdatedInterval"  # 1.6 §9.1.27: StopTxnSampledData by MeterValueSampleInterval too
        return self._evse.station.model.seconds(f"SampledDataCtrlr.{name}")

    def _take_updated(self, due: float) -> None:
        self._updated = _later(due, self._interval("TxUpdatedInterval"), self._take_updated)
        evse, model = self._evse, self._evse.station.model
        names = measurands(evse, "TxUpdatedMeasurands")
        if not names and evse.station.version is V16:
            names = DEFAULT
        signed = signs(model, "SampledDataCtrlr", "SignUpdatedReadings")
        taken = evse.read("Sample.Periodic", names, interval="sampled", signed=signed)
        if taken.values and is_on(model, "SampledDataCtrlr"):
            evse.tell("MeterValuePeriodic", samples=(taken,))

    def _take_ended(self, due: float) -> None:
        self._ended = _later(due, self._interval("TxEndedInterval"), self._take_ended)
        evse, model = self._evse, self._evse.station.model
        names = measurands(evse, "TxEndedMeasurands")
        taken = evse.read("Sample.Periodic", names, signed=signs(model, "SampledDataCtrlr"))
        if taken.values and evse.transaction is not None and is_on(model, "SampledDataCtrlr"):
            evse.transaction.keep(taken)

    def _take_upstream(self, due: float) -> None:
        from charge_point.upstream import (
            upstream_sample,  # few stations are behind a meter that they can read
        )

        self._upstream = _later(due, self._interval("UpstreamInterval"), self._take_upstream)
        taken = upstream_sample(self._evse.station, "Sample.Periodic", "SampledDataCtrlr")
        if taken.values and is_on(self._evse.station.model, "SampledDataCtrlr"):
            self._evse.tell("MeterValuePeriodic", samples=(taken,))


class Aligner:
    """The station's clock-aligned readings, as far as intervals are set."""

    __slots__ = ("_ended", "_told", "_upstream", "station")

    def __init__(self, station: Station) -> None:
        self.station = station
        self._upstream: asyncio.TimerHandle | None = None
        self._told: asyncio.TimerHandle | None = None
        self._ended: asyncio.TimerHandle | None = None

    def on(self) -> None:
        """Read the meters on the clock from now on."""
        self.off()
        self._told = self._at_next(self._interval("Interval"), self._tell)
        self._ended = self._at_next(self._interval("TxEndedInterval"), self._keep)
        if self.station.model.has(UPSTREAM):
            self._upstream = self._at_next(self._interval("UpstreamInterval"), self._tell_upstream)

    def off(self) -> None:
        """Read them no more."""
        for timer in (self._told, self._ended, self._upstream):
            if timer is not None:
                timer.cancel()
        self._told = self._ended = self._upstream = None

    def _interval(self, name: str) -> float:
        if self.station.version is V16:
            name = "Interval"  # 1.6 §9.1.25: StopTxnAlignedData by ClockAlignedDataInterval too
        return self.station.model.seconds(f"AlignedDataCtrlr.{name}")

    def _at_next(
        self, interval: float, take: Callable[[float], None], at: float = 0.0
    ) -> asyncio.TimerHandle | None:
        """The timer for the next multiple of `interval` after midnight (UTC) that is later than `at`."""
        if interval <= 0 or not is_on(self.station.model, "AlignedDataCtrlr"):
            return None
        now = self.station.clock.time()
        since_midnight = max(now, at) % DAY
        steps = int(since_midnight / interval + 1e-9) + 1
        due = max(now, at) - since_midnight + min(steps * interval, DAY)
        return asyncio.get_running_loop().call_later(due - now, take, due)

    def _tell(self, due: float) -> None:
        self._told = self._at_next(self._interval("Interval"), self._tell, due)
        station = self.station
        model = station.model
        names = model.members("AlignedDataCtrlr.Measurands")
        if not names and station.version is V16:
            names = DEFAULT
        only_idle = model.flag("AlignedDataCtrlr.SendDuringIdle")
        if only_idle and any(e.transaction for e in station.evses):  # J01.FR.20
            return
        if station.version is not V16:
            say_main_meter(station, "Sample.Clock", names, due)
        for evse in station.evses:
            further = "" if evse.transaction is None and station.version is not V16 else "SignUpdatedReadings"
            signed = signs(model, "AlignedDataCtrlr", further)
            taken = evse.read("Sample.Clock", names, interval="aligned", signed=signed)._replace(time=due)
            if not taken.values:
                continue
            if evse.transaction is not None and station.version is not V16:
                evse.tell("MeterValueClock", samples=(taken,))
            else:
                say_meter_values(station, evse, taken)

    def _tell_upstream(self, due: float) -> None:
        from charge_point.upstream import upstream_sample

        self._upstream = self._at_next(self._interval("UpstreamInterval"), self._tell_upstream, due)
        say_of_station(self.station, upstream_sample(self.station, "Sample.Clock", "AlignedDataCtrlr"), due)

    def _keep(self, due: float) -> None:
        self._ended = self._at_next(self._interval("TxEndedInterval"), self._keep, due)
        model = self.station.model
        names = model.members("AlignedDataCtrlr.TxEndedMeasurands")
        for evse in self.station.evses:
            if evse.transaction is not None:
                signed = signs(model, "AlignedDataCtrlr")
                taken = evse.read("Sample.Clock", names, signed=signed)._replace(time=due)
                if taken.values:
                    evse.transaction.keep(taken)


def _later(due: float, seconds: float, take: Callable[[float], None]) -> asyncio.TimerHandle | None:
    """The timer for `seconds` after loop time `due`; none for no interval."""
    if seconds <= 0:
        return None
    at = due + seconds
    return asyncio.get_running_loop().call_at(at, take, at)
