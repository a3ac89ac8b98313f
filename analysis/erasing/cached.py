"""What Redis holds of a user: jobs, dead letters, cached answers, kept replies, events."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson
from redis.client import NEVER_DECODE

from accounts.once import answers_seal, open_answer
from analysis.erasing.subject import chunks
from crawler.errors import Reason
from crawler.jobs.answers import cache_key
from crawler.jobs.backlog import DUE, TRIES
from crawler.jobs.delays import put_off_key
from crawler.jobs.queue import BROWSER_STREAMS, DEAD_LETTERS, STREAMS, Queue, tell_end
from crawler.jobs.records import Job, Lane, Outcome
from crawler.jobs.told import TOLD
from crawler.links import Target, TargetType
from services.sealing import SealError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from analysis.erasing.subject import Subject
    from crawler.jobs.erasures.erasures import Erasures

_PAGE = 500
_BY_TARGET = frozenset({"absent", "flight", "postponed", "read"})
"""How the names of records begin that bear the key of a target."""


class Cached:
    """Takes a user out of Redis."""

    def __init__(
        self, redis: Redis, subject: Subject, erasures: Erasures, *, secret: bytes
    ) -> None:
        self._redis = redis
        self._subject = subject
        self._erasures = erasures
        self._seal = answers_seal(secret)

    async def end_jobs(self) -> tuple[int, int]:
        """End jobs about them that no worker has; answers how many, and how many workers have.

        Those whom a worker has end by themselves, as ``not_collected``.
        """
        queue = Queue(self._redis)
        await queue.prepare()
        ended = in_hand = 0
        for streams in (STREAMS, BROWSER_STREAMS):
            for lane, stream in streams.items():
                async for job in self._jobs(stream, lane):
                    is_ended = await queue.drop(stream, job, _refusal(job))
                    ended, in_hand = ended + is_ended, in_hand + (not is_ended)
            ended += await self._end_put_off(put_off_key(streams[Lane.BULK]))
        return ended, in_hand

    async def delete_letters(self) -> int:
        """Delete dead letters about them."""
        found = [
            entry_id
            async for entry_id, fields in self._entries(DEAD_LETTERS)
            if _target_of(fields) is not None and self._is_theirs(fields)
        ]
        return int(await self._redis.xdel(DEAD_LETTERS, *found)) if found else 0

    async def delete_answers(self) -> int:
        """Delete cached answers and the archive's backlog of their posts."""
        count = 0
        for chunk in chunks(self._subject.video_ids):
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.delete(*map(cache_key, chunk))
            pipeline.zrem(DUE, *chunk)
            pipeline.hdel(TRIES, *chunk)
            count += sum(await pipeline.execute())
        return count

    async def delete_traces(self) -> Counter[str]:
        """Look through all records for what names them, and delete that; counts by its sort."""
        counts: Counter[str] = Counter()
        async for key in self._redis.scan_iter(count=_PAGE):
            sort = key.partition(":")[0]
            if sort in _BY_TARGET:
                counts["absences"] += await self._delete(key, self._names_target(key))
            elif sort == "video":
                # Also of posts that an erasure which was killed has deleted, and nothing names now.
                is_theirs = self._erasures.has_video(key.partition(":")[2])
                counts["cached_answers"] += await self._delete(key, is_theirs)
            elif sort == "short":
                led: Any = await self._redis.get(key)
                counts["short_links"] += await self._delete(key, self._erasures.has_video(led))
            elif sort == "once":
                counts["replies"] += await self._delete(key, await self._is_reply(key))
            elif sort == "egress" and key.endswith(":blocks"):
                counts["absences"] += await self._forget_blocks(key)
            elif sort in {"crawl", "run"} and key.endswith((":events", ":outcomes")):
                counts["events"] += await self._delete_events(key)
        return counts

    async def is_told_of(self) -> bool:
        """Whether something of theirs is yet to be entered for a crawl, by a scheduler."""
        async for _, fields in self._entries(TOLD):
            if self._subject.is_named_in("\n".join(fields.values()).encode()):
                return True
        return False

    async def _jobs(self, stream: str, lane: Lane) -> AsyncIterator[Job]:
        async for entry_id, fields in self._entries(stream):
            if self._is_theirs(fields):
                yield Job.from_fields(fields, lane=lane, entry_id=entry_id)

    async def _end_put_off(self, key: str) -> int:
        count = 0
        members: Any = await self._redis.zrange(key, 0, -1)
        for member in members:
            words = orjson.loads(member)
            fields = dict(zip(words[::2], words[1::2], strict=True))
            if not self._is_theirs(fields):
                continue
            job = Job.from_fields(fields, lane=Lane.BULK, entry_id="")
            if await self._redis.zrem(key, member):
                pipeline = self._redis.pipeline(transaction=True)
                tell_end(pipeline, job, _refusal(job))
                await pipeline.execute()
                count += 1
        return count

    async def _entries(self, stream: str) -> AsyncIterator[tuple[str, dict[str, str]]]:
        first = "-"
        while True:
            entries: Any = await self._redis.xrange(stream, min=first, count=_PAGE)
            for entry_id, fields in entries:
                yield entry_id, fields
            if len(entries) < _PAGE:
                return
            first = f"({entries[-1][0]}"

    async def _delete_events(self, stream: str) -> int:
        found = [
            entry_id
            async for entry_id, fields in self._entries(stream)
            if self._subject.is_named_in("\n".join(fields.values()).encode())
        ]
        return int(await self._redis.xdel(stream, *found)) if found else 0

    async def _delete(self, key: str, is_theirs: bool) -> int:
        return int(await self._redis.delete(key)) if is_theirs else 0

    def _is_theirs(self, fields: dict[str, str]) -> bool:
        target = _target_of(fields)
        is_post = fields.get("post_id") in self._subject.video_ids
        return is_post or (target is not None and self._subject.has(target))

    def _names_target(self, key: str) -> bool:
        """Whether a record's name ends with the key of a target of theirs; bounds may follow it."""
        words = key.lower().partition(" ")[0].split(":")
        ends = (":".join(words[place:]) for place in range(1, len(words)))
        return any(end in self._subject.keys for end in ends)

    async def _forget_blocks(self, key: str) -> int:
        """Take their targets out of those that were blocked lately."""
        members: Any = await self._redis.zrange(key, 0, -1)
        found = [one for one in members if one.lower() in self._subject.keys]
        return int(await self._redis.zrem(key, *found)) if found else 0

    async def _is_reply(self, key: str) -> bool:
        """Whether a reply that is kept for a repeated request names them."""
        client: Any = self._redis
        sealed = await client.execute_command("HGET", key, "answer", **{NEVER_DECODE: True})
        if sealed is None:
            return False
        try:
            return self._subject.is_named_in(open_answer(self._seal, key, sealed).body)
        except SealError:
            return False  # of another SECRET_KEY: nobody can read it any more


def _target_of(fields: dict[str, str]) -> Target | None:
    try:
        kind = TargetType(fields["type"])
    except (KeyError, ValueError):
        return None
    return Target(type=kind, value=fields.get("value", ""), username=fields.get("username"))


def _refusal(job: Job) -> Outcome:
    if job.is_of_crawl:  # which knows its target by the job, and need not be told whose it was
        return Outcome(key="", reason=Reason.NOT_COLLECTED)
    return Outcome(key=job.target.key, reason=Reason.NOT_COLLECTED)
