"""The archive's spider: an endless run over the posts whose files are to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Spider, signals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

    from crawler.jobs.backlog import Due
    from crawler.jobs.keeping import Keeping

FILES_AT_ONCE = 4
MAX_FILE_BYTES = 64 * 1024 * 1024
"""Scrapy holds a file in memory while it comes: four of 64 MiB are what a small machine can spare,
and at TikTok's usual megabit a second the largest is of eight minutes."""
_FILE_S = 300


class ArchiveSpider(Spider):
    """Hands posts to the pipeline that keeps their files, and ends or puts off each."""

    name = "archive"
    keeping: Keeping
    custom_settings: dict[str, Any] | None = {  # noqa: RUF012 - as Scrapy declares it
        "ITEM_PIPELINES": {"pipelines.archive.ArchivePipeline": 100},
        "DOWNLOAD_HANDLERS": {
            "http": "crawler.media.MediaDownloadHandler",
            "https": "crawler.media.MediaDownloadHandler",
        },
        "DOWNLOAD_MAXSIZE": MAX_FILE_BYTES,
        "DOWNLOAD_TIMEOUT": _FILE_S,
        "CONCURRENT_REQUESTS": FILES_AT_ONCE,
        "CONCURRENT_REQUESTS_PER_DOMAIN": FILES_AT_ONCE,
        # A post is tried again from the backlog, which outlives this process.
        "RETRY_ENABLED": False,
    }

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> ArchiveSpider:
        """Hear how each post ends."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.post_is_done, signals.item_scraped)
        crawler.signals.connect(spider.post_has_failed, signals.item_error)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Hand on what is due until the worker closes the backlog."""
        async for due in self.keeping.posts():
            yield due

    async def post_is_done(self, item: Due) -> None:
        """Forget a post whose files are kept; try it later when some are not."""
        if not await self.keeping.end(item):
            self._count("given_up")
            self.logger.error(
                "post %s: given up after %d tries: %s",
                item.video_id,
                item.tries,
                "; ".join(item.problems),
            )

    async def post_has_failed(self, item: Due, failure: Failure) -> None:
        """Try a post later that could not be read or noted."""
        self.logger.warning("post %s: %r", item.video_id, failure.value)
        item.problems.append(repr(failure.value))
        await self.post_is_done(item)

    def _count(self, what: str) -> None:
        if self.crawler.stats is not None:
            self.crawler.stats.inc_value(f"tiktok/archive/{what}")
