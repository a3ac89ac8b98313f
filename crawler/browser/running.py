"""Running on Twisted's asyncio reactor, for the one part of Scrapy that does not go without."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import uvloop
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.main import installReactor

if TYPE_CHECKING:
    from collections.abc import Coroutine


def run_on_reactor(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end on a reactor of its own loop; once in a process."""
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    reactor = AsyncioSelectorReactor(loop)
    installReactor(reactor)  # type: ignore[no-untyped-call]
    task = loop.create_task(main)
    task.add_done_callback(lambda _: reactor.stop())  # type: ignore[no-untyped-call]
    reactor.run(installSignalHandlers=False)  # type: ignore[no-untyped-call]
    task.result()
