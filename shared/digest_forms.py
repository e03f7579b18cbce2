"""How single values of a message are written in a digest: short, printable, and never an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from shared.journal.redaction import words_without_secrets

_LONGEST_VALUE = 24
_LONGEST_ADDRESS = 2000


def clean(value: object, most: int = _LONGEST_VALUE) -> str:
    """`value` as printable text of one line, at most `most` characters: what a peer sends must not steer a terminal."""
    text = value if isinstance(value, str) else _scalar(value)
    text = text[: most + 1]  # before looking at each letter: it may be a megabyte
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return cut(text, most)


def cut(text: str, most: int) -> str:
    """`text`, ended by `..` where it is longer than `most` characters."""
    return text if len(text) <= most else f"{text[: max(most - 2, 0)]}.."[: max(most, 0)]


def _scalar(value: object) -> str:
    if value is True or value is False:
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "a huge number"
    if value is None:
        return "null"
    return (
        f"{type(value).__name__} of {len(value)}" if isinstance(value, (list, dict)) else type(value).__name__
    )


# --- how values are written -----------------------------------------------------------------------------------


def plain(value: Any) -> str:
    """A scalar as printable text, an address without its password; nothing for an object, an array or null."""
    if isinstance(value, str) and "//" in value:
        value = words_without_secrets(value[:_LONGEST_ADDRESS])
    return "" if isinstance(value, (dict, list)) or value is None else clean(value)


def _short(value: Any) -> str:
    """An identifier, of which the beginning is enough."""
    text = plain(value)
    return text if len(text) <= 10 else f"{text[:4]}.."


def _count(value: Any) -> str:
    return str(len(value)) if isinstance(value, list) else ""


def _size(value: Any) -> str:
    return f"{len(value)} characters" if isinstance(value, str) else ""


def _seconds(value: Any) -> str:
    return f"{plain(value)} s" if plain(value) else ""


def _time(value: Any) -> str:
    """The time of day of a timestamp."""
    text = plain(value)
    return text[11:19] if len(text) >= 19 and text[10] in "Tt " else text


def _error(value: Any) -> str:
    return "" if value == "NoError" else plain(value)


def _variable(value: Any) -> str:
    """`Component[instance].Variable[instance]` of something that names one."""
    if not isinstance(value, dict):
        return ""
    names = []
    for member in ("component", "variable"):
        named = value.get(member)
        if isinstance(named, dict) and plain(named.get("name")):
            instance = plain(named.get("instance"))
            names.append(plain(named.get("name")) + (f"[{instance}]" if instance else ""))
    return ".".join(names)


_SECRETS = ("password", "authorizationkey")


def unsecret(name: str, text: str) -> str:
    """`text`, the value of what is called `name`, or stars when that is a secret."""
    return "***" if text and any(secret in name.lower() for secret in _SECRETS) else text


def _setting(value: Any) -> str:
    """`name=value` of a variable (2.x) or a configuration key (1.6); a secret's value is not shown."""
    if not isinstance(value, dict):
        return ""
    name = _variable(value) or plain(value.get("key"))
    setting = plain(value.get("attributeValue", value.get("value")))
    return f"{name}={unsecret(name, setting)}"


def _result(value: Any) -> str:
    """The status of one variable, and its value when there is one."""
    if not isinstance(value, dict):
        return ""
    setting = unsecret(_variable(value), plain(value.get("attributeValue")))
    return f"{plain(value.get('attributeStatus'))} {setting}".strip()


def _event(value: Any) -> str:
    """`evse 1 c1 AvailabilityState=Occupied`; the component only where no EVSE tells which one is meant."""
    if not isinstance(value, dict):
        return ""
    place = at(value, ("component", "evse"))
    named = _variable(value)
    words = []
    if isinstance(place, dict):
        for member, mark in (("id", "evse "), ("connectorId", "c")):
            if plain(place.get(member)):
                words.append(f"{mark}{plain(place.get(member))}")
        named = named.rpartition(".")[2]
    return " ".join([*words, f"{named}={plain(value.get('actualValue'))}"])


_MEASURED = {
    # measurand: decimals, unit as printed, its factor to the base unit, the unit that is 1000 of the base
    "Energy.Active.Import.Register": (2, "kWh", 0.001, "kWh"),
    "Energy.Active.Export.Register": (2, "kWh out", 0.001, "kWh"),
    "Power.Active.Import": (1, "kW", 0.001, "kW"),
    "Power.Active.Export": (1, "kW out", 0.001, "kW"),
    "Current.Import": (1, "A", 1.0, "kA"),
    "Voltage": (0, "V", 1.0, "kV"),
    "SoC": (0, "%", 1.0, ""),
}
"""What is worth a glance, in the order of printing."""


def _meter(value: Any) -> str:
    """Energy, power, current, voltage and state of charge of the last sample of each in a list of meter values."""
    last: dict[str, str] = {}
    for meter_value in value if isinstance(value, list) else ():
        samples = meter_value.get("sampledValue") if isinstance(meter_value, dict) else None
        for sample in samples if isinstance(samples, list) else ():
            if not isinstance(sample, dict) or "phase" in sample:
                continue
            # a sample that names no measurand is of the import register (1.6 §7.43; 2.x SampledValueType)
            measurand = sample.get("measurand", "Energy.Active.Import.Register")
            if (
                isinstance(measurand, str)
                and measurand in _MEASURED
                and (reading := _reading(measurand, sample))
            ):
                last[measurand] = reading
    if not last and isinstance(value, list) and value:
        return f"{len(value)} meter values"
    return " ".join(last[measurand] for measurand in _MEASURED if measurand in last)


def _reading(measurand: str, sample: dict[str, Any]) -> str:
    decimals, unit, factor, thousands = _MEASURED[measurand]
    described = sample.get("unitOfMeasure")
    written = described if isinstance(described, dict) else sample
    multiplier = written.get("multiplier", 0)
    try:
        number = float(sample["value"])
        if multiplier:
            number *= 10.0**multiplier
        if thousands and written.get("unit") == thousands:
            number *= 1000.0
        return f"{number * factor:.{decimals}f} {unit}" if abs(number) < 1e12 else f"{number:g}"
    except (KeyError, TypeError, ValueError, OverflowError):
        return ""


FORMS: dict[str, Callable[[Any], str]] = {
    "": plain,
    "id": _short,
    "n": _count,
    "size": _size,
    "s": _seconds,
    "time": _time,
    "error": _error,
    "variable": _variable,
    "setting": _setting,
    "result": _result,
    "event": _event,
    "meter": _meter,
}


# --- where values stand ------------------------------------------------------------------------------------


class Items(list[Any]):
    """What a path with `[]` leads to."""


def at(value: Any, path: Iterable[str]) -> Any:
    """What stands at `path` in `value`, or None; `Items` when the path goes through a list."""
    for step in path:
        member = step.removesuffix("[]")
        if isinstance(value, Items):
            value = Items(item[member] for item in value if isinstance(item, dict) and member in item)
        else:
            value = value.get(member) if isinstance(value, dict) else None
        if step.endswith("[]"):
            if not isinstance(value, list):
                return None
            value = Items(value)
    return value
