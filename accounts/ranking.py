"""The videos that an account asked for most often, read from an index.

A day, a billing period and all time have counts of their own for each video, so their ranking is
exact. What is noted and not counted yet can only lift a video: the ten are among the first ten of
the index and the videos of the notes.

A week is added up from its days. Its counts are exact, but a video is looked at only if it is
among the first ``_OF_A_DAY`` of a day or in the notes. One that is not can be missing, if it was
asked for on many days and on none of them often: less often on each than the last one looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from accounts.collections import ERASED, USAGE_VIDEOS
from accounts.compacting import add_videos

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from accounts.compacting import Videos
    from services.mongodb import Document

TOP = 10
_OF_A_DAY = 30


class Asked(NamedTuple):
    """How often a video was asked for."""

    requests: int
    last: int
    """When last, in unix milliseconds."""
    video_id: str


class Ranking:
    """Ranks videos in one snapshot of the database."""

    def __init__(self, database: AsyncDatabase[Document], session: AsyncClientSession) -> None:
        self._videos = database[USAGE_VIDEOS]
        self._session = session

    async def top(self, account_id: str, windows: Sequence[str], *, news: Videos) -> list[Asked]:
        """The first ten of the windows together; ties go to what was asked for last."""
        depth = TOP if len(windows) == 1 else _OF_A_DAY
        counted: Videos = {}
        candidates = set(news)
        for window in windows:
            first = await self._first(account_id, window, depth)
            candidates.update(video["video_id"] for video in first)
        ids = [f"{account_id}:{window}:{one}" for window in windows for one in candidates]
        found = self._videos.find(
            {"_id": {"$in": ids}},
            {"_id": 0, "video_id": 1, "requests": 1, "last_requested": 1},
            session=self._session,
        )
        add_videos(counted, _noted(await found.to_list()))
        add_videos(counted, [[video_id, *new] for video_id, new in news.items()])
        ranked = [Asked(*numbers, video_id) for video_id, numbers in counted.items()]
        return sorted(ranked, reverse=True)[:TOP]

    async def _first(self, account_id: str, window: str, depth: int) -> list[dict[str, Any]]:
        found = self._videos.find(
            {"account_id": account_id, "window": window, "video_id": {"$ne": ERASED}},
            {"video_id": 1},
            session=self._session,
        )
        ranked = found.sort([("requests", -1), ("last_requested", -1)])
        return await ranked.limit(depth).to_list()


def _noted(documents: Iterable[dict[str, Any]]) -> list[list[Any]]:
    return [
        [one["video_id"], one["requests"], round(one["last_requested"].timestamp() * 1000)]
        for one in documents
    ]
