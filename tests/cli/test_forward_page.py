"""The commands of docs/forward.md, one after another, as a reader types them."""

from __future__ import annotations

import re
import shlex

import pytest

from csms.options import CsmsOptions
from scripts.processes import ROOT, Program, url_of
from shared.option_fields import options_of
from tests.cli.conftest import Start

PAGE = (ROOT / "docs" / "forward.md").read_text(encoding="utf-8")


@pytest.mark.sockets
def test_every_command_of_the_page_works_in_its_order(start: Start) -> None:
    urls: dict[str, str] = {}
    serving: dict[str, Program] = {}
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    typed = [shlex.split(text) for block in blocks for text in block.splitlines()]
    assert len(typed) == 7
    for python, dash_m, module, *words in typed:
        assert (python, dash_m) == ("python", "-m")
        port = words[words.index("--port") + 1] if "--port" in words else ""
        words = [{"9000": "0", "9001": "0"}.get(word, urls.get(word, word)) for word in words]
        program = start(module, *words)
        if not port:
            assert program.end() == 0, program.said
            continue
        if port in serving:
            assert serving[port].stop() == 0, serving[port].said
            assert "no findings" in serving[port].said
        serving[port] = program
        urls[f"ws://localhost:{port}"] = url_of(program)


@pytest.mark.parametrize("word", sorted(set(re.findall(r"`(--[a-z-]+)", PAGE))))
def test_every_option_that_the_page_names_exists(word: str) -> None:
    assert word in {option.flag for option in options_of(CsmsOptions)}
