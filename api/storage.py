"""How long a database may take, and the answer when it takes longer."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from api.errors import VIDEO_NOT_FOUND, Problem, refusal
from crawler.errors import Reason
from crawler.jobs.queue import BarredError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE_S = 0.7
"""How long a database may take before it counts as down, if nothing else is said."""


@contextlib.asynccontextmanager
async def storage(
    within_s: float | None = None, *, absent: Problem = VIDEO_NOT_FOUND
) -> AsyncIterator[None]:
    """Turn what keeps a question from its answer into the answer that says so.

    That is a database that does not answer in time, or a target that may not be crawled now;
    ``absent`` says so of one that never may.
    """
    try:
        async with asyncio.timeout(PATIENCE_S if within_s is None else within_s):
            yield
    except BarredError as error:
        wait_s = error.retry_after_s
        raise refusal(error.reason, retry_after_s=wait_s, absent=absent) from error
    except (RedisError, PyMongoError, OSError) as error:
        raise refusal(Reason.STORAGE_UNAVAILABLE) from error
