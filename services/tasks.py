"""Tasks in the background, and their end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

_AGAIN_S = 2.0
"""How long a task may take to tidy up before it counts as one that has not heard."""


@contextlib.asynccontextmanager
async def background(
    work: Coroutine[Any, Any, None],
    *,
    name: str,
    ending: asyncio.Event | None = None,
    drain_s: float = 0.0,
) -> AsyncIterator[None]:
    """Have some work done for as long as the context lasts.

    Where there is an ``ending``, it is set first, and the work has ``drain_s`` to end by itself.
    """
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        if ending is not None:
            ending.set()
            await asyncio.wait([task], timeout=drain_s)
        await ended(task)


async def ended(task: asyncio.Task[Any], *, again_s: float = _AGAIN_S) -> None:
    """Stop a task; what else it failed with is raised."""
    await stop(task, again_s=again_s)
    if not task.cancelled():
        task.result()


async def stop(*tasks: asyncio.Task[Any], again_s: float = _AGAIN_S) -> None:
    """Cancel tasks, and return once all have ended.

    They are cancelled again until then: redis-py can take a cancellation for the loss of its
    connection, and in Python 3.11 ``asyncio.wait_for``, with which drivers of databases wait, drops
    one that comes together with what is waited for.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        left = (await asyncio.wait(left, timeout=again_s))[1]
