"""A store that was filled for a year: seeded for one run, or kept between runs.

``BENCH_VIDEOS`` makes it smaller, with fewer days of as many posts each; ``BENCH_DATA`` names a
folder in which it stays, for a million posts take minutes to write.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.sample.plan import Plan
from analysis.sample.seeding import Seeding
from services import mongodb

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.rollups.rolling import Step, Tell
    from bench.ground import Ground
    from services.mongodb import Document

ALL_VIDEOS, ALL_DAYS = 1_000_000, 365
CACHE_GB = 1.0
"""MongoDB's own cache; the pages of its files may be in the machine's memory beside it."""
VIDEOS = int(os.environ.get("BENCH_VIDEOS", ALL_VIDEOS))
PLAN = Plan(
    until=datetime(2026, 7, 1, tzinfo=UTC),
    videos=VIDEOS,
    # Windows of thirty days hold as much in a smaller store.
    days=max(40, ALL_DAYS * VIDEOS // ALL_VIDEOS),
    rows=11,
    comments=0,
)
_WHOLE = "filled"
"""A collection that is there once all is written."""
_TOLD_S = 30.0


@asynccontextmanager
async def filled(ground: Ground) -> AsyncIterator[AsyncDatabase[Document]]:
    """The database of such a store, on a MongoDB of its own."""
    kept = os.environ.get("BENCH_DATA")
    folder = Path(kept) if kept else ground.folder / "filled"
    server = mongodb.EmbeddedMongo(
        folder / f"{PLAN.videos}-{PLAN.days}-{PLAN.rows}-{PLAN.seed}", cache_gb=CACHE_GB
    )
    server.start()
    try:
        async with mongodb.connect(server.uri, timeout_s=150) as client:
            database = mongodb.database(client, server.uri)
            if not await database[_WHOLE].find_one():
                await client.drop_database(database)
                await Seeding(database, PLAN).write(_teller())
                await database[_WHOLE].insert_one({"at": datetime.now(UTC)})
            yield database
    finally:
        server.stop()


def _teller() -> Tell:
    """What says each half minute how far the seeding is."""
    began = said = time.monotonic()

    def tell(step: Step) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said > _TOLD_S:
            said = now
            print(
                f"seeding, {now - began:.0f} s: {step.what} {step.done:,} of {step.of:,}",
                file=sys.stderr,
            )

    return tell
