"""The commands of docs/replay.md, one after another, as a reader types them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from scripts.processes import ROOT, Program, url_of
from tests.cli.conftest import Start

PAGE = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")
ADDRESS = "ws://localhost:9000"


def commands() -> Iterator[list[str]]:
    """Every command line of the page, in words."""
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        for line in block.splitlines():
            yield shlex.split(line)


@pytest.mark.sockets
def test_every_command_of_the_page_works_in_its_order(start: Start) -> None:
    serving: list[Program] = []
    url = ""
    typed = list(commands())
    assert len(typed) >= 7
    for python, dash_m, module, *words in typed:
        assert (python, dash_m) == ("python", "-m")
        words = [{"9000": "0", ADDRESS: url}.get(word, word) for word in words]
        program = start(module, *words)
        if "--port" not in words:
            assert program.end() == 0, program.said
            continue
        for before in serving:
            before.stop()
        serving = [program]
        url = url_of(program)
    assert serving[0].end() == 0, serving[0].said  # the replay ends by itself


@pytest.mark.parametrize("word", re.findall(r"`(--[a-z-]+)", PAGE))
def test_every_option_that_the_page_names_exists(word: str) -> None:
    from charge_point.replaying import StationReplayOptions
    from csms.replaying import CsmsReplayOptions
    from shared.option_fields import options_of
    from shared.replay.diff_program import DiffOptions

    known = {
        o.flag for each in (StationReplayOptions, CsmsReplayOptions, DiffOptions) for o in options_of(each)
    }
    assert word in known
