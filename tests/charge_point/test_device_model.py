from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charge_point.catalogue import Override, Slot
from charge_point.definitions import FEATURES, LIST_TYPES, READ_ONLY, definitions
from charge_point.device_model import DeviceModel
from charge_point.values import fault, members
from shared.versions import V2X, V16, V21, V201, VERSIONS, Version

ONE_AND_TWO = ((1,), (1, 2))

NEUTRAL = {
    "HeartbeatInterval": "integer",
    "ConnectionTimeOut": "integer",
    "EVConnectionTimeOut": "integer",
    "MeterValueSampleInterval": "integer",
    "TxUpdatedInterval": "integer",
    "ClockAlignedDataInterval": "integer",
    "MeterValuesSampledData": "MemberList",
    "MeterValuesAlignedData": "MemberList",
    "StopTxnSampledData": "MemberList",
    "StopTxnAlignedData": "MemberList",
    "TxStartedMeasurands": "MemberList",
    "LocalPreAuthorize": "boolean",
    "LocalAuthorizeOffline": "boolean",
    "AllowOfflineTxForUnknownId": "boolean",
    "OfflineTxForUnknownIdEnabled": "boolean",
    "StopTransactionOnInvalidId": "boolean",
    "StopTxOnInvalidId": "boolean",
    "MaxEnergyOnInvalidId": "integer",
    "StopTxOnEVSideDisconnect": "boolean",
    "UnlockOnEVSideDisconnect": "boolean",
    "AuthorizeRemoteTxRequests": "boolean",
    "AuthorizeRemoteStart": "boolean",
    "TransactionMessageAttempts": "integer",
    "TransactionMessageRetryInterval": "integer",
    "MessageAttempts": "integer",
    "MessageAttemptInterval": "integer",
    "ResetRetries": "integer",
    "WebSocketPingInterval": "integer",
    "OfflineThreshold": "integer",
    "RetryBackOffRepeatTimes": "integer",
    "RetryBackOffRandomRange": "integer",
    "RetryBackOffWaitMinimum": "integer",
    "AuthCacheEnabled": "boolean",
    "LocalAuthListEnabled": "boolean",
    "TxStartPoint": "MemberList",
    "TxStopPoint": "MemberList",
}


def writable(version: Version) -> list[Slot]:
    found = [slot for slot in DeviceModel(version, ONE_AND_TWO).catalogue.slots if slot.writable]
    assert len(found) > 20
    return found


@pytest.mark.parametrize("name", NEUTRAL)
def test_station_logic_reads_a_setting_by_one_name_on_every_version(version: Version, name: str) -> None:
    model = DeviceModel(version)
    assert model.slot(name).definition.type == NEUTRAL[name]
    match NEUTRAL[name]:
        case "integer":
            assert model.integer(name) == model.seconds(name) >= 0
        case "boolean":
            assert model.text(name) == ("true" if model.flag(name) else "false")
        case _:
            assert all(member in model.slot(name).definition.values for member in model.members(name))


def test_a_1_6_key_and_the_2x_variable_are_one_value(version: Version) -> None:
    model = DeviceModel(version)
    model.put("ConnectionTimeOut", 17)
    assert model.seconds("TxCtrlr", "EVConnectionTimeOut") == 17.0
    assert model.integer("EVConnectionTimeOut") == 17
    assert model.integer("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent") == model.integer(
        "transactionmessageattempts"
    )


def test_every_default_is_a_value_that_its_variable_takes(version: Version) -> None:
    every = frozenset(row.needs for row in definitions(version)) - {""}
    for slot in DeviceModel(version, ONE_AND_TWO, features=every).catalogue.slots:
        row = slot.definition
        if row.default:
            assert fault(row, row.default) is None, slot
        if row.type in LIST_TYPES:
            assert row.values, slot
            assert len(",".join(row.values)) <= 1000, slot


def test_no_two_rows_of_a_version_are_the_same_variable(version: Version) -> None:
    rows = [
        (row.component.lower(), row.variable.lower(), row.instance.lower()) for row in definitions(version)
    ]
    assert len(set(rows)) == len(rows)


