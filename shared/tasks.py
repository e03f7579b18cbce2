"""Tasks with an owner: started here, held here, ended here, and none of their errors lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Tasks:
    """The running tasks of one owner. `failed` is called with the error of a task that raised one."""

    __slots__ = ("_failed", "_running")

    def __init__(self, failed: Callable[[BaseException], object]) -> None:
        self._failed = failed
        self._running: dict[asyncio.Task[Any], None] = {}  # a dict, so that the end has an order

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start `work` as a task of this owner."""
        task = asyncio.get_running_loop().create_task(work)
        self._running[task] = None
        task.add_done_callback(self._done)
        return task

    async def end(self) -> None:
        """Cancel what still runs, one after another in the order of their start, and wait for it."""
        me = asyncio.current_task()
        for task in [task for task in self._running if task is not me]:
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                if me is not None and me.cancelling():
                    raise
            except Exception:
                pass  # reported by _done

    def __len__(self) -> int:
        return len(self._running)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)
