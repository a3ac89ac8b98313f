"""The way of one extraction: link, admission, cache, store, crawl, settlement, answer."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic, time
from typing import TYPE_CHECKING, cast

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from api.answers import Entry, Wish, write
from api.errors import INVALID_URL, OUR_FAULT, ApiError, refusal
from crawler.errors import Reason
from crawler.jobs import answers
from crawler.links import LinkError, Target, TargetType, parse_link
from pipelines.documents.mongo import from_mongo
from pipelines.documents.video import Video
from pipelines.files import find
from pipelines.publish import fields_of, ttl_of
from services.scripts import call_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.collection import AsyncCollection
    from redis.asyncio import Redis

    from accounts.limits import Admission
    from api.admissions import Admissions
    from api.calls import Call
    from api.links import Links
    from crawler.jobs.outcomes import Outcomes
    from crawler.jobs.queue import Queue
    from pipelines.files import Choice, File
    from services.mongodb import Document

PATIENCE_S = 0.7
"""How long a database may take before it counts as down."""
LINK_S = 3600
"""How long a link is good when TikTok does not say when its own address ends."""
FLIGHT_S = 60.0
"""How long a crawl is joined instead of asked for again; its end ends the flight sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A video's entry and how it was come by."""

    video_id: str
    entry: Entry
    is_cached: bool