def test_a_fleet_shares_everything_but_what_a_station_changed() -> None:
    overrides = {"HeartbeatInterval": 30, "EVSE.Power": Override(high=50_000.0)}
    one, other = (DeviceModel(V201, ONE_AND_TWO, overrides) for _ in range(2))
    assert one.catalogue is other.catalogue
    own = {id(getattr(one, name)) for name in DeviceModel.__slots__}
    shared = {id(getattr(other, name)) for name in DeviceModel.__slots__}
    assert own == shared  # nothing at all belongs to one of two idle stations
    assert sys.getsizeof(one) < 200
    assert DeviceModel(V201, ONE_AND_TWO, overrides | {"HeartbeatInterval": 29}).catalogue is one.catalogue
    one.put("HeartbeatInterval", 31)
    assert (one.integer("HeartbeatInterval"), other.integer("HeartbeatInterval")) == (31, 30)


def test_the_topology_decides_where_components_are() -> None:
    model = DeviceModel(V21, ONE_AND_TWO)
    assert [model.has(f"Connector#{place}.ConnectorType") for place in ("1.1", "2.1", "2.2", "1.2")] == [
        True,
        True,
        True,
        False,
    ]
    assert model.has("EVSE#2.AvailabilityState")
    assert not model.has("EVSE#3.AvailabilityState")
    assert model.has("NetworkConfiguration[2].OcppCsmsUrl")


