from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charge_point import configuration
from charge_point.blocks import provisioning
from charge_point.catalogue import Override
from charge_point.definitions import FEATURES, MEASURANDS
from charge_point.device_model import DeviceModel
from shared.dispatch import Refuse
from shared.versions import ERROR_CODES, V16
from shared.wire.schema import schemas

REQUIRED = {
    # 1.6 chapter 9.1: the keys of the Core profile that every station has, by accessibility
    "R": "GetConfigurationMaxKeys NumberOfConnectors SupportedFeatureProfiles",
    "RW": """AuthorizeRemoteTxRequests ClockAlignedDataInterval ConnectionTimeOut ConnectorPhaseRotation
        HeartbeatInterval LocalAuthorizeOffline LocalPreAuthorize MeterValuesAlignedData MeterValuesSampledData
        MeterValueSampleInterval ResetRetries StopTransactionOnEVSideDisconnect StopTransactionOnInvalidId
        StopTxnAlignedData StopTxnSampledData TransactionMessageAttempts TransactionMessageRetryInterval
        UnlockConnectorOnEVSideDisconnect LocalAuthListEnabled""",
    # with the local list (chapter 9.2)
    "R ": "LocalAuthListMaxLength SendLocalListMaxLength",
}
MEASURAND_KEYS = (
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "StopTxnAlignedData",
    "StopTxnSampledData",
)


class Station:
    """The part of a station that the handlers use."""

    def __init__(self, model: DeviceModel) -> None:
        self.model = model


def station(**overrides: Any) -> Station:
    return Station(DeviceModel(V16, ((1,), (1, 2)), overrides))


def get(at: Station, *keys: str) -> dict[str, Any]:
    request = {"key": list(keys)} if keys else {}
    assert not schemas(V16).violations("GetConfiguration", request)
    answer: dict[str, Any] = provisioning.get_configuration(at, request)  # type: ignore[arg-type]
    assert not schemas(V16).violations("GetConfiguration", answer, answer=True)
    return answer


def change(at: Station, key: str, value: str) -> str:
    answer = provisioning.change_configuration(at, {"key": key, "value": value})  # type: ignore[arg-type]
    assert not schemas(V16).violations("ChangeConfiguration", answer, answer=True)
    return str(answer["status"])


def value(at: Station, key: str) -> str | None:
    (found,) = get(at, key)["configurationKey"]
    text: str | None = found.get("value")
    return text


def test_every_required_key_is_there_with_its_accessibility() -> None:
    found = {entry["key"]: entry["readonly"] for entry in get(station())["configurationKey"]}
    for access, keys in REQUIRED.items():
        for key in keys.split():
            assert found[key] is (access.strip() == "R"), key


def test_without_keys_and_with_an_empty_list_all_are_told() -> None:
    at = station()
    everything = get(at)
    assert provisioning.get_configuration(at, {"key": []}) == everything  # type: ignore[arg-type]
    assert "unknownKey" not in everything
    keys = [entry["key"] for entry in everything["configurationKey"]]
    assert len(keys) == len(set(keys)) > 40


def test_asked_keys_come_in_their_order_once_and_in_standard_spelling() -> None:
    answer = get(
        station(), "resetretries", "NoSuchKey", "HeartbeatInterval", "RESETRETRIES", "nosuchkey", "Other"
    )
    assert [entry["key"] for entry in answer["configurationKey"]] == ["ResetRetries", "HeartbeatInterval"]
    assert answer["unknownKey"] == ["NoSuchKey", "Other"]


def test_what_has_no_key_is_not_seen() -> None:
    at = station()
    assert at.model.has("RetryBackOffWaitMinimum")
    assert get(at, "RetryBackOffWaitMinimum")["unknownKey"] == ["RetryBackOffWaitMinimum"]
    assert change(at, "RetryBackOffWaitMinimum", "1") == "NotSupported"


def test_more_keys_than_the_station_takes_are_refused() -> None:
    at = station(GetConfigurationMaxKeys=2)
    assert len(get(at, "ResetRetries", "HeartbeatInterval")["configurationKey"]) == 2
    with pytest.raises(Refuse, match="at most 2 keys, not 3") as refused:
        get(at, "ResetRetries", "HeartbeatInterval", "NoSuchKey")
    assert refused.value.code == "OccurenceConstraintViolation"
    assert refused.value.code in ERROR_CODES[V16]


