"""The three versions, and the table of what each answers to what it cannot use."""

from __future__ import annotations

import pickle

import pytest

from shared import versions
from shared.versions import (
    ERROR_CODES,
    REFUSALS,
    V2X,
    V16,
    V21,
    V201,
    VERSIONS,
    Version,
    refusal,
    version,
)
from tests.support import each_version


@pytest.mark.parametrize(
    ("name", "expected"),
    [("1.6", V16), ("2.0.1", V201), ("2.1", V21), ("ocpp1.6", V16), ("ocpp2.0.1", V201), ("ocpp2.1", V21)],
)
def test_a_version_is_found_by_its_name_and_by_its_subprotocol(name: str, expected: Version) -> None:
    assert version(name) is expected


@pytest.mark.parametrize("name", ["1.5", "ocpp2.0", "OCPP1.6", "", "2.0"])
def test_there_is_no_other_version(name: str) -> None:
    with pytest.raises(KeyError):
        version(name)


@each_version
def test_a_version_stays_the_same_object_when_pickled(version: Version) -> None:
    assert pickle.loads(pickle.dumps(version)) is version


def test_the_versions_are_in_order() -> None:
    assert [v.order for v in VERSIONS] == [0, 1, 2]
    assert V2X == (V201, V21)


def test_only_2_1_has_send() -> None:
    assert [v.has_send for v in VERSIONS] == [False, False, True]


@each_version
def test_only_codes_of_the_version_are_answered(version: Version) -> None:
    for symptom in REFUSALS:
        assert refusal(version, symptom).code in {*ERROR_CODES[version], None}, symptom


def test_every_symptom_has_a_row() -> None:
    symptoms = {
        value
        for name, value in vars(versions).items()
        if name.isupper() and isinstance(value, str) and name != "NO_ID"
    }
    assert symptoms == set(REFUSALS)


def test_each_version_spells_the_codes_its_own_way() -> None:
    assert "FormationViolation" in ERROR_CODES[V16] - ERROR_CODES[V201]
    assert "FormatViolation" in ERROR_CODES[V201] - ERROR_CODES[V16]
    assert "OccurenceConstraintViolation" in ERROR_CODES[V16] - ERROR_CODES[V21]
    assert "OccurrenceConstraintViolation" in ERROR_CODES[V21] - ERROR_CODES[V16]
    assert {v: len(ERROR_CODES[v]) for v in VERSIONS} == {V16: 10, V201: 12, V21: 12}


def test_only_2_x_answers_what_has_no_id() -> None:
    for symptom in (versions.NOT_JSON, versions.NOT_UTF8, versions.BAD_ID):
        assert refusal(V16, symptom).code is None
        assert refusal(V201, symptom) == refusal(V21, symptom) == ("RpcFrameworkError", False)


def test_only_2_0_1_answers_an_unknown_message_type() -> None:
    codes = [refusal(v, versions.UNKNOWN_TYPE).code for v in VERSIONS]
    assert codes == [None, "MessageTypeNotSupported", None]


def test_not_implemented_is_for_what_is_unknown_and_not_supported_for_what_is_not_offered() -> None:
    for v in VERSIONS:
        assert refusal(v, versions.UNKNOWN_ACTION).code == "NotImplemented"
        assert refusal(v, versions.NOT_OFFERED).code == "NotSupported"
