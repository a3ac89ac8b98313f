"""What one API process counts: its requests, how long they took, and where answers came from.

A request adds to plain integers, which are poured into prometheus_client once a second: its own
histogram would cost each request five times as much, as many writes to a shared file included.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

import prometheus_client as prometheus
from prometheus_client.multiprocess import MultiProcessCollector

from services.memory import resident_bytes
from services.tasks import background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from aiohttp import web
    from aiohttp.web_urldispatcher import AbstractRoute
    from prometheus_client.registry import Collector

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
NO_ROUTE = "none"
"""The route of requests that found none."""
_LABELS = ("method", "route", "status")
_POUR_S = 1.0

prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]


def route_of(request: web.Request) -> AbstractRoute | None:
    """The route that a request found; None without one, as for what is answered before."""
    # Its public name fails for requests that were never resolved.
    found = getattr(request, "_match_info", None)
    return found.route if found is not None and found.http_exception is None else None


class _Tally:
    """Requests of one route with one status since they were last poured."""

    __slots__ = ("buckets", "count", "durations", "seconds")

    def __init__(self, count: prometheus.Counter, durations: prometheus.Histogram) -> None:
        self.count = count
        self.durations = durations
        self.buckets = [0] * (len(BOUNDS_S) + 1)
        self.seconds = 0.0

    def pour(self) -> None:
        requests = sum(self.buckets)
        if not requests:
            return
        buckets, self.buckets = self.buckets, [0] * len(self.buckets)
        seconds, self.seconds = self.seconds, 0.0
        self.count.inc(requests)
        # The library has no public way to add more than one observation at a time.
        self.durations._sum.inc(seconds)
        for value, increment in zip(self.durations._buckets, buckets, strict=True):
            if increment:
                value.inc(increment)


class Metrics:
    """The counters of one process, and its share of those that several processes have together."""

    def __init__(self) -> None:
        self.registry = prometheus.CollectorRegistry()
        self.extractions: Counter[str] = Counter()
        """Extractions by where the answer came from; whoever extracts adds to it."""
        self.connections: Callable[[], int] = lambda: 0
        """How many connections are open; the server puts its own in."""
        self._tallies: dict[tuple[AbstractRoute | None, int], _Tally] = {}
        self._requests = prometheus.Counter(
            "tiktok_http_requests", "Requests answered.", _LABELS, registry=self.registry
        )
        self._durations = prometheus.Histogram(
            "tiktok_http_request_duration_seconds",
            "Time from a request's head to its answer, or to the end of a stream.",
            _LABELS,
            buckets=BOUNDS_S,
            registry=self.registry,
        )
        self._extractions = prometheus.Counter(
            "tiktok_extractions",
            "Extractions by where their answer came from: cache, store or crawl.",
            ("source",),
            registry=self.registry,
        )
        self._processes = self._gauge("tiktok_api_processes", "API processes that run here.")
        self._connections = self._gauge("tiktok_http_connections", "Connections that are open.")
        self._memory = self._gauge(
            "tiktok_api_memory_bytes", "Memory that the API's processes hold."
        )

    def count(self, request: web.Request, status: int, elapsed_s: float) -> None:
        """Count an answered request."""
        self._count(route_of(request), status, elapsed_s)

    def count_refused(self, status: int) -> None:
        """Count what was answered before it was a request: broken HTTP, one connection too many."""
        self._count(None, status, 0.0)

    def _count(self, route: AbstractRoute | None, status: int, elapsed_s: float) -> None:
        tally = self._tallies.get((route, status))
        if tally is None:
            tally = self._tallies[route, status] = self._tally(route, status)
        tally.buckets[bisect_left(BOUNDS_S, elapsed_s)] += 1
        tally.seconds += elapsed_s

    def pour(self) -> None:
        """Put what was counted where a scrape of any process finds it."""
        for tally in self._tallies.values():
            tally.pour()
        for source, count in self.extractions.items():
            self._extractions.labels(source).inc(count)
        self.extractions.clear()
        self._processes.set(1)
        self._connections.set(self.connections())
        self._memory.set(resident_bytes())

    @contextlib.asynccontextmanager
    async def pouring(self) -> AsyncIterator[None]:
        """Pour each second for as long as this context is entered, and at its end."""
        try:
            async with background(self._pour_for_ever(), name="metrics"):
                yield
        finally:
            self.pour()

    def write(self, others: Iterable[Collector]) -> bytes:
        """All metrics in Prometheus' text format, those of ``others`` after our own."""
        self.pour()
        together = prometheus.CollectorRegistry()
        try:
            # Of all processes on this socket, where a folder for their numbers is given.
            MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        except ValueError:
            together.register(self.registry)
        for other in others:
            together.register(other)
        return prometheus.generate_latest(together)

    def _gauge(self, name: str, text: str) -> prometheus.Gauge:
        return prometheus.Gauge(name, text, registry=self.registry, multiprocess_mode="livesum")

    def _tally(self, route: AbstractRoute | None, status: int) -> _Tally:
        resource = route.resource if route is not None else None
        labels = (
            route.method if route is not None else NO_ROUTE,
            resource.canonical if resource is not None else NO_ROUTE,
            str(status),
        )
        return _Tally(self._requests.labels(*labels), self._durations.labels(*labels))

    async def _pour_for_ever(self) -> None:
        while True:
            self.pour()
            await asyncio.sleep(_POUR_S)
