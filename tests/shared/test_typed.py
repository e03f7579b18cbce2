"""`ocpp`'s dataclasses as payloads."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from ocpp.v16 import call as call_16
from ocpp.v16 import call_result as result_16
from ocpp.v16.enums import ResetType
from ocpp.v21 import call as call_21
from ocpp.v21.datatypes import IdTokenType

from shared.actions import CSMS, SENDS, STATION, of
from shared.versions import V16, V21, Version
from shared.wire.schema import document
from shared.wire.typed import as_wire
from tests.support import each_version


@each_version
def test_a_dict_passes_as_it_is(version: Version) -> None:
    payload = {"any": {"thing_else": None}}
    assert as_wire(version, payload) is payload


@each_version
def test_none_is_no_payload(version: Version) -> None:
    assert as_wire(version, None) == {}


def test_members_are_spelled_as_on_the_wire_and_none_is_left_out() -> None:
    boot = call_16.BootNotification(charge_point_model="M", charge_point_vendor="V")
    assert as_wire(V16, boot) == {"chargePointModel": "M", "chargePointVendor": "V"}


def test_an_enum_is_its_value() -> None:
    assert as_wire(V16, call_16.Reset(type=ResetType.hard)) == {"type": "Hard"}
    assert type(as_wire(V16, call_16.Reset(type=ResetType.hard))["type"]) is str


def test_dataclasses_and_dicts_inside_are_spelled_too() -> None:
    authorize = call_21.Authorize(id_token=IdTokenType(id_token="AA", type="Central"))  # type: ignore[arg-type]
    assert as_wire(V21, authorize) == {"idToken": {"idToken": "AA", "type": "Central"}}
    status = call_16.SetChargingProfile(
        connector_id=1, cs_charging_profiles={"charging_profile_id": 1, "stack_level": 0}
    )
    assert as_wire(V16, status) == {
        "connectorId": 1,
        "csChargingProfiles": {"chargingProfileId": 1, "stackLevel": 0},
    }


def test_names_that_differ_between_messages_come_out_as_each_has_them() -> None:
    assert as_wire(V16, result_16.GetDiagnostics(file_name="a")) == {"fileName": "a"}
    assert as_wire(V16, result_16.GetLog(status="Accepted", filename="a")) == {  # type: ignore[arg-type]
        "status": "Accepted",
        "filename": "a",
    }


def test_names_that_the_library_garbles_come_out_right() -> None:
    settled = call_21.NotifySettlement(psp_ref="P", status="Settled", settlement_amount=1.0, settlement_time="T", receipt_url="U")  # type: ignore[arg-type]  # fmt: skip # noqa: E501
    assert as_wire(V21, settled)["receiptUrl"] == "U"


def test_custom_data_is_nobodys_business() -> None:
    own = {"vendorId": "v", "vendor_id": 1, "my_key": {"id_token": 1}, "nothing": None}
    assert as_wire(V21, call_21.Heartbeat(custom_data=own)) == {"customData": own}


@each_version
@pytest.mark.parametrize("kind", ["call", "call_result"])
def test_every_field_of_every_class_is_a_member_that_the_schema_knows(version: Version, kind: str) -> None:
    """The classes' own names, set to a marker, come out under the names of the schema's top level."""
    module = importlib.import_module(f"ocpp.{version.folder}.{kind}")
    wrong = []
    for action in {*of(version, STATION), *of(version, CSMS)}:
        if action.name in SENDS:
            continue
        known = set(document(version, action.name, answer=kind == "call_result").get("properties", {}))
        of_class = getattr(module, action.name)
        payload = of_class(**{f.name: "x" for f in fields(of_class)})
        unknown = set(as_wire(version, payload)) - known
        wrong += [f"{action.name}.{name}" for name in unknown]
    assert wrong == []


@each_version
def test_no_two_members_of_one_object_differ_by_case_and_underscores_only(version: Version) -> None:
    twins = []
    for action in {*of(version, STATION), *of(version, CSMS)}:
        for answer in (False,) if action.name in SENDS else (False, True):
            for members in _objects(document(version, action.name, answer=answer)):
                letters = {name.replace("_", "").lower() for name in members}
                twins += [(action.name, members)] if len(letters) < len(members) else []
    assert twins == []


def test_names_that_differ_within_a_message_come_out_as_each_place_has_them() -> None:
    tariff = {"price_schedule_id": 1, "currency": "EUR"}
    for name in ("absolutePriceSchedule", "priceLevelSchedule"):
        limit = call_21.NotifyChargingLimit(
            charging_limit={"charging_limit_source": "EMS"},  # type: ignore[arg-type]
            charging_schedule=[{"id": 1, name: tariff}],  # type: ignore[list-item]
        )
        (schedule,) = as_wire(V21, limit)["chargingSchedule"]
        definition = "AbsolutePriceScheduleType" if name.startswith("abs") else "PriceLevelScheduleType"
        known = document(V21, "NotifyChargingLimit")["definitions"][definition]["properties"]
        assert next(iter(schedule[name])) in known


def _objects(schema: Any) -> Iterator[set[str]]:
    """The member names of each object that a schema describes."""
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        yield set(schema["properties"])
    for part in parts:
        yield from _objects(part)
