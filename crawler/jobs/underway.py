"""The items of a list that are in the pipelines: its job ends behind all of them."""

from __future__ import annotations

import asyncio


class Underway:
    """Counts what has entered the pipelines of this worker and not left them."""

    def __init__(self) -> None:
        self.lost = 0
        """Items that were no documents or could not be stored."""
        self._count = 0
        self._is_empty = asyncio.Event()

    def enter(self) -> None:
        """Count an item in."""
        self._count += 1
        self._is_empty.clear()

    def leave(self, *, is_lost: bool = False) -> None:
        """Count an item out, published or lost."""
        self._count -= 1
        self.lost += is_lost
        if not self._count:
            self._is_empty.set()

    async def until_empty(self) -> None:
        """Wait until every item that has entered has left."""
        while self._count:
            await self._is_empty.wait()
