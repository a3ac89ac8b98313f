"""Erasing a user: refused first, then deleted everywhere, and counted.

Each step can be done again. What is found by others' help goes last, so that an erasure that was
interrupted finds the rest when it is begun anew.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from accounts.audit import CLI, Record, What
from accounts.collections import AUDIT
from analysis.erasing import documents, jobs
from analysis.erasing.cached import Cached
from analysis.erasing.subject import find
from analysis.erasing.usage import blank_usage
from crawler.jobs.conducting.state import read_conducting
from crawler.jobs.erasures.erasures import HEARD_S
from crawler.jobs.told import TOLD
from crawler.jobs.workers import Workers
from services.archive import open_archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from analysis.erasing.subject import Subject
    from crawler.jobs.erasures.erasures import Erasures
    from services.mongodb import Document

SETTLE_S = 2 * HEARD_S + 2.0
"""After which workers have heard, and what they had in hand is stored."""
_LOOK_S = 0.2
_LOOKS = 50
_MOST_ROUNDS = 3


@dataclass(slots=True, kw_only=True)
class Receipt:
    """What was erased: how much of what, and not of whom."""

    id: str = field(default_factory=lambda: f"erasure_{secrets.token_hex(10)}")
    begun_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    was_stored: bool = False
    """Whether anything was stored of them."""
    counts: Counter[str] = field(default_factory=Counter)
    """How many of each sort were deleted, blanked or ended."""
    is_complete: bool = False
    """Whether in the end nothing was left: no worker had a job about them in hand, and no scheduler
    has yet to enter what one had."""


class Erasing:
    """Erases users."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        redis: Redis,
        erasures: Erasures,
        *,
        secret: bytes,
        archive_url: str | None,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._database = database
        self._redis = redis
        self._erasures = erasures
        self._secret = secret
        self._archive = open_archive(archive_url) if archive_url else None
        self._settle_s = settle_s

    async def erase(self, subject: Subject, receipt: Receipt) -> AsyncIterator[str]:
        """Erase a user, and tell again and again what is being done.

        Raises:
            ServiceError: the archive does not delete, or the key of erasures is another.
            PyMongoError, RedisError: a database does not answer; to do it again goes on.
        """
        receipt.was_stored = subject.is_stored
        yield "refused from now on"
        await self._refuse(subject)
        yield "waiting for workers to hear"
        await self._let_workers_finish()
        left: Subject | None = subject
        for _ in range(_MOST_ROUNDS):
            if left is None:
                break
            subject = left
            async for step in self._round(subject, receipt):
                yield step
            left = await self._left(subject)
        cached = self._cached(subject)
        _, in_hand = await cached.end_jobs()
        receipt.is_complete = left is None and not in_hand and not await cached.is_told_of()
        receipt.was_stored |= bool(+receipt.counts)
        receipt.ended_at = datetime.now(UTC)
        await self._note(receipt)

    def _cached(self, subject: Subject) -> Cached:
        return Cached(self._redis, subject, self._erasures, secret=self._secret)

    async def _refuse(self, subject: Subject) -> None:
        await self._erasures.add(
            user_ids=subject.user_ids, usernames=subject.usernames, video_ids=subject.video_ids
        )
        await self._erasures.refresh()

    async def _let_workers_finish(self) -> None:
        """Wait while what is in hand is stored and entered, if anybody is at work."""
        if (await Workers(self._redis).read()).workers:
            await asyncio.sleep(self._settle_s)
        if (await read_conducting(self._redis)).conductor is None:
            return
        for _ in range(_LOOKS):
            if not await self._redis.xlen(TOLD):
                return
            await asyncio.sleep(_LOOK_S)

    async def _round(self, subject: Subject, receipt: Receipt) -> AsyncIterator[str]:
        database, counts = self._database, receipt.counts
        cached = self._cached(subject)
        yield "jobs and dead letters"
        ended, _ = await cached.end_jobs()
        counts["jobs"] += ended
        counts["dead_letters"] += await cached.delete_letters()
        yield "crawls and schedules"
        counts["crawl_targets"] += await jobs.blank_targets(database, subject)
        counts["crawl_items"] += await jobs.blank_items(database, subject)
        counts["schedule_targets"] += await jobs.blank_schedules(database, subject)
        yield "usage"
        counts["usage_videos"] += await blank_usage(database, self._redis, subject)
        yield "rows of statistics"
        counts.update(await documents.delete_rows(database, subject))
        yield "raw items"
        counts["raw_items"] += await documents.delete_raw_items(database, subject)
        yield "lists and searches"
        counts["lists"] += await documents.delete_lists(database, subject)
        yield "where others name them"
        counts["named_by_others"] += await documents.blank_in_others(database, subject)
        if self._archive is not None:
            yield "the archive"
            for video_id in sorted(subject.video_ids):
                counts["archived_files"] += await asyncio.to_thread(self._archive.remove, video_id)
        yield "what Redis keeps"
        counts["cached_answers"] += await cached.delete_answers()
        counts.update(await cached.delete_traces())
        yield "documents"
        counts.update(await documents.delete_documents(database, subject))
        yield "what came meanwhile"
        # A roll-up that was under way has read rows, and an answer a post, that were there before.
        counts.update(await documents.delete_rows(database, subject))
        counts["cached_answers"] += await cached.delete_answers()

    async def _left(self, subject: Subject) -> Subject | None:
        """What came of them meanwhile, with what was known of them before; None for nothing."""
        found = [await find(self._database, who) for who in _names(subject)]
        if not any(one.is_stored for one in found):
            return None
        for one in found:
            subject.video_ids |= one.video_ids
            subject.comment_ids |= one.comment_ids
            subject.music_ids |= one.music_ids
        return subject.anew()

    async def _note(self, receipt: Receipt) -> None:
        record = Record(
            what=What.USER_ERASED,
            account_id="",
            by=CLI,
            after={"erasure": receipt.id, **+receipt.counts},
        )
        await self._database[AUDIT].insert_one(record.stored())


def _names(subject: Subject) -> list[str]:
    return sorted(subject.user_ids or subject.usernames)
