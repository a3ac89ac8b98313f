"""How long a database may take, and the answer when it takes longer."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from api.errors import refusal
from crawler.errors import Reason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE_S = 0.7
"""How long a database may take before it counts as down."""


@contextlib.asynccontextmanager
async def storage() -> AsyncIterator[None]:
    """Turn a database that does not answer in time into the answer that says so."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield
    except (RedisError, PyMongoError, OSError) as error:
        raise refusal(Reason.STORAGE_UNAVAILABLE) from error
