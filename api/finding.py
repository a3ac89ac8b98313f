"""Finding what an answer is made of, past the admission's look at the cache: store, then crawl."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, cast

from api.answers import Entry
from api.errors import refusal
from api.storage import storage
from crawler.errors import Reason
from crawler.jobs import answers
from crawler.links import Target, TargetType
from pipelines.documents.mongo import from_mongo
from pipelines.documents.video import Video
from pipelines.publish import fields_of, ttl_of
from services import tracing
from services.scripts import call_all

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from pymongo.asynchronous.collection import AsyncCollection
    from redis.asyncio import Redis

    from crawler.jobs.outcomes import Outcomes
    from crawler.jobs.queue import Queue
    from services.mongodb import Document

FLIGHT_S = 60.0
"""How long a crawl is joined instead of asked for again; its end ends the flight sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be found, and until when."""

    target: Target
    fields: tuple[str, ...]
    """The fields of a cache entry that the answer is made of."""
    deadline: float
    """When a crawl is no longer waited for, by the monotonic clock."""
    since: float | None
    """Unix seconds: what was observed earlier is too old; None leaves that to the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A video's entry and how it was come by."""

    video_id: str
    entry: Entry
    is_cached: bool


class Finder:
    """Finds entries; one for each process."""

    def __init__(
        self,
        *,
        redis: Redis,
        videos: AsyncCollection[Document],
        queue: Queue,
        outcomes: Outcomes,
        cache_ttl_s: int,
        sources: Counter[str],
    ) -> None:
        self._redis = redis
        self._videos = videos
        self._queue = queue
        self._outcomes = outcomes
        self._cache_ttl_s = cache_ttl_s
        self._sources = sources

    async def look(self, question: Question) -> Found:
        """What the cache holds, else what is found.

        Raises:
            ApiError: it cannot be had now.
        """
        target = question.target
        if target.type is TargetType.VIDEO:
            entry = await self._cached(target.value, question)
            if entry is not None:
                self._sources["cache"] += 1
                return Found(video_id=target.value, entry=entry, is_cached=True)
        return await self.find(question)

    async def find(self, question: Question) -> Found:
        """What the cache does not hold.

        Raises:
            ApiError: it cannot be had now.
        """
        target = question.target
        if target.type is TargetType.VIDEO:
            entry = await self._stored(target.value, question)
            if entry is not None:
                self._sources["store"] += 1
                return Found(video_id=target.value, entry=entry, is_cached=True)
        self._sources["crawl"] += 1
        with tracing.span("crawl", target=target.key):
            return await self._crawl(question)

    async def lead(
        self, targets: Sequence[Target], *, max_age: int | None
    ) -> list[Target | Reason]:
        """What short links are known to lead to, by one question: posts, or why there is none.

        A link of which nothing is known stays itself, and so does one of whose absence was heard
        ``max_age`` seconds ago or earlier. Where a link leads does not age.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for target in targets:
            pipeline.get(answers.short_key(target.value))
            pipeline.ttl(answers.short_key(target.value))
        async with storage():
            replies = await pipeline.execute()
        return [
            _led(target, known, ttl_s, max_age=max_age)
            for target, known, ttl_s in zip(targets, replies[::2], replies[1::2], strict=True)
        ]

    async def _stored(self, video_id: str, question: Question) -> Entry | None:
        """What MongoDB holds while it is young enough; the cache is filled with what is fresh."""
        async with storage():
            document = await self._videos.find_one({"_id": video_id})
            if document is None:
                return None
            observed_at = document["observed_at"]
            video = from_mongo(Video, document)
            age_s = (datetime.now(UTC) - observed_at).total_seconds()
            left_s = ttl_of(video, int(self._cache_ttl_s - age_s))
            is_fresh = left_s > 1
            since = question.since
            if not is_fresh if since is None else not _is_good(video, since):
                return None
            fields = fields_of(video)
            if is_fresh:
                kept = answers.Entry(video_id=video_id, fields=fields, ttl_s=left_s)
                await call_all(self._redis, [answers.put(kept)])
        return Entry.of([_encoded(fields.get(name)) for name in question.fields])

    async def _crawl(self, question: Question) -> Found:
        """Have the target crawled, or join the crawl that is under way or has just ended."""
        target, since = question.target, question.since
        entry_key = answers.cache_key(target.value) if target.type is TargetType.VIDEO else ""
        with self._outcomes.expect(target.key) as waiter:
            async with storage():
                is_there = await self._queue.ask(
                    target, flight_s=FLIGHT_S, entry_key=entry_key, since=since
                )
            patience_s = 0.0 if is_there else max(0.0, question.deadline - monotonic())
            outcome = await waiter.wait(patience_s)
        if outcome is None:
            video_id = await self._post_of(target)
            entry = await self._cached(video_id, question) if video_id else None
        else:
            if outcome.reason is not None:
                raise refusal(outcome.reason, retry_after_s=outcome.retry_after_s)
            video_id = outcome.video_id
            entry = await self._published(video_id, question.fields) if video_id else None
        if video_id is None or entry is None:
            raise refusal(Reason.TIMEOUT if outcome is None else Reason.CRAWL_FAILED)
        return Found(video_id=video_id, entry=entry, is_cached=is_there)

    async def _post_of(self, target: Target) -> str | None:
        """The post behind a target whose outcome was not heard."""
        if target.type is TargetType.VIDEO:
            return target.value
        (led,) = await self.lead([target], max_age=None)
        is_post = isinstance(led, Target) and led.type is TargetType.VIDEO
        return led.value if is_post else None

    async def _cached(self, video_id: str, question: Question) -> Entry | None:
        """What the cache holds, unless it is too old."""
        *values, observed_at = await self._values(video_id, (*question.fields, "observed_at"))
        since = question.since
        if since is not None and (observed_at is None or int(observed_at) < since):
            return None
        return Entry.of(values)

    async def _published(self, video_id: str, fields: Sequence[str]) -> Entry | None:
        """What the crawl that has just ended left, or one after it."""
        return Entry.of(await self._values(video_id, fields))

    async def _values(self, video_id: str, fields: Sequence[str]) -> list[bytes | None]:
        async with storage():
            values = await self._redis.hmget(answers.cache_key(video_id), list(fields))
        return [_encoded(value) for value in cast("list[str | None]", values)]


def _led(short: Target, known: str | None, ttl_s: int, *, max_age: int | None) -> Target | Reason:
    if known is None:
        return short
    if not known.startswith(answers.REASON_MARK):
        return Target(type=TargetType.VIDEO, value=known)
    reason = Reason(known.removeprefix(answers.REASON_MARK))
    age_s = (reason.policy.absence_ttl_s or 0) - ttl_s
    return short if max_age is not None and age_s >= max_age else reason


def _is_good(video: Video, since: float) -> bool:
    """Whether a document is young enough, and its file still plays."""
    return video.observed_at.timestamp() >= since and ttl_of(video, 2) > 1


def _encoded(value: str | None) -> bytes | None:
    return value.encode() if value is not None else None
