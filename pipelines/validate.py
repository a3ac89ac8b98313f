"""The second stage: what is no document at all goes no further."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from scrapy.exceptions import DropItem

from pipelines.documents.problems import find_entity_problems, find_problems
from pipelines.entities import Entity
from pipelines.posts import Post

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

T = TypeVar("T")


class ValidatePipeline:
    """Drops items whose document would be useless, each reason a stat."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ValidatePipeline:
        """Keep the crawler for its stats."""
        return cls(crawler)

    def process_item(self, item: T) -> T:
        """Pass a sound item on.

        Raises:
            DropItem: the item has no usable document; the text says why.
        """
        if isinstance(item, Post):
            if problems := find_problems(item.video):
                raise self._drop(f"post {item.raw.video_id}", problems)
        elif isinstance(item, Entity) and (problems := find_entity_problems(item.document)):
            raise self._drop(f"{item.raw.kind.value} {item.id}", problems)
        return item

    def _drop(self, what: str, problems: list[str]) -> DropItem:
        if self._crawler.stats is not None:
            for problem in problems:
                self._crawler.stats.inc_value(f"tiktok/dropped/{problem}")
        return DropItem(f"{what}: {', '.join(problems)}")
