"""The fourth stage: the statistics of posts and users, each time they changed, as time series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from crawler.items import Kind
from pipelines.collections import STATISTICS, USER_STATISTICS
from pipelines.documents.mongo import to_plain
from pipelines.documents.stored import UserMeta, UserRow, VideoMeta, VideoRow
from pipelines.documents.user import User
from pipelines.entities import Entity
from pipelines.posts import Post
from pipelines.writes import append
from services import mongodb
from services.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.crawler import Crawler

    from settings.env import Environment

T = TypeVar("T")

_SUBJECTS = {STATISTICS: "meta.video_id", USER_STATISTICS: "meta.user_id"}


class SnapshotsPipeline:
    """Appends the snapshots that the store found due.

    A worker can die between the store's decision and the append. So a redelivered job, whose
    statistics are not news any more, looks whether the last snapshot's row is there.
    """

    def __init__(self, uri: str) -> None:
        self._client = mongodb.connect(uri)
        self._database = mongodb.database(self._client, uri)
        self._commits: GroupCommit[Post, None] = GroupCommit(self._write)
        self._of_users: GroupCommit[Entity, None] = GroupCommit(self._write_users)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SnapshotsPipeline:
        """Read the address of MongoDB."""
        environment: Environment = crawler.settings["TIKTOK_ENVIRONMENT"]
        return cls(environment.mongodb_uri or "")

    async def close_spider(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def process_item(self, item: T) -> T:
        """Return once the snapshot is appended, if one is due."""
        if isinstance(item, Post):
            if item.is_snapshot_due:
                await self._commits.submit(item)
            elif item.raw.job is not None and item.raw.job.tries:
                await self._append_what_was_lost(item, STATISTICS, _row(item))
        elif isinstance(item, Entity) and item.raw.kind is Kind.USER:
            if item.is_snapshot_due:
                await self._of_users.submit(item)
            elif item.raw.job is not None and item.raw.job.tries:
                await self._append_what_was_lost(item, USER_STATISTICS, _row_of_user(item))
        return item

    async def _write(self, posts: Sequence[Post]) -> list[None]:
        await append(self._database, STATISTICS, [_row(post) for post in posts])
        return [None] * len(posts)

    async def _write_users(self, users: Sequence[Entity]) -> list[None]:
        await append(self._database, USER_STATISTICS, [_row_of_user(user) for user in users])
        return [None] * len(users)

    async def _append_what_was_lost(
        self, item: Post | Entity, collection: str, row: dict[str, Any]
    ) -> None:
        documents = self._database[item.raw.kind.collection]
        document = await documents.find_one({"_id": item.id}, {"snapshot": 1})
        snapshot = (document or {}).get("snapshot")
        if snapshot is None:
            return
        row |= {"observed_at": snapshot["observed_at"]} | snapshot["statistics"]
        is_there = {_SUBJECTS[collection]: item.id, "observed_at": row["observed_at"]}
        if await self._database[collection].find_one(is_there, {"_id": 1}) is None:
            await append(self._database, collection, [row])


def _row(post: Post) -> dict[str, Any]:
    video = post.video
    row = VideoRow(
        observed_at=video.observed_at,
        meta=VideoMeta(video_id=video.id, user_id=video.author.id),
        **to_plain(video.statistics),
    )
    return to_plain(row)


def _row_of_user(entity: Entity) -> dict[str, Any]:
    user = entity.document
    assert isinstance(user, User)  # noqa: S101 - for the type checker
    meta = UserMeta(user_id=user.id)
    row = UserRow(observed_at=user.observed_at, meta=meta, **to_plain(user.statistics))
    return to_plain(row)
