from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts import collections as of_accounts
from crawler.jobs.collections import prepare
from crawler.jobs.crawls import Crawls
from crawler.jobs.webhooks import collections as of_webhooks
from tests.crawler.jobs.conducting import Stage

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document


@pytest.fixture
async def stage(database: AsyncDatabase[Document], redis_client: Redis) -> Stage:
    for each in (of_accounts.prepare, prepare, of_webhooks.prepare):
        await each(database)
    return await Stage.set(database, redis_client)


@pytest.fixture
async def crawls(database: AsyncDatabase[Document], redis_client: Redis) -> Crawls:
    await prepare(database)
    return Crawls(database, redis_client)
