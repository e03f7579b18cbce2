"""Kinds of stations: what their quirks show on the wire, their files, and their page."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from charge_point import persona
from charge_point.making import setup_of
from charge_point.options import resolve
from charge_point.quirks import QUIRKS
from shared.journal.entry import FRAME, IN, OUT, Entry
from shared.option_fields import UsageError
from shared.report.events import Verdict
from shared.versions import V2X, V16, VERSIONS, Version
from tests.charge_point.wired import Wired
from tests.scenario.played import Played

SESSION = """
  - registered
  - plug_in
  - present: 04a1b2c3
  - wait: 3min
  - present: 04a1b2c3
  - wait: 1min
  - unplug
  - wait: 3min
"""
TWO = SESSION + SESSION.replace("  - registered\n", "")
OFFLINE = (
    SESSION
    + "  - go_offline\n"
    + SESSION.replace("  - registered\n", "").replace("wait: 3min", "wait: 1min")
    + "  - come_online\n  - wait: 3min\n"
)
FAULT = "  - registered\n  - fault: {error: GroundFailure}\n  - wait: 1min\n"
RESET = SESSION.replace(
    "  - wait: 3min\n  - present: 04a1b2c3\n", "  - wait: 1min\n  - reset: {type: Hard}\n  - wait: 2min\n"
)


class Call(NamedTuple):
    """A call of the station: seconds, its id, action and payload."""

    at: float
    id: str
    action: str
    payload: dict[str, Any]


class Wire:
    """What went over the wire at the station's end."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        frames = [e for e in entries if e.end == "charge_point" and e.sort == FRAME and e.dir in (IN, OUT)]
        self.frames = [(e.t, e.dir, json.loads(e.what)) for e in frames]
        self.calls = [Call(t, *f[1:4]) for t, way, f in self.frames if way == OUT and f[0] == 2]
        self.came = [Call(t, *f[1:4]) for t, way, f in self.frames if way == IN and f[0] == 2]
        self.findings = {e.note for e in entries if e.clause and e.end == "csms"}

    def of(self, *actions: str) -> list[Call]:
        """Its calls of these actions."""
        return [call for call in self.calls if call.action in actions]

    def tx(self, kind: str) -> list[Call]:
        """The first (Started) or last (Ended) messages of transactions."""
        name = {"Started": "StartTransaction", "Ended": "StopTransaction"}.get(kind, "MeterValues")
        return [c for c in self.calls if c.action == name or c.payload.get("eventType") == kind]

    @property
    def statuses(self) -> list[str]:
        """The statuses of connector 1, however they were told."""
        found = []
        for c in self.of("StatusNotification", "NotifyEvent"):
            if c.action == "NotifyEvent":
                found += [
                    e["actualValue"]
                    for e in c.payload["eventData"]
                    if e["variable"]["name"] == "AvailabilityState"
                ]
            elif c.payload["connectorId"] == 1:
                found.append(c.payload.get("status") or c.payload["connectorStatus"])
        return found

    def answered(self, action: str) -> list[Any]:
        """What it answered to calls of `action`."""
        ids = [c.id for c in self.came if c.action == action]
        return [f[2] for _, way, f in self.frames if way == OUT and f[0] in (3, 4) and f[1] in ids]


def wire(quirks: str, version: Version, steps: str = SESSION, **bench: Any) -> Wire:
    """A session of a station with these quirks at our CSMS, which must survive it."""
    head = f"role: pair\nstation: {{{quirks}}}\ncsms: {{registration: strict}}"
    played = Played(f"scenario: quirks\n{head}\nsteps:\n{steps}", versions=(version,), **bench)
    assert played.verdicts == {Verdict.PASSED}, (played.reason, played.finished[0].failure)
    return Wire(played.journals[0])


def _doubled(w: Wire) -> bool:
    return len(w.of("BootNotification")) == 2


def _resent(kind: str, same: bool) -> Callable[[Wire], bool]:
    def shown(w: Wire) -> bool:
        first, second = w.tx(kind)[:2]
        return (first.id == second.id) is same and first.payload == second.payload

    return shown


def _readings(w: Wire) -> list[dict[str, Any]]:
    values = [v for c in w.calls for m in c.payload.get("meterValue", ()) for v in m["sampledValue"]]
    return [v for v in values if v.get("measurand", "Energy").startswith("Energy")]


def _overlap(w: Wire) -> bool:
    open_: set[str] = set()
    most = 0
    for _, way, frame in w.frames:
        if way == OUT and frame[0] == 2:
            open_.add(frame[1])
            most = max(most, len(open_))
        elif way == IN and frame[0] in (3, 4):
            open_.discard(frame[1])
    return most > 1


def _token(w: Wire) -> str:
    wire = w.of("Authorize")[0].payload
    return str(wire["idTag"] if "idTag" in wire else wire["idToken"]["idToken"])


