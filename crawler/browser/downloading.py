"""Opening pages in Chromium: scrapy-playwright's handler, with our errors, traces and identity."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeoutError
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from crawler.browser.chromium import Reach
from crawler.browser.tunnels import Tunnels
from crawler.browser.waiting import answered
from crawler.jobs.stages import name_in_log, stage

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.jobs.records import Job

_IS_LEAVING = "the page is navigating"
_IS_CLOSED = "has been closed"
_TOLD_WITHIN_S = 1.0
_CONTEXT: dict[str, Any] = {"locale": "en-US", "service_workers": "block"}


class DriverGoneError(DownloadFailedError):
    """Playwright's own process is gone, so that no page can be opened any more."""


class BrowserDownloadHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]
    """Opens each request's page in the context that its meta names."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._tunnels = Tunnels(Reach(crawler.settings["TIKTOK_ENVIRONMENT"]).has)

    async def download_request(self, request: Request) -> Response:
        """The page as it is once its document is there; the page itself is in the meta.

        Raises:
            DownloadTimeoutError: it did not come in time.
            DownloadFailedError: it did not come at all.
            DriverGoneError: no page will come.
        """
        job: Job | None = request.meta.get("job")
        name_in_log(job)
        try:
            with stage("fetch page", job):
                return await self._open(request)
        except PlaywrightTimeoutError as error:
            raise DownloadTimeoutError(f"{request.url}: {_said(error)}") from error
        except PlaywrightError as error:
            if _IS_CLOSED in error.message and await self._has_no_driver():
                raise DriverGoneError(_said(error)) from error
            raise DownloadFailedError(f"{request.url}: {_said(error)}") from error

    async def _open(self, request: Request) -> Response:
        try:
            response: Response = await super().download_request(request)
        except PlaywrightError as error:
            if _IS_LEAVING not in error.message:
                raise
            # A challenge has just passed: the same page is asked again, with its cookie.
            response = await super().download_request(request)
        return response

    async def _has_no_driver(self) -> bool:
        """Whether Playwright's own process is gone: the browser then still counts as connected."""
        # A browser that has just ended is told of a moment later, and started again.
        await asyncio.sleep(_TOLD_WITHIN_S)
        if not (hasattr(self, "browser") and self.browser.is_connected()):
            return False
        try:
            await answered(self.browser.new_browser_cdp_session())
        except PlaywrightError:
            return True
        return False

    async def _create_browser_context(
        self, name: str, context_kwargs: dict[str, Any] | None, spider: Spider | None = None
    ) -> Any:
        """A context with its egress' proxy, in English, as an ordinary browser names itself."""
        await self._maybe_launch_browser()
        own = {**_CONTEXT, "user_agent": agent_of(self.browser.version)}
        if context_kwargs and (proxy := context_kwargs["proxy"]) is not None:
            own["proxy"] = await self._tunnels.through(proxy)
        return await super()._create_browser_context(name, own, spider)

    async def _close(self) -> None:
        await super()._close()
        self._tunnels.close()


def agent_of(version: str) -> str:
    """How a browser of that version names itself when it has a window."""
    major = version.partition(".")[0]
    return (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
        f" Chrome/{major}.0.0.0 Safari/537.36"
    )


def _said(error: PlaywrightError) -> str:
    """The first line: those below repeat the call's log."""
    return error.message.partition("\n")[0]
