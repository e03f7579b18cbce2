"""What each command sends: by which name, with which defaults, options and corrections."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from csms.commands import (
    COMMANDS,
    MODULES,
    NotOnThisVersion,
    build,
    build_text,
    check,
    command,
    is_success,
    raw,
    resolve,
)
from csms.commands.keys import COMPONENT_OF_KEY
from csms.commands.samples import ROOT, ROOT_HASHES, SIGNER, STATION
from shared.actions import CSMS, of
from shared.clock import VIRTUAL_EPOCH
from shared.option_fields import UsageError
from shared.versions import V16, V21, V201, Version
from shared.wire.schema import document, schemas
from tests.csms.commanded import NOW, Commanded, opened
from tests.support import each_2x, each_version

IN_AN_HOUR = "2026-03-01T13:00:00.000Z"
TOKEN = {"idToken": "test_token", "type": "Central"}
DISTINCT = {id(c): c for c in COMMANDS.values()}.values()


def sent(station: Commanded, text: str) -> dict[str, Any]:
    return build_text(station, text).payload


# --- names ----------------------------------------------------------------------------------------------------


@each_version
def test_every_action_that_a_csms_sends_is_a_command_that_sends_it(version: Version) -> None:
    for action in of(version, CSMS):
        needed = "url=https://files.example/x" if "url" in resolve(action.name).options else ""

        request = build(Commanded(version), action.name, needed)

        assert request.action == action.name
        assert schemas(version).violations(request.action, request.payload) == []


@pytest.mark.parametrize(
    "name",
    ["RequestStartTransaction", "RemoteStartTransaction", "start_transaction", "remote_start_transaction"],
)
def test_a_command_goes_by_the_spelling_of_each_version_and_by_ours(name: str) -> None:
    assert resolve(name) is resolve("RequestStartTransaction")
    assert build(Commanded(V16), name).action == "RemoteStartTransaction"
    assert build(Commanded(V21), name).action == "RequestStartTransaction"


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"'GetVariabels' is not a command; did you mean 'GetVariables'"):
        resolve("GetVariabels")


@pytest.mark.parametrize("found", DISTINCT, ids=lambda c: c.name)
def test_the_help_of_a_command_tells_all_its_options(found: Any) -> None:
    first, *rest = found.help.split("\n")

    assert first.endswith(".")
    for option in found.options:
        assert re.search(rf"\b{option}\b", " ".join(rest)), option


def test_every_command_is_declared_in_a_module_of_the_list() -> None:
    assert {c.function.__module__ for c in DISTINCT} == {module.__name__ for module in MODULES}


def test_a_name_or_an_action_is_declared_once_and_is_one_that_a_csms_sends() -> None:
    with pytest.raises(ValueError, match="reset is already"):

        @command("Reset")
        def reset(to: Any) -> dict[str, Any]:
            return {}

    with pytest.raises(ValueError, match="Heartbeat is not an action that a CSMS sends"):
        command("Heartbeat")


@pytest.mark.parametrize(
    ("text", "version", "action"),
    [
        ("ChangeConfiguration", V201, "SetVariables"),
        ("SetVariables", V16, "ChangeConfiguration"),
        ("GetConfiguration", V21, "GetVariables"),
        ("GetVariables", V16, "GetConfiguration"),
        ("GetDiagnostics:url=ftp://files.example", V201, "GetLog"),
        ("GetDiagnostics:url=ftp://files.example", V16, "GetDiagnostics"),
        ("SignedUpdateFirmware:url=ftp://files.example", V21, "UpdateFirmware"),
        ("UpdateFirmware:url=ftp://files.example,signature=AAAA", V16, "SignedUpdateFirmware"),
        ("ExtendedTriggerMessage", V201, "TriggerMessage"),
        ("RemoteStopTransaction", V21, "RequestStopTransaction"),
    ],
)
def test_an_act_that_a_version_calls_otherwise_is_sent_under_its_name_there(
    text: str, version: Version, action: str
) -> None:
    assert build_text(Commanded(version), text).action == action


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("GetBaseReport", V16),
        ("SetDERControl", V201),
        ("CostUpdated", V16),
        ("reset:evse=1", V16),
        ("UpdateFirmware:url=x,install=60", V16),
        ("reset:kind=Soft", V201),
        ("reset:kind=OnIdle", V16),
        ("reset:kind=ImmediateAndResume", V201),
        ("trigger_message:custom=ocmf", V201),
        ("TriggerMessage:customTrigger=ocmf", V201),
        ("SetVariables:setVariableData.0.attributeValue=1", V16),
        ("GetDiagnostics:url=x,location=y", V201),
        ("set_variables:AlignedDataCtrlr.TxEndedInterval=60", V16),
        ("set_variables:A=1,B=2", V16),
        ("stop_transaction:evse=2,connector=2", V16),
    ],
)
def test_what_only_another_version_has_is_not_a_mistake_but_skipped(text: str, version: Version) -> None:
    with pytest.raises(NotOnThisVersion):
        build_text(Commanded(version), text)


def test_a_key_of_a_vendor_may_have_dots_on_16() -> None:
    assert sent(Commanded(V16), "get_variables:Mine.LedBrightness") == {"key": ["Mine.LedBrightness"]}
    told = sent(Commanded(V16), "set_variables:Mine.LedBrightness=50")
    assert told == {"key": "Mine.LedBrightness", "value": "50"}


# --- defaults ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("CancelReservation", {"reservationId": 1}),
        (
            "CertificateSigned",
            {"certificateChain": STATION + ROOT, "certificateType": "ChargingStationCertificate"},
        ),
        ("ChangeAvailability", {"operationalStatus": "Operative"}),
        ("ClearCache", {}),
        (
            "CustomerInformation",
            {"requestId": 4711, "report": True, "clear": False, "customerIdentifier": "test_customer_001"},
        ),
        ("DataTransfer", {"vendorId": "TestVendor", "messageId": "TestMessage", "data": "test_data"}),
        ("DeleteCertificate", {"certificateHashData": ROOT_HASHES}),
        ("GetBaseReport", {"requestId": 4711, "reportBase": "FullInventory"}),
        ("GetInstalledCertificateIds", {"certificateType": ["CSMSRootCertificate"]}),
        ("GetLocalListVersion", {}),
        ("GetTransactionStatus", {"transactionId": "test_transaction_123"}),
        (
            "GetVariables",
            {
                "getVariableData": [
                    {"component": {"name": "ChargingStation"}, "variable": {"name": "AvailabilityState"}}
                ]
            },
        ),
        ("InstallCertificate", {"certificateType": "CSMSRootCertificate", "certificate": ROOT}),
        ("RequestStartTransaction", {"idToken": TOKEN, "evseId": 1, "remoteStartId": 4711}),
        ("RequestStopTransaction", {"transactionId": "test_transaction_123"}),
        (
            "ReserveNow",
            {
                "id": 1,
                "expiryDateTime": IN_AN_HOUR,
                "idToken": {"idToken": "reserved_token", "type": "Central"},
                "evseId": 1,
            },
        ),
        ("Reset", {"type": "Immediate"}),
        (
            "SendLocalList",
            {
                "updateType": "Full",
                "versionNumber": 1,
                "localAuthorizationList": [{"idToken": TOKEN, "idTokenInfo": {"status": "Accepted"}}],
            },
        ),
        (
            "SetVariables",
            {
                "setVariableData": [
                    {
                        "attributeValue": "30",
                        "component": {"name": "OCPPCommCtrlr"},
                        "variable": {"name": "HeartbeatInterval"},
                    }
                ]
            },
        ),
        (
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}},
        ),
        ("UnlockConnector", {"evseId": 1, "connectorId": 1}),
        (
            "SetChargingProfile",
            {
                "evseId": 1,
                "chargingProfile": {
                    "id": 1,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "chargingProfileKind": "Absolute",
                    "chargingSchedule": [
                        {
                            "id": 1,
                            "startSchedule": NOW,
                            "chargingRateUnit": "A",
                            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}],
                        }
                    ],
                },
            },
        ),
    ],
)
@each_2x
def test_what_a_command_says_on_2x_when_told_nothing(
    version: Version, action: str, payload: dict[str, Any]
) -> None:
    assert build(Commanded(version), action).payload == payload


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}),
        ("RemoteStartTransaction", {"idTag": "test_token", "connectorId": 1}),
        ("RemoteStopTransaction", {"transactionId": 1}),
        ("Reset", {"type": "Hard"}),
        ("ChangeAvailability", {"connectorId": 1, "type": "Operative"}),
        (
            "ReserveNow",
            {"connectorId": 1, "expiryDate": IN_AN_HOUR, "idTag": "reserved_tag", "reservationId": 1},
        ),
        ("CancelReservation", {"reservationId": 1}),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "30"}),
        ("GetConfiguration", {}),
        ("UnlockConnector", {"connectorId": 1}),
        (
            "SendLocalList",
            {
                "listVersion": 1,
                "updateType": "Full",
                "localAuthorizationList": [{"idTag": "test_token", "idTagInfo": {"status": "Accepted"}}],
            },
        ),
        (
            "SetChargingProfile",
            {
                "connectorId": 1,
                "csChargingProfiles": {
                    "chargingProfileId": 1,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "chargingProfileKind": "Absolute",
                    "chargingSchedule": {
                        "startSchedule": NOW,
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}],
                    },
                },
            },
        ),
        ("InstallCertificate", {"certificateType": "CentralSystemRootCertificate", "certificate": ROOT}),
    ],
)
def test_what_a_command_says_on_16_when_told_nothing(action: str, payload: dict[str, Any]) -> None:
    assert build(Commanded(V16), action).payload == payload


def test_flags_give_the_defaults() -> None:
    from csms.option_values import VariableName, VariableValue

    station = Commanded(
        V201,
        trigger_message="BootNotification",
        reset_type="OnIdle",
        availability_status="Inoperative",
        set_variables=(VariableValue("A", "B", "x=y.z"), VariableValue("C", "D", "1")),
        get_variables=(VariableName("E", "F"),),
        reservation_id=7,
        reserve_id_token="04A1",
        reserve_evse_id=3,
        local_list_tokens=("one", "two"),
        total_cost=12.5,
    )

    assert sent(station, "TriggerMessage") == {"requestedMessage": "BootNotification"}
    assert sent(station, "Reset") == {"type": "OnIdle"}
    assert sent(station, "ChangeAvailability") == {"operationalStatus": "Inoperative"}
    values = sent(station, "SetVariables")["setVariableData"]
    assert [(v["component"]["name"], v["variable"]["name"], v["attributeValue"]) for v in values] == [
        ("A", "B", "x=y.z"),
        ("C", "D", "1"),
    ]
    assert sent(station, "GetVariables") == {
        "getVariableData": [{"component": {"name": "E"}, "variable": {"name": "F"}}]
    }
    reserved = sent(station, "ReserveNow")
    assert (reserved["id"], reserved["evseId"], reserved["idToken"]["idToken"]) == (7, 3, "04A1")
    assert sent(station, "CancelReservation") == {"reservationId": 7}
    entries = sent(station, "SendLocalList")["localAuthorizationList"]
    assert [entry["idToken"]["idToken"] for entry in entries] == ["one", "two"]
    assert sent(station, "CostUpdated")["totalCost"] == 12.5


def test_flags_of_16_give_the_defaults_there() -> None:
    station = Commanded(V16, connector_id=2, reserve_connector_id=3, reserve_id_tag="04A1", reset_type="Soft")

    for name in ("RemoteStartTransaction", "ChangeAvailability", "UnlockConnector", "TriggerMessage"):
        assert sent(station, name)["connectorId"] == 2
    assert sent(station, "ReserveNow")["connectorId"] == 3
    assert sent(station, "ReserveNow")["idTag"] == "04A1"
    assert sent(station, "Reset") == {"type": "Soft"}


def test_a_csms_without_options_uses_their_defaults(version: Version) -> None:
    station = Commanded(version)
    station.csms.options = None

    assert sent(station, "CancelReservation") == {"reservationId": 1}


@pytest.mark.parametrize("name", ["UpdateFirmware", "GetLog", "GetDiagnostics", "SignedUpdateFirmware"])
def test_a_download_or_upload_without_an_address_is_refused(version: Version, name: str) -> None:
    with pytest.raises(UsageError, match=r"url= is missing"):
        build(Commanded(version), name)

    with_address = build(Commanded(version), name, "url=https://files.example/x")

    assert "https://files.example/x" in str(with_address.payload)


@pytest.mark.parametrize(
    ("name", "version", "address"),
    [
        ("UpdateFirmware", V16, "https://example.com/firmware/v1.6.bin"),
        ("UpdateFirmware", V201, "https://example.com/firmware/v2.0.bin"),
        ("GetDiagnostics", V16, "https://example.com/diagnostics"),
        ("GetLog", V21, "https://example.com/logs"),
        ("SetNetworkProfile", V201, "ws://127.0.0.1:9000"),
    ],
)
def test_compat_upstream_brings_the_made_up_addresses_back(name: str, version: Version, address: str) -> None:
    assert f"'{address}'" in str(build(Commanded(version, compat="upstream"), name).payload)


@each_2x
def test_compat_upstream_brings_back_the_card_as_token_and_the_trigger_without_a_connector(
    version: Version,
) -> None:
    station = Commanded(version, compat="upstream")

    assert sent(station, "RequestStartTransaction")["idToken"] == {
        "idToken": "test_token",
        "type": "ISO14443",
    }
    assert sent(station, "ReserveNow")["idToken"]["type"] == "ISO14443"
    assert sent(station, "TriggerMessage") == {"requestedMessage": "StatusNotification"}


@pytest.mark.parametrize(
    ("dialled", "passwords", "profile"),
    [
        ("ws://csms.example/ocpp", None, 0),
        ("ws://csms.example/ocpp", "users", 1),
        ("wss://csms.example/ocpp", None, 2),
    ],
)
def test_a_network_profile_names_the_address_that_the_station_dialled(
    version_2x: Version, dialled: str, passwords: str | None, profile: int
) -> None:
    station = Commanded(version_2x, base_url=dialled, passwords=passwords)

    connection = sent(station, "SetNetworkProfile")["connectionData"]

    assert connection["ocppCsmsUrl"] == dialled
    assert connection["securityProfile"] == profile


# --- transactions, places, words ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RequestStopTransaction", "GetTransactionStatus", "CostUpdated"])
@each_2x
def test_the_open_transaction_is_meant_the_oldest_or_that_of_the_evse(version: Version, name: str) -> None:
    station = Commanded(version, opened(version, 1, 1), opened(version, 2, 2), opened(version, 3, 2, 2))

    assert sent(station, name)["transactionId"] == "tx-1"
    assert sent(station, f"{name}:evse=2")["transactionId"] == "tx-2"
    assert sent(station, f"{name}:connector=2")["transactionId"] == "tx-2"
    assert sent(station, f"{name}:evse=2,connector=2")["transactionId"] == "tx-3"
    assert sent(station, f"{name}:evse=3")["transactionId"] == "test_transaction_123"
    assert sent(station, f"{name}:transaction=tx-9")["transactionId"] == "tx-9"


def test_on_16_the_open_transaction_of_the_connector_is_stopped() -> None:
    station = Commanded(V16, opened(V16, 1000, 1), opened(V16, 1001, 2))

    assert sent(station, "RemoteStopTransaction") == {"transactionId": 1000}
    assert sent(station, "RemoteStopTransaction:connector=2") == {"transactionId": 1001}
    assert sent(station, "stop_transaction:evse=2") == {"transactionId": 1001}
    assert sent(station, "RemoteStopTransaction:connector=3") == {"transactionId": 1}
    assert sent(station, "RemoteStopTransaction:transaction=77") == {"transactionId": 77}
    with pytest.raises(UsageError, match="'tx' is not a whole number"):
        sent(station, "RemoteStopTransaction:transaction=tx")


@pytest.mark.parametrize("purpose", ["purpose=TxProfile", "chargingProfile.chargingProfilePurpose=TxProfile"])
@each_2x
def test_a_tx_profile_names_the_transaction_of_its_evse(version: Version, purpose: str) -> None:
    station = Commanded(version, opened(version, 1, 1), opened(version, 2, 2))

    profile = sent(station, f"SetChargingProfile:evse=2,{purpose}")["chargingProfile"]

    assert profile["transactionId"] == "tx-2"


def test_a_station_wide_profile_goes_to_evse_0_in_the_spelling_of_the_version() -> None:
    for word in ("ChargePointMaxProfile", "ChargingStationMaxProfile"):
        old = sent(Commanded(V16), f"SetChargingProfile:purpose={word}")
        new = sent(Commanded(V201), f"SetChargingProfile:purpose={word}")

        assert (old["connectorId"], old["csChargingProfiles"]["chargingProfilePurpose"]) == (
            0,
            "ChargePointMaxProfile",
        )
        assert (new["evseId"], new["chargingProfile"]["chargingProfilePurpose"]) == (
            0,
            "ChargingStationMaxProfile",
        )


@pytest.mark.parametrize("kind", ["kind=Relative", "chargingProfile.chargingProfileKind=Relative"])
def test_a_relative_profile_has_no_start(version_2x: Version, kind: str) -> None:
    profile = sent(Commanded(version_2x), f"SetChargingProfile:{kind}")["chargingProfile"]

    assert "startSchedule" not in profile["chargingSchedule"][0]


def test_a_recurring_profile_says_how_often() -> None:
    profile = sent(Commanded(V16), "SetChargingProfile:kind=Recurring")["csChargingProfiles"]

    assert profile["recurrencyKind"] == "Daily"
    assert profile["chargingSchedule"]["startSchedule"] == NOW


def test_a_remote_start_with_a_limit_brings_a_tx_profile_without_a_transaction(version: Version) -> None:
    profile = sent(Commanded(version, opened(version, 1, 1)), "start_transaction:limit=6")["chargingProfile"]

    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in profile


@pytest.mark.parametrize("option", ["message=", "requestedMessage=", ""])
@pytest.mark.parametrize("message", ["LogStatusNotification", "SignChargePointCertificate"])
def test_16_triggers_what_the_security_extension_added_with_its_own_message(
    message: str, option: str
) -> None:
    request = build_text(Commanded(V16), f"TriggerMessage:{option}{message}")

    assert request == ("ExtendedTriggerMessage", {"requestedMessage": message} | _connector_if(option))


def _connector_if(option: str) -> dict[str, int]:
    """The default, a StatusNotification, is about a connector; naming the member leaves that in place."""
    return {"connectorId": 1} if option == "requestedMessage=" else {}


@each_2x
def test_triggers_of_16_are_spelled_as_2x_spells_them(version: Version) -> None:
    station = Commanded(version)

    assert (
        sent(station, "trigger:SignChargePointCertificate")["requestedMessage"]
        == "SignChargingStationCertificate"
    )
    assert (
        sent(station, "trigger:DiagnosticsStatusNotification")["requestedMessage"] == "LogStatusNotification"
    )


def test_a_custom_trigger_is_one_word() -> None:
    assert sent(Commanded(V21), "trigger:custom=ocmf") == {
        "requestedMessage": "CustomTrigger",
        "customTrigger": "ocmf",
    }


@pytest.mark.parametrize(("key", "variable"), COMPONENT_OF_KEY.items())
def test_a_key_of_16_and_the_variable_that_took_its_place_are_one_setting(key: str, variable: str) -> None:
    for name in (key, variable):
        assert sent(Commanded(V16), f"set_variables:{name}=1") == {"key": key, "value": "1"}
        assert sent(Commanded(V16), f"get_variables:{name}") == {"key": [key]}
        (entry,) = sent(Commanded(V201), f"set_variables:{name}=1")["setVariableData"]
        component, _, rest = variable.partition(".")
        assert entry["component"]["name"] == component
        assert entry["variable"]["name"] == rest.partition("[")[0]


def test_a_variable_is_addressed_by_evse_connector_instance_and_attribute() -> None:
    text = (
        "set_variables:component=Connector,variable=Enabled,value=false,evse=2,connector=1,attribute=Target"
    )

    assert sent(Commanded(V201), text)["setVariableData"] == [
        {
            "attributeType": "Target",
            "attributeValue": "false",
            "component": {"name": "Connector", "evse": {"id": 2, "connectorId": 1}},
            "variable": {"name": "Enabled"},
        }
    ]
    (entry,) = sent(Commanded(V21), "get_variables:OCPPCommCtrlr.MessageTimeout[Default]")["getVariableData"]
    assert entry["variable"] == {"name": "MessageTimeout", "instance": "Default"}


@pytest.mark.parametrize(
    "text",
    [
        "set_variables:key=A",
        "set_variables:component=A,value=1",
        "set_variables:Nonsense=1",
        "set_variables:kee=A.B,value=1",
    ],
)
def test_a_variable_that_cannot_be_told_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        build_text(Commanded(V201), text)


def test_a_reference_to_a_customer_by_its_path_takes_the_place_of_the_default() -> None:
    payload = sent(Commanded(V21), "CustomerInformation:idToken.idToken=04A1")

    assert payload["idToken"] == {"idToken": "04A1", "type": "Central"}
    assert "customerIdentifier" not in payload
    by_json = sent(Commanded(V21), "CustomerInformation:" + json.dumps({"customerCertificate": ROOT_HASHES}))
    assert by_json.keys() == {"requestId", "report", "clear", "customerCertificate"}
    both = sent(Commanded(V21), "CustomerInformation:customerIdentifier=x,idToken.idToken=04A1")
    assert {"customerIdentifier", "idToken"} < both.keys()


def test_criteria_take_the_place_of_a_profiles_id() -> None:
    assert sent(Commanded(V201), "ClearChargingProfile") == {"chargingProfileId": 1}
    assert sent(Commanded(V201), "ClearChargingProfile:purpose=TxProfile,evse=2") == {
        "chargingProfileCriteria": {"chargingProfilePurpose": "TxProfile", "evseId": 2}
    }
    assert sent(Commanded(V201), "ClearChargingProfile:chargingProfileCriteria.stackLevel=3") == {
        "chargingProfileCriteria": {"stackLevel": 3}
    }


@pytest.mark.parametrize("kind", document(V21, "SetDERControl")["definitions"]["DERControlEnumType"]["enum"])
@pytest.mark.parametrize("option", ["kind", "controlType"])
def test_a_der_control_holds_the_settings_of_its_kind_and_no_others(kind: str, option: str) -> None:
    payload = sent(Commanded(V21), f"SetDERControl:{option}={kind}")

    settings = payload.keys() - {"isDefault", "controlId", "controlType"}
    assert payload["controlType"] == kind
    assert len(settings) == 1
    assert settings <= {"curve", "gradient", kind[0].lower() + kind[1:]}


def test_a_scheduled_der_control_has_a_start_and_a_duration() -> None:
    payload = sent(Commanded(V21), "SetDERControl:kind=FreqDroop,duration=600")

    assert payload["isDefault"] is False
    assert (payload["freqDroop"]["startTime"], payload["freqDroop"]["duration"]) == (NOW, 600)


def test_a_differential_list_is_one_version_on(version: Version) -> None:
    station = Commanded(version)
    station.station.local_list_version = 6

    payload = sent(station, "SendLocalList:tokens=a,b,kind=Differential,status=Blocked")

    assert payload.get("listVersion", payload.get("versionNumber")) == 7
    assert [
        entry.get("idTagInfo", entry.get("idTokenInfo")) for entry in payload["localAuthorizationList"]
    ] == [{"status": "Blocked"}] * 2


def test_a_time_is_a_timestamp_or_seconds_from_now() -> None:
    assert sent(Commanded(V16), "ReserveNow:expires=3600")["expiryDate"] == IN_AN_HOUR
    assert (
        sent(Commanded(V16), "ReserveNow:expires=2027-01-01T00:00:00Z")["expiryDate"]
        == "2027-01-01T00:00:00Z"
    )


def test_evses_of_2x_are_connectors_on_16() -> None:
    for place in ("evse=2", "connector=2", "evse=2,connector=1", "evse=0,connector=2"):
        assert sent(Commanded(V16), f"UnlockConnector:{place}") == {"connectorId": 2}
        assert sent(Commanded(V16), f"start_transaction:{place}")["connectorId"] == 2


# --- certificates ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [ROOT, STATION, SIGNER])
def test_the_sample_certificates_are_certificates(text: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=text)

    assert text.count("BEGIN CERTIFICATE") == 1
    assert len(context.get_ca_certs(binary_form=True)) == (1 if text == ROOT else 0)


@pytest.mark.parametrize("text", [ROOT, STATION, SIGNER])
def test_the_sample_certificates_are_valid_in_virtual_time_and_for_years_to_come(text: str) -> None:
    certificate = x509.load_pem_x509_certificate(text.encode())
    assert certificate.not_valid_before_utc.timestamp() < VIRTUAL_EPOCH
    assert certificate.not_valid_after_utc.year >= 2045


def test_the_hashes_that_delete_a_certificate_are_those_of_the_one_that_is_installed() -> None:
    serial, name, key = _names_of(ssl.PEM_cert_to_DER_cert(ROOT))

    assert ROOT_HASHES["issuerNameHash"] == hashlib.sha256(name).hexdigest()
    assert ROOT_HASHES["issuerKeyHash"] == hashlib.sha256(key).hexdigest()
    assert ROOT_HASHES["serialNumber"] == f"{int.from_bytes(serial, 'big'):x}"


def _names_of(der: bytes) -> tuple[bytes, bytes, bytes]:
    """Serial number, issuer's name (DER) and public key (bits) of a certificate (RFC 5280 §4.1)."""
    fields = _children(_content(_children(_content(der))[0]))
    _, serial, _, issuer, _, _, key = fields[:7]
    bits = _children(_content(key))[1]
    return _content(serial), issuer, _content(bits)[1:]


