"""Group commit: what waits is written as soon as the previous write has returned."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")
R = TypeVar("R")

AT_MOST = 100
# Turns of the event loop, microseconds when it is idle, in which what is ready joins the group.
_TURNS = 3


class GroupCommit(Generic[T, R]):
    """Gathers what several callers submit at once into one write.

    ``write`` gets at most ``at_most`` things and answers as many results, an exception for each
    thing that could not be written; when it raises, all of them failed. Nothing waits for a group
    to fill.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        *,
        at_most: int = AT_MOST,
    ) -> None:
        self._write = write
        self._at_most = at_most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, thing: T) -> R:
        """The result of the write, once it has returned.

        Raises:
            Exception: whatever the write answered or raised for this thing.
        """
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        return await done

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
                group = self._waiting[: self._at_most]
                del self._waiting[: self._at_most]
                await self._write_group(group)
        finally:
            self._writer = None

    async def _write_group(self, group: list[tuple[T, asyncio.Future[R]]]) -> None:
        results: Sequence[R | Exception]
        try:
            results = await self._write([thing for thing, _ in group])
        except Exception as error:
            results = [error] * len(group)
        for (_, done), result in zip(group, results, strict=True):
            if done.done():
                continue
            if isinstance(result, Exception):
                done.set_exception(result)
            else:
                done.set_result(result)
