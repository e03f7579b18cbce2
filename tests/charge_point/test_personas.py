"""Kinds of stations: their files, what is wrong with one, and their page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from charge_point import persona
from charge_point.making import setup_of
from charge_point.options import resolve
from tests.scenario.played import Played

WRONG = [
    ('abut = "x"', 1, "abut: no such key; did you mean 'about'"),
    ('vendor = "x"', 1, "needs about"),
    ('about = "x\nvendor = "y"', 1, "not TOML"),
    ('about = "x"\nabout = "y"', 2, "Cannot overwrite a value"),
    ('about = "x"\nphases = 4', 2, "4 is more than 3"),
    ('about = "x"\nevses = [1, 2]', 2, "as in [[1], [1, 2]]"),
    ('about = "x"\ncurrent = "DCC"', 2, "did you mean 'DC'?"),
    ('about = "x"\nrate_units = ["A", "Watt"]', 2, "'Watt' is not one of the words (A, W)"),
    ('about = "x"\ntx_start = "pluged_in"', 2, "did you mean 'plugged_in'?"),
    ('about = "x"\nfeatures = ["flying"]', 2, "'flying' is not one of the words"),
    ('about = "x"\n[quirk]\ndouble_boot = true', 2, "did you mean 'quirks'?"),
    ('about = "x"\n[quirks]\ndouble_boots = true', 3, "did you mean 'double_boot'?"),
    ('about = "x"\n[quirks]\nflapping = "x"', 3, "expected a whole number, not a text"),
    ('about = "x"\n[quirks]\ntoken = "uper"', 3, "did you mean 'upper'?"),
    ('about = "x"\n[[keys]]\ntype = "integer"', 2, "needs a name"),
    (
        'about = "x"\n[[keys]]\nname = "A"\ntype = "int"',
        4,
        "'int' is not one of the words; did you mean 'integer'?",
    ),
    ('about = "x"\n[[keys]]\nname = "HeartbeatInterval"', 2, "is a standard variable"),
    (
        'about = "x"\n[variables]\nHeartbeatIntervall = 3',
        3,
        "did you mean 'OCPPCommCtrlr.HeartbeatInterval'?",
    ),
    ('about = "x"\n[measurands]\nsampled = ["Voltag"]', 3, "did you mean 'Voltage'?"),
    ('about = "x"\n[timing]\nAuthorize = [3, 1]', 3, "is more than the most"),
    ('about = "x"\n[timing]\nAuthorise = 1', 3, "did you mean 'Authorize'?"),
    ('about = "x"\n[vendors]\nMine = 3', 2, "expected a table of messageIds"),
    ('about = "x"\n[ev]\nbatery = 3', 3, "did you mean 'battery'?"),
    ('about = "x"\n[options]\nserials = "x"', 3, "did you mean 'serial'"),
    ('about = "x"\n[options]\nset = ["HeartbeatIntervall=3"]', 3, "no variable 'HeartbeatIntervall'"),
    ('about = "x"\n[options]\ngenerate = ["probability=3"]', 3, "from 0 to 1"),
    ('about = "x"\nfaults = ["dropp"]', 2, "did you mean 'drop'?"),
    ('about = "x"\n[[answers]]\naction = "DataTransfer"', 2, "says nothing of the answer"),
    ('about = "x"\nvendor = "a vendor whose name is far too long"', 2, "longer than 20 characters"),
]


@pytest.mark.parametrize(("text", "line", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_a_wrong_file_is_told_with_its_line_and_nothing_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, line: int, said: str
) -> None:
    from charge_point.__main__ import main

    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["--csms", "ws://127.0.0.1:9", "--no-interactive", "--persona", str(path)])
    assert ended.value.code == 2
    (_, told) = capsys.readouterr().err.splitlines()
    assert f"{path}:{line}: " in told
    assert said in told


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
    scenario, drivers = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    Played(scenario).passes()
    Played(drivers).passes()
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
