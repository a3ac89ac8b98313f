"""The scheduler's process: what happens without anybody asking at that moment.

Any number may run: one of them conducts the crawls and one keeps time, each sends webhooks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import TYPE_CHECKING

import uvloop
from pymongo.errors import PyMongoError

from accounts import collections as of_accounts
from accounts.charging import Charging
from crawler.jobs import collections
from crawler.jobs.conductor import Conductor
from crawler.jobs.crawls import Crawls
from crawler.jobs.lease import Lease
from crawler.jobs.schedules import collections as of_schedules
from crawler.jobs.schedules.timekeeper import TIMEKEEPER, Timekeeper
from crawler.jobs.webhooks import collections as of_webhooks
from crawler.jobs.webhooks.addresses import Addresses
from crawler.jobs.webhooks.posting import Poster
from crawler.jobs.webhooks.secrets import Secrets
from crawler.jobs.webhooks.sender import Sender
from crawler.jobs.webhooks.webhooks import Webhooks
from services import mongodb, redis
from settings.secrets import secret_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from settings.env import Environment

    Beside = Callable[[AsyncDatabase[Document], Redis], AbstractAsyncContextManager[None]]
    """Something that works in the background for as long as its context is entered."""

logger = logging.getLogger(__name__)

_RETRY_S = 1.0


def run(environment: Environment, beside: Sequence[Beside] = ()) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand and return."""
    uvloop.run(work(environment, beside))


async def work(environment: Environment, beside: Sequence[Beside] = ()) -> None:
    """Conduct and keep time, or stand by, and send webhooks, until somebody asks to end.

    ``beside`` is what else is done meanwhile, by parts that this one knows nothing of.
    """
    stopping = _stopping()
    uri = environment.mongodb_uri or ""
    async with (
        redis.connect(environment.redis_url or "") as client,
        mongodb.connect(uri) as store,
    ):
        database = mongodb.database(store, uri)
        if not await _prepared(database, stopping):
            return
        key = secret_key(environment)
        poster = Poster(Addresses(environment.webhook_allow_networks))
        conductor = Conductor(
            database,
            client,
            charging=Charging(database, client),
            webhooks=Webhooks(database, public_address=environment.public_address),
            error_share=environment.crawl_error_share,
        )
        timekeeper = Timekeeper(database, Crawls(database, client), Lease(client, TIMEKEEPER))
        sender = Sender(database, Secrets(database, key), poster)
        try:
            async with (
                conductor.conducting(),
                sender.sending(),
                timekeeper.keeping(),
                contextlib.AsyncExitStack() as others,
            ):
                for one in beside:
                    await others.enter_async_context(one(database, client))
                await stopping.wait()
        finally:
            await poster.close()


async def _prepared(database: AsyncDatabase[Document], stopping: asyncio.Event) -> bool:
    """Bring the collections up to date, however long that takes; False when asked to end before."""
    while not stopping.is_set():
        try:
            for each in (of_accounts, collections, of_schedules, of_webhooks):
                await each.prepare(database)
        except (PyMongoError, OSError) as error:
            logger.warning("the collections are not prepared: %s", error)
            await asyncio.sleep(_RETRY_S)
        else:
            return True
    return False


def _stopping() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stopping = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopping.set)
    return stopping
