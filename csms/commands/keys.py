"""Configuration keys of 1.6 and the components and variables of 2.x that took their place.

`HeartbeatInterval` and `OCPPCommCtrlr.HeartbeatInterval` name the same setting, so a command may name either on
every version.
"""

from __future__ import annotations

from csms.commands.defaults import present
from csms.commands.registry import NotOnThisVersion, Payload, Session, wrong

COMPONENT_OF_KEY = {
    "AdditionalRootCertificateCheck": "SecurityCtrlr.AdditionalRootCertificateCheck",
    "AllowOfflineTxForUnknownId": "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    "AuthorizationCacheEnabled": "AuthCacheCtrlr.Enabled",
    "AuthorizationKey": "SecurityCtrlr.BasicAuthPassword",
    "AuthorizeRemoteTxRequests": "AuthCtrlr.AuthorizeRemoteStart",
    "CentralContractValidationAllowed": "ISO15118Ctrlr.CentralContractValidationAllowed",
    "CertificateSignedMaxChainSize": "SecurityCtrlr.MaxCertificateChainSize",
    "CertificateStoreMaxLength": "SecurityCtrlr.CertificateEntries",
    "ChargeProfileMaxStackLevel": "SmartChargingCtrlr.ProfileStackLevel",
    "ChargingScheduleAllowedChargingRateUnit": "SmartChargingCtrlr.RateUnit",
    "ChargingScheduleMaxPeriods": "SmartChargingCtrlr.PeriodsPerSchedule",
    "ClockAlignedDataInterval": "AlignedDataCtrlr.Interval",
    "ConnectionTimeOut": "TxCtrlr.EVConnectionTimeOut",
    "ConnectorSwitch3to1PhaseSupported": "SmartChargingCtrlr.Phases3to1",
    "CpoName": "SecurityCtrlr.OrganizationName",
    "HeartbeatInterval": "OCPPCommCtrlr.HeartbeatInterval",
    "LocalAuthListEnabled": "LocalAuthListCtrlr.Enabled",
    "LocalAuthListMaxLength": "LocalAuthListCtrlr.Entries",
    "LocalAuthorizeOffline": "AuthCtrlr.LocalAuthorizeOffline",
    "LocalPreAuthorize": "AuthCtrlr.LocalPreAuthorize",
    "MaxEnergyOnInvalidId": "TxCtrlr.MaxEnergyOnInvalidId",
    "MeterValuesAlignedData": "AlignedDataCtrlr.Measurands",
    "MeterValuesSampledData": "SampledDataCtrlr.TxUpdatedMeasurands",
    "MeterValueSampleInterval": "SampledDataCtrlr.TxUpdatedInterval",
    "ReserveConnectorZeroSupported": "ReservationCtrlr.NonEvseSpecific",
    "ResetRetries": "OCPPCommCtrlr.ResetRetries",
    "SecurityProfile": "SecurityCtrlr.SecurityProfile",
    "SendLocalListMaxLength": "LocalAuthListCtrlr.ItemsPerMessage",
    "StopTransactionOnEVSideDisconnect": "TxCtrlr.StopTxOnEVSideDisconnect",
    "StopTransactionOnInvalidId": "TxCtrlr.StopTxOnInvalidId",
    "StopTxnAlignedData": "AlignedDataCtrlr.TxEndedMeasurands",
    "StopTxnSampledData": "SampledDataCtrlr.TxEndedMeasurands",
    "SupportedFileTransferProtocols": "OCPPCommCtrlr.FileTransferProtocols",
    "TransactionMessageAttempts": "OCPPCommCtrlr.MessageAttempts[TransactionEvent]",
    "TransactionMessageRetryInterval": "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",
    "UnlockConnectorOnEVSideDisconnect": "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
    "WebSocketPingInterval": "OCPPCommCtrlr.WebSocketPingInterval",
}
"""A configuration key of 1.6 (§9) -> the component and variable of 2.x that took its place (part 2 §2.1)."""

_KEY_OF_COMPONENT = {new: old for old, new in COMPONENT_OF_KEY.items()}


_COMPONENTS = frozenset(
    "BatteryCartridge ChargingStation ConnectedEV Connector Controller CPPWMController DataCollector "
    "DistributionPanel EVSE FiscalMetering FrequencySimulator LocalEnergyStorage NetworkConfiguration "
    "TokenReader getVariableData setVariableData".split()
)
"""The standardized components of 2.x whose names do not end with Ctrlr (part 2 §2.1), and members of its requests."""


def key_16(to: Session, name: str) -> str:
    """The 1.6 key for `name`: `Component.Variable` of the standard as the key that it took the place of.

    Anything else as it stands: a vendor's key may have dots (1.6 §9.1: any string of up to 50 characters).
    """
    component, dot, _ = name.partition(".")
    component = component.partition("[")[0]
    if not dot or not (component.endswith("Ctrlr") or component in _COMPONENTS):
        return name
    found = _KEY_OF_COMPONENT.get(name)
    if found is None:
        raise NotOnThisVersion(f"OCPP {to.version} has no configuration key for {name}")
    return found


def component_variable(
    to: Session, name: str, *, instance: str | None = None, evse: Payload | None = None
) -> Payload:
    """Component and variable of 2.x for `Component.Variable` or a key of 1.6; `instance` is the variable's.

    `Component[instance]` and `Variable[instance]` name instances, too.
    """
    dotted = COMPONENT_OF_KEY.get(name, name)
    component, dot, variable = dotted.partition(".")
    if not dot or not component or not variable:
        raise wrong(
            f"{name!r} is neither Component.Variable nor a 1.6 key that OCPP {to.version} has a variable for"
        )
    whole = _instance("name", variable)
    return {
        "component": _instance("name", component) | present(evse=evse),
        "variable": whole | present(instance=instance),
    }


def component_only(name: str) -> Payload:
    """A component, or a component and a variable, for requests where the variable may be left out."""
    component, _, variable = name.partition(".")
    found: Payload = {"component": _instance("name", component)}
    return found | ({"variable": _instance("name", variable)} if variable else {})


def _instance(member: str, text: str) -> Payload:
    """`text` or `text[instance]` as a name and its instance."""
    name, bracket, rest = text.partition("[")
    return {member: name} | ({"instance": rest.removesuffix("]")} if bracket else {})
