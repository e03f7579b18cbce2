"""Verbs of the physical world, and what a central system is told to do."""

from __future__ import annotations

from shared.peer import CallFailed
from shared.scenario.check import schema_of, typed
from shared.scenario.match import Mismatch
from shared.scenario.model import CHARGE_POINT, CSMS
from shared.scenario.play import DEFAULT_WITHIN, Branch, Outcome
from shared.scenario.registry import verb
from shared.scenario.stage import Broken
from shared.scenario.tree import Node, Scalar, Table
from shared.scenario.verbs_wire import judge_answer, send_call

Seconds = float


@verb()
async def plug_in(
    branch: Branch, *, evse: int = 1, connector: int | None = None, ev: Node | None = None
) -> None:
    """The driver puts the cable in.

    `ev` describes the car, as in `ev: {battery: 60000, soc: 30}`; what it does not say is as the station has it.
    """
    car = {} if ev is None else {"ev": branch.value(ev)}
    await branch.act(CHARGE_POINT, "plug_in", evse=evse, connector=connector, **car)


@verb()
async def present(
    branch: Branch, *, token: str, evse: int | None = None, type: str = "ISO14443", outcome: str | None = None
) -> Outcome:
    """The driver presents a token, to begin or to end; waits until the station has decided.

    `outcome` is what it must come to: started, stopped, unlocked, refused or ignored. Without it a token may be turned
    away, for a reason that is told where an `expect` is missed later.
    """
    value = await branch.act(CHARGE_POINT, "present", token=token, evse=evse, type=type)
    branch.presented(token, None if outcome is not None else value)
    if outcome is not None and value["outcome"] != outcome:
        why = f" ({value['reason']})" if value["reason"] else ""
        words = f"{token} was {value['outcome']}{why}, not {outcome}"
        raise branch.failed(words, Mismatch("outcome", outcome, value["outcome"]))
    return Outcome(None, branch.play, value)


@verb()
async def unplug(branch: Branch, *, evse: int = 1) -> None:
    """The driver takes the cable out of the car and, unless it is locked, out of the station."""
    await branch.act(CHARGE_POINT, "unplug", evse=evse)


@verb()
async def drive_in(branch: Branch, *, evse: int = 1) -> None:
    """A car comes to the parking bay."""
    await branch.act(CHARGE_POINT, "drive_in", evse=evse)


@verb()
async def drive_off(branch: Branch, *, evse: int = 1) -> None:
    """The car leaves the parking bay."""
    await branch.act(CHARGE_POINT, "drive_off", evse=evse)


@verb()
async def ev(branch: Branch, *, does: str, evse: int = 1) -> None:
    """The car `pauses` or `resumes` taking energy, or `stops` its session as over high-level communication."""
    await branch.act(CHARGE_POINT, "ev", does=does, evse=evse)


@verb()
async def ev_needs(
    branch: Branch, *, evse: int = 1, departure: Seconds | None = None, energy: float | None = None
) -> None:
    """A car of ISO 15118 (`plug_in: {ev: {iso15118: true}}`) asks anew: leaving in so long, for so many Wh."""
    await branch.act(CHARGE_POINT, "ev_needs", evse=evse, departure=departure, energy=energy)


@verb()
async def fault(
    branch: Branch, *, error: str = "OtherError", evse: int = 1, connector: int | None = None
) -> None:
    """A connector breaks, with an error code of 1.6."""
    await branch.act(CHARGE_POINT, "fault", error=error, evse=evse, connector=connector)


@verb()
async def clear_fault(branch: Branch, *, evse: int = 1, connector: int | None = None) -> None:
    """The connector is sound again."""
    await branch.act(CHARGE_POINT, "clear_fault", evse=evse, connector=connector)


@verb()
async def meter_fault(branch: Branch, *, kind: str, evse: int = 1, by: float | None = None) -> None:
    """The meter lies: `frozen`, `rolled_back` by so many Wh, `drifting` by so many percent, `missing_phase`; `none`."""
    await branch.act(CHARGE_POINT, "meter_fault", kind=kind, evse=evse, by=by)


@verb()
async def external_limit(
    branch: Branch,
    *,
    amps: float | None = None,
    watts: float | None = None,
    evse: int = 0,
    source: str = "EMS",
    critical: bool | None = None,
    generation: bool = False,
    setpoint: bool = False,
) -> None:
    """An energy management system or the grid limits the station: `{amps: 10}`; with no limit it is released.

    `evse` 0 is the station. `source`: EMS, SO, Other. `generation` (2.1): it adds so much instead. `setpoint` (2.1):
    cars are to take so much, or below 0 to give it back.
    """
    if amps is not None and watts is not None:
        raise Broken("a limit is in amps or in watts")
    how = {"evse": evse, "source": source, "critical": critical, "generation": generation}
    how["setpoint"] = setpoint
    await branch.act(CHARGE_POINT, "external_limit", amps=amps, watts=watts, **how)


@verb()
async def priority(branch: Branch, *, evse: int = 1, on: bool = True) -> None:
    """The driver asks for priority charging (2.1), or gives it up."""
    await branch.act(CHARGE_POINT, "priority", evse=evse, on=on)


@verb()
async def grid_frequency(branch: Branch, *, hertz: float) -> None:
    """The grid has another frequency: the meters show it, LocalFrequency and DER controls follow it (2.1)."""
    await branch.act(CHARGE_POINT, "grid_frequency", hertz=hertz)


@verb()
async def grid_voltage(branch: Branch, *, volts: float) -> None:
    """The grid has another voltage between phase and neutral: power changes, and DER controls follow it (2.1)."""
    await branch.act(CHARGE_POINT, "grid_voltage", volts=volts)


