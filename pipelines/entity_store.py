"""Storing users, hashtags, sounds and comments in groups, as posts are stored."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

from bson import ObjectId

from crawler.items import Kind
from pipelines.collections import RAW_ITEMS
from pipelines.documents.mongo import to_mongo
from pipelines.merging import PARTS, merged
from pipelines.raw_items import raw_update
from pipelines.user_snapshots import has_counters, snapshot_at_first, snapshot_update
from pipelines.writes import send
from services.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from pymongo.asynchronous.database import AsyncDatabase

    from pipelines.entities import Entity
    from services.mongodb import Document


class EntityStore:
    """Writes entities and their raw items."""

    def __init__(self, database: AsyncDatabase[Document], *, raw_ttl: timedelta) -> None:
        self._database = database
        self._raw_ttl = raw_ttl
        self._commits: GroupCommit[Entity, None] = GroupCommit(self._write)

    async def store(self, entity: Entity) -> None:
        """Return once the entity is stored and it is known whether a snapshot is due."""
        await self._commits.submit(entity)

    async def _write(self, entities: Sequence[Entity]) -> list[Exception | None]:
        kinds: dict[Kind, list[int]] = defaultdict(list)
        for place, entity in enumerate(entities):
            kinds[entity.raw.kind].append(place)
        raw_updates = [raw_update(one.raw, one.id, ttl=self._raw_ttl) for one in entities]
        raw_items, *errors = await asyncio.gather(
            self._send(RAW_ITEMS, raw_updates),
            *(self._write_kind(kind, [entities[p] for p in kinds[kind]]) for kind in kinds),
        )
        failed = {
            places[place]: error
            for places, found in zip(kinds.values(), errors, strict=True)
            for place, error in found.items()
        }
        return [failed.get(place) or raw_items.get(place) for place in range(len(entities))]

    async def _write_kind(self, kind: Kind, entities: Sequence[Entity]) -> dict[int, Exception]:
        """Write entities of one kind and answer the error of each that was refused."""
        if kind is Kind.USER:
            return await self._write_users(entities)
        updates = [merged(to_mongo(one.document), parts=PARTS[kind]) for one in entities]
        return await self._send(kind.collection, updates)

    async def _write_users(self, users: Sequence[Entity]) -> dict[int, Exception]:
        """The same of users, whose snapshots follow their documents in the same command."""
        commits = [ObjectId() for _ in users]
        updates: list[Document] = []
        owners: list[int] = []
        for place, (user, commit) in enumerate(zip(users, commits, strict=True)):
            document = to_mongo(user.document)
            begun = snapshot_at_first(document, commit)
            updates.append(merged(document, parts=PARTS[Kind.USER], at_first=begun))
            owners.append(place)
            if has_counters(document):
                updates.append(snapshot_update(document, commit))
                owners.append(place)
        errors = await self._send(Kind.USER.collection, updates)
        due = await self._due(users, commits)
        for user, commit in zip(users, commits, strict=True):
            user.is_snapshot_due = commit in due
        return {owners[place]: error for place, error in errors.items()}

    async def _due(
        self, users: Sequence[Entity], commits: Sequence[ObjectId]
    ) -> frozenset[ObjectId]:
        """The commits that left a snapshot."""
        found = self._database[Kind.USER.collection].find(
            {"_id": {"$in": [user.id for user in users]}, "snapshot.commit": {"$in": commits}},
            {"snapshot.commit": 1},
        )
        return frozenset([document["snapshot"]["commit"] async for document in found])

    async def _send(self, collection: str, updates: Sequence[Document]) -> dict[int, Exception]:
        return (await send(self._database, collection, updates)).errors
