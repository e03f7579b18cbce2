"""Restarting a station, reading and setting its variables, reports, and where it connects to."""

from __future__ import annotations

from csms.commands.defaults import chosen, evse_type, flags, only, present, protocol_name, two, upstream
from csms.commands.keys import component_only, component_variable, key_16
from csms.commands.registry import NotOnThisVersion, Payload, Sent, Session, command, wrong
from shared.versions import V2X, V16


@command("Reset")
def reset(to: Session, *, kind: str | None = None, evse: int | None = None) -> Sent:
    """Restart the station, or one EVSE of it (2.x).

    kind: Hard or Soft (1.6; default Hard), Immediate or OnIdle (2.x; default Immediate), in 2.1 also
    ImmediateAndResume; `--reset-type` gives the default. Soft is not OnIdle: it ends the transaction.
    evse: only that one (2.x).
    """
    only(to, V2X, evse=evse)
    default = flags(to).reset_type or ("Immediate" if two(to) else "Hard")
    return {"type": kind or default} | present(evseId=evse)


@command("SetVariables", "ChangeConfiguration", also=("set_config", "set_variable"))
def set_variables(
    to: Session,
    *,
    key: str | None = None,
    value: str | None = None,
    component: str | None = None,
    variable: str | None = None,
    instance: str | None = None,
    attribute: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
    **named: str,
) -> Sent:
    """Set variables (2.x) or a configuration key (1.6).

    Written `OCPPCommCtrlr.HeartbeatInterval=60` or `HeartbeatInterval=60`, on every version.
    key (or component and variable) and value: the same in single words. instance, evse, connector, attribute
    (Actual, Target, MinSet, MaxSet) address a variable more closely. Several may be set at once in 2.x.
    Default: what `--set-variables` says (2.x), else a HeartbeatInterval of 30 s.
    """
    if value is not None and named and key is None and component is None:
        raise wrong(f"value={value} of what? key= or component= and variable= say")
    wanted = _named(component, variable, key, value, "value")
    wanted += [(name, str(text)) for name, text in named.items()]
    if not wanted:
        said = flags(to).set_variables if two(to) else ()
        wanted = [(f"{c}.{v}", x) for c, v, x in said] if said else [(_INTERVAL, chosen(value, "30"))]
    if to.version is V16:
        only(to, V2X, instance=instance, attribute=attribute, evse=evse, connector=connector)
        if len(wanted) > 1:
            raise NotOnThisVersion("OCPP 1.6 changes one key at a time")
        name, text = wanted[0]
        return {"key": key_16(to, name), "value": text}
    place = evse_type(evse, connector)
    return {
        "setVariableData": [
            present(attributeType=attribute, attributeValue=text)
            | component_variable(to, name, instance=instance, evse=place)
            for name, text in wanted
        ]
    }


_INTERVAL = "OCPPCommCtrlr.HeartbeatInterval"


def _named(
    component: str | None, variable: str | None, key: str | None, value: str | None, word: str
) -> list[tuple[str, str]]:
    """The one variable that single words name, and its value."""
    if (component is None) != (variable is None):
        raise wrong("component= and variable= belong together")
    name = key if component is None else f"{component}.{variable}"
    if name is None:
        return []
    if value is None:
        raise wrong(f"{name}: {word}= is missing")
    return [(name, value)]


@command("GetVariables", "GetConfiguration", also=("get_config", "get_variable"))
def get_variables(
    to: Session,
    *,
    names: list[str] | None = None,
    component: str | None = None,
    variable: str | None = None,
    instance: str | None = None,
    attribute: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
) -> Sent:
    """Read variables (2.x) or configuration keys (1.6).

    names: `Component.Variable` or 1.6 keys, separated by commas; component and variable name one in single
    words; instance, evse, connector, attribute (Actual, Target, MinSet, MaxSet) address it more closely.
    Default: every key (1.6), or what `--get-variables` says, else the station's AvailabilityState (2.x).
    """
    wanted = [name for name, _ in _named(component, variable, None, "", "")] + (names or [])
    if not wanted and two(to):
        wanted = [f"{c}.{v}" for c, v in flags(to).get_variables]
    if to.version is V16:
        only(to, V2X, instance=instance, attribute=attribute, evse=evse, connector=connector)
        # 1.6 §5.8: without keys, all of them are meant
        return {"key": [key_16(to, name) for name in wanted]} if wanted else {}
    place = evse_type(evse, connector)
    return {
        "getVariableData": [
            present(attributeType=attribute) | component_variable(to, name, instance=instance, evse=place)
            for name in wanted or ["ChargingStation.AvailabilityState"]
        ]
    }


@command("GetBaseReport")
def get_base_report(to: Session, *, kind: str | None = None, request: int | None = None) -> Sent:
    """Ask for a report of the device model.

    kind: FullInventory (default), ConfigurationInventory, SummaryInventory. request: its id, else made up.
    """
    return {
        "requestId": to.new_request_id() if request is None else request,
        "reportBase": chosen(kind, "FullInventory"),
    }


@command("GetReport")
def get_report(
    to: Session,
    *,
    names: list[str] | None = None,
    criteria: list[str] | None = None,
    request: int | None = None,
) -> Sent:
    """Ask for a report of some components.

    names: `Component` or `Component.Variable`, separated by commas (default ChargingStation, unless there are
    criteria). criteria: Active, Available, Enabled, Problem. request: its id, else made up.
    """
    wanted = names or ([] if criteria else ["ChargingStation"])
    return {"requestId": to.new_request_id() if request is None else request} | present(
        componentVariable=[component_only(name) for name in wanted] or None, componentCriteria=criteria
    )


@command("SetNetworkProfile")
def set_network_profile(
    to: Session,
    *,
    url: str | None = None,
    slot: int | None = None,
    profile: int | None = None,
    interface: str | None = None,
    timeout: int | None = None,
) -> Sent:
    """Give the station a network connection profile.

    url: the CSMS without the station's identity (default: where this station itself dialled). slot: default 1.
    profile: security profile (default 2 for a wss:// URL, else 1 with passwords and 0 without). interface:
    default Wired0. timeout: of a message, in seconds, default 30.
    """
    # part 2, NetworkConnectionProfileType: the identity is appended to ocppCsmsUrl by the station
    where = url or ("ws://127.0.0.1:9000" if upstream(to) else to.base_url)
    connection: Payload = {
        "ocppVersion": "OCPP20" if upstream(to) else protocol_name(to.version),
        "ocppTransport": "JSON",
        "ocppCsmsUrl": where,
        "messageTimeout": chosen(timeout, 30),
        "securityProfile": _security_profile(to, where) if profile is None else profile,
        "ocppInterface": chosen(interface, "Wired0"),
    }
    return {"configurationSlot": chosen(slot, 1), "connectionData": connection}


def _security_profile(to: Session, url: str) -> int:
    """The security profile that a connection like this one has (part 2 A, table of profiles)."""
    if upstream(to):
        return 0
    if url.startswith("wss"):
        return 2
    return 1 if flags(to).passwords else 0
