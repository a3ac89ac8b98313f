"""Real servers for the tests: one mongod and one Valkey for the whole run, empty for each test."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from services import mongodb, redis
from tests.s3 import an_s3

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from tests.s3 import S3

# The servers sync every write: in memory a run does not wait for the disk, however slow it is.
_MEMORY = Path("/dev/shm")
_NEEDED = 4 << 30
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _NEEDED:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

# The same examples on every run: a change fails for what it did, not by chance. Others are tried
# with --hypothesis-profile=default.
settings.register_profile("steady", derandomize=True, database=None)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def mongodb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = mongodb.EmbeddedMongo(tmp_path_factory.mktemp("mongodb"), cache_gb=0.25)
    server.start()
    yield server.uri
    server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = redis.EmbeddedValkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with an_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
async def mongodb_uri(mongodb_server: str) -> AsyncIterator[str]:
    client = mongodb.connect(mongodb_server)
    # Whoever was killed in a transaction still holds locks.
    await client.admin.command("killAllSessions", [])
    await _empty(mongodb.database(client, mongodb_server))
    yield mongodb_server
    await client.close()


async def _empty(database: AsyncDatabase[Document]) -> None:
    """Take all documents away and leave collections and indexes, which are slow to make."""
    names = await database.list_collection_names(filter={"type": {"$ne": "view"}})
    theirs = [name for name in names if not name.startswith("system.")]
    if not theirs:
        return

    def first(name: str) -> list[Document]:
        return [{"$limit": 1}, {"$project": {"_id": {"$literal": name}}}]

    others = [{"$unionWith": {"coll": name, "pipeline": first(name)}} for name in theirs[1:]]
    full = await database[theirs[0]].aggregate([*first(theirs[0]), *others])
    await asyncio.gather(*[database[one["_id"]].delete_many({}) async for one in full])


@pytest.fixture
async def database(mongodb_uri: str) -> AsyncIterator[AsyncDatabase[Document]]:
    client = mongodb.connect(mongodb_uri)
    yield mongodb.database(client, mongodb_uri)
    await client.close()


@pytest.fixture
async def redis_url(redis_server: str) -> AsyncIterator[str]:
    client = redis.connect(redis_server)
    await client.flushall()
    yield redis_server
    await client.aclose()


@pytest.fixture
async def redis_client(redis_url: str) -> AsyncIterator[Redis]:
    client = redis.connect(redis_url)
    yield client
    await client.aclose()
