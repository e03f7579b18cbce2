"""The way of both programs from the command line to their end, without what nobody asked for."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

_UNUSED = ("importlib.metadata", "urllib.request")
"""Modules that `websockets` imports and we do not have it use: one for its own version while that is developed, one for
the proxies of the system, while ours dials directly."""


def quick_start() -> None:
    """To be called before anything else is imported.

    What imports make lives as long as the process: a garbage collector that walks it again and again takes a
    twentieth of a start (`shared.lifecycle.spare_collector` sets it for the long run). Modules that nobody uses are
    read when somebody does.
    """
    gc.set_threshold(50_000, 10, 10)
    for name in _UNUSED:
        _read_later(name)


def live(role: str, arguments: Sequence[str] | None) -> int:
    """Do what the command line of `csms` or `charge_point` says; gives the exit status (`lifecycle.EXIT_STATUS`).

    `arguments` is what was typed after the program's name; None takes this process's own.
    """
    quick_start()
    from shared.first_words import first_word

    status = first_word(role, arguments)
    if status is not None:
        return status
    options = import_module(f"{role}.options").parser().parse_args(arguments)
    if options.persona is not None and options.persona.name == "list":
        from shared.streams import say

        say(sys.stdout, import_module(f"{role}.persona").listing())
        return 0
    ended: int = import_module(f"{role}.program").run(options)
    return ended


def leave(status: int) -> NoReturn:
    """End the process as `sys.exit` does, but leave it to the system to take back what it holds.

    The interpreter would go through all of its objects to free them one by one.
    """
    import threading

    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        sys.exit(status)  # which knows how to end with a stream that is gone
    os._exit(status)


def _read_later(name: str) -> None:
    """Have `import name` give a module that is read at the first use of one of its members."""
    if name in sys.modules:
        return
    stub = ModuleType(name)

    def member(wanted: str) -> object:
        if sys.modules.get(name) is stub:
            del sys.modules[name]
        return getattr(import_module(name), wanted)

    stub.__getattr__ = member  # type: ignore[method-assign]  # PEP 562
    sys.modules[name] = stub
    parent, _, last = name.rpartition(".")
    setattr(import_module(parent), last, stub)
