"""Every key that the file of a station may hold: what it must be, and what it does. The documentation is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charge_point.monitoring.factory import KINDS
from charge_point.outlets import CONNECTOR_TYPES
from charge_point.quirks import QUIRKS
from charge_point.vendors import vendors
from shared.persona_keys import (
    ANSWERS,
    Key,
    Sections,
    a_list,
    filled,
    number,
    one_of,
    table,
    text,
    truth,
    whole,
    words,
)
from shared.suggest import not_one_of

POINTS = {
    "parked": "ParkingBayOccupancy",
    "plugged_in": "EVConnected",
    "authorized": "Authorized",
    "power_path": "PowerPathClosed",
    "signed": "DataSigned",
    "energy": "EnergyTransfer",
}
"""Start and stop points of transactions in our words."""

NEUTRAL: dict[str, str] = {
    "tx_start": "TxCtrlr.TxStartPoint",
    "tx_stop": "TxCtrlr.TxStopPoint",
    "meter_interval": "SampledDataCtrlr.TxUpdatedInterval",
    "heartbeat_interval": "OCPPCommCtrlr.HeartbeatInterval",
    "plug_timeout": "TxCtrlr.EVConnectionTimeOut",
    "rate_units": "SmartChargingCtrlr.RateUnit",
    "offline_threshold": "OCPPCommCtrlr.OfflineThreshold",
    "retry_interval": "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",
    "attempts": "OCPPCommCtrlr.MessageAttempts[TransactionEvent]",
    "reconnect_min": "RetryBackOffWaitMinimum",
    "reconnect_random": "RetryBackOffRandomRange",
    "reconnect_repeat": "RetryBackOffRepeatTimes",
}
"""Settings in our words, and the variable that each presets on the versions that have it."""

MEASURANDS: dict[str, str] = {
    "sampled": "SampledDataCtrlr.TxUpdatedMeasurands",
    "started": "SampledDataCtrlr.TxStartedMeasurands",
    "ended": "SampledDataCtrlr.TxEndedMeasurands",
    "aligned": "AlignedDataCtrlr.Measurands",
}
"""Key of [measurands] -> the variable that it presets."""


def _layout(value: Any) -> tuple[tuple[int, ...], ...]:
    shape = "expected the connector ids of each EVSE, as in [[1], [1, 2]]"
    if not isinstance(value, list) or not value or not all(isinstance(ids, list) and ids for ids in value):
        raise ValueError(shape)
    return tuple(tuple(whole(1)(id) for id in ids) for ids in value)


def _plugs(value: Any) -> tuple[tuple[str, ...], ...]:
    shape = 'expected the types of the connectors of each EVSE, as in [["cCCS2", "cType2"], ["sType2"]]'
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(kinds, list) and kinds for kinds in value)
    ):
        raise ValueError(shape)
    for kind in (kind for kinds in value for kind in kinds):
        if kind not in CONNECTOR_TYPES:
            raise ValueError(not_one_of(str(kind), "a type of connector", CONNECTOR_TYPES))
    return tuple(tuple(kinds) for kinds in value)


def _points(value: Any) -> Any:
    words(value, tuple(POINTS))
    return value


FEATURES = ("battery_swap", "payment", "web_payments", "web_payments_per_evse")
"""What a station offers only when it is asked to."""


def _features(value: Any) -> Any:
    words(value, FEATURES)
    return tuple(value) if isinstance(value, list) else (value,)


_N, _S, _W, _T = "number", "seconds", "text", "true or false"

TOP: Mapping[str, Key] = {
    "about": Key(text, "what kind of station it is, in one sentence; must be there", _W),
    "vendor": Key(filled, "its vendor", _W),
    "model": Key(filled, "its model", _W),
    "serial": Key(text, "its serial number; none is sent without", _W),
    "firmware": Key(filled, "its firmware version", _W),
    "iccid": Key(text, "of its modem's SIM card", _W),
    "imsi": Key(text, "of its modem's SIM card", _W),
    "evses": Key(_layout, "the connector ids of each EVSE: `[[1], [1, 2]]`", "lists"),
    "current": Key(one_of("AC", "DC"), "what its EVSEs deliver", "AC or DC"),
    "phases": Key(whole(1, 3), "on how many phases (AC)", _N),
    "amps": Key(number(above=0), "the most that flows, on each phase or on the DC cable", "A"),
    "power": Key(number(0), "the most that a DC EVSE delivers", "W"),
    "supply": Key(number(0), "what the grid gives all EVSEs together", "A per phase, or W"),
    "connector_type": Key(text, "a ConnectorEnumType of 2.x", _W),
    "connectors": Key(_plugs, "the types of the connectors of each EVSE, where they are not alike", "lists"),
    "dc_power": Key(number(above=0), "then: the most that a DC connector delivers", "W"),
    "dc_amps": Key(number(0), "then: the most that flows through its cable; else `dc_power` at 400 V", "A"),
    "tethered": Key(truth, "its cables are fixed to it", _T),
    "resolution": Key(number(above=0), "of its registers", "Wh"),
    "register": Key(number(0), "what its registers stand at when it is new", "Wh"),
    "noise": Key(truth, "its voltages are never twice the same", _T),
    "sample_on_change": Key(truth, "it reads the meter whenever the charging state changes", _T),
    "status_by": Key(one_of("event", "notification"), "how it reports a status on 2.1", _W),
    "boot_on_reconnect": Key(truth, "it sends BootNotification after every reconnect", _T),
    "heartbeat": Key(number(0), "it sends heartbeats this often, whatever the CSMS says", _S),
    "offline_queue": Key(whole(4), "how many messages of transactions it keeps until they are taken", _N),
    "transactions_before_accepted": Key(truth, "it charges before it is accepted", _T),
    "reboot_seconds": Key(number(0), "from a reset to the next connection", _S),
    "tx_start": Key(_points, f"what begins a transaction (2.x): {', '.join(POINTS)}", "text or texts"),
    "tx_stop": Key(_points, "what ends one when it is lost (2.x), by the same words", "text or texts"),
    "meter_interval": Key(whole(0), "between two readings in a transaction", _S),
    "heartbeat_interval": Key(whole(0), "between heartbeats until the CSMS says otherwise", _S),
    "plug_timeout": Key(whole(0), "how long a driver has to plug in", _S),
    "rate_units": Key(
        lambda value: words(value, ("A", "W")),
        "A, W: in what charging profiles are; one in another unit is refused",
        "text or texts",
    ),
    "offline_threshold": Key(whole(0), "how long it is away before it reports every status anew", _S),
    "retry_interval": Key(whole(0), "before it sends a message of a transaction again", _S),
    "attempts": Key(whole(1), "how often it sends one", _N),
    "reconnect_min": Key(whole(0), "the least that it waits before it dials again", _S),
    "reconnect_random": Key(whole(0), "up to so much more, at random", _S),
    "reconnect_repeat": Key(whole(0), "how often the wait doubles", _N),
    "ev": Key(table, "the car that comes, as `--ev` has it", "table"),
    "updates": Key(table, "how it takes new firmware", "table"),
    "variables": Key(table, "presets of configuration keys and `Component.Variable`s", "table"),
    "keys": Key(a_list, "keys and variables of the vendor's own, `[[keys]]`", "tables"),
    "measurands": Key(table, "what its meters tell", "table"),
    "timing": Key(table, "how long it takes before each message of these actions leaves", "table"),
    "vendors": Key(vendors, "what it knows of DataTransfer, `[vendors.VENDOR]`", "tables"),
    "features": Key(_features, f"what it offers besides what all do: {', '.join(FEATURES)}", "text or texts"),
    "monitors": Key(a_list, "the monitors that it comes with (2.x), `[[monitors]]`", "tables"),
    "quirks": Key(table, "what it does otherwise than it should", "table"),
    "faults": Key(a_list, "faults on the wire as `--inject` takes them, texts or tables", "list"),
    "answers": Key(a_list, "what its answers are like, `[[answers]]`", "tables"),
    "options": Key(table, "options of `python -m charge_point` by their names, with underscores", "table"),
}

TYPES = ("string", "integer", "decimal", "boolean", "dateTime", "OptionList", "MemberList", "SequenceList")
ACCESS = ("ReadOnly", "ReadWrite", "WriteOnly")

KEYS: Mapping[str, Key] = {
    "name": Key(filled, "its name in 1.6, and `Component.Name` of a variable in 2.x; must be there", _W),
    "value": Key(lambda value: value, "what it is when the station is new", "text, number, true or false"),
    "type": Key(one_of(*TYPES), f"{', '.join(TYPES)} (`string` unless given)", _W),
    "access": Key(one_of(*ACCESS), f"{', '.join(ACCESS)} (`ReadWrite` unless given)", _W),
    "unit": Key(text, "its unit (2.x)", _W),
    "low": Key(number(), "the least that it can be, or the fewest characters", _N),
    "high": Key(number(), "the most that it can be, or the most characters", _N),
    "values": Key(words, "what it can be, of a list type", "texts"),
    "reboot": Key(truth, "a change waits for a restart", _T),
}

MEASURED: Mapping[str, Key] = {
    "sampled": Key(words, "every so often in a transaction", "text or texts"),
    "started": Key(words, "at the beginning of one (2.x)", "text or texts"),
    "ended": Key(words, "at its end", "text or texts"),
    "aligned": Key(words, "on the clock", "text or texts"),
}

MONITORS: Mapping[str, Key] = {
    "variable": Key(filled, "what it watches: `EVSE.Power` for one at each EVSE; must be there", _W),
    "kind": Key(one_of(*KINDS), f"{', '.join(KINDS)} (`Delta` unless given)", _W),
    "value": Key(number(), "the threshold, the difference, or the seconds (1 unless given)", _N),
    "severity": Key(whole(0, 9), "0 (Danger) to 9 (Debug) (8 unless given)", _N),
    "hard_wired": Key(truth, "nobody can clear or change it", _T),
    "transaction": Key(truth, "it watches in transactions only", _T),
}

SECTIONS: Sections = {
    "": TOP,
    "keys": KEYS,
    "monitors": MONITORS,
    "measurands": MEASURED,
    "answers": ANSWERS,
    "quirks": {name: quirk.key for name, quirk in QUIRKS.items()},
}
"""Table of the file -> its keys. [options], [variables], [ev] and [updates] have their own names elsewhere."""
