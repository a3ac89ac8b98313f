"""The worker's spider: an endless run over the jobs of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import signals

from crawler.errors import Reason
from crawler.jobs.records import Outcome
from crawler.spiders.video import VideoSpider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler
    from scrapy.exceptions import DropItem
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.jobs.intake import Intake
    from crawler.jobs.records import Job


class JobsSpider(VideoSpider):
    """Crawls each job's target; a job ends once its documents are stored and published."""

    name = "jobs"
    intake: Intake

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> JobsSpider:
        """Hear how each item ends, and stay open while no job is waiting."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        assert isinstance(spider, JobsSpider)  # noqa: S101 - for the type checker
        for handler, signal in (
            (spider.item_is_published, signals.item_scraped),
            (spider.item_was_dropped, signals.item_dropped),
            (spider.item_has_failed, signals.item_error),
            (spider.page_has_failed, signals.spider_error),
        ):
            crawler.signals.connect(handler, signal)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Turn jobs into requests until the worker closes the intake."""
        async for job in self.intake.jobs():
            yield self.request(job.target, job=job)

    def has_fetched(self, meta: dict[str, Any]) -> None:
        """Free the slot of a job, while its documents are on their way."""
        self.intake.has_fetched(meta["job"])

    async def end(self, meta: dict[str, Any], outcome: Outcome) -> None:
        """End a job that has no item: with its reason, or with another try."""
        job: Job = meta["job"]
        self.logger.info("%s %s: %s", job.id, outcome.key, outcome.reason)
        if outcome.reason is not None and outcome.reason.policy.tries > 1:
            await self._fail(job, outcome)
        else:
            self._count("tiktok/job/done")
            await self.intake.finish(job, outcome)

    def item_is_published(self, response: Response) -> None:
        """Forget a job that its publication has ended."""
        self._count("tiktok/job/done")
        self.intake.release(response.meta["job"])

    async def item_was_dropped(self, response: Response, exception: DropItem) -> None:
        """Fail the job of an item that is no document."""
        await self._give_up(response.meta["job"], Reason.UPSTREAM_ERROR, str(exception))

    async def item_has_failed(self, response: Response, failure: Failure) -> None:
        """Fail the job of an item that could not be stored."""
        await self._give_up(response.meta["job"], Reason.STORAGE_UNAVAILABLE, repr(failure.value))

    async def page_has_failed(self, response: Response, failure: Failure) -> None:
        """Fail the job of a page that our own code could not handle."""
        await self._give_up(response.meta["job"], Reason.CRAWL_FAILED, repr(failure.value))

    async def _give_up(self, job: Job, reason: Reason, message: str) -> None:
        self._count(f"tiktok/reason/{reason.value}")
        outcome = Outcome(key=job.target.key, reason=reason, upstream_message=message)
        await self._fail(job, outcome)

    async def _fail(self, job: Job, outcome: Outcome) -> None:
        is_buried = await self.intake.fail(job, outcome)
        self._count("tiktok/job/dead" if is_buried else "tiktok/job/again")
