from __future__ import annotations

import asyncio
import contextlib

import pytest

from services.tasks import ended


async def test_a_task_that_has_not_heard_is_cancelled_again() -> None:
    heard = []

    async def deaf() -> None:
        for _ in range(3):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            heard.append(1)
        await asyncio.sleep(60)

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)

    await ended(task, again_s=0.01)

    assert task.cancelled()
    assert len(heard) == 3


async def test_a_task_has_time_to_tidy_up() -> None:
    is_tidy = False

    async def careful() -> None:
        nonlocal is_tidy
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.02)
            is_tidy = True

    task = asyncio.create_task(careful())
    await asyncio.sleep(0)

    await ended(task)

    assert is_tidy


async def test_what_a_task_has_failed_with_is_raised() -> None:
    async def fail() -> None:
        raise ValueError("no")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)

    with pytest.raises(ValueError, match="no"):
        await ended(task)
