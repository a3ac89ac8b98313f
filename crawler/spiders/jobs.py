"""The worker's spider: an endless run over the jobs of the queue."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any, Self

from redis.exceptions import RedisError
from scrapy import signals

from crawler.downloading import ProxyFailedError
from crawler.errors import Reason
from crawler.items import RawAbsence, RawList
from crawler.jobs.records import Lane, Outcome
from crawler.links import TargetType
from crawler.spiders.video import VideoSpider, named_s
from crawler.walls import Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.crawler import Crawler
    from scrapy.exceptions import DropItem
    from scrapy.http import Request, Response
    from twisted.python.failure import Failure

    from crawler.egress.gate import Passage
    from crawler.egress.ledger import Blocked
    from crawler.jobs.intake import Intake
    from crawler.jobs.records import Job
    from crawler.links import Target
    from crawler.page import Page

_FOR_BROWSERS = frozenset({Verdict.WAF_CHALLENGE, Verdict.SHELL, Verdict.REFRESH})
"""Pages that an ordinary browser makes more of than plain HTTP does."""


class JobsSpider(VideoSpider):
    """Crawls each job's target; a job ends once its documents are stored and published."""

    name = "jobs"
    intake: Intake

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Hear how each item ends, and stay open while no job is waiting."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        for handler, signal in (
            (spider.page_has_come, signals.response_received),
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
            passage = self.intake.passage(job)
            yield self.request(job.begins_at, egress=passage.way.name, job=job, passage=passage)

    async def judge(self, page: Page, response: Response) -> None:
        """Tell the egress' other users how it fares, when there is something to tell."""
        passage: Passage = response.meta["passage"]
        with self._telling(passage):
            if page.is_block:
                response.meta["blocked"] = await self._block(passage, page, response)
            elif page.is_served:
                await self.intake.gate.serve(passage)

    async def _block(self, passage: Passage, page: Page, response: Response) -> Blocked:
        job: Job = response.meta["job"]
        reason = page.reason or Reason.UPSTREAM_BLOCKED
        goes_on = self._has_another_way(passage) or not (
            job.lane is Lane.BULK or self.intake.is_last_try(job, reason)
        )
        targets = [response.meta["target"].key, job.target.key]
        return await self.intake.gate.block(
            passage, targets, reason, postpones=not goes_on, named_s=named_s(response)
        )

    async def failed(self, failure: Failure) -> None:
        """Leave a proxy that lets nothing through like one that TikTok has blocked."""
        if isinstance(failure.value, ProxyFailedError):
            meta = failure.request.meta  # type: ignore[attr-defined]
            passage, job = meta["passage"], meta["job"]
            with self._telling(passage):
                meta["blocked"] = await self.intake.gate.block(
                    passage, [job.target.key], Reason.UPSTREAM_ERROR, postpones=False
                )
        await super().failed(failure)

    @contextlib.contextmanager
    def _telling(self, passage: Passage) -> Iterator[None]:
        """Go on though Redis is not to be told how an egress fares."""
        try:
            yield
        except (RedisError, OSError) as error:
            self.logger.warning("how %s fares is not told: %s", passage.way.name, error)

    def _has_another_way(self, passage: Passage) -> bool:
        """Whether a blocked probe says nothing of its target, which another egress may serve."""
        return passage.is_probe and self.intake.gate.has_other(passage)

    async def refuse(self, page: Page, response: Response) -> RawAbsence | None:
        """End a target whose page does not show it, unless a browser may be shown more."""
        job: Job = response.meta["job"]
        target: Target = response.meta["target"]
        if target != job.target and target.type is TargetType.VIDEO:
            job.post_id = target.value
        may_show = page.verdict in _FOR_BROWSERS and target.type is not TargetType.SHORT
        if may_show and await self.intake.to_browser(job):
            self._count("tiktok/job/to_browser", job)
            return None
        return await super().refuse(page, response)

    def has_fetched(self, meta: dict[str, Any]) -> None:
        """Free the slot of a job, while its documents are on their way."""
        self.intake.has_fetched(meta["job"])

    async def end(self, meta: dict[str, Any], outcome: Outcome) -> None:
        """End a job that has no item: with its reason, or with another try."""
        job: Job = meta["job"]
        self._say(job, outcome)
        if (blocked := meta.get("blocked")) is not None:
            await self._end_blocked(job, meta["passage"], blocked, outcome)
        elif outcome.reason is not None and outcome.reason.policy.tries > 1:
            await self._fail(job, outcome)
        else:
            self._count("tiktok/job/done", job)
            await self.intake.finish(job, outcome)

    async def _end_blocked(
        self, job: Job, passage: Passage, blocked: Blocked, outcome: Outcome
    ) -> None:
        wait_s = max(blocked.delay_s, blocked.wait_s)
        outcome = replace(outcome, retry_after_s=ceil(wait_s) or outcome.retry_after_s)
        if self._has_another_way(passage):
            await self.intake.again(job)
        elif job.lane is Lane.BULK and passage.is_probe:
            await self.intake.again(job, delay_s=wait_s)
        elif job.lane is Lane.BULK:
            await self._fail(job, outcome, delay_s=wait_s)
        elif outcome.reason is not None and outcome.reason.policy.tries > 1:
            await self._fail(job, outcome)
        else:
            self._count("tiktok/job/done", job)
            await self.intake.finish(job, outcome)

    def page_has_come(self, response: Response, request: Request) -> None:
        """Count a page for the crawl that asked for it, as Scrapy does for the worker."""
        job: Job = request.meta["job"]
        job.counted["response_received_count"] += 1
        job.counted["downloader/response_bytes"] += len(response.body)

    def item_is_published(self, item: object, response: Response) -> None:
        """Forget a job that its publication has ended; a list goes on after each of its items."""
        job: Job = response.meta["job"]
        if job.underway is not None and not isinstance(item, RawList):
            job.underway.leave()
            return
        if isinstance(item, RawAbsence):
            self._say(job, item.outcome)
        self._count("tiktok/job/done", job)
        self.intake.release(job)

    def _say(self, job: Job, outcome: Outcome) -> None:
        self.logger.info("%s %s: %s", job.id, outcome.key, outcome.reason)

    async def item_was_dropped(self, item: object, response: Response, exception: DropItem) -> None:
        """Fail the job of an item that is no document, or end it where the drop has a reason."""
        job: Job = response.meta["job"]
        if self._loses(item, job, "dropped"):
            return
        reason = getattr(exception, "reason", None)
        if isinstance(reason, Reason):
            self._count(f"tiktok/reason/{reason.value}", job)
            await self.end(response.meta, Outcome(key=job.target.key, reason=reason))
        else:
            await self._give_up(job, Reason.UPSTREAM_ERROR, str(exception))

    async def item_has_failed(self, item: object, response: Response, failure: Failure) -> None:
        """Fail the job of an item that could not be stored."""
        job: Job = response.meta["job"]
        if not self._loses(item, job, "failed"):
            await self._give_up(job, Reason.STORAGE_UNAVAILABLE, repr(failure.value))

    def _loses(self, item: object, job: Job, how: str) -> bool:
        """Whether it was one item of a list, which goes on without it."""
        if job.underway is None or isinstance(item, RawList):
            return False
        self._count(f"tiktok/list/item_{how}", job)
        job.underway.leave(is_lost=True)
        return True

    async def page_has_failed(self, response: Response, failure: Failure) -> None:
        """Fail the job of a page that our own code could not handle."""
        await self._give_up(response.meta["job"], Reason.CRAWL_FAILED, repr(failure.value))

    async def _give_up(self, job: Job, reason: Reason, message: str) -> None:
        self._count(f"tiktok/reason/{reason.value}", job)
        outcome = Outcome(key=job.target.key, reason=reason, upstream_message=message)
        await self._fail(job, outcome)

    async def _fail(self, job: Job, outcome: Outcome, *, delay_s: float = 0) -> None:
        is_buried = await self.intake.fail(job, outcome, delay_s=delay_s)
        self._count("tiktok/job/dead" if is_buried else "tiktok/job/again", job)
