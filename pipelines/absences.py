"""Noting in groups that posts are gone, in the documents of those that are stored.

Whatever is seen again loses its note: see :mod:`pipelines.store`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.collections import VIDEOS
from pipelines.merging import newer
from pipelines.writes import send
from services.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.items import RawAbsence
    from services.mongodb import Document

NOTES = ("gone_at", "gone_reason")
"""The fields that say of a post that it is gone."""


class AbsenceStore:
    """Writes absences; of a post that is not stored nothing is kept."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database
        self._commits: GroupCommit[RawAbsence, None] = GroupCommit(self._write)

    async def store(self, absence: RawAbsence) -> None:
        """Return once the absence is noted."""
        await self._commits.submit(absence)

    async def _write(self, absences: Sequence[RawAbsence]) -> list[Exception | None]:
        updated = await send(self._database, VIDEOS, [_update(one) for one in absences])
        return [updated.errors.get(place) for place in range(len(absences))]


def _update(absence: RawAbsence) -> Document:
    """The first time stays while the post is gone; the reason is the last one."""
    reason = absence.outcome.reason
    return {
        "q": newer(absence.video_id, absence.observed_at),
        "u": {
            "$min": {"gone_at": absence.observed_at},
            "$set": {"gone_reason": reason.value if reason else None},
        },
    }
