"""The third stage: documents and raw items are written to MongoDB in groups."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from bson import ObjectId

from crawler.items import Kind, RawAbsence, RawList, RawSearch
from crawler.jobs.stages import stage
from pipelines.absences import NOTES, AbsenceStore
from pipelines.collections import RAW_ITEMS, VIDEOS, prepare
from pipelines.documents.mongo import to_mongo
from pipelines.entities import Entity
from pipelines.entity_store import EntityStore
from pipelines.list_store import ListStore
from pipelines.merging import PARTS, merged
from pipelines.posts import Post
from pipelines.raw_items import raw_update
from pipelines.writes import send
from services import mongodb
from services.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.crawler import Crawler

    from pipelines.writes import Updated
    from services.mongodb import Document
    from settings.env import Environment

T = TypeVar("T", Post, Entity, RawAbsence, RawList, RawSearch)


class StorePipeline:
    """Stores each item's document and its raw item, and how lists ended."""

    def __init__(self, uri: str, *, raw_ttl_s: int) -> None:
        self._client = mongodb.connect(uri)
        self._database = mongodb.database(self._client, uri)
        self._raw_ttl = timedelta(seconds=raw_ttl_s)
        self._commits: GroupCommit[Post, None] = GroupCommit(self._write)
        self._entities = EntityStore(self._database, raw_ttl=self._raw_ttl)
        self._absences = AbsenceStore(self._database)
        self._lists = ListStore(self._database)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StorePipeline:
        """Read the address of MongoDB and how long raw items are kept."""
        environment: Environment = crawler.settings["TIKTOK_ENVIRONMENT"]
        return cls(environment.mongodb_uri or "", raw_ttl_s=environment.raw_ttl_s)

    async def open_spider(self) -> None:
        """Make the collections, validators and indexes."""
        await prepare(self._database)

    async def close_spider(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def process_item(self, item: T) -> T:
        """Return once the item is stored and it is known whether a snapshot is due."""
        if isinstance(item, Post):
            with stage("store", item.raw.job):
                await self._commits.submit(item)
        elif isinstance(item, Entity):
            with stage("store", item.raw.job):
                await self._entities.store(item)
        elif isinstance(item, RawAbsence):
            with stage("store", item.job):
                await self._absences.store(item)
        else:
            with stage("store", item.job):
                await self._lists.store(item)
        return item

    async def _write(self, posts: Sequence[Post]) -> list[Exception | None]:
        commits = [ObjectId() for _ in posts]
        updates = map(_updates, posts, commits)
        videos, raw_items = await asyncio.gather(
            send(self._database, VIDEOS, [update for pair in updates for update in pair]),
            send(self._database, RAW_ITEMS, [self._raw_update(post) for post in posts]),
        )
        due = await self._due(videos, posts, commits)
        for post, commit in zip(posts, commits, strict=True):
            post.is_snapshot_due = commit in due
        return [
            videos.errors.get(2 * place)
            or videos.errors.get(2 * place + 1)
            or raw_items.errors.get(place)
            for place in range(len(posts))
        ]

    async def _due(
        self, updated: Updated, posts: Sequence[Post], commits: Sequence[ObjectId]
    ) -> frozenset[ObjectId]:
        """The commits that left a snapshot; asked for only when that cannot be counted."""
        made = frozenset(commits[place // 2] for place in updated.made)
        # Each post's first update matched or made a document; the rest are the second,
        # conditional ones.
        changed = updated.applied - len(posts)
        if updated.is_whole and changed == 0:
            return made
        if updated.is_whole and len(made) + changed == len(posts):
            return frozenset(commits)
        found = self._database[VIDEOS].find(
            {
                "_id": {"$in": [post.video.id for post in posts]},
                "snapshot.commit": {"$in": commits},
            },
            {"snapshot.commit": 1},
        )
        return frozenset([document["snapshot"]["commit"] async for document in found])

    def _raw_update(self, post: Post) -> Document:
        return raw_update(post.raw, post.raw.video_id, ttl=self._raw_ttl)


def _updates(post: Post, commit: ObjectId) -> tuple[Document, Document]:
    """What one post changes: what this observation knows, and the last snapshot if it differs.

    A new document begins with its snapshot; else that follows where the first update was carried
    out.
    """
    document = to_mongo(post.video)
    observed_at, statistics = post.video.observed_at, document["statistics"]
    snapshot = {"statistics": statistics, "observed_at": observed_at, "commit": commit}
    return (
        merged(document, parts=PARTS[Kind.VIDEO], at_first={"snapshot": snapshot}, undone=NOTES),
        {
            "q": {
                "_id": post.video.id,
                "observed_at": observed_at,
                "snapshot.statistics": {"$ne": statistics},
            },
            "u": {"$set": {"snapshot": snapshot}},
        },
    )