class Extraction:
    """Answers extractions; one for each process."""

    def __init__(
        self,
        admissions: Admissions,
        *,
        redis: Redis,
        videos: AsyncCollection[Document],
        queue: Queue,
        outcomes: Outcomes,
        links: Links,
        timeout_s: float,
        cache_ttl_s: int,
    ) -> None:
        self._admissions = admissions
        self._redis = redis
        self._videos = videos
        self._queue = queue
        self._outcomes = outcomes
        self._links = links
        self._timeout_s = timeout_s
        self._cache_ttl_s = cache_ttl_s

    async def answer(self, call: Call, url: str, wish: Wish) -> bytes:
        """The body of the answer.

        Raises:
            ApiError: there is no such video, or it cannot be had now, or the call is refused.
        """
        target = _read(url)
        if target.type is TargetType.SHORT:
            target = await self._lead(call, target, wish)
        is_post = target.type is TargetType.VIDEO
        admission = await self._admissions.admit(
            call,
            cost=1,
            cache_key=answers.cache_key(target.value) if is_post else None,
            cache_fields=wish.fields if is_post else (),
            needs_country=wish.with_country,
        )
        if not admission.is_charged:
            return await self._fetch(call, admission, target, wish)
        entry = Entry.of(admission.cached)
        if entry is None:
            raise RuntimeError(f"a charged answer for {target.key} holds nothing")
        if entry.absence is not None:
            raise _absent(entry.absence, admission.requests_remaining)
        return write(
            entry,
            wish,
            video_url=self._link(target.value, entry, admission),
            is_cached=True,
            requests_remaining=admission.requests_remaining,
            elapsed_ms=_elapsed_ms(call),
        )

    def _link(self, video_id: str, entry: Entry, admission: Admission) -> bytes | None:
        if not entry.media:
            return None
        expires = int(entry.media) or int(time()) + LINK_S
        return self._links.write(video_id, account=admission.account_id, expires=expires)

    async def locate(self, video_id: str, choice: Choice, *, is_stale: bool = False) -> File:
        """Where a post's file is: as stored, or asked of TikTok anew.

        Raises:
            ApiError: the post is gone or has no such file, or TikTok does not answer now.
        """
        file = None if is_stale else await self._located(video_id, choice)
        if file is None:
            target = Target(type=TargetType.VIDEO, value=video_id)
            with self._outcomes.expect(target.key) as waiter:
                async with storage():
                    await self._queue.ask(target, flight_s=FLIGHT_S)
                outcome = await waiter.wait(self._timeout_s)
            if outcome is None or outcome.reason is not None:
                raise refusal(outcome.reason if outcome and outcome.reason else Reason.TIMEOUT)
            file = await self._located(video_id, choice)
        if file is None:
            raise refusal(Reason.VIDEO_UNAVAILABLE)
        return file

    async def _located(self, video_id: str, choice: Choice) -> File | None:
        async with storage():
            document = await self._videos.find_one({"_id": video_id})
        return find(from_mongo(Video, document), choice) if document is not None else None

    async def _lead(self, call: Call, target: Target, wish: Wish) -> Target:
        """The post that a short link is known to lead to, else the link itself."""
        known = await self._known(target)
        if known is None:
            return target
        if not known.startswith(answers.REASON_MARK):
            return Target(type=TargetType.VIDEO, value=known)
        reason = Reason(known.removeprefix(answers.REASON_MARK))
        if reason.policy.status != 404:
            raise refusal(reason)
        admission = await self._admissions.admit(call, cost=1, needs_country=wish.with_country)
        raise await self._settled(call, admission, target, refusal(reason))

    async def _fetch(self, call: Call, admission: Admission, target: Target, wish: Wish) -> bytes:
        """The answer that the cache does not hold, and its settlement."""
        try:
            found = await self._find(call, target, wish)
            if found.entry.absence is not None:
                raise refusal(found.entry.absence)
        except ApiError as error:
            raise await self._settled(call, admission, target, error) from error.__cause__
        except Exception as error:
            fault = ApiError(OUR_FAULT, request_id=call.id)
            await self._settled(call, admission, target, fault)
            raise error from None
        elapsed_ms = _elapsed_ms(call)
        remaining = await self._admissions.settle(
            call,
            admission,
            status=200,
            video_id=found.video_id,
            is_cached=found.is_cached,
            elapsed_ms=elapsed_ms,
        )
        return write(
            found.entry,
            wish,
            video_url=self._link(found.video_id, found.entry, admission),
            is_cached=found.is_cached,
            requests_remaining=remaining,
            elapsed_ms=elapsed_ms,
        )

    async def _settled(
        self, call: Call, admission: Admission, target: Target, error: ApiError
    ) -> ApiError:
        """The same error once it is settled, with what is left of the month where it belongs."""
        remaining = await self._admissions.settle(
            call,
            admission,
            status=error.status,
            video_id=target.value if target.type is TargetType.VIDEO else None,
            is_cached=False,
            elapsed_ms=_elapsed_ms(call),
        )
        if error.status < 500:
            error.more["requests_remaining"] = remaining
        return error

    async def _find(self, call: Call, target: Target, wish: Wish) -> Found:
        if target.type is TargetType.VIDEO:
            entry = await self._stored(target.value, wish)
            if entry is not None:
                return Found(video_id=target.value, entry=entry, is_cached=True)
        return await self._crawl(call, target, wish)

    async def _stored(self, video_id: str, wish: Wish) -> Entry | None:
        """What MongoDB holds while it is fresh; the cache is filled with it."""
        async with storage():
            document = await self._videos.find_one({"_id": video_id})
            if document is None:
                return None
            age_s = (datetime.now(UTC) - document["observed_at"]).total_seconds()
            video = from_mongo(Video, document)
            left_s = ttl_of(video, int(self._cache_ttl_s - age_s))
            if left_s <= 1:
                return None
            fields = fields_of(video)
            kept = answers.Entry(video_id=video_id, fields=fields, ttl_s=left_s)
            await call_all(self._redis, [answers.put(kept)])
        return Entry.of([_encoded(fields.get(name)) for name in wish.fields])

    async def _crawl(self, call: Call, target: Target, wish: Wish) -> Found:
        """Have the target crawled, or join the crawl that is under way or has just ended."""
        entry_key = answers.cache_key(target.value) if target.type is TargetType.VIDEO else ""
        with self._outcomes.expect(target.key) as waiter:
            async with storage():
                is_there = await self._queue.ask(target, flight_s=FLIGHT_S, entry_key=entry_key)
            waited_s = monotonic() - call.started
            patience_s = 0.0 if is_there else max(0.0, self._timeout_s - waited_s)
            outcome = await waiter.wait(patience_s)
        if outcome is not None and outcome.reason is not None:
            raise refusal(outcome.reason, retry_after_s=outcome.retry_after_s)
        video_id = outcome.video_id if outcome is not None else await self._led(target)
        entry = await self._cached(video_id, wish) if video_id else None
        if video_id is None or entry is None:
            raise refusal(Reason.TIMEOUT if outcome is None else Reason.CRAWL_FAILED)
        return Found(video_id=video_id, entry=entry, is_cached=is_there)

    async def _led(self, target: Target) -> str | None:
        """The post behind a target whose outcome was not heard."""
        if target.type is TargetType.VIDEO:
            return target.value
        known = await self._known(target)
        return None if known is None or known.startswith(answers.REASON_MARK) else known

    async def _known(self, short: Target) -> str | None:
        """What a short link was found to lead to: a post's id, or a marked reason."""
        async with storage():
            known = await self._redis.get(answers.short_key(short.value))
        return cast("str | None", known)

    async def _cached(self, video_id: str, wish: Wish) -> Entry | None:
        async with storage():
            values = await self._redis.hmget(answers.cache_key(video_id), list(wish.fields))
        return Entry.of([_encoded(value) for value in cast("list[str | None]", values)])


def _read(url: str) -> Target:
    try:
        target = parse_link(url)
    except LinkError as error:
        raise refusal(error.reason) if error.reason else ApiError(INVALID_URL) from None
    if target.type not in {TargetType.VIDEO, TargetType.SHORT}:
        raise refusal(Reason.UNSUPPORTED_URL)
    return target


def _absent(reason: Reason, requests_remaining: int) -> ApiError:
    error = refusal(reason)
    error.more["requests_remaining"] = requests_remaining
    return error


def _encoded(value: str | None) -> bytes | None:
    return value.encode() if value is not None else None


def _elapsed_ms(call: Call) -> int:
    return int((monotonic() - call.started) * 1000)


@contextlib.asynccontextmanager
async def storage() -> AsyncIterator[None]:
    """Turn a database that does not answer in time into the answer that says so."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield
    except (RedisError, PyMongoError, OSError) as error:
        raise refusal(Reason.STORAGE_UNAVAILABLE) from error