def test_a_persona_overrides_values_and_shape() -> None:
    model = DeviceModel(
        V201,
        ONE_AND_TWO,
        {
            "EVSE.SupplyPhases": 1,
            "EVSE#2.SupplyPhases": 0,
            "ConnectorType": Override(absent=True),
            "Connector.SupplyPhases": Override(value=1),
            "TxStartPoint": Override(
                value=("Authorized",), values=("Authorized", "EVConnected"), access=READ_ONLY
            ),
            "StopTxnSampledData": ("Voltage", "Frequency"),
            "LocalPreAuthorize": True,
        },
    )
    assert [model.integer(f"EVSE#{n}.SupplyPhases") for n in (1, 2)] == [1, 0]
    assert [model.integer(f"Connector#2.{n}.SupplyPhases") for n in (1, 2)] == [1, 1]
    assert not model.has("Connector#1.1.ConnectorType")
    assert model.members("TxStartPoint") == ("Authorized",)
    assert model.members("StopTxnSampledData") == ("Voltage", "Frequency")
    assert model.flag("LocalPreAuthorize")
    assert model.write(model.slot("TxStartPoint"), "EVConnected").fault is not None


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"HartbeatInterval": 5},
            r"no variable 'HartbeatInterval'; did you mean 'OCPPCommCtrlr\.HeartbeatInterval'",
        ),
        ({"HartbeatInterval": Override(value=5)}, "did you mean 'OCPPCommCtrlr.HeartbeatInterval'"),
        (
            {"HeartbeatInterval": "often"},
            "HeartbeatInterval: HeartbeatInterval takes an integer of 32 bits, not 'often'",
        ),
        ({"HeartbeatInterval": 0}, "at least 1"),
        ({"Enabled": True}, "no variable 'Enabled'"),
        ({"Enabled": Override(value=True)}, "no variable 'Enabled'"),
    ],
)
def test_an_override_that_cannot_be_is_named(overrides: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DeviceModel(V201, overrides=overrides)  # type: ignore[arg-type]


def test_an_override_of_another_versions_variable_is_no_error() -> None:
    assert not DeviceModel(V16, overrides={"EVSE.SupplyPhases": 1}).has("EVSE#1.SupplyPhases")
    assert not DeviceModel(V201, overrides={"BlinkRepeat": 1}).has("BlinkRepeat")


def test_a_live_value_is_asked_for_and_not_kept() -> None:
    model = DeviceModel(V201, ONE_AND_TWO)
    states = {1: "Occupied", 2: None}

    def live(slot: Slot) -> str | None:
        return states[slot.evse] if slot.definition.component == "EVSE" else None

    model.live = live
    assert model.text("EVSE#1.AvailabilityState") == "Occupied"
    assert model.text("EVSE#2.AvailabilityState") == "Available"
    states[1] = "Faulted"
    assert model.text("EVSE#1.AvailabilityState") == "Faulted"
    assert model.changes() == {}


def test_a_constant_is_never_asked_for() -> None:
    model = DeviceModel(V201)
    model.live = lambda slot: pytest.fail(f"asked for {slot}")
    assert model.integer("DeviceDataCtrlr", "ItemsPerMessage", "GetReport") > 0


def test_a_change_is_told_with_what_was_before() -> None:
    model = DeviceModel(V16)
    told: list[tuple[str, str, str]] = []
    model.on_change(lambda slot, old, new: told.append((slot.path, old, new)))
    model.put("HeartbeatInterval", 10)
    model.write(model.slot("HeartbeatInterval"), "20")
    model.write(model.slot("HeartbeatInterval"), "no")
    assert told == [
        ("OCPPCommCtrlr.HeartbeatInterval", "300", "10"),
        ("OCPPCommCtrlr.HeartbeatInterval", "10", "20"),
    ]


def test_a_change_that_needs_a_reboot_is_reported_at_once_and_in_force_after_it() -> None:
    model = DeviceModel(V201, overrides={"OfflineThreshold": Override(value=60, reboot=True)})
    slot = model.slot("OfflineThreshold")
    assert model.write(slot, "61").reboot
    assert model.write(slot, "62").reboot
    assert (model.read(slot), model.integer("OfflineThreshold")) == ("62", 60)
    model.rebooted()
    assert model.integer("OfflineThreshold") == 62


def test_what_needs_consent_is_refused_until_the_station_says_yes() -> None:
    model = DeviceModel(V201)
    slot = model.slot("NetworkConfigurationPriority")
    refused = model.write(slot, "2,1")
    assert refused.fault is not None
    model.consent = lambda slot, text: None if text == "1,2" else "slot 2 is not set"
    refused = model.write(slot, "2,1")
    assert refused.fault is not None
    assert refused.fault.text == "slot 2 is not set"
    assert model.write(slot, "1,2").reboot


def test_the_station_itself_cannot_store_nonsense() -> None:
    model = DeviceModel(V201)
    with pytest.raises(ValueError, match=r"EVSE#1\.Power: Power is at most 22000"):
        model.put("EVSE#1.Power", 22_001.0)
    with pytest.raises(KeyError, match="Powr"):
        model.put("Powr", 1)
    assert model.changes() == {}


def test_changes_survive_a_restart_and_leave_out_what_no_longer_fits() -> None:
    model = DeviceModel(V201)
    model.put("HeartbeatInterval", 77)
    model.write(model.slot("BasicAuthPassword"), "a-long-enough-password")
    kept = model.changes()
    assert kept == {
        "OCPPCommCtrlr.HeartbeatInterval": "77",
        "SecurityCtrlr.BasicAuthPassword": "a-long-enough-password",
    }
    again = DeviceModel(V201)
    told: list[object] = []
    again.on_change(lambda *change: told.append(change))
    assert again.restore(kept | {"Nothing.Here": "1", "TxCtrlr.TxStartPoint": "Sunrise"}) == [
        "Nothing.Here",
        "TxCtrlr.TxStartPoint",
    ]
    assert again.changes() == kept
    assert told == []


def test_features_bring_their_rows_and_are_told_the_truth_about() -> None:
    without, with_them = (
        DeviceModel(V201, features=features) for features in (frozenset[str](), FEATURES | {"smart_charging"})
    )
    assert not without.flag("SmartChargingCtrlr.Available")
    assert not without.has("SmartChargingCtrlr.RateUnit")
    assert not without.flag("AuthCacheCtrlr.Available")
    assert with_them.flag("SmartChargingCtrlr.Available")
    assert with_them.members("SmartChargingCtrlr.RateUnit") == ("A", "W")
    assert with_them.flag("AuthCacheCtrlr.Available")
    assert not without.flag("AuthCacheEnabled")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "HeartbeatInterval",
            ["1", "2147483647"],
            ["0", "-1", "01", "+1", "1.0", "", " 1", "2147483648", "9" * 5000],
        ),
        ("LocalPreAuthorize", ["true", "false"], ["True", "1", "", "yes", " true"]),
        (
            "NextTimeOffsetTransitionDateTime",
            ["2026-03-29T01:00:00Z", "2026-03-29T01:00:00.123+01:00", "2026-12-31T23:59:59.5z"],
            [
                "2026-03-29",
                "2026-03-29T01:00:00",
                "2026-03-29T01:00:00.1234Z",
                "2026-13-01T00:00:00Z",
                "2026-W13-1T00:00:00Z",
                "2026-03-29 01:00:00Z",
                "2026-03-29T01:00:00,5Z",
                "2026-03-29T01:00:00.Z",
                "",
            ],
        ),
        ("TimeOffset", ["+01:00", "-05:30", ""], ["1:00", "+1:00", "+01:60", "+15:00", "+0a:00"]),
        (
            "TxStartPoint",
            ["Authorized", "EVConnected,Authorized"],
            ["", "authorized", "Sunrise", "Authorized,Authorized"],
        ),
        (
            "StopTxnSampledData",
            ["", "Voltage", "SoC,Voltage"],
            ["Voltage.L1", "Voltage,", ",", "Voltage;SoC"],
        ),
        (
            "BasicAuthPassword",
            ["a" * 16, "*-_=:+|@.Aa0zZ99", "a" * 64],
            ["a" * 15, "a" * 65, "a" * 15 + "ü", "a" * 16 + " "],
        ),
        ("TimeSource", ["Heartbeat", "RealTimeClock,Heartbeat"], ["GPS", ""]),
        (
            "LimitChangeSignificance",
            ["0", "5.25", "100", "0.000001"],
            ["-0.1", "100.1", "1e1", "5.", ".5", "0.0000001", "x"],
        ),
    ],
)
def test_values_are_checked_by_type_limits_and_list(name: str, good: list[str], bad: list[str]) -> None:
    for version in V2X:
        model = DeviceModel(version, features=FEATURES | {"smart_charging"})
        slot = model.slot(name)
        for text in good:
            assert model.write(slot, text).fault is None, text
            assert model.read(slot) == text
        before = model.read(slot)
        for text in bad:
            assert model.write(slot, text).fault is not None, text
            assert model.read(slot) == before


