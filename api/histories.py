"""The way of a read of a history: whose it is, then its rows from the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import DESCENDING

from analysis.histories import Step, history, of_user, of_video
from api.charges import Answer, charged
from api.errors import USER_NOT_FOUND, VIDEO_NOT_FOUND, ApiError, Problem, refusal
from api.storage import storage
from crawler.errors import Reason
from crawler.links import Target, TargetType
from pipelines.collections import USERS, VIDEOS
from pipelines.documents.public import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.asynchronous.database import AsyncDatabase

    from accounts.limits import Admission
    from analysis.histories import Whose
    from api.admissions import Admissions
    from api.calls import Call
    from api.cursors import Cursors
    from services.mongodb import Document

VIDEO_COLUMNS = (
    "observed_at",
    *("views", "likes", "comments", "shares", "saves", "reposts", "exact"),
)
USER_COLUMNS = ("observed_at", "followers", "following", "likes", "videos", "exact")
WITHIN_S = 2.5
"""How long MongoDB may take: years of an hourly history are thousands of rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryWish:
    """Which part of a history is asked for."""

    since: datetime | None
    until: datetime | None
    step: Step | None
    limit: int
    cursor: str | None


class Histories:
    """Answers reads of histories; one for each process."""

    def __init__(
        self,
        admissions: Admissions,
        *,
        database: AsyncDatabase[Document],
        cursors: Cursors,
        refuses: Callable[[Target], bool],
    ) -> None:
        self._admissions = admissions
        self._refuses = refuses
        self._database = database
        self._cursors = cursors

    async def of_video(self, call: Call, video_id: str, wish: HistoryWish) -> Answer:
        """A post's history.

        Raises:
            ApiError: no such post is stored, or the call is refused.
        """
        place = self._place(f"video:{video_id}", wish)

        async def read(_: Admission) -> Answer:
            self._check(Target(type=TargetType.VIDEO, value=video_id), VIDEO_NOT_FOUND)
            async with storage(WITHIN_S):
                found = await self._database[VIDEOS].find_one({"_id": video_id}, {"_id": 1})
                if found is None:
                    raise _absent(VIDEO_NOT_FOUND, Reason.NOT_FOUND, "post", "extract it")
                rows = await self._rows(of_video(video_id), wish, place)
            return self._answer(f"video:{video_id}", wish, {"video_id": video_id}, rows)

        return await charged(self._admissions, call, read)

    async def of_user(self, call: Call, username: str, wish: HistoryWish) -> Answer:
        """A user's history; a name that was given up is that of who was seen with it last.

        Raises:
            ApiError: no such user is stored, or the call is refused.
        """
        place = self._place(f"user:{username}", wish)

        async def read(_: Admission) -> Answer:
            self._check(Target(type=TargetType.USER, value=username), USER_NOT_FOUND)
            async with storage(WITHIN_S):
                found = await self._database[USERS].find_one(
                    {"username": username}, {"_id": 1}, sort=[("observed_at", DESCENDING)]
                )
                if found is None:
                    raise _absent(USER_NOT_FOUND, Reason.USER_NOT_FOUND, "user", "read it")
                rows = await self._rows(of_user(found["_id"]), wish, place)
            about = {"username": username, "user_id": found["_id"]}
            return self._answer(f"user:{username}", wish, about, rows)

        return await charged(self._admissions, call, read)

    def _check(self, target: Target, absent: Problem) -> None:
        if self._refuses(target):
            raise refusal(Reason.NOT_COLLECTED, absent=absent)

    def _place(self, of: str, wish: HistoryWish) -> datetime | None:
        place = self._cursors.open(_name(of, wish), wish.cursor)
        return None if place is None else datetime.fromtimestamp(int(place) / 1000, UTC)

    async def _rows(
        self, whose: Whose, wish: HistoryWish, place: datetime | None
    ) -> list[Document]:
        return await history(
            self._database,
            whose,
            since=wish.since,
            until=wish.until,
            step=wish.step,
            after=place,
            limit=wish.limit + 1,
        )

    def _answer(
        self, of: str, wish: HistoryWish, about: dict[str, Any], rows: list[Document]
    ) -> Answer:
        page = rows[: wish.limit]
        cursor = None
        if len(rows) > wish.limit:
            at_ms = round(page[-1]["observed_at"].timestamp() * 1000)
            cursor = self._cursors.seal(_name(of, wish), str(at_ms))
        columns = VIDEO_COLUMNS if "video_id" in about else USER_COLUMNS
        body = {
            **about,
            "step": wish.step,
            "statistics": [_shown(row, columns) for row in page],
            "next_cursor": cursor,
        }
        return Answer(body=body, is_cached=True)


def _name(of: str, wish: HistoryWish) -> str:
    bounds = f"{timestamp(wish.since)} {timestamp(wish.until)}"
    return f"history\n{of}\n{wish.step}\n{bounds}"


def _shown(row: Document, columns: tuple[str, ...]) -> dict[str, Any]:
    shown = {name: row.get(name) for name in columns}
    return shown | {"observed_at": timestamp(row["observed_at"])}


def _absent(problem: Problem, reason: Reason, what: str, how: str) -> ApiError:
    detail = f"No such {what} is stored: {how} first, then its history begins"
    return ApiError(problem, detail=detail, reason=reason.value, retryable=False)
