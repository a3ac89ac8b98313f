"""What a number of posts a day needs: arithmetic on the measured costs and on named assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Annotated

if TYPE_CHECKING:
    from bench.scale.costs import Costs

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What no measurement on one machine can tell, each with its sentence in docs/scale.md."""

    peak: Annotated[float, "the busiest minutes' rate, as a multiple of the day's mean"] = 2.0
    busy: Annotated[float, "the most of a processor that is planned for"] = 0.7
    is_new: Annotated[float, "share of pages whose post was not known; the others add a row"] = 0.5
    page_s: Annotated[float, "seconds that TikTok takes for a page, through a proxy"] = 1.0
    slots: Annotated[int, "bulk pages that a worker has under way, with four addresses or more"] = (
        192
    )
    page_bytes: Annotated[int, "TikTok's own page with gzip, as a recorded one of 506 kB has"] = (
        80_000
    )
    video_factor: Annotated[float, "document of that recorded post beside the test site's"] = 1.75
    raw_factor: Annotated[float, "its raw item beside the test site's"] = 2.0
    address_pages_s: Annotated[float, "pages that one address asks for in a second"] = 1.0
    raw_days: Annotated[int, "days for which raw items are kept (`RAW_TTL_S`)"] = 30
    crawl_days: Annotated[int, "days for which the records of crawls are kept"] = 30
    wait_h: Annotated[float, "hours of the peak that may wait in Redis"] = 1.0
    shard_bytes: Annotated[int, "bytes that one shard holds"] = 2 * 10**12
    shard_cores: Annotated[int, "cores of a shard's primary"] = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What is needed at the peak, and after a year."""

    posts_a_day: int
    peak_rate: float
    """Pages in a second."""
    workers: int
    """Processes, each on a core of its own; two at least, so that one may fail."""
    worker_gb: float
    addresses: int
    megabits_s: float
    conductor: float
    """The share of one core that the process which conducts the crawls is busy."""
    redis: float
    """The share of Redis' one core."""
    redis_gb: float
    mongodb_cores: float
    """Cores of primaries, all shards together."""
    year_tb: float
    """What is stored after a year, on one member of each shard."""
    shards: int


def needs(posts_a_day: int, costs: Costs, assumed: Assumptions) -> Needs:
    """What ``posts_a_day`` pages a day need."""
    rate = posts_a_day / DAY_S * assumed.peak
    workers = max(2, ceil(rate / worker_rate(costs, assumed, busy=assumed.busy)))
    cores = rate * costs.mongodb_ms / 1000
    stored = stored_bytes(posts_a_day, costs, assumed, days=365)
    by_cores = ceil(cores / assumed.busy / assumed.shard_cores)
    return Needs(
        posts_a_day=posts_a_day,
        peak_rate=rate,
        workers=workers,
        worker_gb=workers * costs.worker_mb / 1000,
        addresses=ceil(rate / assumed.address_pages_s),
        megabits_s=rate * assumed.page_bytes * 8 / 1e6,
        conductor=rate * costs.scheduler_ms / 1000,
        redis=rate * costs.redis_ms / 1000,
        redis_gb=rate * 3600 * assumed.wait_h * costs.redis_bytes / 1e9,
        mongodb_cores=cores,
        year_tb=stored / 1e12,
        shards=max(by_cores, ceil(stored / assumed.shard_bytes)),
    )


def worker_rate(costs: Costs, assumed: Assumptions, *, busy: float = 1.0) -> float:
    """Pages a second of one worker: its core or its slots are the bound."""
    return min(1000 * busy / costs.worker_ms, assumed.slots / assumed.page_s)


def stored_bytes(posts_a_day: int, costs: Costs, assumed: Assumptions, *, days: int) -> float:
    """What is on the disk of one member after ``days``, all shards together."""
    new = posts_a_day * assumed.is_new
    again = posts_a_day - new
    # A raw item takes the place of an older one of the same post.
    raw = posts_a_day * min(days, assumed.raw_days) * costs.raw_bytes * assumed.raw_factor
    entries = posts_a_day * min(days, assumed.crawl_days) * costs.entry_bytes
    documents = new * days * (costs.video_bytes * assumed.video_factor + costs.row_bytes)
    return raw + entries + documents + again * days * costs.later_row_bytes


def ceilings(costs: Costs, assumed: Assumptions) -> dict[str, float]:
    """Pages a second at which each part that is there once is as busy as is planned for."""
    return {
        "the scheduler that conducts": 1000 * assumed.busy / costs.scheduler_ms,
        "Redis": 1000 * assumed.busy / costs.redis_ms,
        "one MongoDB primary": 1000 * assumed.busy * assumed.shard_cores / costs.mongodb_ms,
    }
