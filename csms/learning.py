"""What the answers to our own calls tell about a station: one function for each call that tells something."""

from __future__ import annotations

from collections.abc import Callable

from csms import passwords
from csms.record import Payload, StationRecord

Learner = Callable[[StationRecord, Payload, Payload], None]


def learn(record: StationRecord, action: str, request: Payload, answer: Payload) -> None:
    """Write into `record` what `answer`, a CALLRESULT to our `request`, tells of the station."""
    learner = _LEARNERS.get(action)
    if learner is not None:
        learner(record, request, answer)


def _local_list_sent(record: StationRecord, request: Payload, answer: Payload) -> None:
    if answer["status"] == "Accepted":
        record.local_list_version = request.get("listVersion", request.get("versionNumber"))


def _local_list_version(record: StationRecord, request: Payload, answer: Payload) -> None:
    record.local_list_version = answer.get("listVersion", answer.get("versionNumber"))


def _reserved(record: StationRecord, request: Payload, answer: Payload) -> None:
    if answer["status"] == "Accepted":
        record.reservations = record.reservations or {}
        record.reservations[request["reservationId" if "reservationId" in request else "id"]] = request


def _reservation_cancelled(record: StationRecord, request: Payload, answer: Payload) -> None:
    if answer["status"] == "Accepted" and record.reservations:
        record.reservations.pop(request["reservationId"], None)


def _profile_set(record: StationRecord, request: Payload, answer: Payload) -> None:
    """Remember what a later message of the station refers to: dynamic profiles, and the last TxProfile."""
    profile = request.get("chargingProfile")
    if answer["status"] != "Accepted" or profile is None:
        return
    if profile.get("chargingProfileKind") == "Dynamic":
        record.dynamic_profiles = record.dynamic_profiles or {}
        record.dynamic_profiles[profile["id"]] = profile
    elif record.dynamic_profiles:
        record.dynamic_profiles.pop(profile.get("id", 0), None)
    if profile.get("chargingProfilePurpose") == "TxProfile" and "evseId" in request:
        record.schedules = record.schedules or {}
        record.schedules[request["evseId"]] = profile


def _profiles_cleared(record: StationRecord, request: Payload, answer: Payload) -> None:
    """Forget what was cleared; without an id we do not know which, so all that the criteria may mean."""
    if answer["status"] != "Accepted":
        return
    cleared = request.get("chargingProfileId")
    criteria = request.get("chargingProfileCriteria") or {}
    for known in (record.dynamic_profiles, record.schedules):
        for key, profile in list((known or {}).items()):
            if cleared is None or profile.get("id") == cleared:
                evse = criteria.get("evseId")
                if known is record.schedules and cleared is None and evse not in (None, key):
                    continue
                (known or {}).pop(key)


def _dynamic_updated(record: StationRecord, request: Payload, answer: Payload) -> None:
    """Our own update is what a later PullDynamicScheduleUpdate is answered with (K28.FR.07)."""
    profile = (record.dynamic_profiles or {}).get(request["chargingProfileId"])
    if answer["status"] == "Accepted" and profile is not None:
        period = dict(
            profile["chargingSchedule"][0]["chargingSchedulePeriod"][0], **request["scheduleUpdate"]
        )
        schedule = dict(profile["chargingSchedule"][0], chargingSchedulePeriod=[period])
        (record.dynamic_profiles or {})[profile["id"]] = dict(profile, chargingSchedule=[schedule])


def _monitors_set(record: StationRecord, request: Payload, answer: Payload) -> None:
    """A periodic event stream names its monitor only: the rest must be known from here (N11.FR.08)."""
    asked = request["setMonitoringData"]
    for at, result in enumerate(answer["setMonitoringResult"]):
        if result["status"] == "Accepted" and "id" in result:
            known = {name: result[name] for name in ("type", "severity", "component", "variable")}
            if at < len(asked) and "value" in asked[at]:
                known["value"] = asked[at]["value"]
            record.set_monitor(result["id"], known)


def _monitors_cleared(record: StationRecord, request: Payload, answer: Payload) -> None:
    for result in answer["clearMonitoringResult"]:
        if result["status"] in ("Accepted", "NotFound") and record.monitors:
            record.monitors.pop(result["id"], None)


def _variables_set(record: StationRecord, request: Payload, answer: Payload) -> None:
    if any(one["component"]["name"].lower() == "webpaymentsctrlr" for one in request["setVariableData"]):
        from csms.web_payments import learn as take  # few stations show a QR code (2.1 C25.FR.07)

        take(record, request, answer)
    if any(one["component"]["name"].lower() == "paymentctrlr" for one in request["setVariableData"]):
        from csms.payments import learn as who_settles  # few stations have a payment terminal (2.1 C21.FR.05)

        who_settles(record, request, answer)
    passwords.variables_set(record, request, answer)


_LEARNERS: dict[str, Learner] = {
    "SendLocalList": _local_list_sent,
    "GetLocalListVersion": _local_list_version,
    "ReserveNow": _reserved,
    "CancelReservation": _reservation_cancelled,
    "SetChargingProfile": _profile_set,
    "ClearChargingProfile": _profiles_cleared,
    "UpdateDynamicSchedule": _dynamic_updated,
    "SetVariableMonitoring": _monitors_set,
    "ClearVariableMonitoring": _monitors_cleared,
    "SetVariables": _variables_set,
    "ChangeConfiguration": passwords.key_changed,
}
