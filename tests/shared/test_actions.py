"""The catalogue of actions, held against the schemas that the `ocpp` package brings."""

from __future__ import annotations

import importlib
from pathlib import Path

import ocpp
import pytest

from shared.actions import ACTIONS, CSMS, EITHER, SENDS, STATION, known, of
from shared.versions import V16, V21, V201, Version
from tests.support import each_version


def schema_actions(version: Version) -> set[str]:
    """The actions whose request has a schema in the package."""
    folder = Path(ocpp.__file__).parent / version.folder / "schemas"
    names = {file.stem for file in folder.glob("*.json")}
    requests = {name for name in names if not name.endswith("Response")}
    return {name.removesuffix("Request") for name in requests}


@each_version
def test_the_catalogue_is_what_the_schemas_say(version: Version) -> None:
    assert {a.name for a in ACTIONS.values() if version in a.versions} == schema_actions(version)


@pytest.mark.parametrize(("version", "count"), [(V16, 39), (V201, 64), (V21, 91)], ids=str)
def test_each_version_has_its_number_of_actions(version: Version, count: int) -> None:
    assert sum(version in a.versions for a in ACTIONS.values()) == count


def test_all_of_2_0_1_exists_in_2_1() -> None:
    assert {a.name for a in ACTIONS.values() if V201 in a.versions and V21 not in a.versions} == set()


@each_version
def test_the_package_has_a_class_for_each_action_that_travels_as_a_call(version: Version) -> None:
    call = importlib.import_module(f"ocpp.{version.folder}.call")
    lacking = {a.name for a in of(version, STATION) + of(version, CSMS)} - set(vars(call)) - SENDS
    assert lacking == set()


@each_version
def test_either_side_or_one_side_sends_an_action(version: Version) -> None:
    both = {a.name for a in of(version, STATION)} & {a.name for a in of(version, CSMS)}
    assert both == {"DataTransfer"} == {a.name for a in ACTIONS.values() if a.sender == EITHER}
    assert len(of(version, STATION)) + len(of(version, CSMS)) == len(schema_actions(version)) + 1


@pytest.mark.parametrize(
    ("action", "sender"),
    [
        ("BootNotification", STATION),
        ("TransactionEvent", STATION),
        ("PullDynamicScheduleUpdate", STATION),
        ("NotifyWebPaymentStarted", CSMS),
        ("NotifyAllowedEnergyTransfer", CSMS),
        ("RequestBatterySwap", CSMS),
        ("BatterySwap", STATION),
        ("AFRRSignal", CSMS),
        ("ClosePeriodicEventStream", STATION),
        ("AdjustPeriodicEventStream", CSMS),
        ("VatNumberValidation", STATION),
        ("ClearedChargingLimit", STATION),
        ("ExtendedTriggerMessage", CSMS),
    ],
)
def test_an_action_is_sent_from_the_side_that_the_standard_names(action: str, sender: str) -> None:
    assert ACTIONS[action].sent_by(sender)
    assert not ACTIONS[action].sent_by(STATION if sender == CSMS else CSMS)


@pytest.mark.parametrize(
    "name", ["bootnotification", "BootNotificationRequest", "", None, 5, ["Heartbeat"], {}]
)
def test_what_is_not_the_exact_name_is_not_known(name: object) -> None:
    assert not known(V201, name)


def test_an_action_of_another_version_is_not_known() -> None:
    assert known(V16, "StartTransaction")
    assert not known(V201, "StartTransaction")
    assert not known(V16, "TransactionEvent")
    assert not known(V201, "BatterySwap")


def test_only_the_event_stream_travels_as_send() -> None:
    assert {"NotifyPeriodicEventStream"} == SENDS
    assert ACTIONS["NotifyPeriodicEventStream"].versions == (V21,)
