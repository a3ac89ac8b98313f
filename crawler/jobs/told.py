"""What workers tell the conductor of a crawl's jobs: items as they are stored, and outcomes.

All crawls share one stream. An entry stays on it until what it says is written to MongoDB, so the
conductor may die at any time; entering it twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from crawler.items import Kind
from crawler.jobs.crawl import read_job_id
from crawler.jobs.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

TOLD = "crawls:told"

Item = tuple[Kind, str]
"""What an item is, and the id of its document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry of the stream."""

    id: str
    crawl: str
    number: int
    """The target's."""
    attempt: int
    items: tuple[Item, ...] = ()
    outcome: Outcome | None = None
    counted: Mapping[str, int] = field(default_factory=dict)
    """What the workers counted for the target, by the names of Scrapy's stats."""

    @classmethod
    def read(cls, entry_id: str, fields: dict[str, str]) -> Told | None:
        """What was told; None when it cannot be read, or is of no crawl."""
        try:
            job = read_job_id(fields["job"])
            outcome = Outcome.from_json(fields["outcome"]) if "outcome" in fields else None
            items = orjson.loads(fields.get("items", "[]"))
            if job is None:
                return None
            return cls(
                id=entry_id,
                crawl=job[0],
                number=job[1],
                attempt=job[2],
                items=tuple((Kind(kind), str(item)) for kind, item in items),
                outcome=outcome,
                counted=orjson.loads(fields.get("counted", "{}")),
            )
        except (KeyError, ValueError, TypeError):
            return None


async def tell_items(redis: Redis, told: Sequence[tuple[str, Sequence[Item]]]) -> None:
    """Tell which items of each job are stored, by the job's id.

    Raises:
        RedisError: Redis does not answer.
    """
    pipeline = redis.pipeline(transaction=False)
    for job, items in told:
        fields: dict[Any, Any] = {"job": job, "items": orjson.dumps(items).decode()}
        pipeline.xadd(TOLD, fields)
    await pipeline.execute()
