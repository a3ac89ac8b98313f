"""Telling what is never collected again, at no cost to a page: a set that hears of changes.

Nothing but digests is kept, made with a key that is not in the database: whoever reads it cannot
try names. The set is empty until somebody was erased, and the key is not asked for before that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from hashlib import blake2b
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from crawler.jobs.erasures.collections import ERASURES, Of
from crawler.links import TargetType
from services.errors import ServiceError
from services.sealing import derived
from services.tasks import background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.links import Target
    from services.mongodb import Document

logger = logging.getLogger(__name__)

HEARD_S = 0.5
"""Within which a process hears of an erasure, or a little more."""
_ANYWAY_S = 60.0
_OF_VIDEOS = frozenset({TargetType.VIDEO, TargetType.COMMENTS})
_OF_USERS = frozenset({TargetType.USER, TargetType.USER_HEADER, TargetType.LIVE})


class Erasures:
    """Who was erased, as far as a process has heard; one for each process and loop."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        key: Callable[[], bytes],
        *,
        pause_s: float = HEARD_S,
    ) -> None:
        self._collection = database[ERASURES]
        self._key_of = key
        self._pause_s = pause_s
        self._key: bytes | None = None
        self._known: frozenset[str] = frozenset()
        self._count = 0
        self._read_at = -inf

    def __bool__(self) -> bool:
        """Whether anybody was erased."""
        return bool(self._known)

    def has_user(self, user_id: str | None, username: str | None) -> bool:
        """Whether a user was erased, by id or name."""
        return (user_id is not None and self._digest(Of.USER, user_id) in self._known) or (
            username is not None and self._digest(Of.USERNAME, username) in self._known
        )

    def has_video(self, video_id: str | None) -> bool:
        """Whether a post was erased with its author."""
        return video_id is not None and self._digest(Of.VIDEO, video_id) in self._known

    def refuses(self, target: Target) -> bool:
        """Whether a target is not to be crawled, as far as it tells itself what it leads to.

        One whose value was blanked with its user leads nowhere.
        """
        if not target.value:
            return True
        if not self._known:
            return False
        name = target.value if target.type in _OF_USERS else target.username
        return self.has_user(None, name) or (
            target.type in _OF_VIDEOS and self.has_video(target.value)
        )

    async def add(
        self,
        *,
        user_ids: Iterable[str] = (),
        usernames: Iterable[str] = (),
        video_ids: Iterable[str] = (),
    ) -> int:
        """Have these refused by every process from now on; answers how many were not before.

        Raises:
            ServiceError: others were added with another key.
            PyMongoError: MongoDB does not answer; some may be refused.
        """
        await self.refresh()
        now = datetime.now(UTC)
        named = ((Of.USER, user_ids), (Of.USERNAME, usernames), (Of.VIDEO, video_ids))
        digests = [(Of.KEY, self._digest(Of.KEY, ""))]
        digests += [(of, self._digest(of, value)) for of, values in named for value in values]
        written = await self._collection.bulk_write(
            [
                UpdateOne(
                    {"_id": digest}, {"$setOnInsert": {"of": of.value, "at": now}}, upsert=True
                )
                for of, digest in digests
            ],
            ordered=False,
        )
        return written.upserted_count

    async def refresh(self) -> None:
        """Hear of what was added.

        Raises:
            ServiceError: it was added with another key than ours.
            SettingsError: there is no key.
            PyMongoError: MongoDB does not answer.
        """
        count = await self._collection.estimated_document_count()
        if count == self._count and monotonic() - self._read_at < _ANYWAY_S:
            return
        read_at = monotonic()
        known = frozenset([one["_id"] async for one in self._collection.find({}, {"_id": 1})])
        if known and self._digest(Of.KEY, "") not in known:
            raise ServiceError(
                "users were erased with another key, and would not be known again: set ERASURE_KEY"
                " to the one of then (DATA_DIR/erasure-key, where it was not set)"
            )
        self._known, self._count, self._read_at = known, count, read_at

    @contextlib.asynccontextmanager
    async def hearing(self) -> AsyncIterator[None]:
        """Hear of what is added, again and again, for as long as the context lasts.

        Raises:
            ServiceError, SettingsError: as :meth:`refresh`.
        """
        with contextlib.suppress(PyMongoError):
            await self.refresh()
        async with background(self._hear(), name="erasures"):
            yield

    async def _hear(self) -> None:
        while True:
            await asyncio.sleep(self._pause_s)
            try:
                await self.refresh()
            except (PyMongoError, OSError) as error:
                logger.debug("who was erased is heard later: %s", error)
            except Exception:
                logger.exception("it is not known who was erased")
                await asyncio.sleep(_ANYWAY_S)

    def _digest(self, of: Of, value: str) -> str:
        if self._key is None:
            self._key = derived(self._key_of(), b"erasures")
        text = value.lower().removeprefix("@") if of is Of.USERNAME else value
        return blake2b(
            f"{of.value}:{text}".encode("utf-8", "replace"), key=self._key, digest_size=16
        ).hexdigest()
