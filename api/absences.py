"""What TikTok is known not to have: users, hashtags, sounds, and lists of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.storage import storage
from crawler.errors import Reason
from crawler.jobs.answers import absence_key

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from crawler.links import Target


async def absence(redis: Redis, target: Target, *, max_age: int | None) -> Reason | None:
    """Why there is no such target, if that was heard less than ``max_age`` seconds ago.

    Raises:
        ApiError: Redis does not answer.
    """
    pipeline = redis.pipeline(transaction=False)
    pipeline.get(absence_key(target))
    pipeline.ttl(absence_key(target))
    async with storage():
        known, left_s = await pipeline.execute()
    if known is None:
        return None
    reason = Reason(known)
    age_s = (reason.policy.absence_ttl_s or 0) - left_s
    return None if max_age is not None and age_s >= max_age else reason
