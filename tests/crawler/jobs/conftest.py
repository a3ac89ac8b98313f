from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.jobs.collections import prepare
from crawler.jobs.crawls import Crawls

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document


@pytest.fixture
async def crawls(database: AsyncDatabase[Document], redis_client: Redis) -> Crawls:
    await prepare(database)
    return Crawls(database, redis_client)
