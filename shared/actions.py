"""The catalogue of OCPP actions: functional block, who sends it, and the versions that know it.

39 actions in 1.6 with its security extension, 64 in 2.0.1, 91 in 2.1. A test holds it against the schemas of
the `ocpp` package, so a new edition cannot go unnoticed. Importing this costs next to nothing: command
lines are checked against it.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.versions import V16, V21, V201, Version

STATION = "charge_point"
CSMS = "csms"
EITHER = "either"


class Action(NamedTuple):
    """One action: its name on the wire, its OCPP functional block, its sender and its versions."""

    name: str
    block: str
    sender: str
    versions: tuple[Version, ...]

    def sent_by(self, role: str) -> bool:
        """Whether `role` ("csms" or "charge_point") may send it."""
        return self.sender in (role, EITHER)


_ALL = (V16, V201, V21)
_OLD = (V16,)
_TWO = (V201, V21)
_NEW = (V21,)

_TABLE: tuple[tuple[str, str, tuple[Version, ...], str], ...] = (
    # block, sender, versions, names
    ("provisioning", STATION, _ALL, "BootNotification Heartbeat"),
    ("provisioning", STATION, _TWO, "NotifyReport"),
    ("provisioning", CSMS, _ALL, "Reset"),
    ("provisioning", CSMS, _OLD, "ChangeConfiguration GetConfiguration"),
    ("provisioning", CSMS, _TWO, "GetBaseReport GetReport GetVariables SetVariables SetNetworkProfile"),
    ("authorization", STATION, _ALL, "Authorize"),
    ("authorization", CSMS, _ALL, "ClearCache"),
    ("local_list", CSMS, _ALL, "GetLocalListVersion SendLocalList"),
    ("transactions", STATION, _OLD, "StartTransaction StopTransaction"),
    ("transactions", STATION, _TWO, "TransactionEvent"),
    ("transactions", CSMS, _TWO, "GetTransactionStatus"),
    ("remote_control", CSMS, _OLD, "RemoteStartTransaction RemoteStopTransaction ExtendedTriggerMessage"),
    ("remote_control", CSMS, _TWO, "RequestStartTransaction RequestStopTransaction"),
    ("remote_control", CSMS, _ALL, "TriggerMessage UnlockConnector"),
    ("availability", STATION, _ALL, "StatusNotification"),
    ("availability", CSMS, _ALL, "ChangeAvailability"),
    ("meter_values", STATION, _ALL, "MeterValues"),
    ("reservation", STATION, _TWO, "ReservationStatusUpdate"),
    ("reservation", CSMS, _ALL, "ReserveNow CancelReservation"),
    (
        "smart_charging",
        STATION,
        _TWO,
        "ClearedChargingLimit NotifyChargingLimit NotifyEVChargingNeeds NotifyEVChargingSchedule "
        "ReportChargingProfiles",
    ),
    ("smart_charging", STATION, _NEW, "NotifyPriorityCharging PullDynamicScheduleUpdate"),
    ("smart_charging", CSMS, _ALL, "ClearChargingProfile GetCompositeSchedule SetChargingProfile"),
    ("smart_charging", CSMS, _TWO, "GetChargingProfiles"),
    ("smart_charging", CSMS, _NEW, "UpdateDynamicSchedule UsePriorityCharging"),
    ("firmware", STATION, _ALL, "FirmwareStatusNotification"),
    ("firmware", STATION, _OLD, "SignedFirmwareStatusNotification"),
    ("firmware", STATION, _TWO, "PublishFirmwareStatusNotification"),
    ("firmware", CSMS, _ALL, "UpdateFirmware"),
    ("firmware", CSMS, _OLD, "SignedUpdateFirmware"),
    ("firmware", CSMS, _TWO, "PublishFirmware UnpublishFirmware"),
    ("security", STATION, _ALL, "SecurityEventNotification SignCertificate"),
    ("security", CSMS, _ALL, "CertificateSigned"),
    ("certificates", STATION, _TWO, "Get15118EVCertificate GetCertificateStatus"),
    ("certificates", STATION, _NEW, "GetCertificateChainStatus"),
    ("certificates", CSMS, _ALL, "DeleteCertificate GetInstalledCertificateIds InstallCertificate"),
    ("diagnostics", STATION, _ALL, "LogStatusNotification"),
    ("diagnostics", STATION, _OLD, "DiagnosticsStatusNotification"),
    ("diagnostics", STATION, _TWO, "NotifyCustomerInformation NotifyEvent NotifyMonitoringReport"),
    (
        "diagnostics",
        STATION,
        _NEW,
        "OpenPeriodicEventStream ClosePeriodicEventStream NotifyPeriodicEventStream",
    ),
    ("diagnostics", CSMS, _ALL, "GetLog"),
    ("diagnostics", CSMS, _OLD, "GetDiagnostics"),
    (
        "diagnostics",
        CSMS,
        _TWO,
        "ClearVariableMonitoring CustomerInformation GetMonitoringReport SetMonitoringBase "
        "SetMonitoringLevel SetVariableMonitoring",
    ),
    ("diagnostics", CSMS, _NEW, "AdjustPeriodicEventStream GetPeriodicEventStream"),
    ("display", STATION, _TWO, "NotifyDisplayMessages"),
    ("display", CSMS, _TWO, "ClearDisplayMessage GetDisplayMessages SetDisplayMessage"),
    ("tariff", CSMS, _TWO, "CostUpdated"),
    ("tariff", CSMS, _NEW, "ChangeTransactionTariff ClearTariffs GetTariffs SetDefaultTariff"),
    ("payment", STATION, _NEW, "NotifySettlement VatNumberValidation"),
    ("payment", CSMS, _NEW, "NotifyWebPaymentStarted"),
    ("data_transfer", EITHER, _ALL, "DataTransfer"),
    ("v2x", CSMS, _NEW, "AFRRSignal NotifyAllowedEnergyTransfer"),
    ("der", STATION, _NEW, "NotifyDERAlarm NotifyDERStartStop ReportDERControl"),
    ("der", CSMS, _NEW, "ClearDERControl GetDERControl SetDERControl"),
    ("battery_swap", STATION, _NEW, "BatterySwap"),
    ("battery_swap", CSMS, _NEW, "RequestBatterySwap"),
)

ACTIONS: dict[str, Action] = {
    name: Action(name, block, sender, versions)
    for block, sender, versions, names in _TABLE
    for name in names.split()
}
"""Every action by its name on the wire (case-sensitive: OCPP-J 1.6 §4.2.1, 2.x part 4 §4.1.6)."""

SENDS = frozenset({"NotifyPeriodicEventStream"})
"""Actions that travel as SEND, never as CALL, and are never answered (OCPP-J 2.1 §4.2.4, N15.FR.01)."""


def known(version: Version, name: object) -> bool:
    """Whether `name` is an action of `version`, whoever sends it."""
    action = ACTIONS.get(name) if isinstance(name, str) else None
    return action is not None and version in action.versions


def of(version: Version, sender: str) -> list[Action]:
    """The actions of `version` that `sender` ("csms" or "charge_point") may send, in catalogue order."""
    return [a for a in ACTIONS.values() if version in a.versions and a.sent_by(sender)]


_EVERYBODY = frozenset(
    "provisioning authorization transactions remote_control availability meter_values data_transfer".split()
)
_TRIGGER = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})


def may_lack(name: str, version: Version) -> bool:
    """Whether a peer of `version` may do without an action that there is: it belongs to no block that all must have.

    1.6 §3.3: the Core profile is required, the others (Remote Trigger is one) are optional; 2.x part 5 likewise.
    """
    if not known(version, name):
        return False
    return ACTIONS[name].block not in _EVERYBODY or (version is V16 and name in _TRIGGER)