def test_spaces_around_the_members_of_a_list_are_not_kept() -> None:
    model = DeviceModel(V201)
    model.write(model.slot("StopTxnSampledData"), "Voltage , SoC")
    assert model.text("StopTxnSampledData") == "Voltage,SoC"


def some_text(slot: Slot) -> st.SearchStrategy[str]:
    """Texts near what the variable takes, and others."""
    row = slot.definition
    numbers = [
        str(edge)
        for limit in (row.low, row.high)
        if limit is not None
        for edge in (int(limit) - 1, int(limit))
    ]
    lists = st.lists(st.sampled_from([*row.values, "Bogus"]), max_size=4).map(",".join)
    return st.one_of(
        st.sampled_from(
            ["true", "false", "TRUE", "", "0", "-1", "2026-01-01T00:00:00Z", "+02:00", "ab" * 16, *numbers]
        ),
        st.integers().map(str),
        st.decimals(allow_nan=True).map(str),
        lists,
        st.text(max_size=70),
    )


WRITABLE = [(version, slot) for version in VERSIONS for slot in writable(version)]


@given(st.sampled_from(WRITABLE).flatmap(lambda pair: st.tuples(st.just(pair), some_text(pair[1]))))
def test_what_is_taken_is_read_back_and_within_its_limits(case: tuple[tuple[Version, Slot], str]) -> None:
    (version, slot), text = case
    row = slot.definition
    model = DeviceModel(version, ONE_AND_TWO)
    model.consent = lambda slot, text: None
    before = model.read(slot)
    written = model.write(slot, text)
    after = model.read(slot)
    if written.fault is not None:
        assert after == before
        assert written.fault.text
        assert len(written.fault.reason) <= 20
        return
    assert after is not None
    assert (
        members(after.lower()) == members(text.lower())
        if row.type in LIST_TYPES
        else after.lower() == text.lower()
    )
    low = -(2.0**31) if row.low is None else row.low
    high = 2.0**31 if row.high is None else row.high
    assert low <= (float(after) if row.is_number else len(after)) <= high
    if row.type == "boolean":
        assert after in ("true", "false")
    if row.type == "OptionList":
        assert after in row.values
    assert DeviceModel(version, ONE_AND_TWO).restore(model.changes()) == []