def _order(w: Wire) -> list[str]:
    """The start and the Charging or Occupied that goes with it, in the order of the wire."""
    found = []
    for c in w.calls:
        if c in w.tx("Started"):
            found.append("start")
        elif c.payload.get("status") == "Charging":
            found.append("status")
    return found


def _begins_at_zero(w: Wire) -> bool:
    first = w.tx("Started")[1].payload
    if "meterStart" in first:
        return bool(first["meterStart"] == 0)
    return all(v["value"] == 0 for m in first.get("meterValue", ()) for v in m["sampledValue"][:1])


Shows = Callable[[Wire], bool]

SHOWN: dict[str, tuple[str, str, Shows]] = {
    # quirk: its value, what happens, what is to be seen
    "boot_on_reconnect": ("true", "  - registered\n  - reconnect\n  - wait: 1min\n", _doubled),
    "double_boot": ("true", SESSION, _doubled),
    "slow_boot": ("[20, 30]", SESSION, lambda w: 20 <= w.of("BootNotification")[0].at <= 30),
    "boots_late": (
        "true",
        "  - wait: 1min\n",
        lambda w: w.calls[0].action != "BootNotification" and "not_registered" in w.findings,
    ),
    "calls_at_once": ("true", SESSION, _overlap),
    "half_open": (
        "1",
        "  - registered\n  - wait: 2h\n",
        lambda w: not [c for c in w.of("Heartbeat") if c.at < 7200],
    ),
    "second_socket": (
        "60",
        "  - registered\n  - wait: 90\n",
        lambda w: sum(e.sort == "open" and e.end == "csms" for e in w.entries) == 2,
    ),
    "resends_start": ("new_id", SESSION, _resent("Started", same=False)),
    "resends_stop": ("same_id", SESSION, _resent("Ended", same=True)),
    "offline_transaction_id": (
        "zero",
        OFFLINE,
        lambda w: w.tx("Ended")[1].payload["transactionId"] == 0,
    ),
    "late_token": (
        "true",
        SESSION,
        lambda w: (
            "idToken" not in w.tx("Started")[0].payload
            and any("idToken" in c.payload for c in w.tx("Updated"))
        ),
    ),
    "running_seq_no": ("true", TWO, lambda w: w.tx("Started")[1].payload["seqNo"] > 0),
    "clock_at_start": (
        "'1970', boots_late: true",
        "  - wait: 1min\n",
        lambda w: any("1970-" in json.dumps(c.payload) for c in w.calls),
    ),
    "clock_drift": ("36000", SESSION, lambda w: w.tx("Ended")[0].payload["timestamp"] > "2026-01-01T10:25"),
    "timestamps": (
        "no_offset",
        SESSION,
        lambda w: bool(re.fullmatch(r"[\d-]+T1[23]:[\d:]+", w.tx("Ended")[0].payload["timestamp"])),
    ),
    "register_resets": ("session", TWO, _begins_at_zero),
    "energy": ("kWh", SESSION, lambda w: "kWh" in json.dumps(_readings(w))),
    "without_unit": (
        "true",
        SESSION,
        lambda w: bool(_readings(w)) and '"unit' not in json.dumps(_readings(w)),
    ),
    "without_measurand": ("true", SESSION, lambda w: '"measurand' not in json.dumps(_readings(w))),
    "phases": ("neutral", SESSION, lambda w: '"L1"' not in json.dumps([c.payload for c in w.calls])),
    "stops_below_start": ("true", SESSION, lambda w: w.tx("Ended")[0].payload["meterStop"] == 0),
    "status_order": ("after", SESSION, lambda w: _order(w)[:2] in (["start"], ["start", "status"])),
    "skipped_statuses": (
        "[Preparing, Occupied]",
        SESSION,
        lambda w: not {"Preparing", "Occupied"} & set(w.statuses) and "Available" in w.statuses,
    ),
    "flapping": ("2", SESSION, lambda w: max(Counter(w.statuses).values()) > 4),
    "faulted_no_error": (
        "true",
        FAULT,
        lambda w: (
            [c.payload["errorCode"] for c in w.of("StatusNotification") if c.payload["status"] == "Faulted"]
            == ["NoError"]
        ),
    ),
    "token": ("reversed", SESSION, lambda w: _token(w) == "c3b2a104"),
}
"""What each quirk is to be seen doing."""

FINDINGS = {("boots_late", V): {"not_registered"} for V in VERSIONS}
"""Quirk and version -> what our CSMS is to find."""


