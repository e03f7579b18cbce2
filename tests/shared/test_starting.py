"""A quick start and a quick end do everything that a slow one does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def outcome(code: str) -> subprocess.CompletedProcess[str]:
    """What a fresh interpreter makes of `code` after a quick start."""
    begun = "import sys; from shared.starting import leave, quick_start; quick_start()\n"
    return subprocess.run(
        [sys.executable, "-c", begun + code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_module_that_is_read_later_is_read_when_something_of_it_is_used() -> None:
    code = """
import importlib.metadata, urllib.request
import websockets.asyncio.client
assert "zipfile" not in sys.modules and "http.client" not in sys.modules
assert importlib.metadata.version("websockets")
from importlib.metadata import PackageNotFoundError
from urllib.request import Request
assert urllib.request.Request is Request
assert "zipfile" in sys.modules and "http.client" in sys.modules
"""
    done = outcome(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_leaving_ends_with_the_status_after_everything_is_said_and_done() -> None:
    code = """
import atexit, threading
atexit.register(lambda: sys.stderr.write("registered\\n"))
gate = threading.Event()
threading.Thread(target=lambda: (gate.wait(), print("thread"))).start()
threading.Timer(0.05, gate.set).start()
sys.stdout.write("said")
leave(3)
"""
    done = outcome(code)
    assert (done.returncode, done.stdout, done.stderr) == (3, "saidthread\n", "registered\n")


@pytest.mark.skipif(sys.platform == "win32", reason="no shell of this kind")
def test_leaving_with_nobody_to_read_is_no_traceback() -> None:
    done = subprocess.run(
        f"{sys.executable} -c 'import sys; from shared.starting import leave; print(1); leave(0)' >&-",
        shell=True, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
