"""What a worker holds in memory over thousands of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.our_worker import our_worker
from bench.table import Row, at_most, bound

if TYPE_CHECKING:
    from bench.ground import Ground

CONNECTIONS = 16
THOUSANDS = 5


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """One fresh worker, looked at after each thousand pages; rounds would all say the same."""
    del rounds
    resident: list[float] = []
    with ground.site() as site:
        async with our_worker(ground, site, connections=CONNECTIONS) as worker:
            for _ in range(THOUSANDS):
                await worker.crawl(1000)
                resident.append(worker.resident_mb)
    steps = ", ".join(f"{mb:.0f}" for mb in resident)
    return [
        bound(
            f"worker's resident set after {THOUSANDS},000 pages (after each 1,000: {steps} MB)",
            resident[-1:],
            limit=at_most(130, " MB"),
        ),
        bound(
            f"its growth from 1,000 to {THOUSANDS},000 pages",
            [resident[-1] - resident[0]],
            limit=at_most(5, " MB"),
        ),
    ]
