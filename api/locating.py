"""Where the files of posts are: as stored, or asked of TikTok anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api.errors import refusal
from api.finding import FLIGHT_S
from api.storage import storage
from crawler.errors import Reason
from crawler.links import Target, TargetType
from pipelines.documents.mongo import from_mongo
from pipelines.documents.video import Video
from pipelines.files import find
from pipelines.kept import kept_of

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection

    from crawler.jobs.outcomes import Outcomes
    from crawler.jobs.queue import Queue
    from pipelines.files import Choice, File
    from services.mongodb import Document


class Locator:
    """Finds files; one for each process."""

    def __init__(
        self,
        *,
        videos: AsyncCollection[Document],
        queue: Queue,
        outcomes: Outcomes,
        timeout_s: float,
    ) -> None:
        self._videos = videos
        self._queue = queue
        self._outcomes = outcomes
        self._timeout_s = timeout_s

    async def locate(self, video_id: str, choice: Choice) -> File:
        """Where a file is as far as is known; what is known to have ended is asked for anew.

        Raises:
            ApiError: the post is gone or has no such file, or TikTok does not answer now.
        """
        file = await self._stored(video_id, choice)
        if file is None or (file.kept is None and _has_ended(file)):
            return await self.relocate(video_id, choice)
        return file

    async def relocate(self, video_id: str, choice: Choice) -> File:
        """Where a file is now that the post is crawled again.

        Raises:
            ApiError: as :meth:`locate`.
        """
        target = Target(type=TargetType.VIDEO, value=video_id)
        with self._outcomes.expect(target.key) as waiter:
            async with storage():
                await self._queue.ask(target, flight_s=FLIGHT_S)
            outcome = await waiter.wait(self._timeout_s)
        if outcome is None or outcome.reason is not None:
            raise refusal(outcome.reason if outcome and outcome.reason else Reason.TIMEOUT)
        file = await self._stored(video_id, choice)
        if file is None:
            raise refusal(Reason.VIDEO_UNAVAILABLE)
        return file

    async def _stored(self, video_id: str, choice: Choice) -> File | None:
        async with storage():
            document = await self._videos.find_one({"_id": video_id})
        if document is None:
            return None
        video = from_mongo(Video, document)
        file = find(video, choice)
        return replace(file, kept=kept_of(video, file)) if file is not None else None


def _has_ended(file: File) -> bool:
    return file.expires_at is not None and file.expires_at <= datetime.now(UTC)