def _content(der: bytes) -> bytes:
    start, length = _head(der)
    return der[start : start + length]


def _head(der: bytes) -> tuple[int, int]:
    length = der[1]
    if length < 0x80:
        return 2, length
    more = length & 0x7F
    return 2 + more, int.from_bytes(der[2 : 2 + more], "big")


def _children(der: bytes) -> list[bytes]:
    found = []
    while der:
        start, length = _head(der)
        found.append(der[: start + length])
        der = der[start + length :]
    return found


def test_a_certificate_comes_from_a_file(version: Version, tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    file.write_text(SIGNER)

    assert (
        build(Commanded(version), "InstallCertificate", {"file": str(file)}).payload["certificate"] == SIGNER
    )
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        build(Commanded(version), "CertificateSigned", {"file": str(tmp_path / "none.pem")})
    file.write_text("not a certificate")
    with pytest.raises(UsageError, match="holds no certificate"):
        build(Commanded(version), "CertificateSigned", {"file": str(file)})


# --- the page ---------------------------------------------------------------------------------------------------


def test_the_page_of_commands_is_what_the_source_says() -> None:
    script = Path(__file__).parents[2] / "scripts" / "docs_commands.py"

    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


# --- refusals, raw calls, outcomes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("reset:kid=OnIdle", r"reset: .*no member 'kid'.*did you mean 'kind'\? \(kind, evse\)"),
        ("reset:kind=OnIdel", r"reset on OCPP 2.0.1: type: 'OnIdel' .*did you mean 'OnIdle'\?"),
        ("reset:evse=first", r"reset: evse: 'first' is not a whole number"),
        ("reset:OnIdle,1", r"reset: '1' is not key=value"),
        ("clear_cache:now", r"clear_cache: 'now' is not key=value"),
        ("reset:kind=OnIdle,1", r"takes one value"),
        (
            "SetChargingProfile:chargingProfile.stackLvl=2",
            r"chargingProfile has no member 'stackLvl'; did you mean",
        ),
        (
            "SetChargingProfile:chargingProfile.stackLevel=low",
            r"chargingProfile.stackLevel: 'low' is not a whole",
        ),
        ("SetChargingProfile:chargingProfile.chargingSchedule.x.id=1", r"the list .* has no member 'x'"),
        ("SetChargingProfile:chargingProfile.chargingSchedule.3.id=1", r"the list .* has no member '3'"),
        ("UnlockConnector:evseId.id=1", r"evseId has no member 'id'"),
        ("UsePriorityCharging:activate=perhaps", r"neither true nor false"),
        ("DataTransfer:vendorId=" + "x" * 256, r"vendorId: .*longer than 255"),
        ('reset:{"type": 5}', r"type: 5 is not"),
        ('reset:{"type": "OnIdle"', r"is not JSON"),
        ("reset:=kind", r"has no key before"),
        ('reset:kind="OnIdle', r"no closing"),
        ('reset:kind="OnIdle"x', r"follows a closing quote; a comma is missing"),
        ("CostUpdated:cost=nan", r"'nan' is not finite"),
    ],
)
def test_what_is_written_wrongly_is_refused_with_its_place_and_reason(text: str, message: str) -> None:
    version = V21 if text.startswith("UsePriority") else V201

    with pytest.raises(UsageError, match=message):
        build_text(Commanded(version), text)


