"""What Redis keeps of keys and accounts for a while, and how a change is seen at once.

A change is written to MongoDB first and then forgotten here. Every forgetting moves a counter on:
whoever read MongoDB before the change and tells Redis after it is turned away by the counter.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

CACHED_S = 300
CHANGES = "accounts:changes"
_PATIENCE_S = 1.0


def account_key(account_id: str) -> str:
    """Where Redis keeps what an admission needs of an account."""
    return f"account:{account_id}"


def cached_key(key_digest: str) -> str:
    """Where Redis keeps what an admission needs of a key."""
    return f"key:{key_digest}"


async def forget(redis: Redis | None, name: str) -> bool:
    """Make every process read MongoDB anew; False when Redis could not be told."""
    if redis is None:
        return False
    try:
        async with asyncio.timeout(_PATIENCE_S), redis.pipeline(transaction=True) as pipeline:
            pipeline.incr(CHANGES)
            pipeline.delete(name)
            await pipeline.execute()
    except (RedisError, OSError) as error:
        logger.warning("Redis is not told of a change yet: %s", str(error) or "no answer in time")
        return False
    return True
