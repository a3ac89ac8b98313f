"""Tasks in the background, and their end."""

from __future__ import annotations

import asyncio

_AGAIN_S = 2.0
"""How long a task may take to tidy up before it counts as one that has not heard."""


async def ended(task: asyncio.Task[None], *, again_s: float = _AGAIN_S) -> None:
    """Cancel a task, and return once it has ended; what else it failed with is raised.

    It is cancelled again until then: in Python 3.11 ``asyncio.wait_for``, with which drivers of
    databases wait, drops a cancellation that comes together with what is waited for.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=again_s)
    if not task.cancelled():
        task.result()
