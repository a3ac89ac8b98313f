"""The second stage: what is no post at all goes no further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from pipelines.documents.problems import find_problems

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from pipelines.posts import Post


class ValidatePipeline:
    """Drops posts whose document would be useless, each reason a stat."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ValidatePipeline:
        """Keep the crawler for its stats."""
        return cls(crawler)

    def process_item(self, item: Post) -> Post:
        """Pass a sound post on.

        Raises:
            DropItem: the post has no usable document; the text says why.
        """
        problems = find_problems(item.video)
        if not problems:
            return item
        if self._crawler.stats is not None:
            for problem in problems:
                self._crawler.stats.inc_value(f"tiktok/dropped/{problem}")
        raise DropItem(f"post {item.raw.video_id}: {', '.join(problems)}")
