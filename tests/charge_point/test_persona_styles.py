"""The kinds of stations that come with the program, held against what a kind of station must be able to be."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from charge_point import persona
from charge_point.making import setup_of
from charge_point.options import resolve
from shared.report.events import Verdict
from shared.versions import V2X, V16, VERSIONS, Version
from tests.charge_point.quirky import Wire
from tests.scenario.played import Played
from tests.support import each_version

STYLES = ("wallbox_style_ac", "keba_style_ac")
each_style = pytest.mark.parametrize("style", STYLES)


def play(station: str, steps: str, version: Version, *, csms: str = "", **bench: Any) -> Wire:
    """What the station, written as in a scenario, says in these steps."""
    head = f"role: pair\nstation: {{{station}}}\ncsms: {{registration: strict{csms}}}"
    played = Played(f"scenario: styles\n{head}\nsteps:\n{steps}", versions=(version,), **bench)
    assert played.verdicts == {Verdict.PASSED}, (played.reason, played.finished[0].failure)
    return Wire(played.journals[0])


@each_version
@pytest.mark.parametrize("name", sorted(persona.names()))
def test_the_program_can_be_any_of_them_on_any_version_alone(name: str, version: Version) -> None:
    options = resolve(["--csms", "ws://x", "--persona", name, "--ocpp-version", version.name], {})
    assert options.ocpp_version == (version,)


FLOW = """\
  - registered
  - wait: 1min
  - plug_in
  - present: 04a1b2c3
  - wait: 2min
  - {command: {remote_stop: {}}, answered: {status: Accepted}}
  - wait: 1min
  - unplug
  - wait: 2min
"""


def said(w: Wire) -> list[str]:
    """The calls but heartbeats and readings, each with its status."""
    found = []
    for c in w.calls:
        status = c.payload.get("status") or c.payload.get("connectorStatus") or c.payload.get("eventType")
        if c.action not in ("Heartbeat", "MeterValues") and status != "Updated":
            found.append(f"{c.action} {status}" if status else c.action)
    return found


@each_style
@each_version
def test_the_flow_of_a_session_with_a_remote_stop(style: str, version: Version) -> None:
    """Registration, status, authorization, start, remote stop with its reason, and the end, in this order."""
    w = play(f"persona: {style}", FLOW, version)
    if version is V16:
        wanted = [
            "BootNotification",
            *("StatusNotification Available",) * 2,  # connectors 0 and 1
            "StatusNotification Preparing",
            "Authorize",
            "StartTransaction",
            "StatusNotification Charging",
            "StopTransaction",
            "StatusNotification Finishing",
            "StatusNotification Available",
        ]
    else:
        wanted = [
            "BootNotification",
            "StatusNotification Available",
            "SecurityEventNotification",
            "StatusNotification Occupied",
            "Authorize",
            "TransactionEvent Started",
            "TransactionEvent Ended",
            "StatusNotification Available",
        ]
    assert said(w) == wanted
    (ended,) = w.tx("Ended")
    assert (ended.payload.get("reason") or ended.payload["transactionInfo"]["stoppedReason"]) == "Remote"
    assert not w.findings, "a kind of station that is not to misbehave breaks no rule"


@each_style
@each_version
def test_after_a_restart_it_boots_reports_every_connector_and_beats_as_it_was_told(
    style: str, version: Version
) -> None:
    steps = "  - registered\n  - {command: reset, answered: {status: Accepted}}\n  - wait: 10min\n"
    w = play(f"persona: {style}", steps, version, csms=", heartbeat_interval: 100")
    boots = w.of("BootNotification")
    assert len(boots) == 2
    after = [c for c in w.calls if c.at >= boots[1].at]
    statuses = [c for c in after if c.action == "StatusNotification"]
    assert {c.payload["connectorId"] for c in statuses} == ({0, 1} if version is V16 else {1})
    beats = [c.at for c in after if c.action == "Heartbeat"]
    assert {round(later - sooner) for sooner, later in pairwise(beats)} == {100}


@each_style
@each_version
def test_slow_and_double_boots_are_variants_of_it(style: str, version: Version) -> None:
    quirks = "quirks: {slow_boot: [20, 30], double_boot: true}"
    boots = play(f"persona: {style}, {quirks}", "  - registered\n  - wait: 1min\n", version).of(
        "BootNotification"
    )
    assert len(boots) == 2
    assert 20 <= boots[0].at <= 30


WALK = """\
  - registered
  - plug_in
  - present: 04a1b2c3
  - wait: 1min
  - ev: pauses
  - wait: 1min
  - ev: resumes
  - wait: 1min
  - external_limit: {amps: 0}
  - wait: 1min
  - external_limit
  - wait: 1min
  - present: 04a1b2c3
  - wait: 1min
  - unplug
  - wait: 1min
  - fault: {error: GroundFailure}
  - wait: 1min
  - clear_fault
  - wait: 1min
