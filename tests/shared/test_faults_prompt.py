"""Faults where people name them: at both prompts, on both command lines, in the file and on the page of the docs."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charge_point.connection import Connection
from charge_point.options import resolve as charge_point_options
from charge_point.setup import StationSetup
from charge_point.station import Station
from charge_point.terminal import Terminal as ChargePointTerminal
from csms.making import csms_of
from csms.options import resolve as csms_options
from csms.terminal import Terminal as CsmsTerminal
from shared.clock import Clock
from shared.faults import FAULTS, PRESETS, Faults, parse
from shared.journal.journal import Journal
from shared.option_fields import UsageError, as_json
from shared.prompt import Prompt
from shared.tasks import Tasks
from shared.versions import V16

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"


def at_csms() -> tuple[Prompt, Faults]:
    csms = csms_of(csms_options([], {}), Journal(Clock.of_loop(asyncio.get_running_loop())))
    return CsmsTerminal(csms, lambda: None).prompt, csms.faults


def at_station() -> tuple[Prompt, Faults]:
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    bugs: list[BaseException] = []
    station = Station("CP1", StationSetup(), journal, Tasks(bugs.append), version=V16)
    connection = Connection(station, None, bugs=bugs)
    return ChargePointTerminal(station, connection, lambda: None).prompt, connection.faults


each_prompt = pytest.mark.parametrize("made", [at_csms, at_station], ids=["csms", "charge_point"])
Made = Callable[[], tuple[Prompt, Faults]]


@each_prompt
async def test_faults_are_put_in_force_listed_and_taken_away_by_hand(made: Made) -> None:
    prompt, faults = made()
    assert await prompt.obey("faults") == "no fault is in force"
    assert await prompt.obey("inject duplicate:action=StatusNotification, gap=0.2") == (
        "#1 duplicate:gap=0.2,action=StatusNotification"
    )
    await prompt.obey("inject broken_json")
    listed = (await prompt.obey("faults")).splitlines()
    assert [line.split() for line in listed[-2:]] == [
        ["#1", "0", "duplicate:gap=0.2,action=StatusNotification"],
        ["#2", "0", "bad:preset=broken_json"],
    ]
    assert await prompt.obey("faults remove #1") == (
        "#1 duplicate:gap=0.2,action=StatusNotification is taken away"
    )
    assert [handle.name for handle in faults] == ["bad"]
    assert await prompt.obey("faults reset") == "1 fault taken away"
    assert len(faults) == 0


@each_prompt
async def test_wrong_words_about_faults_are_answered_in_one_line(made: Made) -> None:
    prompt, faults = made()
    assert (await prompt.obey("inject")).startswith("inject what?")
    assert (await prompt.obey("inject dupl")).startswith("'dupl' is not a fault; did you mean 'duplicate'?")
    assert await prompt.obey("faults remove 7") == "no fault #7 is in force (none is)"
    assert "usage: faults [reset | remove N]" in await prompt.obey("faults now")
    assert len(faults) == 0


@each_prompt
async def test_help_and_completion_know_every_fault(made: Made) -> None:
    prompt, _ = made()
    said = await prompt.obey("help inject")
    assert [name for name in (*FAULTS, *PRESETS) if name not in said] == []
    assert max(map(len, said.splitlines())) <= 80
    assert "duplicate" in prompt.complete("inject du")
    assert "duplicate:gap=" in prompt.complete("inject duplicate:g")


@pytest.mark.parametrize(
    "resolve",
    [csms_options, lambda args, env: charge_point_options(["--csms", "ws://x:1", *args], env)],
    ids=["csms", "charge_point"],
)
def test_inject_may_be_repeated_and_its_errors_name_it(resolve: Callable[..., Any]) -> None:
    options = resolve(["--inject", "drop:nth=2", "--inject", "delay:after=3"], {})
    assert [str(each) for each in options.inject] == ["drop:nth=2", "delay:after=3"]
    assert json.loads(as_json(options))["inject"] == ["drop:nth=2", "delay:after=3"]
    with pytest.raises(UsageError, match=r"^--inject: 'dorp' is not a fault; did you mean 'drop'\?"):
        resolve(["--inject", "dorp"], {})


def test_a_station_is_told_at_once_that_it_cannot_refuse() -> None:
    with pytest.raises(UsageError, match="--inject: refuse: only a CSMS is connected to; a station dials"):
        charge_point_options(["--csms", "ws://x:1", "--inject", "refuse"], {})


def test_the_environment_and_the_file_give_faults(tmp_path: Path) -> None:
    assert [str(i) for i in csms_options([], {"OCPP_CSMS_INJECT": "drop:nth=2"}).inject] == ["drop:nth=2"]
    file = tmp_path / "pair.toml"
    file.write_text(
        '[common]\ninject = ["drop:nth=4"]\n[[charge_point.inject]]\nfault = "reset"\ntimes = 1\n'
    )
    at = ["--config", str(file)]
    assert [str(i) for i in csms_options(at, {}).inject] == ["drop:nth=4"]
    options = charge_point_options(["--csms", "ws://x:1", *at], {})
    assert [str(i) for i in options.inject] == ["reset:times=1"]
    file.write_text("[[csms.inject]]\nfault = 'drop'\nnht = 1\n")
    with pytest.raises(UsageError, match=r"\[csms\] inject: drop: 'nht' is not one of its settings"):
        csms_options(at, {})


# --- the page -------------------------------------------------------------------------------------------------


def test_the_page_is_what_the_registry_says() -> None:
    script = ROOT / "scripts" / "docs_faults.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_fault_written_on_the_page_can_be_used() -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = "".join(re.findall(r"```\n(.*?)```", text, re.DOTALL))
    specs = re.findall(r"(?:--inject|^inject) (\S+)", blocks, re.MULTILINE)
    assert len(specs) >= 5
    for spec in specs:
        parse(spec)
    tables = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert tables


def test_the_tables_on_the_page_are_read(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for number, table in enumerate(re.findall(r"```toml\n(.*?)```", text, re.DOTALL)):
        file = tmp_path / f"{number}.toml"
        file.write_text(table)
        assert csms_options(["--config", str(file)], {}).inject


async def test_the_fault_that_the_page_makes_is_one() -> None:
    """The example of a new fault, as a reader would write it."""
    (source,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    before = dict(FAULTS)
    try:
        exec(compile(source, str(PAGE), "exec", dont_inherit=True), {"__name__": __name__})
        (name,) = set(FAULTS) - set(before)
        from tests.shared.spoiled import call, wire

        async with wire(f"{name}:letters=upper") as w:
            ((_, seen),) = await w.sent(call(1, "DataTransfer", {"vendorId": "abc"}))
            assert json.loads(seen)[3] == {"vendorId": "ABC"}
    finally:
        for added in set(FAULTS) - set(before):
            del FAULTS[added]
