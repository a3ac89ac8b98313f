"""The lease in Redis by which one of several schedulers works and the others stand by.

It only saves work: two that work at once do no harm. So without Redis all of them work.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from services.scripts import Script

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

LEASE_S = 10.0
"""When another takes over from one that has died or hangs."""
_hold, _leave = (Script(Path(__file__).with_name(f"{name}.lua")) for name in ("hold", "leave"))


class Lease:
    """One process' claim to a lease."""

    def __init__(self, redis: Redis, key: str, *, lease_s: float = LEASE_S) -> None:
        self._redis = redis
        self._key = key
        self._lease_ms = int(lease_s * 1000)
        self._holder = secrets.token_hex(8)
        self._is_heard = True

    async def hold(self) -> bool:
        """Take it or keep it, and answer whether to work; to be asked again well before its end."""
        try:
            answer = await _hold.call(self._redis, [self._key], [self._holder, self._lease_ms])
        except (RedisError, OSError) as error:
            if self._is_heard:
                logger.warning("%s is held without Redis: %s", self._key, error)
            self._is_heard = False
            return True
        self._is_heard = True
        return bool(answer)

    async def leave(self) -> None:
        """Give it back, so that another need not wait for its end."""
        with contextlib.suppress(RedisError, OSError):
            await _leave.call(self._redis, [self._key], [self._holder])