def test_what_the_schema_refuses_can_be_sent_when_it_is_asked_for() -> None:
    request = build(Commanded(V201), "reset", '={"type": "Whenever", "more": []}', valid=False)

    assert request == ("Reset", {"type": "Whenever", "more": []})


def test_a_command_is_checked_before_there_is_a_station() -> None:
    assert check("reset:kind=OnIdle") is resolve("Reset")
    assert check("set_variables:Any.Thing=1") is resolve("SetVariables")
    assert check("TriggerMessage:customTrigger=x") is resolve("TriggerMessage")
    with pytest.raises(UsageError, match="did you mean 'kind'"):
        check("reset:kid=OnIdle")
    with pytest.raises(UsageError, match=r"OCPP 1.6 has no GetBaseReport"):
        check("GetBaseReport", (V16,))
    with pytest.raises(UsageError, match="customTrigger"):
        check("TriggerMessage:customTrigger=x", (V16, V201))


def test_a_raw_call_is_taken_as_it_stands() -> None:
    assert raw('{"action": "MakeCoffee", "payload": {"cups": 2}}') == ("MakeCoffee", {"cups": 2})
    assert raw('{"action": "ClearCache"}') == ("ClearCache", {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"payload": {}}',
        '{"action": 5}',
        '{"action": "A", "payload": []}',
        '{"action": "A", "x": 1}',
    ],
)
def test_a_raw_call_without_the_shape_of_one_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        raw(text)


