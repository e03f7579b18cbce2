"""Every fault on the wire as a step of a scenario, in each of its spellings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.faults import parse
from shared.faults.registry import FAULTS
from shared.versions import V16
from tests.scenario.played import Played

AUTHORIZE: dict[str, Any] = {"action": "Authorize", "times": 1}
ANSWER: dict[str, Any] = {**AUTHORIZE, "kind": "answer"}
SETTINGS: dict[str, dict[str, Any]] = {
    "delay": {"after": 0.3, "jitter": 0.1, **ANSWER},
    "late_answer": {"after": 5, **AUTHORIZE},
    "throttle": {"rate": 2000},
    "drop": ANSWER,
    "duplicate": {"gap": 0.1, **ANSWER},
    "reorder": {"within": 0.5, **ANSWER},
    "black_hole": AUTHORIZE,
    "corrupt": {"count": 2, **ANSWER},
    "truncate": {"keep": 0.5, **ANSWER},
    "change": {"path": "idTagInfo.status", "value": "Blocked", **ANSWER},
    "wrong_id": ANSWER,
    "reuse_id": ANSWER,
    "bad": {"preset": "broken_json", **ANSWER},
    "merge": {"value": {"customer": 1}, **ANSWER},
    "call_error": {"code": "MyOwnError", **ANSWER},
    "retime": {"ahead": 3600, "kind": "answer", "action": "Heartbeat"},
    "respell_id": {"spelling": "upper", "kind": "call"},
    "readings": {"direction": "in", "energy": "kWh"},
    "half_open": {"hold": 1, **AUTHORIZE},
    "reset": AUTHORIZE,
    "close": {"code": 4001, **AUTHORIZE},
    "hang_up": {"before_answer_to": "Authorize", "times": 1},
    "refuse": {"lasts": 5},
}


def written(name: str, settings: dict[str, Any]) -> str:
    """A fault as one text."""

    def value(it: Any) -> str:
        return f"'{json.dumps(it)}'" if isinstance(it, dict) else str(it)

    return f"{name}:{','.join(f'{key}={value(it)}' for key, it in settings.items())}"


def test_every_fault_is_tried_here() -> None:
    assert set(SETTINGS) == set(FAULTS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_fault_is_the_same_as_a_text_and_as_either_table(name: str) -> None:
    settings = SETTINGS[name]
    forms: list[str | dict[str, Any]] = [
        written(name, settings),
        {name: settings},
        {"fault": name, **settings},
    ]
    assert len({repr(parse(form)) for form in forms}) == 1


@pytest.mark.parametrize("name", SETTINGS)
def test_a_fault_of_a_step_strikes(name: str) -> None:
    steps: list[Any] = [
        {"use": "booted"},
        {"inject": {name: SETTINGS[name]}, "at": "csms"},
        {"reconnect": {"after": 1}} if name == "refuse" else {"wait": "1s"},
        {"wait": "20s"},
        "plug_in",
        {"present": "T"},
        {"command": "clear_cache"},
        {"wait": "130s"},
    ]
    if name == "refuse":
        steps = steps[:4]  # it takes a while to come back
    scenario = {"scenario": "a fault", "role": "pair", "station": {"heartbeat": 50}, "steps": steps}
    played = Played(json.dumps(scenario), versions=(V16,))
    struck = [e for journal in played.journals for e in journal if e.note == "fault"]
    assert struck, played.reason
    assert all(str(e.what).startswith(f"{name}: ") for e in struck)
    assert {event.verdict.value for event in played.finished} <= {"passed", "failed"}
