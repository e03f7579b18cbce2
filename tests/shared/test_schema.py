"""The compiled schemas: what they let pass, and how a breach is named and placed."""

from __future__ import annotations

from typing import Any

import pytest

from shared.actions import CSMS, SENDS, STATION, of
from shared.versions import (
    BAD_VALUE,
    COUNT,
    EXTRA,
    MISSING,
    NOT_OBJECT,
    V16,
    V21,
    V201,
    WRONG_TYPE,
    Version,
)
from shared.wire.schema import Violation, document, schemas
from tests.support import each_2x, each_version

SAMPLE = "/meterValue/0/sampledValue/0/value"
METER = {"timestamp": "2026-01-01T10:00:00Z", "sampledValue": [{"value": 1.5}]}


@each_version
def test_every_request_and_answer_compiles(version: Version) -> None:
    for action in {*of(version, STATION), *of(version, CSMS)}:
        schemas(version).requests[action.name].is_valid({})
        if action.name not in SENDS:
            schemas(version).answers[action.name].is_valid({})


@each_version
def test_there_is_one_object_per_version(version: Version) -> None:
    assert schemas(version) is schemas(version)
    assert schemas(version).requests["Heartbeat"] is schemas(version).requests["Heartbeat"]


@pytest.mark.parametrize(
    ("version", "action"), [(V16, "TransactionEvent"), (V201, "BatterySwap"), (V21, "Foo"), (V16, "")]
)
def test_what_the_version_does_not_have_is_a_key_error(version: Version, action: str) -> None:
    with pytest.raises(KeyError, match="has no request"):
        document(version, action)
    with pytest.raises(KeyError):
        schemas(version).violations(action, {})


def test_a_send_has_no_answer() -> None:
    with pytest.raises(KeyError, match="has no answer NotifyPeriodicEventStream"):
        document(V21, "NotifyPeriodicEventStream", answer=True)


def symptoms(version: Version, action: str, payload: Any) -> list[tuple[str, str]]:
    return [(v.path, v.symptom) for v in schemas(version).violations(action, payload)]


def metered(changed: dict[str, Any]) -> dict[str, Any]:
    return {"evseId": 1, "meterValue": [METER | changed]}


def password(value: Any) -> dict[str, Any]:
    variable = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    return {"setVariableData": [{"attributeValue": value} | variable]}


BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
BOOT_2X = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}


@pytest.mark.parametrize(
    ("version", "action", "payload", "expected"),
    [
        (V16, "BootNotification", BOOT, []),
        (V16, "BootNotification", {"chargePointVendor": "V"}, [("", MISSING)]),
        (V16, "BootNotification", BOOT | {"chargePointModel": 5}, [("/chargePointModel", WRONG_TYPE)]),
        (V16, "BootNotification", BOOT | {"chargePointModel": None}, [("/chargePointModel", WRONG_TYPE)]),
        (V16, "BootNotification", BOOT | {"chargePointModel": "M" * 21}, [("/chargePointModel", BAD_VALUE)]),
        (V16, "BootNotification", BOOT | {"x": 1}, [("", EXTRA)]),
        (V16, "Reset", {"type": "soft"}, [("/type", BAD_VALUE)]),
        (V16, "Heartbeat", [], [("", NOT_OBJECT)]),
        (V16, "Heartbeat", "{}", [("", NOT_OBJECT)]),
        (V16, "Heartbeat", None, [("", NOT_OBJECT)]),
        (V201, "BootNotification", BOOT_2X, []),
        (V201, "BootNotification", BOOT_2X | {"reason": "Boot"}, [("/reason", BAD_VALUE)]),
        (V201, "BootNotification", BOOT_2X | {"chargingStation": {"model": "M"}}, [("/chargingStation", MISSING)]),
        (V201, "MeterValues", {"evseId": 1, "meterValue": []}, [("/meterValue", COUNT)]),
        (V201, "MeterValues", metered({"sampledValue": [{"value": "1.5"}]}), [(SAMPLE, WRONG_TYPE)]),
        (V201, "MeterValues", metered({"timestamp": "yesterday"}), [("/meterValue/0/timestamp", BAD_VALUE)]),
        (V201, "MeterValues", {"evseId": -1, "meterValue": [METER]}, []),
        (V21, "MeterValues", {"evseId": -1, "meterValue": [METER]}, [("/evseId", BAD_VALUE)]),
        (V201, "Heartbeat", {"customData": {"vendorId": "v", "any": [{"thing": None}]}}, []),
        (V201, "Heartbeat", {"customData": {"any": 1}}, [("/customData", MISSING)]),
    ],
)  # fmt: skip
def test_a_breach_is_named_and_placed(
    version: Version, action: str, payload: Any, expected: list[tuple[str, str]]
) -> None:
    assert symptoms(version, action, payload) == expected


