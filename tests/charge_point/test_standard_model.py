from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from charge_point.configuration import change, configuration
from charge_point.definitions import FEATURES, Definition, definitions
from charge_point.device_model import DeviceModel
from shared.versions import V16, V21, V201, Version
from tests.support import each_2x

ACCESS = {"R": "ReadOnly", "RW": "ReadWrite", "W": "WriteOnly"}
COVERED = {"1.6": (V16,), "2.0.1": (V201,), "2.1": (V21,), "2": (V201, V21)}
TYPES = {
    "CSL": ("MemberList", "string")
}  # 1.6 has no types of lists; phase rotations have a form of their own


class Fact(NamedTuple):
    """One row of `standard_model.txt`."""

    component: str
    variable: str
    instance: str
    type: str
    unit: str
    access: str
    most: str
    when: str
    values: str

    @property
    def name(self) -> str:
        instance = f"[{self.instance}]" if self.instance else ""
        return f"{self.component}.{self.variable}{instance}" if self.component else self.variable

    def is_of(self, row: Definition, version: Version) -> bool:
        if version is V16:
            return row.key == self.variable
        instances = {"*": bool(row.instance), "?": True}
        return (
            self.component in (row.component, "*")
            and row.variable == self.variable
            and instances.get(self.instance, row.instance == self.instance)
        )

    def quarrels(self, row: Definition, version: Version) -> list[str]:
        """What `row` has otherwise than the standard."""
        found = []
        if row.type not in TYPES.get(self.type, (self.type,)):
            found.append(f"type {row.type}, not {self.type}")
        if version is not V16 and row.unit != self.unit and row.unit not in self.unit.split("/"):
            found.append(f"unit {row.unit!r}, not {self.unit!r}")
        if self.access != "?" and row.access not in [ACCESS[word] for word in self.access.split("/")]:
            found.append(f"access {row.access}, not {self.access}")
        if self.most and (row.high is None or row.high > float(self.most)):
            found.append(f"at most {row.high}, not {self.most}")
        if self.values and not set(row.values) <= set(self.values.split()):
            found.append(f"values {row.values}, not {self.values}")
        return found


@cache
def facts(version: Version) -> tuple[Fact, ...]:
    text = Path(__file__).with_name("standard_model.txt").read_text("utf-8")
    rows = [line.split("|") for line in text.splitlines() if not line.startswith("#")]
    found = tuple(
        Fact(*(c.strip() for c in cells[1:])) for cells in rows if version in COVERED[cells[0].strip()]
    )
    assert len(found) > 50
    return found


def own(version: Version) -> list[Definition]:
    return [row for row in definitions(version) if row.key or version is not V16]


def test_whatever_the_standard_asks_for_is_there(version: Version) -> None:
    rows = own(version)
    due = [fact for fact in facts(version) if fact.when == "always" or fact.when in FEATURES]
    assert len(due) > 20
    assert [fact.name for fact in due if not any(fact.is_of(row, version) for row in rows)] == []


def test_each_variable_is_what_the_standard_says(version: Version) -> None:
    wrong = []
    for row in own(version):
        known = [fact for fact in facts(version) if fact.is_of(row, version)]
        # what the standard has for this component goes before what any component may have
        known = [fact for fact in known if fact.component != "*"] or known
        if not any(not fact.quarrels(row, version) for fact in known):
            wrong.append((row.component, row.name, row.key, [fact.quarrels(row, version) for fact in known]))
    assert wrong == []


def test_what_is_asked_for_with_a_feature_comes_and_goes_with_it(version: Version) -> None:
    for fact in facts(version):
        for row in own(version):
            if fact.is_of(row, version) and fact.when in FEATURES and fact.component != "*":
                assert row.needs in ("", fact.when), (row.component, row.name)
            if fact.is_of(row, version) and fact.when == "always" and fact.component != "*":
                assert not row.needs, (row.component, row.name)


@each_2x
def test_every_list_of_the_report_has_its_values(version: Version) -> None:
    model = DeviceModel(version, ((1,), (1, 2)))
    lists = [slot for slot in model.catalogue.slots if slot.definition.type.endswith("List")]
    assert len(lists) > 10
    assert [slot.path for slot in lists if not slot.definition.values] == []  # TC_B_53_CS


def test_every_key_of_1_6_is_a_view_on_one_store() -> None:
    model = DeviceModel(V16, ((1,), (1, 2)))
    shown = {each["key"]: each["readonly"] for each in configuration(model, None)["configurationKey"]}
    for fact in facts(V16):
        keys = [
            key for key in shown if key == fact.variable or key.rstrip("0123456789") + "#" == fact.variable
        ]
        assert keys or (fact.when != "always" and fact.when not in FEATURES), fact.name
        for key in keys:
            assert shown[key] == (model.catalogue.keys[key.lower()].definition.access == "ReadOnly")
            assert fact.access != "R" or change(model, key, "1") == "Rejected"


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("HeartbeatInterval", "77", "OCPPCommCtrlr.HeartbeatInterval"),
        ("TransactionMessageAttempts", "9", "OCPPCommCtrlr.MessageAttempts[TransactionEvent]"),
        ("MeterValuesSampledData", "Voltage.L1,SoC", "SampledDataCtrlr.TxUpdatedMeasurands"),
        ("StopTxnAlignedData", "", "AlignedDataCtrlr.TxEndedMeasurands"),
        ("LocalAuthListEnabled", "FALSE", "LocalAuthListCtrlr.Enabled"),
        ("CpoName", "Somebody", "SecurityCtrlr.OrganizationName"),
    ],
)
def test_a_key_writes_the_variable_behind_it(key: str, value: str, name: str) -> None:
    model = DeviceModel(V16)
    assert change(model, key, value) == "Accepted"
    assert model.text(name) == (value.lower() if value == "FALSE" else value)
