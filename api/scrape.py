"""What a scrape shows beside this process' own counters: queue, crawl, workers, databases.

All of it is asked for when Prometheus asks, and what does not answer in time is left out: a
database that is down must not hide the rest.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from redis.exceptions import RedisError

from api.health import PATIENCE_S
from api.version import version
from crawler.jobs.conducting.state import NOTHING_KNOWN, Conducting
from crawler.jobs.records import Fetcher, Lane
from crawler.jobs.workers import WorkerKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from prometheus_client.core import Metric

    from api.health import Health
    from api.metrics import Metrics
    from crawler.jobs.backlog import Backlog
    from crawler.jobs.queue import Depth, Queue
    from crawler.jobs.workers import Told, Workers

_CRAWL = {
    "verdict": ("tiktok_crawl_pages", "Pages fetched, by what they turned out to be."),
    "reason": ("tiktok_crawl_reasons", "Pages and links without a post, by the reason."),
    "job": ("tiktok_crawl_jobs", "Tries of jobs by how they ended: done, again or dead."),
    "dropped": ("tiktok_crawl_drops", "Posts dropped because they were unusable, by the problem."),
}
"""Metrics of what workers count as ``tiktok/<area>/<what>``; the area is the label."""
_OTHER = ("tiktok_crawl_events", "Whatever else workers count, by area.")
_OF_SCRAPY = {
    "response_received_count": ("tiktok_crawl_responses", "Responses received, hops included."),
    "item_scraped_count": ("tiktok_crawl_items_stored", "Posts stored and published."),
    "log_count/WARNING": ("tiktok_worker_warnings", "Warnings in the workers' logs."),
    "log_count/ERROR": ("tiktok_worker_errors", "Errors in the workers' logs."),
}


BREAKER_STATES = ("closed", "open", "probing")


@dataclass(slots=True, kw_only=True, eq=False)
class Reading:
    """What one scrape found; a collector of prometheus_client's."""

    mongodb_up: bool
    uptime_percent: float
    depths: Mapping[tuple[Fetcher, Lane], Depth] = field(default_factory=dict)
    dead_letters: int = 0
    backlog: int = 0
    """Posts whose files are still to be kept."""
    breakers: Mapping[str, str] = field(default_factory=dict)
    """The state of each egress, by its name."""
    conducting: Conducting = NOTHING_KNOWN
    told: Told | None = None
    """None when Redis did not answer."""

    def collect(self) -> Iterator[Metric]:
        """The metrics of this reading."""
        yield _gauge("tiktok_redis_up", "Whether Redis answers.", self.told is not None)
        yield _gauge("tiktok_mongodb_up", "Whether MongoDB answers.", self.mongodb_up)
        yield _gauge(
            "tiktok_uptime_percent",
            "Share of the last 30 days in which both answered.",
            self.uptime_percent,
        )
        build = GaugeMetricFamily(
            "tiktok_build", "Always 1; says which version.", labels=["version"]
        )
        build.add_metric([version()], 1)
        yield build
        if self.told is not None:
            yield from self._queue()
            yield self._egresses()
            yield from _workers(self.told)
            yield from _crawls(self.conducting)
            yield from _counted(self.told.counted)

    def _queue(self) -> Iterator[Metric]:
        labels = ["lane", "fetcher"]
        waiting = GaugeMetricFamily(
            "tiktok_queue_waiting", "Jobs that no worker has taken yet.", labels=labels
        )
        in_hand = GaugeMetricFamily(
            "tiktok_queue_in_hand", "Jobs that are with a worker.", labels=labels
        )
        oldest = GaugeMetricFamily(
            "tiktok_queue_oldest_seconds", "Age of the oldest unfinished job.", labels=labels
        )
        for (fetcher, lane), depth in self.depths.items():
            place = [lane.value, fetcher.value]
            waiting.add_metric(place, depth.waiting)
            in_hand.add_metric(place, depth.in_hand)
            oldest.add_metric(place, depth.oldest_s or 0.0)
        yield from (waiting, in_hand, oldest)
        yield _gauge("tiktok_queue_dead_letters", "Jobs given up and kept.", self.dead_letters)
        yield _gauge("tiktok_archive_waiting", "Posts whose files are to be kept.", self.backlog)

    def _egresses(self) -> Metric:
        family = GaugeMetricFamily(
            "tiktok_egress_breaker",
            "1 for the state that the breaker of an egress is in.",
            labels=["egress", "state"],
        )
        for egress, now in self.breakers.items():
            for state in BREAKER_STATES:
                family.add_metric([egress, state], float(state == now))
        return family