GOOD = {"Accepted", "AcceptedCanceled", "RebootRequired", "Scheduled", "Unlocked", "Unpublished"}


@each_version
def test_every_status_of_every_answer_is_judged(version: Version) -> None:
    for action in of(version, CSMS):
        schema = document(version, action.name, answer=True)
        status = schema["properties"].get("status")
        if status is None:
            continue
        words = status.get("enum") or schema["definitions"][status["$ref"].rpartition("/")[2]]["enum"]
        for word in words:
            assert is_success(action.name, {"status": word}) is (word in GOOD), (action.name, word)


def test_an_answer_with_several_results_is_good_when_all_are() -> None:
    def results(*words: str) -> dict[str, Any]:
        return {"setVariableResult": [{"attributeStatus": word} for word in words]}

    assert is_success("SetVariables", results("Accepted", "RebootRequired")) is True
    assert is_success("SetVariables", results("Accepted", "Rejected")) is False
    assert (
        is_success("GetVariables", {"getVariableResult": [{"attributeStatus": "UnknownVariable"}]}) is False
    )
    assert is_success("ClearTariffs", {"clearTariffsResult": [{"status": "NoTariff"}]}) is False
    assert is_success("GetConfiguration", {"configurationKey": [], "unknownKey": ["X"]}) is False
    assert is_success("GetConfiguration", {"configurationKey": []}) is True
    assert is_success("GetLocalListVersion", {"versionNumber": 0}) is None