@verb()
async def building_load(branch: Branch, *, watts: float) -> None:
    """The building takes so much besides the cars (negative: gives); LocalLoadBalancing makes up for it (2.1)."""
    await branch.act(CHARGE_POINT, "building_load", watts=watts)


@verb()
async def power_cycle(branch: Branch, *, seconds: Seconds = 5.0, backup: bool = False) -> None:
    """The power fails for so long; with a `backup` transactions are ended before the station dies."""
    await branch.act(CHARGE_POINT, "power_cycle", seconds=seconds, backup=backup)


@verb()
async def watchdog(branch: Branch) -> None:
    """The station hangs, and its watchdog restarts it."""
    await branch.act(CHARGE_POINT, "watchdog")


@verb()
async def driver_limit(
    branch: Branch,
    *,
    evse: int = 1,
    energy: float | None = None,
    time: Seconds | None = None,
    soc: float | None = None,
    cost: float | None = None,
) -> None:
    """The driver limits the transaction at an EVSE, or the next one: energy in Wh, time, soc in percent, cost."""
    asked = {"energy": energy, "time": time, "soc": soc, "cost": cost}
    limits = {name: value for name, value in asked.items() if value is not None}
    await branch.act(CHARGE_POINT, "driver_limit", evse=evse, **limits)


@verb()
async def emergency_stop(branch: Branch) -> None:
    """Somebody hits the red button."""
    await branch.act(CHARGE_POINT, "emergency_stop")


@verb()
async def go_offline(branch: Branch) -> None:
    """The station's connection is cut, and stays away until it is to come online."""
    await branch.act(CHARGE_POINT, "go_offline")


@verb()
async def come_online(branch: Branch) -> None:
    """The station dials again."""
    await branch.act(CHARGE_POINT, "come_online")


@verb()
async def reconnect(branch: Branch, *, after: Seconds = 1.0) -> None:
    """The station closes its connection properly, and dials again."""
    await branch.act(CHARGE_POINT, "reconnect", after=after)


@verb()
async def abandon_connection(branch: Branch) -> None:
    """The station dials again while its connection still stands, as after a change of networks that told nobody."""
    await branch.act(CHARGE_POINT, "abandon_connection")


@verb()
async def boot(branch: Branch) -> None:
    """The station is switched on, if it is not; it boots again if it has booted."""
    await branch.act(CHARGE_POINT, "boot")


@verb()
async def network(branch: Branch, *, state: str) -> None:
    """The network of all stations goes `down` (connections are cut) or is `up` again."""
    if state not in ("up", "down"):
        raise Broken(f"the network is up or down, not {state!r}")
    for station in branch.play.scenario.stations:
        await branch.of(station).act(CHARGE_POINT, "go_offline" if state == "down" else "come_online")


# --- what the central system does -----------------------------------------------------------------------------


@verb()
async def command(
    branch: Branch,
    *,
    what: Node,
    answered: Node | None = None,
    error: Node | None = None,
    within: Seconds = DEFAULT_WITHIN,
) -> Outcome:
    """The central system sends a command in our words or OCPP's: `reset`, `remote_start: {evse: 1, token: T}`.

    What the connected version lacks is translated, or makes the scenario not applicable. Of a foreign central system
    its hook is asked.
    """
    if isinstance(what, Scalar):
        name, body = what.text, None
    elif isinstance(what, Table) and len(what.entries) == 1:
        name, body = what.entries[0][0].text, what.entries[0][1]
    else:
        raise Broken("command is followed by one command")
    options = branch.value(body) if body is not None else {}
    arguments = {"name": name, "options": options or {}}
    if CSMS not in branch.play.stages:
        value = await branch.play.hooks.sut(branch, name, options or {}, within)
        return Outcome(None, branch.play, value)
    talk = branch.play.talks[CSMS]
    start = len(talk.station(branch.station))
    here = branch.of(branch.station, CSMS)
    action, payload, problem = "", None, None
    request = await branch.act(CSMS, "build", **arguments)
    action, payload = request
    try:
        await branch.act(CSMS, "call", action=action, payload=payload, timeout=within)
    except CallFailed as failure:
        problem = failure
    sent = [m for m in here.messages[start:] if m.action == action and m.by == CSMS]
    message = sent[-1] if sent else None
    branch.seq = message.seq if message else 0
    judge_answer(here, name, message, problem, answered, error)
    if message is not None and branch.talk.end != CSMS:  # the same message as the branch's own end saw it
        own = [m for m in branch.messages if m.id == message.id and m.is_call]
        message = own[-1] if own else message
    return Outcome(message, branch.play)


@verb()
async def call(
    branch: Branch,
    *,
    message: Node,
    answered: Node | None = None,
    error: Node | None = None,
    within: Seconds = DEFAULT_WITHIN,
    valid: bool = True,
) -> Outcome:
    """The central system calls the station with a message as it is written; `valid` is as in `send`."""
    here = branch.of(branch.station, CSMS)
    if isinstance(message, Scalar):
        action, body = message.text, None
    elif isinstance(message, Table) and len(message.entries) == 1:
        action, body = message.entries[0][0].text, message.entries[0][1]
    else:
        raise Broken("call is followed by one message")
    schema = schema_of(branch.version, action)
    payload = {} if body is None else typed(body, schema, schema, branch.resolve)
    outcome = await send_call(here, action, payload or {}, answered=answered, error=error, within=within)
    branch.seq = here.seq
    return outcome