def test_keys_of_features_that_are_not_offered_are_absent() -> None:
    without = FEATURES - {"reservation", "smart_charging", "firmware"}
    at = Station(DeviceModel(V16, features=without))
    keys = {entry["key"] for entry in get(at)["configurationKey"]}
    assert not keys & {
        "ChargeProfileMaxStackLevel",
        "ReserveConnectorZeroSupported",
        "SupportedFileTransferProtocols",
    }
    assert value(at, "SupportedFeatureProfiles") == "Core,LocalAuthListManagement,RemoteTrigger"


def test_supported_feature_profiles_follow_the_features() -> None:
    bare = Station(DeviceModel(V16, features=frozenset()))
    assert value(bare, "SupportedFeatureProfiles") == "Core,RemoteTrigger"
    assert get(bare, "LocalAuthListEnabled")["unknownKey"] == ["LocalAuthListEnabled"]
    rich = Station(DeviceModel(V16, features=FEATURES | {"reservation", "smart_charging", "firmware"}))
    assert value(rich, "SupportedFeatureProfiles") == (
        "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"
    )
    assert value(rich, "ChargingScheduleAllowedChargingRateUnit") == "Current,Power"


def test_connectors_are_counted_over_all_evses() -> None:
    at = station()
    assert value(at, "NumberOfConnectors") == "3"
    assert value(at, "ConnectorPhaseRotation") == "0.RST,1.RST,2.RST,3.RST"


def test_a_change_is_accepted_and_read_back() -> None:
    at = station()
    assert change(at, "meterValueSampleInterval", "25") == "Accepted"
    assert value(at, "MeterValueSampleInterval") == "25"
    assert at.model.seconds("TxUpdatedInterval") == 25.0


