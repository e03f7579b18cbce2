"""Variables of the vendor's own: keys in 1.6, variables in 2.x, with a type and an access."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.catalogue import Vendor
from charge_point.definitions import READ_ONLY, WRITE_ONLY
from charge_point.device_model import DeviceModel
from shared.versions import V16, V201, Version
from tests.charge_point.wired import Wired
from tests.support import each_2x

OWN: dict[str, Any] = {
    "Wallbox.LedBrightness": Vendor("integer", 80, low=0, high=100, unit="Percent"),
    "InstallerPin": Vendor("string", "", WRITE_ONLY, high=8),
    "Wallbox.Board": Vendor("string", "rev C", READ_ONLY),
    "Wallbox.Mode": Vendor("OptionList", "eco", values=("eco", "boost"), reboot=True),
}


async def test_they_are_keys_of_1_6() -> None:
    w = await Wired(V16, variables=OWN).start()
    asked = ["LedBrightness", "InstallerPin", "Board"]
    keys = (await w.ask("GetConfiguration", {"key": asked}))["configurationKey"]
    assert keys == [
        {"key": "LedBrightness", "readonly": False, "value": "80"},
        {"key": "InstallerPin", "readonly": False},
        {"key": "Board", "readonly": True, "value": "rev C"},
    ]
    for key, value, status in (
        ("LedBrightness", "50", "Accepted"),
        ("LedBrightness", "101", "Rejected"),
        ("Board", "rev D", "Rejected"),
        ("InstallerPin", "123456789", "Rejected"),
        ("Mode", "boost", "RebootRequired"),
    ):
        assert (await w.ask("ChangeConfiguration", {"key": key, "value": value}))["status"] == status
    assert w.station.model.text("Wallbox.LedBrightness") == "50"
    await w.end()


@each_2x
async def test_they_are_variables_of_2_x(version: Version) -> None:
    w = await Wired(version, variables=OWN).start()
    component = {"componentVariable": [{"component": {"name": "Wallbox"}}], "requestId": 1}
    assert (await w.ask("GetReport", component))["status"] == "Accepted"
    await w.settle(1)
    entries = {one["variable"]["name"]: one for one in w.of("NotifyReport")[0]["reportData"]}
    assert set(entries) == {"LedBrightness", "Board", "Mode"}
    told = entries["LedBrightness"]["variableCharacteristics"]
    assert (told["unit"], told["minLimit"], told["maxLimit"]) == ("Percent", 0, 100)
    own = {"component": {"name": "CustomizationCtrlr"}, "variable": {"name": "InstallerPin"}}
    answer = await w.ask("SetVariables", {"setVariableData": [own | {"attributeValue": "1234"}]})
    assert answer["setVariableResult"][0]["attributeStatus"] == "Accepted"
    answer = await w.ask("GetVariables", {"getVariableData": [own]})
    assert answer["getVariableResult"][0]["attributeStatus"] == "Rejected"
    await w.end()


@pytest.mark.parametrize(
    ("name", "vendor", "words"),
    [
        ("HeartbeatInterval", Vendor(), "is a standard variable"),
        ("Own.Key", Vendor(access="Never"), "the access is ReadOnly, ReadWrite or WriteOnly"),
        ("Own.Key", Vendor("number"), "no type 'number'; the types are integer"),
        ("Own.Key", Vendor("integer", "many"), "takes an integer"),
    ],
)
def test_a_wrong_one_is_refused_in_words(name: str, vendor: Vendor, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DeviceModel(V201, overrides={name: vendor})
