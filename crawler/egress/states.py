"""How every egress stands, for whoever wants to show it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redis.asyncio import Redis

POSTPONED_UNTIL = "egress:postponed"
"""Until when some target may be postponed, in Unix milliseconds."""


def state_key(egress: str) -> str:
    """Where it is kept how an egress stands; there is nothing as long as its pages are served."""
    return f"egress:{egress}"


def postponement_key(target_key: str) -> str:
    """Where it is kept until when a blocked target is postponed."""
    return f"postponed:{target_key}"


class Breaker(StrEnum):
    """What an egress lets through."""

    CLOSED = "closed"
    """Every request."""
    OPEN = "open"
    """Nothing until ``retry_after_s`` has passed."""
    PROBING = "probing"
    """One request at a time, which decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How an egress stands."""

    breaker: Breaker = Breaker.CLOSED
    blocks: int = 0
    """Targets that were blocked since a page was last served."""
    limit: int | None = None
    """How many requests it may have under way; None when that is what the settings say."""
    reason: str | None = None
    """Why the last one was blocked."""
    retry_after_s: int = 0
    """Seconds until the next probe."""


async def states(redis: Redis, egresses: Iterable[str]) -> dict[str, State]:
    """How each of these stands now, by its name, in one round trip.

    Raises:
        RedisError: the server does not answer.
    """
    names = list(egresses)
    pipeline = redis.pipeline(transaction=False)
    pipeline.time()
    for name in names:
        pipeline.hgetall(state_key(name))
    (seconds, microseconds), *found = await pipeline.execute()
    now_ms = seconds * 1000 + microseconds // 1000
    return {name: _state(fields, now_ms) for name, fields in zip(names, found, strict=True)}


def _state(fields: Mapping[Any, Any], now_ms: int) -> State:
    if not fields:
        return State()
    left_s = ceil(max(0, int(fields.get("until", 0)) - now_ms) / 1000)
    is_open = "until" in fields
    return State(
        breaker=(Breaker.OPEN if left_s else Breaker.PROBING) if is_open else Breaker.CLOSED,
        blocks=int(fields.get("blocks", 0)),
        limit=int(fields["limit"]) if "limit" in fields else None,
        reason=fields.get("reason"),
        retry_after_s=left_s,
    )
