"""The decisive fields of every message in words, short enough for one line of a terminal.

    StartTransaction    c1 04A1B2C3 meter 0              ->  tx 1001 Accepted
    TransactionEvent    Started #0 Authorized tx 1f2e.. evse 1 04A1B2C3 0.00 kWh

Each action has a template for its request and one for its answer. `{path}` is a member's value; the words before
it are printed with it, or not at all when the member is missing. A path may list alternatives (`{evse.id,evseId}`:
the first that is there), and `[]` goes through a list. After a colon stands how the value is written (`FORMS`),
then words that follow it; or `?yes/no`: words for true and false.

Nothing here trusts the payload: peers send anything. What is not where it belongs is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from shared.actions import known
from shared.digest_forms import FORMS, Items, at, clean, cut, plain, unsecret
from shared.versions import Version

MOST = 72
"""The longest digest, in characters."""

_STATUS = "{status} {statusInfo.reasonCode}"
_NOTHING = ""

TEMPLATES: dict[str, tuple[str, str]] = {
    # action: request, answer
    # --- provisioning
    "BootNotification": (
        "{chargingStation.vendorName,chargePointVendor} {chargingStation.model,chargePointModel} {reason}",
        "{status} every {interval:s} {statusInfo.reasonCode}",
    ),
    "Heartbeat": (_NOTHING, "{currentTime:time}"),
    "NotifyReport": ("#{requestId} part {seqNo} {reportData:n variables} {tbc:?more follows}", _NOTHING),
    "Reset": ("{type} evse {evseId}", _STATUS),
    "ChangeConfiguration": ("{.:setting}", "{status}"),
    "GetConfiguration": ("{key[]}", "{configurationKey:n keys} unknown {unknownKey[]}"),
    "GetBaseReport": ("{reportBase} #{requestId}", _STATUS),
    "GetReport": ("#{requestId} {componentVariable[]:variable} {componentCriteria[]}", _STATUS),
    "GetVariables": ("{getVariableData[]:variable}", "{getVariableResult[]:result}"),
    "SetVariables": ("{setVariableData[]:setting}", "{setVariableResult[]:result}"),
    "SetNetworkProfile": (
        "slot {configurationSlot} {connectionData.ocppCsmsUrl} profile {connectionData.securityProfile}",
        _STATUS,
    ),
    # --- authorization, local list
    "Authorize": (
        "{idToken.idToken,idTag} {idToken.type}",
        "{idTokenInfo.status,idTagInfo.status} group {idTokenInfo.groupIdToken.idToken,idTagInfo.parentIdTag} "
        "{certificateStatus}",
    ),
    "ClearCache": (_NOTHING, _STATUS),
    "GetLocalListVersion": (_NOTHING, "version {versionNumber,listVersion}"),
    "SendLocalList": (
        "{updateType} version {versionNumber,listVersion} {localAuthorizationList:n tokens}",
        _STATUS,
    ),
    # --- transactions, remote control
    "StartTransaction": (
        "c{connectorId} {idTag} meter {meterStart} reservation {reservationId}",
        "tx {transactionId} {idTagInfo.status}",
    ),
    "StopTransaction": ("tx {transactionId} {idTag} meter {meterStop} {reason}", "{idTagInfo.status}"),
    "TransactionEvent": (
        "{eventType} #{seqNo} {triggerReason} {transactionInfo.stoppedReason,transactionInfo.chargingState} "
        "tx {transactionInfo.transactionId:id} evse {evse.id} {idToken.idToken} {meterValue:meter} "
        "{offline:?offline}",
        "{idTokenInfo.status} cost {totalCost} priority {chargingPriority}",
    ),
    "GetTransactionStatus": (
        "tx {transactionId:id}",
        "{ongoingIndicator:?ongoing/ended} {messagesInQueue:?messages queued/nothing queued}",
    ),
    "RemoteStartTransaction": (
        "{idTag} c{connectorId} profile {chargingProfile.chargingProfileId}",
        "{status}",
    ),
    "RemoteStopTransaction": ("tx {transactionId}", "{status}"),
    "RequestStartTransaction": (
        "{idToken.idToken} evse {evseId} #{remoteStartId} profile {chargingProfile.id}",
        "{status} tx {transactionId:id} {statusInfo.reasonCode}",
    ),
    "RequestStopTransaction": ("tx {transactionId:id}", _STATUS),
    "ExtendedTriggerMessage": ("{requestedMessage} c{connectorId}", "{status}"),
    "TriggerMessage": (
        "{customTrigger,requestedMessage} evse {evse.id} c{evse.connectorId,connectorId}",
        _STATUS,
    ),
    "UnlockConnector": ("evse {evseId} c{connectorId}", _STATUS),
    # --- availability, meter values, reservation
    "StatusNotification": (
        "evse {evseId} c{connectorId} {connectorStatus,status} {errorCode:error} {vendorErrorCode}",
        _NOTHING,
    ),
    "ChangeAvailability": (
        "evse {evse.id} c{evse.connectorId,connectorId} {operationalStatus,type}",
        _STATUS,
    ),
    "MeterValues": ("evse {evseId} c{connectorId} tx {transactionId} {meterValue:meter}", _NOTHING),
    "ReservationStatusUpdate": ("#{reservationId} {reservationUpdateStatus}", _NOTHING),
    "ReserveNow": (
        "#{id,reservationId} {idToken.idToken,idTag} evse {evseId} c{connectorId} "
        "until {expiryDateTime,expiryDate:time}",
        _STATUS,
    ),
    "CancelReservation": ("#{reservationId}", _STATUS),
    # --- smart charging
    "ClearedChargingLimit": ("{chargingLimitSource} evse {evseId}", _NOTHING),
    "NotifyChargingLimit": (
        "evse {evseId} {chargingLimit.chargingLimitSource} {chargingSchedule:n schedules}",
        _NOTHING,
    ),
    "NotifyEVChargingNeeds": (
        "evse {evseId} {chargingNeeds.requestedEnergyTransfer} until {chargingNeeds.departureTime:time}",
        _STATUS,
    ),
    "NotifyEVChargingSchedule": (
        "evse {evseId} {chargingSchedule.chargingSchedulePeriod:n periods} of {chargingSchedule.duration:s}",
        _STATUS,
    ),
    "ReportChargingProfiles": (
        "#{requestId} evse {evseId} {chargingLimitSource} {chargingProfile:n profiles} {tbc:?more follows}",
        _NOTHING,
    ),
    "NotifyPriorityCharging": ("tx {transactionId:id} {activated:?activated/deactivated}", _NOTHING),
    "PullDynamicScheduleUpdate": (
        "profile {chargingProfileId}",
        "{status} limit {scheduleUpdate.limit} setpoint {scheduleUpdate.setpoint} {statusInfo.reasonCode}",
    ),
    "ClearChargingProfile": (
        "profile {chargingProfileId,id} evse {chargingProfileCriteria.evseId} c{connectorId} "
        "{chargingProfileCriteria.chargingProfilePurpose,chargingProfilePurpose} "
        "level {chargingProfileCriteria.stackLevel,stackLevel}",
        _STATUS,
    ),
    "GetCompositeSchedule": (
        "evse {evseId} c{connectorId} {duration:s} {chargingRateUnit}",
        "{status} {schedule.chargingSchedulePeriod,chargingSchedule.chargingSchedulePeriod:n periods} "
        "{statusInfo.reasonCode}",
    ),
    "SetChargingProfile": (
        "evse {evseId} c{connectorId} profile {chargingProfile.id,csChargingProfiles.chargingProfileId} "
        "{chargingProfile.chargingProfilePurpose,csChargingProfiles.chargingProfilePurpose} "
        "level {chargingProfile.stackLevel,csChargingProfiles.stackLevel}",
        _STATUS,
    ),
    "GetChargingProfiles": (
        "#{requestId} evse {evseId} {chargingProfile.chargingProfilePurpose} "
        "profile {chargingProfile.chargingProfileId[]}",
        _STATUS,
    ),
    "UpdateDynamicSchedule": (
        "profile {chargingProfileId} limit {scheduleUpdate.limit} setpoint {scheduleUpdate.setpoint}",
        _STATUS,
    ),
    "UsePriorityCharging": ("tx {transactionId:id} {activate:?activate/deactivate}", _STATUS),
    # --- firmware
    "FirmwareStatusNotification": ("{status} #{requestId} {statusInfo.reasonCode}", _NOTHING),
    "SignedFirmwareStatusNotification": ("{status} #{requestId}", _NOTHING),
    "PublishFirmwareStatusNotification": ("{status} #{requestId} {location[]}", _NOTHING),
    "UpdateFirmware": (
        "#{requestId} {firmware.location,location} at {firmware.retrieveDateTime,retrieveDate:time}",
        _STATUS,
    ),
    "SignedUpdateFirmware": (
        "#{requestId} {firmware.location} at {firmware.retrieveDateTime:time}",
        "{status}",
    ),
    "PublishFirmware": ("#{requestId} {location} checksum {checksum:id}", _STATUS),
    "UnpublishFirmware": ("checksum {checksum:id}", "{status}"),
    # --- security, certificates
    "SecurityEventNotification": ("{type} {techInfo}", _NOTHING),
    "SignCertificate": ("{certificateType} #{requestId} csr of {csr:size}", _STATUS),
    "CertificateSigned": ("{certificateType} #{requestId} chain of {certificateChain:size}", _STATUS),
    "Get15118EVCertificate": ("{action} exi of {exiRequest:size}", "{status} exi of {exiResponse:size}"),
    "GetCertificateStatus": ("serial {ocspRequestData.serialNumber:id}", _STATUS),
    "GetCertificateChainStatus": (
        "{certificateStatusRequests:n certificates}",
        "{certificateStatus[].status}",
    ),
    "DeleteCertificate": ("serial {certificateHashData.serialNumber:id}", _STATUS),
    "GetInstalledCertificateIds": (
        "{certificateType,certificateType[]}",
        "{status} {certificateHashDataChain,certificateHashData:n certificates} {statusInfo.reasonCode}",
    ),
    "InstallCertificate": ("{certificateType} of {certificate:size}", _STATUS),
    # --- diagnostics
    "LogStatusNotification": ("{status} #{requestId} {statusInfo.reasonCode}", _NOTHING),
    "DiagnosticsStatusNotification": ("{status}", _NOTHING),
    "NotifyCustomerInformation": ("#{requestId} part {seqNo} {data:size} {tbc:?more follows}", _NOTHING),
    "NotifyEvent": ("{eventData[]:event} part {seqNo} {tbc:?more follows}", _NOTHING),
    "NotifyMonitoringReport": (
        "#{requestId} part {seqNo} {monitor[]:variable} {tbc:?more follows}",
        _NOTHING,
    ),
    "OpenPeriodicEventStream": (
        "stream {constantStreamData.id} monitor {constantStreamData.variableMonitoringId} "
        "every {constantStreamData.params.interval:s}",
        _STATUS,
    ),
    "ClosePeriodicEventStream": ("stream {id}", _NOTHING),
    "NotifyPeriodicEventStream": ("stream {id} {data:n values} {pending: pending}", _NOTHING),
    "GetLog": (
        "{logType} #{requestId} to {log.remoteLocation}",
        "{status} {filename} {statusInfo.reasonCode}",
    ),
    "GetDiagnostics": ("to {location}", "{fileName}"),
    "ClearVariableMonitoring": ("monitor {id[]}", "{clearMonitoringResult[].status}"),
    "CustomerInformation": (
        "#{requestId} {report:?report} {clear:?clear} {customerIdentifier,idToken.idToken}",
        _STATUS,
    ),
    "GetMonitoringReport": ("#{requestId} {componentVariable[]:variable} {monitoringCriteria[]}", _STATUS),
    "SetMonitoringBase": ("{monitoringBase}", _STATUS),
    "SetMonitoringLevel": ("severity {severity}", _STATUS),
    "SetVariableMonitoring": ("{setMonitoringData[]:variable}", "{setMonitoringResult[].status}"),
    "AdjustPeriodicEventStream": (
        "stream {id} every {params.interval:s} or {params.values: values}",
        _STATUS,
    ),
    "GetPeriodicEventStream": (_NOTHING, "{constantStreamData:n streams}"),
    # --- display, tariff, payment
    "NotifyDisplayMessages": ("#{requestId} {messageInfo:n messages} {tbc:?more follows}", _NOTHING),
    "ClearDisplayMessage": ("message {id}", _STATUS),
    "GetDisplayMessages": ("#{requestId} message {id[]} {priority} {state}", _STATUS),
    "SetDisplayMessage": ("message {message.id} {message.priority} {message.message.content}", _STATUS),
    "CostUpdated": ("cost {totalCost} tx {transactionId:id}", _NOTHING),
    "ChangeTransactionTariff": ("tx {transactionId:id} tariff {tariff.tariffId}", _STATUS),
    "ClearTariffs": ("evse {evseId} tariff {tariffIds[]}", "{clearTariffsResult[].status}"),
    "GetTariffs": ("evse {evseId}", "{status} {tariffAssignments:n tariffs} {statusInfo.reasonCode}"),
    "SetDefaultTariff": ("evse {evseId} tariff {tariff.tariffId}", _STATUS),
    "NotifySettlement": (
        "{status} {settlementAmount} tx {transactionId:id} psp {pspRef:id}",
        "receipt {receiptId}",
    ),
    "VatNumberValidation": ("{vatNumber} evse {evseId}", "{status} {company.name} {statusInfo.reasonCode}"),
    "NotifyWebPaymentStarted": ("evse {evseId} for {timeout:s}", _NOTHING),
    # --- data transfer
    "DataTransfer": ("{vendorId} {messageId} {data}", "{status} {data}"),
    # --- v2x, der, battery swap
    "AFRRSignal": ("signal {signal}", _STATUS),
    "NotifyAllowedEnergyTransfer": ("tx {transactionId:id} {allowedEnergyTransfer[]}", _STATUS),
    "NotifyDERAlarm": ("{controlType} {gridEventFault} {alarmEnded:?ended}", _NOTHING),
    "NotifyDERStartStop": ("control {controlId:id} {started:?started/stopped}", _NOTHING),
    "ReportDERControl": ("#{requestId} {curve:n curves} {tbc:?more follows}", _NOTHING),
    "ClearDERControl": ("{controlType} control {controlId:id} {isDefault:?default/scheduled}", _STATUS),
    "GetDERControl": ("#{requestId} {controlType} control {controlId:id}", _STATUS),
    "SetDERControl": ("{controlType} control {controlId:id} {isDefault:?default/scheduled}", _STATUS),
    "BatterySwap": ("{eventType} #{requestId} {idToken.idToken} {batteryData:n batteries}", _NOTHING),
    "RequestBatterySwap": ("#{requestId} {idToken.idToken}", _STATUS),
}
"""Action -> how its request and its answer are put in words."""


def digest(version: Version, action: str, payload: object, answer: bool = False) -> str:
    """The decisive fields of `action`'s request (or `answer`) in at most `MOST` printable characters.

    Never raises, whatever the payload is. An action that `version` does not know, and one whose decisive
    fields are all missing, is described by its first scalars.
    """
    if not isinstance(payload, dict):
        return clean(payload, MOST)
    templates = _PIECES.get(action) if known(version, action) else None
    words = [] if templates is None else [piece.of(payload) for piece in templates[answer]]
    text = " ".join(word for word in words if word)
    if not text and (templates is None or templates[answer]):
        text = _first_scalars(payload)
    return cut(text, MOST)


# --- templates ------------------------------------------------------------------------------------------------


class _Piece(NamedTuple):
    """One `{path:form}` with the words before and after it."""

    before: str
    paths: tuple[tuple[str, ...], ...]
    form: Callable[[Any], str]
    after: str

    def of(self, payload: dict[str, Any]) -> str:
        """The piece as it reads for `payload`; nothing when the member is missing."""
        for path in self.paths:
            value = at(payload, path)
            if value is None:
                continue
            text = _several(self.form, value) if isinstance(value, Items) else self.form(value)
            if text:
                return f"{self.before}{text}{self.after}"
        return ""


def _several(form: Callable[[Any], str], items: list[Any]) -> str:
    """The items in words: equal ones counted, the first two named, the others only counted."""
    counts: dict[str, int] = {}
    for item in items:
        text = form(item)
        if text:
            counts[text] = counts.get(text, 0) + 1
    named = [text if count == 1 else f"{text} x{count}" for text, count in list(counts.items())[:2]]
    rest = sum(list(counts.values())[2:])
    return ", ".join(named) + (f" +{rest}" if rest else "")


_PIECE = re.compile(r"([^{}]*)\{([^{}:]*):?([^{}]*)\}")


def _pieces(template: str) -> tuple[_Piece, ...]:
    return tuple(_piece(*found.groups()) for found in _PIECE.finditer(template))


def _piece(before: str, paths: str, form: str) -> _Piece:
    steps = tuple(() if path == "." else tuple(path.split(".")) for path in paths.split(","))
    if form.startswith("?"):
        return _Piece(before.lstrip(), steps, _words_for(form[1:]), "")
    form, blank, unit = form.partition(" ")
    return _Piece(before.lstrip(), steps, FORMS[form], blank + unit)


def _words_for(words: str) -> Callable[[Any], str]:
    yes, _, no = words.partition("/")
    return lambda value: yes if value is True else no if value is False else ""


_PIECES = {action: (_pieces(request), _pieces(answer)) for action, (request, answer) in TEMPLATES.items()}


def _first_scalars(payload: dict[str, Any]) -> str:
    """`status Accepted` and the like: the first three members that are single values."""
    scalars = [
        f"{clean(name)} {unsecret(name, text)}" for name, value in payload.items() if (text := plain(value))
    ]
    return " ".join(scalars[:3])