@pytest.mark.parametrize(
    ("name", "version"),
    [(name, version) for name in SHOWN for version in QUIRKS[name].versions],
    ids=str,
)
def test_a_quirk_shows_on_the_wire_and_our_csms_survives_it(name: str, version: Version) -> None:
    value, steps, shows = SHOWN[name]
    seen = wire(
        f"register: 5000, meter_interval: 20, quirks: {{{name}: {value}}}", version, steps, schema="warn"
    )
    assert shows(seen), [(c.at, c.action, c.payload) for c in seen.calls][:20]
    assert FINDINGS.get((name, version), set()) <= seen.findings


# --- answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS, ids=str)
async def test_settings_and_resets_are_accepted_and_ignored(version: Version) -> None:
    quirks = {"ignored_settings": ["HeartbeatInterval"], "reset_ignored": True}
    w = await Wired(version, quirks=persona.setup({"quirks": quirks}).quirks).start()
    before = w.station.model.text("HeartbeatInterval")
    if version is V16:
        answer = await w.ask("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "77"})
        assert answer == {"status": "Accepted"}
        assert await w.ask("Reset", {"type": "Hard"}) == {"status": "Accepted"}
    else:
        named = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
        asked = {"setVariableData": [{**named, "attributeValue": "77"}]}
        assert (await w.ask("SetVariables", asked))["setVariableResult"][0]["attributeStatus"] == "Accepted"
        assert (await w.ask("Reset", {"type": "Immediate"}))["status"] == "Accepted"
    await w.settle(60)
    assert w.station.model.text("HeartbeatInterval") == before
    assert not w.of("BootNotification")  # since the first


async def test_a_filter_is_ignored() -> None:
    w = await Wired(V16, quirks=persona.setup({"quirks": {"ignores_filter": True}}).quirks).start()
    answer = await w.ask("GetConfiguration", {"key": ["HeartbeatInterval"]})
    assert len(answer["configurationKey"]) > 10


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_reports_may_begin_with_part_one(version: Version) -> None:
    w = await Wired(version, quirks=persona.setup({"quirks": {"reports_from_one": True}}).quirks).start()
    await w.ask("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
    await w.settle(60)
    assert next(page["seqNo"] for page in w.of("NotifyReport")) == 1


# --- files ----------------------------------------------------------------------------------------------------


WRONG = [
    ('abut = "x"', 1, "did you mean 'about'"),
    ('vendor = "x"', 1, "needs about"),
    ('about = "x"\nphases = 4', 2, "4 is more than 3"),
    ('about = "x"\n[quirks]\ndouble_boots = true', 3, "did you mean 'double_boot'?"),
    ('about = "x"\n[quirks]\nflapping = "x"', 3, "expected a whole number, not a text"),
    ('about = "x"\n[[keys]]\ntype = "integer"', 2, "needs a name"),
    ('about = "x"\n[[keys]]\nname = "A"\ntype = "int"', 4, "'int' is not one of the words"),
    ('about = "x"\n[variables]\nHeartbeatIntervall = 3', 3, "did you mean"),
    ('about = "x"\n[timing]\nAuthorize = [3, 1]', 3, "is more than the most"),
    ('about = "x"\n[timing]\nAuthorise = 1', 3, "did you mean 'Authorize'?"),
    ('about = "x"\n[options]\nserials = "x"', 3, "did you mean 'serial'"),
    ('about = "x"\nfaults = ["dropp"]', 2, "did you mean 'drop'?"),
]


@pytest.mark.parametrize(("text", "line", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as wrong:
        resolve(["--csms", "ws://x", "--persona", str(path)], {})
    assert str(wrong.value).startswith(f"--persona: {path}:{line}: "), wrong.value
    assert said in str(wrong.value)


def test_options_that_are_given_lie_over_those_of_the_persona() -> None:
    options = resolve(["--csms", "ws://x", "--persona", "keba_style_ac", "--serial", "S9"], {})
    made = setup_of(options, "0")
    assert (made.vendor, made.serial, made.evses) == ("Keba-style", "S9", ((1,),))
    assert made.faults
    assert "Vendor.HousingVariant" in made.variables


def test_every_command_and_file_on_the_page_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from charge_point.__main__ import main
    from scripts.docs_station_personas import PAGE, page

    text = PAGE.read_text(encoding="utf-8")
    assert text == page(), "run scripts/docs_station_personas.py"
    monkeypatch.chdir(tmp_path)
    (own,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "mine.toml").write_text(own, encoding="utf-8")
    (scenario,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    Played(scenario).passes()
    mine = scenario.replace("persona: generic_ac, quirks: {double_boot: true}", "persona: mine.toml")
    Played(mine).passes()
    commands = [words.split() for words in re.findall(r"^python -m charge_point (.*)$", text, re.MULTILINE)]
    assert len(commands) == 5
    for words in commands:
        if words[-1] == "list":
            assert main(words) == 0
        else:
            assert setup_of(resolve(words, {}), "0").evses
    listed = " ".join(capsys.readouterr().out.split())
    assert all(name in listed for name in persona.names())