class Scrape:
    """Answers scrapes; one for each process."""

    def __init__(
        self,
        metrics: Metrics,
        health: Health,
        *,
        queues: Mapping[Fetcher, Queue],
        workers: Workers,
        backlog: Backlog,
        breakers: Callable[[], Awaitable[Mapping[str, str]]],
        conducting: Callable[[], Awaitable[Conducting]],
    ) -> None:
        self._metrics = metrics
        self._health = health
        self._queues = queues
        self._workers = workers
        self._backlog = backlog
        self._breakers = breakers
        self._conducting = conducting

    async def write(self) -> bytes:
        """All metrics in Prometheus' text format; it takes no longer than ``PATIENCE_S``."""
        return self._metrics.write([await self.read()])

    async def read(self) -> Reading:
        """Ask the databases, all at once."""
        mongodb_up, reading = await asyncio.gather(
            self._health.mongodb_answers(), self._ask_redis()
        )
        reading.mongodb_up = mongodb_up
        return reading

    async def _ask_redis(self) -> Reading:
        reading = Reading(mongodb_up=False, uptime_percent=self._health.uptime)
        try:
            async with asyncio.timeout(PATIENCE_S):
                depths = {
                    (fetcher, lane): await queue.depth(lane)
                    for fetcher, queue in self._queues.items()
                    for lane in Lane
                }
                dead_letters = await self._queues[Fetcher.HTTP].count_dead_letters()
                told = await self._workers.read()
                reading.backlog = await self._backlog.size()
                reading.breakers = await self._breakers()
                reading.conducting = await self._conducting()
        except (RedisError, OSError):
            return reading
        reading.depths, reading.dead_letters, reading.told = depths, dead_letters, told
        return reading


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))


def _workers(told: Told) -> Iterator[Metric]:
    there = GaugeMetricFamily("tiktok_workers", "Workers that are there.", labels=["kind"])
    for kind in WorkerKind:
        there.add_metric([kind.value], sum(one.kind is kind for one in told.workers))
    yield there
    for name, attribute, text in (
        ("memory_bytes", "memory_bytes", "Memory that a worker holds."),
        ("jobs_in_hand", "in_hand", "Jobs that a worker has in hand."),
        ("jobs_fetching", "fetching", "Those whose pages it is fetching."),
        ("start_time_seconds", "started_at", "Unix seconds of its start."),
    ):
        family = GaugeMetricFamily(f"tiktok_worker_{name}", text, labels=["worker", "host"])
        for one in told.workers:
            family.add_metric([one.id, one.host], float(getattr(one, attribute)))
        yield family


def _crawls(conducting: Conducting) -> Iterator[Metric]:
    state = conducting.conductor
    yield _gauge("tiktok_conductor_up", "Whether a scheduler advances crawls.", state is not None)
    crawls = GaugeMetricFamily("tiktok_crawls", "Crawls that have not ended.", labels=["state"])
    for name in ("queued", "running"):
        crawls.add_metric([name], getattr(state, name, 0))
    yield crawls
    yield _gauge(
        "tiktok_crawl_targets_under_way",
        "Targets of crawls that are on the queue or with a worker.",
        state.flying if state else 0,
    )
    yield CounterMetricFamily(
        "tiktok_crawl_items_delivered", "Items that crawls delivered.", value=conducting.delivered
    )


def _counted(counted: Mapping[str, int]) -> Iterator[Metric]:
    areas = {
        area: CounterMetricFamily(name, text, labels=[area])
        for area, (name, text) in _CRAWL.items()
    }
    other = CounterMetricFamily(*_OTHER, labels=["area", "what"])
    for stat, count in counted.items():
        _, area, what = [*stat.split("/", 2), "", ""][:3]
        if area in areas:
            areas[area].add_metric([what], count)
        elif stat not in _OF_SCRAPY:
            other.add_metric([area, what], count)
    yield from (*areas.values(), other)
    for stat, (name, text) in _OF_SCRAPY.items():
        yield CounterMetricFamily(name, text, value=counted.get(stat, 0))
