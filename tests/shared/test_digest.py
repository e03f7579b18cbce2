"""The decisive fields of messages: what is said of them, that every action has something to say, and no surprises."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.actions import ACTIONS, SENDS
from shared.digest import MOST, TEMPLATES, digest
from shared.digest_forms import clean, cut
from shared.versions import V2X, V16, V21, V201, VERSIONS, Version
from shared.wire.schema import document

SAMPLE_16 = {"timestamp": "2026-01-01T10:00:00Z", "sampledValue": [{"value": "1234"}]}
SAMPLE_2X = {
    "timestamp": "2026-01-01T10:00:00Z",
    "sampledValue": [
        {"value": 1.5, "unitOfMeasure": {"unit": "kWh"}},
        {"value": 74, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W", "multiplier": 2}},
        {"value": 12, "measurand": "Current.Import", "phase": "L1"},
    ],
}
EVENT: dict[str, Any] = {
    "eventType": "Started",
    "seqNo": 0,
    "triggerReason": "Authorized",
    "transactionInfo": {"transactionId": "1f2e4a20-0000-4000-8000-000000000000"},
    "evse": {"id": 1},
    "idToken": {"idToken": "04A1", "type": "ISO14443"},
    "meterValue": [SAMPLE_2X],
}
BASIC_AUTH = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
ENABLED = {"component": {"name": "AuthCtrlr"}, "variable": {"name": "Enabled", "instance": "x"}}


def test_every_action_of_the_catalogue_has_its_words_and_no_other() -> None:
    assert set(TEMPLATES) == set(ACTIONS)


def _has(schema: dict[str, Any], node: dict[str, Any], path: list[str]) -> bool:
    """Whether `node` of `schema` has a member at `path` (`[]` goes through a list)."""
    if "$ref" in node:
        node = schema["definitions"][node["$ref"].rsplit("/", 1)[-1]]
    if not path:
        return True
    step = path[0]
    below = node.get("properties", {}).get(step.removesuffix("[]"))
    if below is None:
        return False
    if step.endswith("[]"):
        if below.get("type") != "array":
            return False
        below = below["items"]
    return _has(schema, below, path[1:])


@pytest.mark.parametrize("answer", [False, True], ids=["request", "answer"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_path_of_a_template_is_a_member_of_some_version(name: str, answer: bool) -> None:
    versions = [] if answer and name in SENDS else ACTIONS[name].versions
    forms = [document(version, name, answer=answer) for version in versions]
    for paths in re.findall(r"\{([^:}]*)", TEMPLATES[name][answer]):
        for path in paths.split(","):
            assert path == "." or any(_has(form, form, path.split(".")) for form in forms), path


@pytest.mark.parametrize("answer", [False, True], ids=["request", "answer"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_what_holds_members_has_words_for_them(name: str, answer: bool) -> None:
    if answer and name in SENDS:
        return
    for version in ACTIONS[name].versions:
        members = set(document(version, name, answer=answer).get("properties", {})) - {"customData"}
        assert not members or TEMPLATES[name][answer] or answer, f"{version} {name} {members}"
        if members - {"statusInfo"}:
            assert TEMPLATES[name][answer]


@pytest.mark.parametrize(
    ("version", "action", "payload", "answer", "words"),
    [
        (V16, "StartTransaction", {"connectorId": 1, "idTag": "04A1", "meterStart": 0}, False, "c1 04A1 meter 0"),
        (
            V16,
            "StartTransaction",
            {"transactionId": 1001, "idTagInfo": {"status": "Accepted"}},
            True,
            "tx 1001 Accepted",
        ),
        (V2X[0], "TransactionEvent", EVENT, False, "Started #0 Authorized tx 1f2e.. evse 1 04A1 1.50 kWh 7.4 kW"),
        (V21, "TransactionEvent", {}, True, ""),
        (
            V16,
            "BootNotification",
            {"chargePointVendor": "ACME", "chargePointModel": "One"},
            False,
            "ACME One",
        ),
        (
            V201,
            "BootNotification",
            {"chargingStation": {"vendorName": "ACME", "model": "One"}, "reason": "PowerUp"},
            False,
            "ACME One PowerUp",
        ),
        (V21, "BootNotification", {"status": "Accepted", "interval": 60}, True, "Accepted every 60 s"),
        (V16, "Heartbeat", {"currentTime": "2026-01-01T10:00:00.000Z"}, True, "10:00:00"),
        (
            V16,
            "MeterValues",
            {"connectorId": 2, "transactionId": 7, "meterValue": [SAMPLE_16]},
            False,
            "c2 tx 7 1.23 kWh",
        ),
        (
            V16,
            "StatusNotification",
            {"connectorId": 1, "status": "Available", "errorCode": "NoError"},
            False,
            "c1 Available",
        ),
        (
            V16,
            "StatusNotification",
            {"connectorId": 0, "status": "Faulted", "errorCode": "GroundFailure"},
            False,
            "c0 Faulted GroundFailure",
        ),
        (
            V201,
            "StatusNotification",
            {"evseId": 1, "connectorId": 2, "connectorStatus": "Occupied"},
            False,
            "evse 1 c2 Occupied",
        ),
        (V201, "Reset", {"type": "OnIdle", "evseId": 1}, False, "OnIdle evse 1"),
        (
            V201,
            "Reset",
            {"status": "Rejected", "statusInfo": {"reasonCode": "Busy"}},
            True,
            "Rejected Busy",
        ),
        (V16, "ChangeConfiguration", {"key": "SomeInterval", "value": "10"}, False, "SomeInterval=10"),
        (
            V201,
            "SetVariables",
            {"setVariableData": [ENABLED | {"attributeValue": "true"}]},
            False,
            "AuthCtrlr.Enabled[x]=true",
        ),
        (
            V201,
            "SetVariables",
            {"setVariableResult": [ENABLED | {"attributeStatus": s} for s in ("Accepted", "Rejected", "Accepted")]},
            True,
            "Accepted x2, Rejected",
        ),
        (
            V201,
            "GetVariables",
            {"getVariableResult": [ENABLED | {"attributeStatus": "Accepted", "attributeValue": "true"}]},
            True,
            "Accepted true",
        ),
        (
            V21,
            "NotifyEvent",
            {
                "seqNo": 0,
                "tbc": True,
                "eventData": [
                    {
                        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 2}},
                        "variable": {"name": "AvailabilityState"},
                        "actualValue": "Occupied",
                    }
                ],
            },
            False,
            "evse 1 c2 AvailabilityState=Occupied part 0 more follows",
        ),
        (V16, "GetInstalledCertificateIds", {"certificateType": "X"}, False, "X"),
        (V21, "GetInstalledCertificateIds", {"certificateType": ["X", "Y", "Z"]}, False, "X, Y +1"),
        (V21, "NotifyPeriodicEventStream", {"id": 3, "data": [1], "pending": 4}, False, "stream 3 1 values 4 pending"),
    ],
)  # fmt: skip
def test_the_decisive_fields_are_said(
    version: Version, action: str, payload: dict[str, Any], answer: bool, words: str
) -> None:
    assert digest(version, action, payload, answer) == words


@pytest.mark.parametrize(
    ("version", "action", "payload", "answer"),
    [
        (V16, "ChangeConfiguration", {"key": "AuthorizationKey", "value": "s3cret"}, False),
        (V201, "SetVariables", {"setVariableData": [BASIC_AUTH | {"attributeValue": "s3cret"}]}, False),
        (V21, "GetVariables", {"getVariableResult": [BASIC_AUTH | {"attributeValue": "s3cret"}]}, True),
        (V21, "SetNetworkProfile", {"connectionData": {"basicAuthPassword": "s3cret"}}, False),
        (V21, "SetNetworkProfile", {"basicAuthPassword": "s3cret"}, False),
        (V16, "Unheard", {"password": "s3cret"}, False),
        (V16, "UpdateFirmware", {"location": "ftp://user:s3cret@host/file"}, False),
        (V16, "GetDiagnostics", {"location": "ftp://u:s3cret-and-so-long-that-it-is-cut@host/"}, False),
        (V21, "UpdateFirmware", {"firmware": {"location": "https://user:s3cret@host/file"}}, False),
        (V201, "GetLog", {"log": {"remoteLocation": "sftp://user:s3cret@host/"}}, False),
        (V201, "SetNetworkProfile", {"connectionData": {"ocppCsmsUrl": "wss://u:s3cret@host/"}}, False),
        (V16, "Unheard", {"url": "ftp://user:s3cret@host/"}, False),
    ],
)
def test_a_secret_is_not_shown(version: Version, action: str, payload: dict[str, Any], answer: bool) -> None:
    assert "s3cret" not in digest(version, action, payload, answer)


def test_an_unknown_action_is_described_by_its_first_scalars() -> None:
    assert (
        digest(V16, "TransactionEvent", {"a": 1, "b": {"c": 2}, "d": True, "e": 1.5, "f": 2})
        == "a 1 d true e 1.5"
    )


def test_what_a_peer_sends_does_not_steer_the_terminal() -> None:
    assert digest(V16, "Authorize", {"idTag": "\x1b[2J\n\u202e"}) == "?[2J??"


def test_a_long_value_is_cut() -> None:
    assert clean("x" * 1000, 6) == "xxxx.."
    assert [cut("abcdef", most) for most in (6, 5, 2, 1, 0)] == ["abcdef", "abc..", "..", ".", ""]


_NAMES = sorted(
    {name for pair in TEMPLATES.values() for text in pair for name in re.findall(r"[A-Za-z0-9]+", text)}
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["NoError", "Energy.Active.Import.Register", "kWh", "2026-01-01T10:00:00Z", "SoC"])
)
_MEMBERS = st.sampled_from(
    [
        *_NAMES,
        "sampledValue",
        "measurand",
        "value",
        "unitOfMeasure",
        "multiplier",
        "unit",
        "name",
        "component",
    ]
)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(_MEMBERS | st.text(max_size=3), below, max_size=6)
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(VERSIONS),
    st.sampled_from(sorted(ACTIONS)) | st.text(max_size=5),
    st.booleans(),
    st.data(),
)
def test_whatever_comes_there_is_a_short_printable_line(
    version: Version, action: str, answer: bool, data: st.DataObject
) -> None:
    template = TEMPLATES.get(action, ("", ""))[answer]
    tops = [path.split(".")[0].removesuffix("[]") for path in re.findall(r"[{,]([A-Za-z]+)", template)]
    payload = data.draw(st.dictionaries(st.sampled_from(tops), _ANYTHING) if tops else _ANYTHING)
    text = digest(version, action, payload, answer)
    assert len(text) <= MOST
    assert text.isprintable()


@given(
    st.lists(
        st.dictionaries(st.just("sampledValue"), st.lists(st.dictionaries(_MEMBERS, _ANYTHING)) | _ANYTHING)
    )
)
def test_meter_values_of_any_kind_are_survived(meter_values: list[Any]) -> None:
    assert len(digest(V16, "MeterValues", {"meterValue": meter_values})) <= MOST