@pytest.mark.parametrize(
    ("key", "text", "status"),
    [
        ("Testing", "true", "NotSupported"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("MeterValueSampleInterval", "0", "Accepted"),
        ("MeterValueSampleInterval", "often", "Rejected"),
        ("WebSocketPingInterval", "-1", "Rejected"),
        ("NumberOfConnectors", "4", "Rejected"),
        ("LocalPreAuthorize", "TRUE", "Accepted"),
        ("LocalPreAuthorize", "1", "Rejected"),
        ("LightIntensity", "100", "Accepted"),
        ("LightIntensity", "101", "Rejected"),
        ("CpoName", "Anything, even: this ü", "Accepted"),
        ("ConnectorPhaseRotation", "0.RST, 3.TSR", "Accepted"),
        ("ConnectorPhaseRotation", "4.RST", "Rejected"),
        ("ConnectorPhaseRotation", "1.RST,1.TSR", "Rejected"),
        ("ConnectorPhaseRotation", "RST", "Rejected"),
        ("ConnectorPhaseRotation", "1.ABC", "Rejected"),
        ("AuthorizationKey", "4F43415F4F4354545F61646D696E5F74657374", "Accepted"),
        ("AuthorizationKey", "00" * 16, "Accepted"),
        ("AuthorizationKey", "00" * 20, "Accepted"),
        ("AuthorizationKey", "00" * 15, "Rejected"),
        ("AuthorizationKey", "00" * 21, "Rejected"),
        ("AuthorizationKey", "0" * 33, "Rejected"),
        ("AuthorizationKey", "xy" * 16, "Rejected"),
    ],
)
def test_the_status_of_a_change(key: str, text: str, status: str) -> None:
    at = station()
    before = at.model.changes()
    assert change(at, key, text) == status
    assert (at.model.changes() != before) is (status == "Accepted")


@pytest.mark.parametrize("key", MEASURAND_KEYS)
def test_a_list_with_an_unsupported_measurand_changes_nothing(key: str) -> None:
    at = station()
    assert change(at, key, "Voltage,Voltage.L1,Current.Import.L2") == "Accepted"
    for refused in ("\t", "Voltage,RPM", "Voltage.L9", "voltage", "Voltage,,SoC", "Voltage,Voltage"):
        assert change(at, key, refused) == "Rejected"
        assert value(at, key) == "Voltage,Voltage.L1,Current.Import.L2"
    assert change(at, key, "") == "Accepted"
    assert value(at, key) == ""
    assert at.model.members(key) == ()


def test_a_list_is_no_longer_than_its_key_for_the_length_says() -> None:
    at = station(StopTxnSampledDataMaxLength=2)
    assert change(at, "StopTxnSampledData", "Voltage,SoC") == "Accepted"
    assert change(at, "StopTxnSampledData", "Voltage,SoC,Frequency") == "Rejected"
    assert change(at, "MeterValuesSampledData", "Voltage,SoC,Frequency") == "Accepted"


def test_the_authorization_key_is_never_told() -> None:
    at = station()
    assert change(at, "AuthorizationKey", "ab" * 16) == "Accepted"
    assert get(at, "AuthorizationKey")["configurationKey"] == [{"key": "AuthorizationKey", "readonly": False}]
    assert "abab" not in str(get(at))
    assert at.model.text("AuthorizationKey") == "ab" * 16


def test_a_key_that_needs_a_reboot_says_so() -> None:
    at = station(ConnectionTimeOut=Override(reboot=True))
    assert change(at, "ConnectionTimeOut", "5") == "RebootRequired"
    assert value(at, "ConnectionTimeOut") == "5"
    assert at.model.seconds("ConnectionTimeOut") == 60.0


def test_the_security_profile_only_rises_with_a_key_and_the_stations_consent() -> None:
    at = station()
    at.model.consent = lambda slot, text: None if text != "3" else "no certificate"
    assert change(at, "SecurityProfile", "1") == "Rejected"  # A05.FR.02: no AuthorizationKey
    assert change(at, "AuthorizationKey", "ab" * 16) == "Accepted"
    assert change(at, "SecurityProfile", "0") == "Rejected"  # A05.FR.01: not higher
    assert change(at, "SecurityProfile", "1") == "Accepted"
    assert change(at, "SecurityProfile", "1") == "Rejected"
    assert change(at, "SecurityProfile", "3") == "Rejected"
    assert change(at, "SecurityProfile", "4") == "Rejected"
    at.model.consent = None
    assert change(at, "SecurityProfile", "2") == "Rejected"
    assert value(at, "SecurityProfile") == "1"


def test_a_persona_may_make_a_choice_read_only() -> None:
    at = station(UnlockConnectorOnEVSideDisconnect=Override(value=False, access="ReadOnly"))  # errata 2025-04
    (found,) = get(at, "UnlockConnectorOnEVSideDisconnect")["configurationKey"]
    assert found == {"key": "UnlockConnectorOnEVSideDisconnect", "readonly": True, "value": "false"}
    assert change(at, "UnlockConnectorOnEVSideDisconnect", "true") == "Rejected"


KEYS = sorted(slot.definition.key for slot in DeviceModel(V16).catalogue.keys.values())


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*KEYS, "Unknown"]),
            st.one_of(
                st.sampled_from(
                    ["true", "False", "", "0", "1", "-1", "60", "ab" * 16, "0.RST", "9.RST", ".", "²"]
                ),
                st.lists(st.sampled_from([*MEASURANDS[V16], "Voltage.L1", "RPM"]), max_size=22).map(",".join),
                st.text(max_size=500),
            ),
        ),
        max_size=12,
    )
)
def test_whatever_is_changed_the_answers_are_valid_and_tell_what_was_accepted(
    changes: list[tuple[str, str]],
) -> None:
    at = station()
    at.model.consent = lambda slot, text: None
    for key, text in changes:
        told = None if key == "Unknown" else value(at, key)
        status = change(at, key, text)
        if key == "Unknown":
            assert status == "NotSupported"
        elif status == "Rejected":
            assert value(at, key) == told
        elif key != "AuthorizationKey":
            assert (value(at, key) or "").replace(" ", "").lower() == text.replace(" ", "").lower()
    answer = configuration.configuration(at.model, None)
    assert not schemas(V16).violations("GetConfiguration", answer, answer=True)
