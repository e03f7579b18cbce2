"""What the station tells of its meters: MeterValues, and how a sample is spelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from charge_point.grid import hertz_of, volts_of
from charge_point.measurands import Sample, Sampled, sample
from charge_point.meter import summed
from charge_point.tellers import tells
from shared.versions import V2X, V16

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

Payload = dict[str, Any]
Text = Callable[[float], str]


def meter_value_16(sample: Sample, text: Text) -> Payload:
    """A MeterValue of 1.6 (§7.33): values are strings."""
    return {
        "timestamp": text(sample.time),
        "sampledValue": [_sampled_16(sample.context, value) for value in sample.values],
    }


def _sampled_16(context: str, value: Sampled) -> Payload:
    wire: Payload = {
        "value": f"{value.value:.10g}",
        "context": context,
        "measurand": value.measurand,
        "location": value.location,
    }
    if value.unit:
        wire["unit"] = "Hertz" if value.unit == "Hz" else value.unit
    if value.signed is not None:
        # the 2.x structure as text, in place of the value (application note on signed values, §3.2)
        import json

        from charge_point.meter_signing import wire as signed

        wire |= {"format": "SignedData", "value": json.dumps(signed(value.signed), separators=(",", ":"))}
    return wire | ({"phase": value.phase} if value.phase else {})


def meter_value_2x(sample: Sample, text: Text) -> Payload:
    """A MeterValueType of 2.x: values are numbers with a unit."""
    return {
        "timestamp": text(sample.time),
        "sampledValue": [_sampled_2x(sample.context, value) for value in sample.values],
    }


def _sampled_2x(context: str, value: Sampled) -> Payload:
    wire: Payload = {
        "value": value.value,
        "context": context,
        "measurand": value.measurand,
        "location": value.location,
    }
    if value.unit:
        wire["unitOfMeasure"] = {"unit": value.unit}
    if value.signed is not None:
        from charge_point.meter_signing import wire as signed

        wire["signedMeterValue"] = signed(value.signed)
    return wire | ({"phase": value.phase} if value.phase else {})


def say_main_meter(station: Station, context: str, names: tuple[str, ...], time: float) -> None:
    """Send what the station's main meter says: EVSE 0, the sum of all (J01.FR.03, .04)."""
    readings = [e.meter.read(station.clock.elapsed(), time) for e in station.evses]
    totals = station.model.flag("SampledDataCtrlr.RegisterValuesWithoutPhases")
    reading = summed(readings, volts_of(station))._replace(hertz=hertz_of(station))
    taken = sample(reading, context, names, each_phase=True, registers_too=not totals)
    say_of_station(station, taken, time)


def say_of_station(station: Station, taken: Sample, time: float) -> None:
    """Send what was read at `time` of the station as a whole: EVSE 0 (2.x)."""
    if taken.values:
        value = meter_value_2x(taken._replace(time=time), station.clock.text)
        station.say("MeterValues", {"evseId": 0, "meterValue": [value]})


def say_meter_values(station: Station, evse: Evse, sample: Sample, *, asked: bool = False) -> None:
    """Send `sample` of `evse` outside its transaction's messages (J01; 1.6 §4.7)."""
    if not sample.values:
        return
    if station.version is not V16:
        value = meter_value_2x(sample, station.clock.text)
        station.say("MeterValues", {"evseId": evse.id, "meterValue": [value]}, asked=asked)
        return
    payload: Payload = {
        "connectorId": evse.active.number,
        "meterValue": [meter_value_16(sample, station.clock.text)],
    }
    if evse.transaction is not None and not asked:
        station.outbox.add("MeterValues", payload, evse.transaction.id)
        return
    number = station.number_of(evse.transaction) if evse.transaction is not None else None
    station.say("MeterValues", payload | ({} if number is None else {"transactionId": number}), asked=asked)


@tells("MeterValues", V16)
def tell_meter_values_16(station: Station, evse: int | None, connector: int | None) -> None:
    """The sampled measurands of one connector or all, with context Trigger (1.6 §5.17)."""
    for one in station.evses:
        if connector in (None, 0) or any(c.number == connector for c in one.connectors):
            names = station.model.members("MeterValuesSampledData") or ("Energy.Active.Import.Register",)
            say_meter_values(station, one, one.read("Trigger", names), asked=True)


@tells("MeterValues", *V2X)
def tell_meter_values_2x(station: Station, evse: int | None, connector: int | None) -> None:
    """The aligned measurands of the EVSEs meant, with context Trigger (F06.FR.06)."""
    names = station.model.members("AlignedDataCtrlr.Measurands") or ("Energy.Active.Import.Register",)
    for one in station.evses_of(evse):
        say_meter_values(station, one, one.read("Trigger", names), asked=True)
