"""Whether an answer says that the station did what it was asked to."""

from __future__ import annotations

from typing import Any

_ACCEPTED = frozenset({"Accepted"})
_GOOD: dict[str, frozenset[str]] = {
    "ChangeAvailability": _ACCEPTED | {"Scheduled"},
    "ChangeConfiguration": _ACCEPTED | {"RebootRequired"},
    "GetLog": _ACCEPTED | {"AcceptedCanceled"},
    "Reset": _ACCEPTED | {"Scheduled"},
    "SetVariables": _ACCEPTED | {"RebootRequired"},
    "SignedUpdateFirmware": _ACCEPTED | {"AcceptedCanceled"},
    "UnlockConnector": frozenset({"Unlocked"}),
    "UnpublishFirmware": frozenset({"Unpublished"}),
    "UpdateFirmware": _ACCEPTED | {"AcceptedCanceled"},
}
"""Action -> the statuses that are success; all others have only Accepted."""

_RESULTS = {
    "ClearTariffs": ("clearTariffsResult", "status"),
    "ClearVariableMonitoring": ("clearMonitoringResult", "status"),
    "GetVariables": ("getVariableResult", "attributeStatus"),
    "SetVariableMonitoring": ("setMonitoringResult", "status"),
    "SetVariables": ("setVariableResult", "attributeStatus"),
}
"""Actions whose answer has a status for each thing asked for: the list, and the member that holds it."""


def is_success(action: str, answer: dict[str, Any]) -> bool | None:
    """Whether `answer` to `action` is a success; None when answers to it have no status.

    Of several statuses all must be good; a GetConfiguration that left keys unknown is none.
    """
    if action == "GetConfiguration":
        return not answer.get("unknownKey")
    good = _GOOD.get(action, _ACCEPTED)
    if action in _RESULTS:
        member, status = _RESULTS[action]
        results = answer.get(member)
        if not isinstance(results, list) or not results:
            return None
        return all(isinstance(r, dict) and r.get(status) in good for r in results)
    return answer["status"] in good if "status" in answer else None
