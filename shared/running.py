"""What the lives of both programs have in common: logging, the loop, and the status of what went wrong."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable

from shared import lifecycle
from shared.clock import run_real
from shared.lifecycle import Shutdown
from shared.option_fields import UsageError
from shared.streams import complete, say


def run_until_stopped(role: str, log_level: str, life: Callable[[Shutdown], Awaitable[int]]) -> int:
    """Run `life` on the real loop with the signals in hand; gives its exit status, or that of what went wrong."""
    complete()
    logging.basicConfig(level=log_level.upper(), format="%(message)s", stream=sys.stderr)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    lifecycle.spare_collector()
    try:
        return run_real(_live(life))
    except UsageError as fault:
        say(sys.stderr, f"{role}: {fault}\n")
        return lifecycle.USAGE
    except Exception:
        logging.getLogger("ocpp").exception("a fault of our own; please report it with what you did")
        return lifecycle.INTERNAL


async def _live(life: Callable[[Shutdown], Awaitable[int]]) -> int:
    # entered before anybody is told of anything, and left when all is said: no signal finds us unprepared
    with Shutdown() as shutdown:
        return await life(shutdown)
