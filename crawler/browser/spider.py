"""What spiders have in common that read pages in a browser: lists above all, posts too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from playwright.async_api import Error as PlaywrightError
from scrapy.exceptions import CloseSpider

from crawler.browser.chromium import TABS, use_browser
from crawler.browser.contexts import Contexts
from crawler.browser.downloading import DriverGoneError
from crawler.browser.opening import may_fill, settle
from crawler.browser.reading import Patience, Reading
from crawler.browser.visit import Visit
from crawler.browser.waiting import answered
from crawler.errors import Reason
from crawler.headers import Header, header_in
from crawler.items import RawList, RawSearch
from crawler.jobs.lists import Bounds, StopReason
from crawler.links import Target, TargetType
from crawler.page import Page
from crawler.raw import raw_found, raw_header
from crawler.raw_posts import is_another
from crawler.spiders.video import KEPT_COOKIES, VideoSpider
from crawler.walls import Verdict
from services.memory import let_go

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    import playwright.async_api
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

    from crawler.browser.found import Found
    from crawler.items import RawAbsence, RawItem
    from crawler.jobs.records import Job
    from crawler.raw import Common

_GONE = "the browser's driver is gone"
_VERDICTS = {
    None: Verdict.SERVED,
    Reason.CAPTCHA: Verdict.CAPTCHA,
    Reason.LOGIN_REQUIRED: Verdict.LOGIN_WALL,
    Reason.EMPTY_BODY: Verdict.EMPTY_BODY,
    Reason.UPSTREAM_BLOCKED: Verdict.BLOCKED,
    Reason.UPSTREAM_ERROR: Verdict.UPSTREAM_ERROR,
    Reason.TIMEOUT: Verdict.UPSTREAM_ERROR,
}


class HandedBackError(Exception):
    """A list is left to another worker."""


class ListSpider(VideoSpider):
    """Lets pages scroll and hands on what they fetch, then how their list ended."""

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Have all pages opened by Chromium."""
        super().update_settings(settings)
        use_browser(settings)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Read how patient the spider is."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.contexts = Contexts(most=TABS)
        spider.patience = Patience.from_settings(crawler.settings)
        return spider

    contexts: Contexts
    bounds: Bounds = Bounds()
    patience: Patience

    def _ask(self, url: str, meta: dict[str, Any]) -> Request:
        request = super()._ask(url, meta)
        lease = self.contexts.lease(meta["download_slot"])
        visit = Visit(meta["target"], lease)
        request.meta.update(
            {
                "visit": visit,
                "playwright": True,
                "playwright_include_page": True,
                "playwright_page": None,
                "playwright_context": lease.name,
                "playwright_context_kwargs": {"proxy": meta["proxy"]},
                "playwright_page_init_callback": visit.capture.attach,
                "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded"},
            }
        )
        return request.replace(callback=self.parse_page)

    async def parse_page(self, response: Response) -> AsyncIterator[Any]:
        """Read a list to its end, or a post, whatever the page is of."""
        target = response.meta["target"]
        reads = self._read_list if target.type.is_list else self._read_post
        page = response.meta["playwright_page"]
        visit: Visit = response.meta["visit"]
        try:
            async for item in reads(page, response):
                yield item
        except PlaywrightError as error:
            message = error.message.partition("\n")[0]
            await self._refuse(response, Reason.CRAWL_FAILED, message)
        except HandedBackError:
            await self.leave(visit, page)
            await self.hand_back(response.meta)
        finally:
            await self.leave(visit, page)

    async def failed(self, failure: Failure) -> None:
        """End a target whose page did not arrive.

        Raises:
            CloseSpider: none will arrive; the target is left to another worker.
        """
        if failure.check(DriverGoneError):  # type: ignore[no-untyped-call]
            raise CloseSpider(_GONE)
        meta = failure.request.meta  # type: ignore[attr-defined]
        await self.leave(meta["visit"], meta.get("playwright_page"))
        await super().failed(failure)

    async def leave(
        self, visit: Visit, page: playwright.async_api.Page | None, *, is_walled: bool = False
    ) -> None:
        """Close a visit's page, once."""
        if page is None or not page.is_closed():
            await self.contexts.give_back(
                visit.lease, page, answers=visit.capture.count, is_walled=is_walled
            )
            let_go()

    async def known(self, job: Job | None, found: Sequence[Found]) -> Collection[str]:
        """Which of these are stored already; the worker's spider knows."""
        return ()

    async def stopped(self, job: Job | None) -> StopReason | None:
        """Why a list is to go no further; the worker's spider knows.

        Raises:
            HandedBackError: it is left to another worker.
        """
        return None

    async def hand_back(self, meta: dict[str, Any]) -> None:
        """Leave a list to another worker."""

    async def _settle(self, page: playwright.async_api.Page, response: Response) -> Page:
        """What the page says once it has stopped checking the browser, and its cookies."""
        visit: Visit = response.meta["visit"]
        video_id = _post_of(response.meta)
        shown = await settle(page, response, video_id=video_id, patience=self.patience)
        self._count(f"tiktok/verdict/{shown.verdict.value}", response.meta["job"])
        visit.user_agent = await answered(page.evaluate("navigator.userAgent"))
        await visit.look_around(page, KEPT_COOKIES)
        return shown

    async def _read_post(
        self, page: playwright.async_api.Page, response: Response
    ) -> AsyncIterator[Any]:
        meta = response.meta
        shown = await self._settle(page, response)
        await self.leave(meta["visit"], page, is_walled=shown.is_block)
        item: RawItem | RawAbsence | None = self._shown_item(shown, response)
        if item is None:
            item = await self.refuse(shown, response)
        else:
            await self.judge(shown, response)
            self.has_fetched(meta)
        if item is not None:
            yield item

    def _shown_item(self, shown: Page, response: Response) -> RawItem | None:
        target: Target = response.meta["target"]
        if target.type is TargetType.VIDEO:
            is_it = shown.item is not None and not is_another(shown.item, target.value)
            return self._raw_video(shown, response) if is_it else None
        header = header_in(shown, target)
        return raw_header(header, target, self._common(response)) if header else None

    async def _read_list(
        self, page: playwright.async_api.Page, response: Response
    ) -> AsyncIterator[Any]:
        meta = response.meta
        visit: Visit = meta["visit"]
        shown = await self._settle(page, response)
        if not may_fill(shown):
            await self.leave(visit, page, is_walled=shown.is_block)
            await self.judge(shown, response)
            await self.end(meta, self._refusal(shown, response))
            return
        if shown.is_served and meta["passage"] is not None and meta["passage"].is_probe:
            # Else a list is judged once, at its end: a page that opens and then gives nothing
            # would be taken for a sign that all is well.
            await self.judge(shown, response)
        reading = self._reading(page, meta)
        async for one in reading.items(shown):
            if (item := self._raw_item(one, response)) is not None:
                yield item
        self._count("tiktok/list/answers", meta["job"], visit.capture.count)
        async for item in self._end_list(reading, page, response):
            yield item

    def _reading(self, page: playwright.async_api.Page, meta: dict[str, Any]) -> Reading:
        job: Job | None = meta["job"]
        return Reading(
            page,
            meta["visit"].capture,
            target=meta["target"],
            bounds=job.bounds if job is not None else self.bounds,
            patience=self.patience,
            known=lambda found: self.known(job, found),
            stopped=lambda: self.stopped(job),
        )

    def _common(self, response: Response) -> Common:
        visit: Visit = response.meta["visit"]
        common = super()._common(response)
        return replace(common, cookies=visit.cookies, user_agent=visit.user_agent)

    def _raw_item(self, one: Found | Header, response: Response) -> RawItem | None:
        visit: Visit = response.meta["visit"]
        common = self._common(response)
        if isinstance(one, Header):
            return raw_header(one, visit.target, common)
        visit.found.append((one.kind, one.id))
        return raw_found(one, visit.target, common)

    async def _end_list(
        self, reading: Reading, page: playwright.async_api.Page, response: Response
    ) -> AsyncIterator[Any]:
        meta, tally = response.meta, reading.tally
        visit: Visit = meta["visit"]
        await self.leave(visit, page, is_walled=reading.wall is not None)
        if (reason := reading.refusal) is not None:
            await self._refuse(response, reason, reading.message)
        else:
            reason = reading.wall
            await self.judge(_page(reason), response)
            self.has_fetched(meta)
            end = tally.end(tally.stop or StopReason.NO_PROGRESS)
            self._count(f"tiktok/list/{end.stop_reason.value}", meta["job"])
            about = {"target": visit.target, "spider": self.name, "job": meta["job"]}
            if visit.target.type is TargetType.SEARCH:
                yield RawSearch(found=visit.found, observed_at=datetime.now(UTC), **about)
            yield RawList(end=end, observed_at=datetime.now(UTC), **about)

    async def _refuse(self, response: Response, reason: Reason, message: str) -> None:
        await self.judge(_page(reason), response)
        outcome = self._outcome(response.meta, reason, response)
        await self.end(response.meta, replace(outcome, upstream_message=message or None))


def _post_of(meta: dict[str, Any]) -> str:
    """The post that a page has to be of; empty when it is to show another thing."""
    target: Target = meta["target"]
    return target.value if target.type in {TargetType.VIDEO, TargetType.COMMENTS} else ""


def _page(reason: Reason | None) -> Page:
    """A page that says just this of itself."""
    return Page(verdict=_VERDICTS.get(reason, Verdict.UPSTREAM_ERROR), reason=reason)