"""


@each_style
def test_it_walks_through_every_status_of_1_6(style: str) -> None:
    assert play(f"persona: {style}", WALK, V16).statuses == [
        *("Available", "Preparing", "Charging", "SuspendedEV", "Charging", "SuspendedEVSE", "Charging"),
        *("Finishing", "Available", "Faulted", "Available"),
    ]


@each_style
@pytest.mark.parametrize("version", V2X, ids=str)
def test_it_walks_through_the_charging_states_of_2x(style: str, version: Version) -> None:
    w = play(f"persona: {style}", WALK, version)
    states = [c.payload["transactionInfo"].get("chargingState") for c in w.of("TransactionEvent")]
    changes = [s for at, s in enumerate(states) if s and (at == 0 or s != states[at - 1])]
    assert [s for s in changes if s != "Idle"][:6] == [
        *("EVConnected", "Charging", "SuspendedEV", "Charging", "SuspendedEVSE", "Charging"),
    ]
    assert w.statuses == ["Available", "Occupied", "Available", "Faulted", "Available"]


@each_style
@each_version
def test_limits_below_6_a_are_a_pause(style: str, version: Version) -> None:
    """IEC 61851: nothing less than 6 A can be offered; the station holds back, visibly."""
    steps = """\
  - registered
  - plug_in
  - present: 04a1b2c3
  - wait: 30
  - {command: {set_charging_profile: {limit: 5}}, answered: {status: Accepted}, as: low}
  - {expect: {power: {state: suspended_evse}}, since: low}
  - check: {station.power: 0}
  - {command: {set_charging_profile: {limit: 6}}, answered: {status: Accepted}, as: enough}
  - {expect: {power: {state: charging}}, since: enough}
"""
    w = play(f"persona: {style}", steps, version)
    assert "SuspendedEVSE" in json.dumps([c.payload for c in w.calls])


@each_version
def test_profiles_in_another_unit_than_its_own_are_refused(version: Version) -> None:
    refused = "NotSupported" if version is V16 else "Rejected"  # 1.6 §7.11; K01.FR.26
    steps = f"""\
  - registered
  - {{command: {{set_charging_profile: {{limit: 5000, unit: W}}}}, answered: {{status: {refused}}}}}
  - {{command: {{set_charging_profile: {{limit: 16, unit: A}}}}, answered: {{status: Accepted}}}}
