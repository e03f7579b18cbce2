"""Two recordings of two builds: where they part, how it is shown, and the command that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from charge_point.__main__ import main as charge_point_main
from csms.__main__ import main as csms_main
from shared.replay.compare import MISSING, Unlike
from shared.replay.diff import diff, shown
from shared.replay.read import read
from tests.replay.recorded import HEARTBEAT, recorded, session, status, written

MAINS = pytest.mark.parametrize("main", [csms_main, charge_point_main], ids=["csms", "charge_point"])


def test_other_ids_and_times_are_no_difference(tmp_path: Path) -> None:
    one = recorded(tmp_path / "a", session(7))
    other = recorded(tmp_path / "b", session(1000, prefix="x"), every=17.0)
    assert diff(one, other) == []


def test_the_first_difference_is_found_with_its_path_values_and_frames(tmp_path: Path) -> None:
    one = recorded(tmp_path / "a", session(energy=900))
    other = recorded(tmp_path / "b", session(energy=901), first=101)
    (found,) = diff(one, other)
    assert found.unlike == Unlike("meterStop", 900, 901)
    assert found.left is not None
    assert found.right is not None
    assert (found.left.number, found.right.number) == (9, 109)
    assert diff(one, other, ignore=["meterStop"]) == []
    assert diff(one, other, without=["StopTransaction"]) == []


def test_a_transaction_that_is_not_echoed_is_a_difference(tmp_path: Path) -> None:
    lines = session(7)
    lines[8][1][3]["transactionId"] = 8
    (found,) = diff(recorded(tmp_path / "a", session(3)), recorded(tmp_path / "b", lines))
    assert found.unlike == Unlike("transactionId", 3, 8)


@pytest.mark.parametrize("is_first", [True, False], ids=["left out", "added"])
def test_a_message_too_many_is_told_as_such(is_first: bool, tmp_path: Path) -> None:
    extra = [("<", [2, "z", "StatusNotification", status("Charging")]), (">", [3, "z", {}])]
    longer = recorded(tmp_path / "longer", [*session(8)[:6], *extra, *session(8)[6:]])  # type: ignore[list-item]
    shorter = recorded(tmp_path / "shorter", session(7))
    words = "StatusNotification from the station"
    (found,) = diff(longer, shorter) if is_first else diff(shorter, longer)
    assert found.unlike == (Unlike("", words, MISSING) if is_first else Unlike("", MISSING, words))
    assert (found.right if is_first else found.left) is None


def test_a_conversation_that_ends_early_is_a_difference(tmp_path: Path) -> None:
    (found,) = diff(recorded(tmp_path / "a", session()), recorded(tmp_path / "b", session()[:-1]))
    assert found.unlike == Unlike("", "the answer to StatusNotification", MISSING)


def test_an_answer_between_the_calls_of_the_other_side_may_come_sooner_or_later(tmp_path: Path) -> None:
    lines = session()
    moved = [*lines[:5], lines[6], lines[5], *lines[7:]]
    assert diff(recorded(tmp_path / "a", lines), recorded(tmp_path / "b", moved)) == []


def test_a_difference_is_shown_with_the_frames_around_it(tmp_path: Path) -> None:
    one = recorded(tmp_path / "a", session(energy=900))
    other = recorded(tmp_path / "b", session(energy=901), first=101)
    (found,) = diff(one, other, context=1)
    text = shown(found, one, other)
    assert text.splitlines()[:4] == [
        "CP1: StopTransaction from the station: meterStop",
        f"  expected 900  {tmp_path}/a:9 (frame 9)",
        f"  actual   901  {tmp_path}/b:9 (frame 109)",
        "",
    ]
    rows = text.splitlines()[4:]
    assert [row[:17] for row in rows] == [
        "      8   108  ->",
        "-     9        ->",
        "-    10        <-",
        "+         109  ->",
        "+         110  <-",
    ]
    assert max(map(len, rows)) <= 100


def test_a_station_that_only_one_recording_has_is_a_difference(tmp_path: Path) -> None:
    one = recorded(tmp_path / "a", session())
    text = (tmp_path / "a").read_text()
    (tmp_path / "b").write_text(text + text.replace('"CP1"', '"CP2"'))
    (found,) = diff(one, read(tmp_path / "b"))
    assert (found.station, found.left) == ("CP2", None)


@MAINS
def test_the_command_says_the_same_or_where_not(
    main: type, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, same, other = (
        str(written(tmp_path / name, lines))
        for name, lines in (("a", session()), ("b", session(9) + HEARTBEAT), ("c", session(model="N")))
    )
    assert main(["diff", one, same]) == 0
    assert "the same: 12 and 14 frames" in capsys.readouterr().out
    assert main(["diff", one, same, "--heartbeats"]) == 1
    assert "Heartbeat from the station" in capsys.readouterr().out
    assert main(["diff", one, other]) == 1
    assert 'expected "M"' in capsys.readouterr().out
    assert main(["diff", one, other, "--ignore", "chargePointModel,interval"]) == 0
    assert main(["diff", one, other, "--without", "BootNotification"]) == 0


@MAINS
def test_the_command_tells_what_cannot_be_used(
    main: type, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = str(written(tmp_path / "a", session()))
    (tmp_path / "bad").write_text("nothing\n")
    assert main(["diff", good, str(tmp_path / "bad")]) == 2
    assert "bad:2: no OCPP frame in the whole file" in capsys.readouterr().err
    for wrong, words in (
        ([good], "required: B"),
        ([good, "none"], "none: no such file"),
        ([good, good, "--without", "Bootnotification"], "did you mean 'BootNotification'"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["diff", *wrong])
        assert words in capsys.readouterr().err
