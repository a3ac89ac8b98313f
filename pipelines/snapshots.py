"""The fourth stage: the statistics of a post, each time they changed, as a time series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.collections import STATISTICS, VIDEOS
from pipelines.documents.mongo import to_plain
from pipelines.writes import append
from services import mongodb
from services.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.crawler import Crawler

    from pipelines.posts import Post
    from settings.env import Environment


class SnapshotsPipeline:
    """Appends the snapshots that the store found due.

    A worker can die between the store's decision and the append. So a redelivered job, whose
    statistics are not news any more, looks whether the last snapshot's row is there.
    """

    def __init__(self, uri: str) -> None:
        self._client = mongodb.connect(uri)
        self._database = mongodb.database(self._client, uri)
        self._commits: GroupCommit[Post, None] = GroupCommit(self._write)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SnapshotsPipeline:
        """Read the address of MongoDB."""
        environment: Environment = crawler.settings["TIKTOK_ENVIRONMENT"]
        return cls(environment.mongodb_uri or "")

    async def close_spider(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def process_item(self, item: Post) -> Post:
        """Return once the snapshot is appended, if one is due."""
        if item.is_snapshot_due:
            await self._commits.submit(item)
        elif item.raw.job is not None and item.raw.job.tries:
            await self._append_what_was_lost(item)
        return item

    async def _write(self, posts: Sequence[Post]) -> list[None]:
        await append(self._database, STATISTICS, [_row(post) for post in posts])
        return [None] * len(posts)

    async def _append_what_was_lost(self, post: Post) -> None:
        video = await self._database[VIDEOS].find_one({"_id": post.video.id}, {"snapshot": 1})
        snapshot = (video or {}).get("snapshot")
        if snapshot is None:
            return
        row = _row(post) | {"observed_at": snapshot["observed_at"]} | snapshot["statistics"]
        is_there = {"meta.video_id": post.video.id, "observed_at": row["observed_at"]}
        if await self._database[STATISTICS].find_one(is_there, {"_id": 1}) is None:
            await append(self._database, STATISTICS, [row])


def _row(post: Post) -> dict[str, Any]:
    video = post.video
    return {
        "observed_at": video.observed_at,
        "meta": {"video_id": video.id, "user_id": video.author.id},
        **to_plain(video.statistics),
    }
