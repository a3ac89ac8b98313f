"""The last stage: the finished answer is put where the API looks first."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

import orjson
from scrapy.exceptions import DropItem

from crawler.items import Kind, RawAbsence, RawList
from crawler.jobs import answers, backlog
from crawler.jobs.queue import Queue
from crawler.jobs.records import Lane, Outcome
from crawler.jobs.stages import stage
from pipelines.delivering import Delivering
from pipelines.documents.nulls import reason_for_no_file
from pipelines.documents.public import answer, bare_answer
from pipelines.entities import Entity
from pipelines.files import link_end
from pipelines.listing import write_listing
from pipelines.posts import Post
from pipelines.values import expiry_of
from services import redis
from services.scripts import call_all

if TYPE_CHECKING:
    from datetime import datetime

    from scrapy.crawler import Crawler

    from crawler.items import RawSearch
    from crawler.jobs.records import Job
    from pipelines.documents.video import Video
    from pipelines.entities import Document
    from settings.env import Environment

_MEDIA_MARGIN_S = 600


class PublishPipeline:
    """Puts each stored post into the cache, ends its job and wakes who waits for it.

    A list's job is ended by its :class:`RawList` alone; of its items the conductor hears before.
    """

    def __init__(self, url: str, *, ttl_s: int, is_kept: bool = False) -> None:
        self._redis = redis.connect(url)
        self._queue = Queue(self._redis)
        self._delivering = Delivering(self._redis)
        self._ttl_s = ttl_s
        self._is_kept = is_kept

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PublishPipeline:
        """Read the address of Redis, how long an answer is good, and whether files are kept."""
        environment: Environment = crawler.settings["TIKTOK_ENVIRONMENT"]
        return cls(
            environment.redis_url or "",
            ttl_s=environment.cache_ttl_s,
            is_kept=environment.archive_url is not None,
        )

    async def close_spider(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def process_item(
        self, item: Post | Entity | RawAbsence | RawList | RawSearch
    ) -> Video | Document | RawAbsence | RawList | RawSearch:
        """Publish an item and pass its document on, to feeds and signals.

        Raises:
            DropItem: in a plain crawl a post is gone, which its feeds do not show.
        """
        if isinstance(item, Post):
            return await self._publish_post(item)
        if isinstance(item, Entity):
            await self._delivering.tell(item.raw.job, item.raw.kind, item.id)
            await self._end(item.raw.job, item_id=item.id)
            return item.document
        if isinstance(item, RawAbsence):
            await self._end_absent(item)
        if isinstance(item, RawList) and item.job is not None:
            outcome = Outcome(key=item.job.target.key, end=item.end)
            with stage("publish", item.job):
                await self._queue.finish(item.job, outcome)
        return item

    async def _end(self, job: Job | None, *, item_id: str) -> None:
        """End the job of a page that shows one thing; that of a list goes on."""
        if job is not None and not job.target.type.is_list:
            with stage("publish", job):
                await self._queue.finish(job, Outcome(key=job.target.key, item_id=item_id))

    async def _end_absent(self, item: RawAbsence) -> None:
        """End the job of a post that is gone."""
        if item.job is None:
            raise DropItem(f"{item.outcome.key}: {item.outcome.reason}")
        with stage("publish", item.job):
            await self._queue.finish(item.job, item.outcome)

    async def _publish_post(self, item: Post) -> Video:
        job = item.raw.job
        entry = answers.Entry(
            video_id=item.video.id,
            fields=fields_of(item.video),
            ttl_s=ttl_of(item.video, self._ttl_s),
            if_there=job is None or job.lane is Lane.BULK,
        )
        keep = [backlog.due(item.video.id)] if self._is_kept else []
        if job is None or job.target.type.is_list:
            await call_all(self._redis, [answers.put(entry), *keep])
            await self._delivering.tell(job, Kind.VIDEO, item.video.id)
        else:
            outcome = Outcome(key=job.target.key, video_id=item.video.id)
            with stage("publish", job):
                await self._queue.finish(job, outcome, entry=entry, before=keep)
        return item.video


def fields_of(video: Video) -> dict[str, str]:
    """A cache entry: finished JSON of what answers say of a post, and what is needed around it.

    The JSON is there for each wish: without country, with it, without metadata.
    """
    return {
        "answer": _written(answer(video, with_country=False)),
        "answer_country": _written(answer(video, with_country=True)),
        "answer_bare": _written(bare_answer(video)),
        "media": _link_end(video),
        "files": write_listing(video),
        "observed_at": str(int(video.observed_at.timestamp())),
    }


def _written(part: dict[str, Any]) -> str:
    return orjson.dumps(part).decode()


def _link_end(video: Video) -> str:
    """When links to the file end: before the file's own address does; empty without a file."""
    if video.media is None or reason_for_no_file(video) is not None:
        return ""
    return str(link_end(video.media.expires_at))


def ttl_of(video: Video, ttl_s: int) -> int:
    """How long an entry is good: never past the moment when its media stop playing."""
    expires_at = _media_end(video)
    if expires_at is None:
        return ttl_s
    left_s = int(expires_at.timestamp() - time()) - _MEDIA_MARGIN_S
    return max(1, min(ttl_s, left_s))


def _media_end(video: Video) -> datetime | None:
    """When the addresses of a post's file, or of its pictures, stop working."""
    if video.media is not None:
        return video.media.expires_at
    return expiry_of(video.images[0].url) if video.images else None
