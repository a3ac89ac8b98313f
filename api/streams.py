"""How many streams an account has at once, counted across all processes."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from time import time
from typing import TYPE_CHECKING
from uuid import uuid4

from redis.exceptions import RedisError

from api.errors import TOO_MANY_STREAMS, ApiError, moment, refusal
from crawler.errors import Reason
from services.scripts import Script
from settings.plans import PlanName

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from redis.asyncio import Redis

STREAMS = {PlanName.FREE: 2, PlanName.BASIC: 8, PlanName.PRO: 16, PlanName.BUSINESS: 32}
LEASE_S = 15.0
RETRY_S = 5

_lease = Script(Path(__file__).with_name("streams.lua"))


class Streams:
    """Leases of one kind of streams; what a dead process held lapses by itself."""

    def __init__(
        self,
        redis: Redis,
        *,
        of: str = "streams",
        lease_s: float = LEASE_S,
        most: Mapping[PlanName, int] = STREAMS,
    ) -> None:
        self._redis = redis
        self._most = most
        self._of = of
        self._lease_s = lease_s

    @contextlib.asynccontextmanager
    async def hold(self, account: str, plan: PlanName) -> AsyncIterator[None]:
        """Count one stream for as long as the block runs.

        Raises:
            ApiError: the account has as many as its plan allows.
        """
        key, stream, limit = f"{self._of}:{account}", uuid4().hex, self._most[plan]
        arguments: list[str | int] = [stream, limit, int(self._lease_s * 1000)]
        try:
            is_free = await _lease.call(self._redis, [key], arguments)
        except (RedisError, OSError) as error:
            raise refusal(Reason.STORAGE_UNAVAILABLE) from error
        if not is_free:
            detail = f"Maximum {limit} streams at once for {plan.title} plan"
            raise ApiError(
                TOO_MANY_STREAMS,
                detail=detail,
                headers={"Retry-After": str(RETRY_S)},
                retry_after=RETRY_S,
                reset_at=moment(time() + RETRY_S),
            )
        renewal = asyncio.create_task(self._renew(key, arguments))
        try:
            yield
        finally:
            renewal.cancel()
            with contextlib.suppress(RedisError, OSError):
                await self._redis.zrem(key, stream)

    async def _renew(self, key: str, arguments: list[str | int]) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            with contextlib.suppress(RedisError, OSError):
                await _lease.call(self._redis, [key], arguments)
