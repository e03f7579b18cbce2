"""Members that must be there because something beside them was set: valid by the schema, fitting where known."""

from __future__ import annotations

import math

from csms.commands.form import Form, Schema
from csms.commands.samples import ROOT_HASHES

_FITTING: dict[str, object] = {
    **ROOT_HASHES,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Relative",
    "chargingRateUnit": "A",
    "format": "UTF8",
    "priceAlgorithm": "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power",
    "id": 1,
    "idToken": "test_token",
    "idTag": "test_token",
    "additionalIdToken": "test_token",
    "transactionId": "test_transaction_123",
    "connectorId": 1,
    "evseId": 1,
    "name": "ChargingStation",
    "currency": "EUR",
    "language": "en",
    "content": "Hello",
    "tariffId": "tariff-1",
    "controlId": "control-1",
    "vendorId": "org.example",
    "limit": 16,
    "numberPhases": 3,
    "soc": 80,
    "priceKwh": 0.3,
    "priceMinute": 0.05,
    "priceFixed": 0.5,
    "tax": 19,
    "frequency": 50,
    "apn": "internet",
    "server": "vpn.example.com",
    "user": "station",
    "password": "secret",
    "key": "secret",
    "duration": 3600,
    "numberOfPriceLevels": 1,
}
_FITTING_BY_PARENT: dict[tuple[str, str], object] = {
    ("idToken", "type"): "Central",
    ("groupIdToken", "type"): "Central",
    ("additionalInfo", "type"): "Central",
    ("taxRates", "type"): "vat",
    ("variable", "name"): "AvailabilityState",
}


def made(form: Form, schema: Schema, name: str, parent: str = "") -> object:
    """A value that `schema` accepts for the member `name` of `parent`: required members only, fitting where known."""
    schema = form.at(schema)
    kind = schema.get("type")
    if kind == "object":
        properties: Schema = schema.get("properties", {})
        return {r: made(form, properties[r], r, name) for r in schema.get("required", ())}
    if kind == "array":
        return [made(form, schema["items"], name, parent)]
    fitting = _FITTING_BY_PARENT.get((parent, name), _FITTING.get(name))
    if fitting is not None and fits(schema, fitting):
        return fitting
    return _plain(form, schema, kind)


def _plain(form: Form, schema: Schema, kind: object) -> object:
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "string":
        if schema.get("format") == "date-time":
            return form.now
        return "x" * int(schema.get("minLength", 0))
    if kind == "boolean":
        return False
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", 0), schema.get("maximum", math.inf)
        return int(max(low, min(0, high)))
    return ""


def fits(schema: Schema, value: object) -> bool:
    """Whether the simple `value` keeps the simple rules of `schema` (its type, enumeration and bounds)."""
    if "enum" in schema:
        return value in schema["enum"]
    kind = schema.get("type")
    if isinstance(value, str):
        return kind == "string" and len(value) <= schema.get("maxLength", math.inf) and "format" not in schema
    if isinstance(value, (int, float)):
        whole = kind == "number" or (kind == "integer" and isinstance(value, int))
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        return whole and bool(low <= value <= high)
    return False
