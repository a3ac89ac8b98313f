"""Group commit: what waits is written as soon as the previous write has returned."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

T = TypeVar("T")

AT_MOST = 100


class GroupCommit(Generic[T]):
    """Gathers what several callers submit at once into one write.

    ``write`` gets at most ``at_most`` things and answers an error for each one that could not be
    written, by its place; when it raises, all of them failed. Nothing waits for a group to fill.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Mapping[int, Exception]]],
        *,
        at_most: int = AT_MOST,
    ) -> None:
        self._write = write
        self._at_most = at_most
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, thing: T) -> None:
        """Return once the thing is written.

        Raises:
            Exception: whatever the write answered or raised for it.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                group = self._waiting[: self._at_most]
                del self._waiting[: self._at_most]
                await self._write_group(group)
        finally:
            self._writer = None

    async def _write_group(self, group: list[tuple[T, asyncio.Future[None]]]) -> None:
        try:
            errors = await self._write([thing for thing, _ in group])
        except Exception as error:
            errors = dict.fromkeys(range(len(group)), error)
        for place, (_, done) in enumerate(group):
            if done.done():
                continue
            if place in errors:
                done.set_exception(errors[place])
            else:
                done.set_result(None)
