"""Programs as a user starts them; whatever a test leaves running is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from scripts.processes import ROOT, Program, command, environment, url_of

Start = Callable[..., Program]

IMPATIENT = ("--give-up-after", "0.05")
"""What makes a station that cannot connect end after its first attempts."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `python -m MODULE OPTION...` in an empty folder."""
    with ExitStack() as running:

        def begin(
            module: str, *options: str, stdin: Any = None, env: dict[str, str] | None = None
        ) -> Program:
            variables = environment(PYTHONPATH=str(ROOT), **(env or {}))
            return running.enter_context(
                Program([*command(module), *options], stdin=stdin, env=variables, cwd=tmp_path)
            )

        yield begin


@pytest.fixture
def serve(start: Start) -> Callable[..., tuple[Program, str]]:
    """Starts a CSMS on a free port; gives it and its URL."""

    def begin(*options: str, **more: Any) -> tuple[Program, str]:
        csms = start("csms", "--port", "0", *options, **more)
        return csms, url_of(csms)

    return begin
