"""How late runs of 10,000 schedules begin: spread over a minute, and all due in one second."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.table import Row, at_most, bound, percentile
from crawler.jobs.collections import CRAWL_JOBS
from crawler.jobs.collections import prepare as prepare_crawls
from crawler.jobs.crawl import CrawlOptions
from crawler.jobs.records import new_id
from crawler.jobs.schedules.collections import (
    SCHEDULE_RUNS,
    SCHEDULE_TARGETS,
    SCHEDULES,
    prepare,
)
from services import mongodb

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from bench.ground import Ground
    from services.mongodb import Document

SCHEDULES_AT_ALL = 10_000
TARGETS = 10
SPREAD_S = 60
_LEAD_S = 3
_PATIENCE_S = 120.0


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """One scheduler, and what it made of all schedules; each round takes over a minute."""
    spread, burst, last = [], [], []
    async with mongodb.connect(ground.mongodb_uri) as client:
        database = mongodb.database(client, ground.mongodb_uri)
        await prepare_crawls(database)
        await prepare(database)
        with ground.scheduler():
            for _ in range(min(rounds, 2)):
                spread.append(percentile(await _lateness(database, over_s=SPREAD_S), 0.99))
                late = await _lateness(database, over_s=0)
                burst.append(percentile(late, 0.5))
                last.append(max(late))
    what = f"runs of {SCHEDULES_AT_ALL:,} schedules of {TARGETS} targets, due"
    return [
        bound(
            f"{what} over {SPREAD_S} s: due → its crawl is made, p99",
            spread,
            limit=at_most(1, " s"),
        ),
        bound(f"{what} in the same second, p50", burst, limit=at_most(math.inf, " s")),
        bound(f"{what} in the same second, the last one", last, limit=at_most(math.inf, " s")),
    ]


async def _lateness(database: AsyncDatabase[Document], *, over_s: float) -> list[float]:
    """Seconds from when each schedule was due until its crawl was there."""
    for name in (SCHEDULES, SCHEDULE_TARGETS, SCHEDULE_RUNS, CRAWL_JOBS, "crawl_targets"):
        await database[name].delete_many({})
    await _fill(database, over_s=over_s)
    async with asyncio.timeout(_PATIENCE_S):
        while await database[CRAWL_JOBS].estimated_document_count() < SCHEDULES_AT_ALL:
            await asyncio.sleep(0.5)
    due = {one["crawl"]: one["due_at"] async for one in database[SCHEDULE_RUNS].find()}
    return [
        (one["created_at"] - due[one["_id"]]).total_seconds()
        async for one in database[CRAWL_JOBS].find({}, {"created_at": 1})
    ]


async def _fill(database: AsyncDatabase[Document], *, over_s: float) -> None:
    """Make all schedules, due hourly, for the first time after all are made."""
    ids = [new_id("sched") for _ in range(SCHEDULES_AT_ALL)]
    targets = [_target(number) for number in range(TARGETS)]
    await database[SCHEDULE_TARGETS].insert_many({"_id": one, "targets": targets} for one in ids)
    # They are made within the lead.
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=_LEAD_S)
    step = timedelta(seconds=over_s / SCHEDULES_AT_ALL)
    await database[SCHEDULES].insert_many(
        _schedule(one, first + number * step) for number, one in enumerate(ids)
    )


def _target(number: int) -> Document:
    return {"type": "video", "value": str(7_200_000_000_000_000_000 + number), "username": None}


def _schedule(schedule_id: str, due_at: datetime) -> Document:
    due_at = due_at.replace(microsecond=due_at.microsecond // 1000 * 1000)
    begin_at = due_at - timedelta(hours=1)
    return {
        "_id": schedule_id,
        "owner": None,
        "name": None,
        "state": "active",
        "cron": None,
        "timezone": "UTC",
        "every_s": 3600,
        "begin_at": begin_at,
        "missed": "run_once",
        "grace_s": 300,
        "options": CrawlOptions().to_document(),
        "target_count": TARGETS,
        "targets": schedule_id,
        "revision": 1,
        "created_at": begin_at,
        "next_at": due_at,
        "pending": None,
        "last_crawl": None,
    }
