"""The second stage: what is no document at all goes no further, and neither does who was erased."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from scrapy.exceptions import DropItem

from crawler.errors import Reason
from crawler.jobs.erasures.erasures import Erasures
from pipelines.documents.problems import find_entity_problems, find_problems
from pipelines.entities import Entity
from pipelines.erased import is_of_erased, without_erased
from pipelines.posts import Post
from services import mongodb
from settings.secrets import erasure_key

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from settings.env import Environment

T = TypeVar("T")


class NotCollectedError(DropItem):
    """The item is of somebody of whom nothing is collected any more."""

    reason = Reason.NOT_COLLECTED
    """What the job of a page that shows nothing else ends with."""


class ValidatePipeline:
    """Drops items whose document would be useless or is not wanted, each reason a stat."""

    def __init__(self, crawler: Crawler, environment: Environment) -> None:
        self._crawler = crawler
        uri = environment.mongodb_uri or ""
        self._client = mongodb.connect(uri)
        self._erasures = Erasures(
            mongodb.database(self._client, uri), partial(erasure_key, environment)
        )
        self._stack = contextlib.AsyncExitStack()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ValidatePipeline:
        """Keep the crawler for its stats, and read where it is known who was erased."""
        return cls(crawler, crawler.settings["TIKTOK_ENVIRONMENT"])

    async def open_spider(self) -> None:
        """Hear who was erased, before the first item and from then on."""
        await self._erasures.refresh()
        await self._stack.enter_async_context(self._erasures.hearing())

    async def close_spider(self) -> None:
        """Close the connections."""
        await self._stack.aclose()
        await self._client.close()

    def process_item(self, item: T) -> T:
        """Pass a sound item on.

        Raises:
            NotCollectedError: it is of somebody who was erased.
            DropItem: the item has no usable document; the text says why.
        """
        if isinstance(item, Post):
            if problems := find_problems(item.video):
                raise self._drop(f"post {item.raw.video_id}", problems)
            self._check(item)
        elif isinstance(item, Entity):
            if problems := find_entity_problems(item.document):
                raise self._drop(f"{item.raw.kind.value} {item.id}", problems)
            self._check(item)
        return item

    def _check(self, item: Post | Entity) -> None:
        if not self._erasures:
            return
        if is_of_erased(item, self._erasures):
            self._count("not_collected")
            raise NotCollectedError(f"a {item.raw.kind.value} is not collected any more")
        without_erased(item, self._erasures)

    def _drop(self, what: str, problems: list[str]) -> DropItem:
        for problem in problems:
            self._count(problem)
        return DropItem(f"{what}: {', '.join(problems)}")

    def _count(self, problem: str) -> None:
        if self._crawler.stats is not None:
            self._crawler.stats.inc_value(f"tiktok/dropped/{problem}")
