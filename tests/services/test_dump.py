from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from services import dump, mongodb
from services.dump import DumpError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERIES = {"timeField": "observed_at", "metaField": "meta", "granularity": "hours"}
SCHEMA = {"bsonType": "object", "required": ["name"]}


@pytest.fixture
async def full(mongodb_server: str) -> AsyncIterator[AsyncDatabase[Document]]:
    """A database with something of everything."""
    async with mongodb.connect(mongodb_server) as client:
        database = client.get_database("dumped")
        await client.drop_database("dumped")
        await client.drop_database("loaded")
        await database.create_collection("people", validator={"$jsonSchema": SCHEMA})
        await database.people.create_index("name", name="by_name", unique=True)
        await database.people.create_index(
            "at", name="partly", partialFilterExpression={"at": {"$exists": True}}
        )
        await database.people.insert_many(
            [{"_id": f"{n:04d}", "name": f"n{n} 🍞\x00", "at": START} for n in range(300)]
        )
        # Older than its validator.
        await database.people.with_options().insert_one(
            {"_id": ObjectId()}, bypass_document_validation=True
        )
        await database.create_collection("rows", timeseries=SERIES, expireAfterSeconds=10**9)
        await database.rows.create_index([("meta.video_id", 1), ("observed_at", 1)], name="history")
        await database.rows.insert_many(
            [
                {"observed_at": START + timedelta(hours=n), "meta": {"video_id": "7"}, "views": n}
                for n in range(50)
            ]
        )
        await database.create_collection("flat", viewOn="people", pipeline=[{"$limit": 5}])
        yield database
        await client.drop_database("dumped")
        await client.drop_database("loaded")


async def written(database: AsyncDatabase[Document], path: Path) -> Path:
    with dump.whole(path) as file:
        async for _ in dump.dump(database, file, about={"of": "a test"}):
            pass
    return path


async def loaded(database: AsyncDatabase[Document], path: Path) -> dump.Head:
    head, digest = dump.check(path)
    async for _ in dump.load(database, path, head, digest):
        pass
    return head


async def everything(database: AsyncDatabase[Document]) -> dict[str, Any]:
    """All documents, rows, options and indexes."""
    found: dict[str, Any] = {}
    async for one in await database.list_collections():
        name = one["name"]
        if name == dump.LOADING or name.startswith("system."):
            continue
        indexes = []
        if one["type"] != "view":
            indexes = await (await database[name].list_indexes()).to_list()
        documents = await database[name].find().sort("_id", 1).to_list()
        found[name] = (one["type"], one["options"], indexes, documents)
    return found


async def test_all_comes_back_time_series_indexes_validators_and_views_too(
    full: AsyncDatabase[Document], tmp_path: Path
) -> None:
    path = await written(full, tmp_path / "dump")
    assert path.stat().st_mode & 0o777 == 0o600
    target = full.client.get_database("loaded")

    head, digest = dump.check(path)
    async for _ in dump.load(target, path, head, digest):
        break  # as if it was killed
    assert await dump.loading(target) == digest
    assert await everything(target) != await everything(full)

    head = await loaded(target, path)
    assert (head.database, head.about, head.is_of_one_moment) == ("dumped", {"of": "a test"}, True)
    assert await everything(target) == await everything(full)

    # Done again it changes nothing.
    await loaded(target, path)
    await dump.loaded(target)
    assert await everything(target) == await everything(full)
    assert await dump.holds_documents(target) == ["people", "rows"]
    await target[dump.LOADING].insert_one({"_id": "of another file"})
    await dump.clear(target, keep={"rows"})
    assert await dump.holds_documents(target) == ["rows"]
    assert await dump.loading(target) is None


async def test_what_is_written_meanwhile_is_not_of_the_moment(
    full: AsyncDatabase[Document], tmp_path: Path
) -> None:
    with dump.whole(tmp_path / "dump") as file:
        async for done in dump.dump(full, file, about={}):
            await full.rows.insert_one(
                {"observed_at": START, "meta": {"video_id": str(done.documents)}, "views": 1}
            )
    target = full.client.get_database("loaded")
    await loaded(target, tmp_path / "dump")
    assert await target.rows.count_documents({}) == 50


async def test_a_file_that_was_cut_off_or_changed_is_refused_before_anything_is_done(
    full: AsyncDatabase[Document], tmp_path: Path
) -> None:
    path = await written(full, tmp_path / "dump")
    content = path.read_bytes()
    middle = len(content) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    for bad, words in (
        (content[:-1], "cut off"),
        (content[:middle], "cut off"),
        (b"", "no backup"),
        (b"a text that is no backup, however long it goes on" * 9, "no backup"),
        (changed, "changed"),
    ):
        path.write_bytes(bad)
        with pytest.raises(DumpError, match=words):
            dump.check(path)


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def fail() -> None:
        with dump.whole(tmp_path / "dump") as file:
            file.write(b"something")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "dump").write_bytes(b"mine")
    with pytest.raises(DumpError, match="already"), dump.whole(tmp_path / "dump"):
        pass
    assert (tmp_path / "dump").read_bytes() == b"mine"
