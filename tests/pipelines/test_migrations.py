from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pymongo.errors import OperationFailure

from pipelines.collections import RAW_ITEMS, prepare
from pipelines.migrations.all import MIGRATIONS
from pipelines.migrations.migration import COLLECTION, Done, Migration, migrate

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document


def adding_one(number: int) -> Migration:
    async def act(database: AsyncDatabase[Document]) -> int:
        made = await database.counted.update_one({"_id": number}, {"$inc": {"n": 1}}, upsert=True)
        return 1 if made.upserted_id else made.modified_count

    return Migration(number=number, what=f"count {number}", act=act)


async def failing(_: AsyncDatabase[Document]) -> int:
    raise OperationFailure("no room")


def test_the_numbers_have_no_gaps() -> None:
    assert [one.number for one in MIGRATIONS] == [*range(1, len(MIGRATIONS) + 1)]


async def test_each_migration_is_run_once(database: AsyncDatabase[Document]) -> None:
    first, second = adding_one(1), adding_one(2)
    assert await migrate(database, [first]) == [Done(number=1, what="count 1", changed=1)]
    assert [one.number for one in await migrate(database, [first, second])] == [2]
    assert await migrate(database, [first, second]) == []
    assert [one["n"] async for one in database.counted.find()] == [1, 1]
    records = await database[COLLECTION].find().sort("_id").to_list()
    assert [(one["_id"], one["what"]) for one in records] == [(1, "count 1"), (2, "count 2")]


async def test_after_one_that_failed_none_is_run_until_it_succeeds(
    database: AsyncDatabase[Document],
) -> None:
    broken = Migration(number=2, what="fail", act=failing)
    with pytest.raises(OperationFailure, match="no room"):
        await migrate(database, [adding_one(1), broken, adding_one(3)])
    assert [one["_id"] async for one in database[COLLECTION].find()] == [1]
    assert [one.number for one in await migrate(database, [adding_one(2), adding_one(3)])] == [2, 3]


async def test_a_raw_item_from_before_there_were_kinds_gets_its_own(
    database: AsyncDatabase[Document],
) -> None:
    await prepare(database)
    old = {
        "layout": "universal",
        "spider": "video",
        "data": b"",
        "_id": "7",
        **dict.fromkeys(("observed_at", "expire_at"), datetime.now(UTC)),
    }
    user = old | {"_id": "user:8", "kind": "user"}
    await database[RAW_ITEMS].insert_many([old, user], bypass_document_validation=True)

    for expected in (1, 0):
        await database[COLLECTION].delete_many({})
        (ran,) = await migrate(database, MIGRATIONS)
        assert ran.changed == expected
    stored = await database[RAW_ITEMS].find().sort("_id").to_list()
    assert [one["kind"] for one in stored] == ["video", "user"]
