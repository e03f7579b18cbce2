"""What the charge point sends by itself, and when: the second half of docs/station-answers.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.actions import STATION, of
from shared.versions import VERSIONS

SENT: dict[str, str] = {
    "Authorize": "a token is presented that is in no list and no cache, or whose information is to be asked for",
    "BatterySwap": "batteries were put in or taken out, or time ran out for either",
    "BootNotification": "after a start, until it is accepted; when triggered; on every reconnect where it is so set up",
    "ClearedChargingLimit": "who limited the station from outside does so no more",
    "ClosePeriodicEventStream": "the monitor of a stream is gone, or is another",
    "DataTransfer": "never by itself: it answers that of the CSMS",
    "DiagnosticsStatusNotification": "an upload of diagnostics goes on, and when triggered",
    "FirmwareStatusNotification": "an update of the firmware goes on, and when triggered",
    "Get15118EVCertificate": "a car wants a contract certificate, or a newer one",
    "GetCertificateChainStatus": "the certificates of a car's chain are to be looked at for revocation",
    "GetCertificateStatus": "a certificate is to be looked at for revocation",
    "Heartbeat": "nothing else was said for the interval; when triggered",
    "LogStatusNotification": "an upload of a log goes on, and when triggered",
    "MeterValues": "the clock says so outside transactions, and in them on 1.6; when triggered",
    "NotifyChargingLimit": "somebody else than the CSMS limits the station by more than LimitChangeSignificance",
    "NotifyCustomerInformation": "after CustomerInformation, in as many parts as it takes",
    "NotifyDERAlarm": "power is another because of a DER control, or is no more",
    "NotifyDERStartStop": "a scheduled DER control begins or ends",
    "NotifyDisplayMessages": "after GetDisplayMessages",
    "NotifyEVChargingNeeds": "a car of ISO 15118 tells what it wants, or wants something else",
    "NotifyEVChargingSchedule": "such a car tells its own schedule within the profile",
    "NotifyEvent": "a monitor triggers; a variable that is hard-wired changes, on 2.1 also the status of a connector",
    "NotifyMonitoringReport": "after GetMonitoringReport, in as many parts as it takes",
    "NotifyPeriodicEventStream": "values of an open stream have gathered, or its interval is over",
    "NotifyPriorityCharging": "the driver asks for priority charging, or gives it up",
    "NotifyReport": "after GetBaseReport and GetReport, in as many parts as it takes",
    "NotifySettlement": "a payment at the terminal is settled, cancelled, or failed",
    "OpenPeriodicEventStream": "a monitor with a periodic event stream is set, and after a start",
    "PublishFirmwareStatusNotification": "a publication of firmware goes on, and when triggered",
    "PullDynamicScheduleUpdate": "the interval of a dynamic profile is over",
    "ReportChargingProfiles": "after GetChargingProfiles, in as many parts as it takes",
    "ReportDERControl": "after GetDERControl, in as many parts as it takes",
    "ReservationStatusUpdate": "a reservation has expired or cannot be kept",
    "SecurityEventNotification": "something happened that is critical to security",
    "SignCertificate": "a certificate is asked for, or runs out soon; again after a while without an answer",
    "SignedFirmwareStatusNotification": "a signed update of the firmware goes on, and when triggered",
    "StartTransaction": "a driver is authorized and a car connected; it waits in the queue while there is no CSMS",
    "StatusNotification": "the status of a connector has changed for long enough; after a start; when triggered",
    "StopTransaction": "a transaction ends, for whatever reason; it waits in the queue while there is no CSMS",
    "TransactionEvent": "a transaction begins, changes or ends (see transaction-causes.md); it waits in the queue",
    "VatNumberValidation": "a driver gives a VAT number at the terminal",
}
"""Action -> when the station sends it."""

HEADING = """
# What the charge point sends

By itself, or after an answer.

| action | versions | when | shown by |
|---|---|---|---|
"""


def sent_page(tests: Callable[[str, list[str]], str]) -> Iterator[str]:
    """The lines of that half; `tests` names those of an action on some versions. KeyError for one without words."""
    yield HEADING
    actions = {action.name: action for version in VERSIONS for action in of(version, STATION)}
    for name in sorted(actions):
        versions = [version.name for version in VERSIONS if version in actions[name].versions]
        yield f"| {name} | {', '.join(versions)} | {SENT[name]} | {tests(name, versions)} |\n"