def test_all_breaches_come_at_once_with_the_gravest_first() -> None:
    payload = {"connectorId": "1", "meterValue": [{"sampledValue": [{"value": "1"}]}], "extra": 1}
    assert symptoms(V16, "MeterValues", payload) == [
        ("/connectorId", WRONG_TYPE),
        ("/meterValue/0", MISSING),
        ("", EXTRA),
    ]


def test_the_words_say_where_and_what() -> None:
    (violation,) = schemas(V16).violations("Reset", {"type": "soft"})
    assert str(violation) == '/type: "soft" is not one of "Hard" or "Soft"'
    (violation,) = schemas(V16).violations("Reset", {})
    assert str(violation) == '/: "type" is a required property'


@each_version
def test_an_integral_number_is_an_integer_only_where_the_dialect_says_so(version: Version) -> None:
    """Draft 4 calls 1.0 a number; draft 6, which 2.x uses, an integer (J-errata 3.8)."""
    action, payload = (
        "ReserveNow",
        {"connectorId": 1.0, "expiryDate": "2026-01-01T10:00:00Z", "idTag": "A", "reservationId": 1},
    )
    if version is not V16:
        action, payload = "GetTransactionStatus", {}
        action, payload = "ClearDisplayMessage", {"id": 1.0}
    assert bool(symptoms(version, action, payload)) is (version is V16)  # fmt: skip


@each_version
def test_only_2_x_insists_on_rfc_3339(version: Version) -> None:
    payload = {"currentTime": "2026-01-01 10:00"}
    found = schemas(version).violations("Heartbeat", payload, answer=True)
    assert [v.path for v in found] == ([] if version is V16 else ["/currentTime"])


@each_version
def test_half_a_million_breaches_are_not_all_listed(version: Version) -> None:
    payload: dict[str, Any] = {"evseId": 1, "meterValue": [1] * 500_000}
    if version is V16:
        payload = {"connectorId": 1, "meterValue": [1] * 500_000}
    found = schemas(version).violations("MeterValues", payload)
    assert 10 < len(found) < 10_000
    assert found[0] == Violation("/meterValue/0", WRONG_TYPE, '1 is not of type "object"')


@each_2x
def test_a_breach_beyond_what_is_looked_through_is_found_all_the_same(version: Version) -> None:
    payload = {"evseId": 1, "meterValue": [METER] * 20_000 + [1]}
    assert symptoms(version, "MeterValues", payload) == [("/meterValue/20000", WRONG_TYPE)]


@each_2x
def test_a_long_and_valid_payload_has_no_breach(version: Version) -> None:
    assert symptoms(version, "MeterValues", {"evseId": 1, "meterValue": [METER] * 20_000}) == []


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@each_2x
@pytest.mark.parametrize("levels", [10, 100, 300, 1000])
def test_no_depth_of_nesting_is_too_much(version: Version, levels: int) -> None:
    assert symptoms(version, "Heartbeat", {"customData": nested(levels)}) == [("/customData", WRONG_TYPE)]
    own = {"customData": {"vendorId": "v", "deep": nested(levels)}}
    assert symptoms(version, "Heartbeat", own) == []
    assert (
        symptoms(version, "MeterValues", {"evseId": 1, "meterValue": [METER] * 9000 + nested(levels)}) != []
    )


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        (V16, "ChangeConfiguration", {"key": "AuthorizationKey", "value": "hunter2" * 100}),
        (V16, "ChangeConfiguration", {"key": "AuthorizationKey", "value": ["hunter2"]}),
        (V201, "SetVariables", password("hunter2" * 1000)),
        (V21, "SetVariables", password({"hunter2": 1})),
    ],
)  # fmt: skip
def test_the_words_never_show_what_may_be_a_password(
    version: Version, action: str, payload: dict[str, Any]
) -> None:
    found = schemas(version).violations(action, payload)
    assert found
    assert "hunter2" not in str(found)
