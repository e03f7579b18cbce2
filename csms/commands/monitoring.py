"""Variable monitoring (2.x) and periodic event streams (2.1)."""

from __future__ import annotations

from csms.commands.defaults import chosen, evse_type, only, present
from csms.commands.keys import component_only, component_variable
from csms.commands.registry import Payload, Sent, Session, command
from shared.versions import V21


@command("SetVariableMonitoring")
def set_variable_monitoring(
    to: Session,
    *,
    name: str | None = None,
    kind: str | None = None,
    value: float | None = None,
    severity: int | None = None,
    evse: int | None = None,
    connector: int | None = None,
    instance: str | None = None,
    during_transaction: bool | None = None,
    monitor: int | None = None,
    stream_interval: int | None = None,
    stream_values: int | None = None,
) -> Sent:
    """Watch a variable.

    name: `Component.Variable`, default EVSE.Power of EVSE 1. kind: UpperThreshold (default), LowerThreshold,
    Delta, Periodic, PeriodicClockAligned, in 2.1 TargetDelta, TargetDeltaRelative. value: the threshold, the
    delta, or the period in seconds. severity: 0 (danger) to 9 (debug), default 8. evse, connector, instance:
    of the variable. during_transaction: only then. monitor: the id of one to be replaced. stream_interval,
    stream_values: values go out as a periodic event stream (2.1).
    """
    only(to, (V21,), stream_interval=stream_interval, stream_values=stream_values)
    place = evse_type(1 if name is None and evse is None else evse, connector)
    stream = present(interval=stream_interval, values=stream_values)
    wanted = present(id=monitor, transaction=during_transaction, periodicEventStream=stream or None) | {
        "value": _value(kind) if value is None else value,
        "type": chosen(kind, "UpperThreshold"),
        "severity": chosen(severity, 8),
    }
    return {
        "setMonitoringData": [
            wanted | component_variable(to, chosen(name, "EVSE.Power"), instance=instance, evse=place)
        ]
    }


def _value(kind: str | None) -> float:
    """A threshold or delta in W, or a period in s, that does not flood anybody."""
    return 60 if kind is not None and kind.startswith("Periodic") else 1000


@command("ClearVariableMonitoring")
def clear_variable_monitoring(to: Session, *, monitors: list[int] | None = None) -> Sent:
    """Remove monitors.

    monitors: their ids, separated by commas, default 1.
    """
    return {"id": monitors or [1]}


@command("GetMonitoringReport")
def get_monitoring_report(
    to: Session,
    *,
    criteria: list[str] | None = None,
    names: list[str] | None = None,
    request: int | None = None,
) -> Sent:
    """Ask for a report of the monitors.

    criteria: ThresholdMonitoring, DeltaMonitoring, PeriodicMonitoring. names: `Component` or
    `Component.Variable`, separated by commas. Default: all. request: its id, else made up.
    """
    components = [component_only(name) for name in names or ()]
    return {"requestId": to.new_request_id() if request is None else request} | present(
        monitoringCriteria=criteria, componentVariable=components or None
    )


@command("SetMonitoringBase")
def set_monitoring_base(to: Session, *, base: str | None = None) -> Sent:
    """Choose which preconfigured monitors are active.

    base: All (default), FactoryDefault, HardWiredOnly.
    """
    return {"monitoringBase": chosen(base, "All")}


@command("SetMonitoringLevel")
def set_monitoring_level(to: Session, *, severity: int | None = None) -> Sent:
    """Choose how grave an event must be to be reported.

    severity: 0 (danger) to 9 (debug), default 9, so that all are.
    """
    return {"severity": chosen(severity, 9)}


@command("AdjustPeriodicEventStream")
def adjust_periodic_event_stream(
    to: Session, *, stream: int | None = None, interval: int | None = None, values: int | None = None
) -> Sent:
    """Change how often a periodic event stream is sent (2.1).

    stream: its id, default 1. interval: seconds, default 60 unless values is given. values: how many make one
    message.
    """
    parameters: Payload = present(interval=interval, values=values) or {"interval": 60}
    return {"id": chosen(stream, 1), "params": parameters}


@command("GetPeriodicEventStream")
def get_periodic_event_stream(to: Session) -> Sent:
    """Ask which periodic event streams are open (2.1)."""
    return {}
