"""Counting videos where their ranking is read: many requests at a time, beside what is urgent.

What the drainer notes for an account (``usage_news``) is added to one document for each video and
window, and struck from the notes in the same transaction. Both together are what was asked for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne
from pymongo.errors import WriteError

from accounts.collections import ACCOUNTS, KEYS, USAGE_NEWS, USAGE_VIDEOS
from accounts.folding import moment
from accounts.windows import midnight, windows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

_AT_ONCE = 2000
"""Videos that are counted in one transaction: few, for it works beside a crawl."""
_BATCH = 200

Videos = dict[str, tuple[int, int]]
"""For each video how often, and when last, in milliseconds."""


@dataclass(slots=True)
class News:
    """Several notes in one."""

    notes: list[Any] = field(default_factory=list)
    days: dict[tuple[str, str], Videos] = field(default_factory=lambda: defaultdict(dict))
    """By account and date."""
    keys: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)

    def add(self, note: Mapping[str, Any]) -> int:
        """Take one more; answers how many videos it names."""
        self.notes.append(note.get("_id"))
        account_id = note["account_id"]
        add_videos(self.days[account_id, note["date"]], note["videos"])
        for key_id, last in note["keys"]:
            self.keys[key_id] = max(last, self.keys.get(key_id, 0))
            self.accounts[account_id] = max(last, self.accounts.get(account_id, 0))
        return len(note["videos"])


def add_videos(videos: Videos, noted: list[Any]) -> None:
    """Add the videos of a note."""
    for video_id, more, last in noted:
        requests, before = videos.get(video_id, (0, last))
        videos[video_id] = (requests + more, max(before, last))


class Compactor:
    """Works the notes off; several at once do no harm."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    async def compact(self) -> int:
        """Count what is noted and answer how many notes that were.

        Raises:
            PyMongoError: the database does not answer; nothing is lost or doubled.
        """
        count = 0
        while (news := await self._read()).notes and await self._move(news):
            count += len(news.notes)
        return count

    async def _read(self) -> News:
        """The next notes; those of an account come together."""
        news, videos = News(), 0
        notes = self._database[USAGE_NEWS].find().sort("account_id", 1)
        async for note in notes.limit(_AT_ONCE).batch_size(_BATCH):
            videos += news.add(note)
            if videos >= _AT_ONCE:
                break
        return news

    async def _move(self, news: News) -> bool:
        await self._tell_last(ACCOUNTS, "last_request_at", news.accounts)
        await self._tell_last(KEYS, "last_used_at", news.keys)
        updates = await self._updates(news)

        async def move(session: AsyncClientSession) -> bool:
            gone = await self._database[USAGE_NEWS].delete_many(
                {"_id": {"$in": news.notes}}, session=session
            )
            if gone.deleted_count < len(news.notes):
                await session.abort_transaction()
                return False
            if updates:
                await self._update(updates, session)
            return True

        async with self._database.client.start_session() as session:
            return bool(await session.with_transaction(move))

    async def _update(self, updates: list[dict[str, Any]], session: AsyncClientSession) -> None:
        """Update as one plain command: ``bulk_write`` takes several times its processor time."""
        answer = await self._database.command(
            {"update": USAGE_VIDEOS, "updates": updates}, session=session
        )
        for error in answer.get("writeErrors", ()):
            raise WriteError(error.get("errmsg"), error.get("code"), error)

    async def _tell_last(self, collection: str, name: str, moments: Mapping[str, int]) -> None:
        """Say when something was last used; saying it twice does no harm."""
        if moments:
            await self._database[collection].bulk_write(
                [
                    UpdateOne({"_id": one}, {"$max": {name: _second(last)}})
                    for one, last in moments.items()
                ],
                ordered=False,
            )

    async def _updates(self, news: News) -> list[dict[str, Any]]:
        accounts = self._database[ACCOUNTS].find(
            {"_id": {"$in": list(news.accounts)}}, {"created_at": 1}
        )
        made_at = {account["_id"]: account["created_at"] async for account in accounts}
        windows: dict[tuple[str, str], Videos] = defaultdict(dict)
        for (account_id, date), videos in news.days.items():
            noted = [[video_id, *counted] for video_id, counted in videos.items()]
            created_at = made_at.get(account_id) or midnight(date)
            for window in windows_of(date, created_at):
                add_videos(windows[account_id, window], noted)
        return [
            {
                "q": {"_id": f"{account_id}:{window}:{video_id}"},
                "u": {
                    "$inc": {"requests": requests},
                    "$max": {"last_requested": moment(last)},
                    "$setOnInsert": {
                        "account_id": account_id,
                        "window": window,
                        "video_id": video_id,
                    },
                },
                "upsert": True,
            }
            for (account_id, window), videos in windows.items()
            for video_id, (requests, last) in videos.items()
        ]


def _second(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1000, UTC)
