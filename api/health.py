"""Whether the service is healthy: its databases now, TikTok lately, its uptime over 30 days."""

from __future__ import annotations

import asyncio
from time import time
from typing import TYPE_CHECKING, Any, Literal

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from api.errors import moment
from api.version import version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from api.uptime import Uptime
    from services.mongodb import Document

Missing = Literal["draining", "mongodb", "redis"]

PATIENCE_S = 0.7
RECENT_MINUTES = 5
_ENOUGH = 3
_SERVED_WHEN_DOWN = 0.1
_SERVED_WHEN_SOUND = 0.8


class Health:
    """What ``/health`` says."""

    def __init__(self, *, redis: Redis, database: AsyncDatabase[Document], uptime: Uptime) -> None:
        self._redis = redis
        self._database = database
        self._uptime = uptime

        self.is_draining = False
        """Whether the process is about to end, so that nobody should send it more."""

    @property
    def uptime(self) -> float:
        """Percentage of the last 30 days in which the service was healthy."""
        return self._uptime.percentage

    async def report(self) -> dict[str, Any]:
        """The body of the answer."""
        mongodb, redis, upstream = await asyncio.gather(
            self.mongodb_answers(), self.redis_answers(), self._upstream()
        )
        return {
            "status": _word(mongodb and redis),
            "version": version(),
            "uptime": self.uptime,
            "services": {
                "mongodb": _word(mongodb),
                "redis": _word(redis),
                "tiktok_api": upstream,
            },
            "timestamp": moment(time()),
        }

    async def what_is_missing(self) -> Missing | None:
        """The first thing that keeps this process from answering calls; None when it can."""
        if self.is_draining:
            return "draining"
        mongodb, redis = await asyncio.gather(self.mongodb_answers(), self.redis_answers())
        if not mongodb:
            return "mongodb"
        return None if redis else "redis"

    async def databases_answer(self) -> bool:
        """Whether MongoDB and Redis both answer in time."""
        return all(await asyncio.gather(self.mongodb_answers(), self.redis_answers()))

    async def mongodb_answers(self) -> bool:
        """Whether MongoDB answers in time."""
        return await _answers(self._database.command("ping"))

    async def redis_answers(self) -> bool:
        """Whether Redis answers in time."""
        return await _answers(self._redis.ping())

    async def _upstream(self) -> str:
        """TikTok, by what the last minutes' crawls met; no crawl is no reason to worry."""
        minute = int(time()) // 60
        pipeline = self._redis.pipeline(transaction=False)
        for past in range(RECENT_MINUTES):
            pipeline.hgetall(f"crawls:{minute - past}")
        try:
            async with asyncio.timeout(PATIENCE_S):
                minutes = await pipeline.execute()
        except (RedisError, OSError):
            return "operational"
        return judge(minutes)


def judge(minutes: Sequence[Mapping[str, str]]) -> str:
    """One word for crawls counted as ``served``, ``refused`` and ``failed``."""
    total = sum(int(count) for counts in minutes for count in counts.values())
    if not total:
        return "operational"
    served = sum(int(counts.get("served", 0)) for counts in minutes) / total
    if served < _SERVED_WHEN_DOWN and total >= _ENOUGH:
        return "down"
    return "operational" if served >= _SERVED_WHEN_SOUND else "degraded"


def _word(is_healthy: bool) -> str:
    return "healthy" if is_healthy else "unhealthy"


async def _answers(question: Awaitable[Any]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await question
    except (RedisError, PyMongoError, OSError):
        return False
    return True