"""
    play("persona: generic_ac, rate_units: A", steps, version)


@each_style
def test_times_and_identities_are_data_seeded_and_within_their_ranges(style: str) -> None:
    """What takes time is drawn from its range, the same for the same seed."""
    table = Path(persona.FOLDER, f"{style}.toml").read_text(encoding="utf-8")
    assert all(f"{key} = " in table for key in ("vendor", "model", "serial", "evses", "phases", "amps"))
    timed = f"persona: {style}, timing: {{Authorize: [2, 4]}}"
    first, again, other = (play(timed, FLOW, V16, seed=seed) for seed in (1, 1, 2))

    def waited(w: Wire) -> float:
        return w.of("Authorize")[0].at - w.of("StatusNotification")[2].at

    assert 2 <= waited(first) <= 4
    assert waited(first) == waited(again) != waited(other)


COMMANDS = {
    "remote_start": "{remote_start: {token: T}}",
    "remote_stop": "{remote_stop: {}}",
    "reset": "reset",
    "unlock": "unlock_connector",
    "availability": "{change_availability: {status: Inoperative}}",
}


@each_version
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("style", "moment"), [(STYLES[at % 2], when) for at, when in enumerate(("before", "during", "after"))]
)
def test_a_command_comes_before_during_or_after_the_answer_to_the_start(
    style: str, version: Version, command: str, moment: str
) -> None:
    """Nothing is lost, whatever the CSMS asks for: every transaction that began ends, and the station goes on."""
    sent = COMMANDS[command]
    ask = f"  - {{command: {sent}}}\n"
    begin = "  - registered\n  - plug_in\n"
    slow = "  - {inject: {fault: late_answer, action: tx.started, after: 10}, at: csms}\n"
    token = "  - present: 04a1b2c3\n"
    if command == "remote_stop" and moment != "after":
        ask = ask.replace("{}", "{transaction: '1000'}")  # none that the CSMS could know of
    steps = {
        "before": begin + ask + token,
        "during": begin + slow + token + "  - wait: 2\n" + ask,
        "after": begin + token + "  - wait: 5\n" + ask,
    }[moment]
    steps += "  - wait: 2min\n  - unplug\n  - wait: 5min\n  - power_cycle: {seconds: 5, backup: true}\n  - wait: 2min\n"
    w = play(f"persona: {style}", steps, version)
    began, ended = ({c.payload["timestamp"] for c in w.tx(kind)} for kind in ("Started", "Ended"))
    assert len(began) == len(ended)  # of one whose answer was lost the start comes twice
    assert not w.findings


DISTURBED = {
    "reconnect": "  - reconnect\n  - wait: 10\n",
    "late answer": "  - {inject: {fault: late_answer, action: tx.meter, after: 20, times: 1}, at: csms}\n",
    "doubled answers": "  - {inject: {fault: duplicate, kind: answer, times: 5}, at: csms}\n",
    "lost answer": "  - {inject: {fault: drop, kind: answer, action: tx.ended, times: 1}, at: csms}\n",
    "cut": "  - {inject: {fault: hang_up, before_answer_to: tx.ended, times: 1}, at: csms}\n",
}


@each_version
@pytest.mark.parametrize(("style", "what"), [(STYLES[at % 2], what) for at, what in enumerate(DISTURBED)])
def test_a_session_survives_what_a_new_release_may_bring(style: str, version: Version, what: str) -> None:
    """Reconnects, time-outs, late and doubled answers amid a session: one transaction, billed once and whole."""
    begin = "  - registered\n  - plug_in\n  - present: 04a1b2c3\n  - wait: 10\n"
    end = "  - wait: 1min\n  - present: 04a1b2c3\n  - wait: 1min\n  - unplug\n  - wait: 10min\n"
    stood = "  - check: {csms.open: 0, csms.closed: 1, csms.billed: $CP1.meter.delivered}\n"
    disturbed = DISTURBED[what].replace("tx.meter", "MeterValues" if version is V16 else "TransactionEvent")
    w = play(f"persona: {style}, meter_interval: 20", begin + disturbed + end + stood, version)
    assert len({c.payload["timestamp"] for c in w.tx("Ended")}) == 1


def trace(w: Wire) -> list[str]:
    """What the station said, without what is made up anew for every run."""
    made_up = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{4,}")
    return [made_up.sub("ID", f"{c.at:.3f} {c.action} {json.dumps(c.payload)}") for c in w.calls]


@pytest.mark.parametrize(
    ("kind", "version"), [(kind, VERSIONS[at % 3]) for at, kind in enumerate(persona.names())], ids=str
)
def test_each_kind_takes_the_same_course_in_every_run(kind: str, version: Version) -> None:
    """What a release is held against: the trace of a kind of station on a version, by its seed."""
    first, again = (play(f"persona: {kind}", FLOW, version, seed=3, schema="warn") for _ in range(2))
    assert trace(first) == trace(again)


def test_kinds_of_stations_are_told_apart_by_their_traces() -> None:
    traces = {
        kind: tuple(trace(play(f"persona: {kind}", FLOW, V16, schema="warn"))) for kind in persona.names()
    }
    assert len(set(traces.values())) == len(traces)


@each_version
def test_the_queue_of_a_kind_of_station_may_be_short(version: Version) -> None:
    steps = """\
  - registered
  - plug_in
  - present: 04a1b2c3
  - wait: 1min
  - go_offline
  - wait: 30min
  - come_online
  - wait: 2min
  - present: 04a1b2c3
  - wait: 1min
"""
    long = play("persona: generic_ac", steps, version)
    short = play("persona: generic_ac, offline_queue: 8", steps, version)
    assert len(short.tx("Updated")) < len(long.tx("Updated")) - 10
    assert (len(short.tx("Started")), len(short.tx("Ended"))) == (1, 1)


# --- the options of a persona ---------------------------------------------------------------------------------------

OWN = """\
about = "Says it with options."
amps = 16

[options]
vendor = "Optional"
amps = 10
set = ["HeartbeatInterval=33"]
ev = ["phases=1"]
message_timeout = 7
generate = ["max_duration=60,min_delay=5,max_delay=10,tokens=04a1b2c3"]
"""


@each_version
def test_the_options_of_a_persona_hold_in_scenarios_too(tmp_path: Path, version: Version) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    w = play(f"persona: {path}", "  - registered\n  - wait: 10min\n", version)
    assert '"Optional"' in json.dumps(w.of("BootNotification")[0].payload)
    assert len(w.tx("Ended")) > 2, "drivers come by themselves"
    made = persona.setup({"persona": str(path)})
    assert (made.amps, made.ev and made.ev.phases) == (10, 1)
    assert persona.setup({"persona": str(path), "amps": 20}).amps == 20
    assert persona.setup({"persona": str(path), "amps": 20}).variables["HeartbeatInterval"] == "33"
    options = resolve(["--csms", "ws://x", "--persona", str(path)], {})
    assert setup_of(options, "0").amps == made.amps
    assert options.message_timeout == 7
