"""What those who watch a crawl are told: its progress, the outcome of each target, its end."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from crawler.jobs.crawl import CrawlState
from crawler.jobs.events import Events, EventType, News
from crawler.jobs.shapes import asked_as, show_counts, show_crawl

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redis.asyncio import Redis

    from crawler.jobs.conducting.books import Ended
    from crawler.jobs.conducting.running import Running
    from crawler.jobs.crawl import Crawl

PROGRESS_S = 1.0


class Watchers:
    """Those who watch; each method raises RedisError when they could not be told."""

    def __init__(self, redis: Redis) -> None:
        self._events = Events(redis)

    async def tell_progress(self, running: Iterable[Running]) -> None:
        """Tell how far crawls are, of each once a second."""
        now = monotonic()
        due = [one for one in running if now - one.told_at > PROGRESS_S and one.started_at]
        for one in due:
            one.told_at = now
        if due:
            await self._events.tell(
                News(crawl=one.id, type=EventType.PROGRESS, data=_progress(one)) for one in due
            )

    async def tell_outcomes(self, ended: Sequence[Ended]) -> None:
        """Tell what became of targets."""
        await self._events.tell(_outcome(one) for one in ended)

    async def tell_end(self, crawl: Crawl) -> None:
        """Tell that a crawl has ended."""
        news = News(crawl=crawl.id, type=EventType.END, data=show_crawl(crawl))
        await self._events.tell([news])

    async def make_up_for_end(self, crawl: Crawl) -> None:
        """Tell that a crawl has ended if that was not told."""
        last = await self._events.last(crawl.id)
        if crawl.state.is_ended and (last is None or last.type is not EventType.END):
            await self.tell_end(crawl)


def _progress(running: Running) -> dict[str, Any]:
    return {
        "id": running.id,
        "state": CrawlState.RUNNING.value,
        "counts": show_counts(running.counts),
        "verdicts": dict(running.verdicts),
        "rate": running.rate,
        "eta_s": running.eta_s,
        "stop_reason": running.stop,
    }


def _outcome(ended: Ended) -> News:
    target, end = ended.flying.target, ended.end
    data: dict[str, Any] = {
        "number": ended.flying.number,
        **asked_as(target),
        **{name: value for name, value in end.fields.items() if name != "is_cached"},
        "cached": end.is_cached,
    }
    return News(crawl=ended.running.id, type=EventType.TARGET, data=data)
