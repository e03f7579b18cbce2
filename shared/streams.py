"""The standard streams of a program that may have been started without them, or whose reader has gone.

A program that serves goes on when nobody reads what it prints: `python -m csms | head -1`, a full disk, `>&-`.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO


def complete() -> None:
    """Give this process the standard streams that it was started without, leading nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # it lives as long as the process
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def say(stream: TextIO, text: str) -> None:
    """Print `text` at once. When nobody takes it, all that follows on `stream` leads nowhere."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        _lead_nowhere(stream)
    except ValueError:
        pass  # closed


def _lead_nowhere(stream: TextIO) -> None:
    """What is left in the stream's buffer would fail again when the interpreter ends, with status 120."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass  # not a stream of the operating system's
