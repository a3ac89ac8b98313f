"""The role on a real MongoDB that asks for names."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

import accounts.collections
import pipelines.collections
from analysis.role import READABLE, ROLE, add, address_for, analysts, is_open, refresh, remove
from analysis.views.all import VIEWS
from analysis.views.view import make
from cli.ports import free_port
from services import dump, mongodb
from services.children import spawn, stop
from services.errors import ServiceError
from services.mongodb import Document, find_mongod
from tests.pipelines.posts import START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from pymongo.synchronous.database import Database

OWNER = "owner:secret"
PASSWORD = "p@ss/word"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with access control, as its owner's."""
    folder, port = tmp_path_factory.mktemp("guarded"), free_port()
    server = spawn(
        [
            *(find_mongod(), "--auth", "--dbpath", folder, "--bind_ip", "127.0.0.1"),
            *("--port", str(port), "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"),
        ],
        death_signal=signal.SIGKILL,
        log=folder / "log",
    )
    with MongoClient[Document](f"mongodb://127.0.0.1:{port}/") as client:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(PyMongoError):
                client.admin.command("createUser", "root", pwd="root", roles=["root"])
                break
            time.sleep(0.05)
    with MongoClient[Document](f"mongodb://root:root@127.0.0.1:{port}/") as client:
        roles = [{"role": "dbOwner", "db": "tiktok"}]
        client.admin.command("createUser", "owner", pwd="secret", roles=roles)
    yield f"mongodb://{OWNER}@127.0.0.1:{port}/tiktok?authSource=admin&directConnection=true"
    stop(server, within_s=10)


@pytest.fixture
async def owned(guarded: str) -> AsyncIterator[AsyncDatabase[Document]]:
    """The service's database with a post and an account in it, and no analysts."""
    async with mongodb.connect(guarded) as client:
        database = mongodb.database(client, guarded)
        for one in await analysts(database):
            await remove(database, one.name)
        await accounts.collections.prepare(database)
        await pipelines.collections.prepare(database)
        await make(database, VIEWS)
        yield database


@contextlib.contextmanager
def reading(uri: str) -> Iterator[Database[Document]]:
    with MongoClient[Document](uri) as client:
        yield client.get_default_database()


async def test_an_analyst_reads_what_is_collected_and_the_views_and_nothing_else(
    owned: AsyncDatabase[Document], guarded: str
) -> None:
    await add(owned, "ada", PASSWORD)
    address = address_for(guarded, database="tiktok", name="ada", password=PASSWORD)
    with reading(address) as database:
        for name in READABLE:
            assert database[name].find_one() is None
        assert "v_videos_flat" in database.list_collection_names()
        assert database.video_statistics.index_information()
        for name in ("accounts", "keys", "audit", "webhook_secrets", "usage_days"):
            with pytest.raises(OperationFailure, match="not authorized"):
                database[name].find_one()
        for write in (
            lambda: database.videos.insert_one({}),
            lambda: database.videos.delete_many({}),
            lambda: database.videos.aggregate([{"$out": "mine"}]),
            lambda: database.videos.create_index("title"),
            lambda: database.drop_collection("videos"),
        ):
            with pytest.raises(OperationFailure, match="not authorized"):
                write()


async def test_the_role_follows_what_a_version_lets_analysts_read(
    owned: AsyncDatabase[Document], guarded: str
) -> None:
    await add(owned, "ada", PASSWORD)
    old = [{"resource": {"db": "tiktok", "collection": "accounts"}, "actions": ["find"]}]
    await owned.command("grantPrivilegesToRole", ROLE, privileges=old)
    await owned.command(
        "revokePrivilegesFromRole",
        ROLE,
        privileges=[{"resource": {"db": "tiktok", "collection": "music"}, "actions": ["find"]}],
    )
    await refresh(owned)
    with reading(
        address_for(guarded, database="tiktok", name="ada", password=PASSWORD)
    ) as database:
        assert database.music.find_one() is None
        with pytest.raises(OperationFailure, match="not authorized"):
            database.accounts.find_one()


async def test_an_analyst_who_is_there_gets_a_new_password_and_one_who_goes_none(
    owned: AsyncDatabase[Document], guarded: str
) -> None:
    await add(owned, "ada", "first")
    await add(owned, "ada", "second")
    assert [one.name for one in await analysts(owned)] == ["ada"]
    first, second = (
        address_for(guarded, database="tiktok", name="ada", password=password)
        for password in ("first", "second")
    )
    with reading(first) as database, pytest.raises(OperationFailure, match="Authentication"):
        database.videos.find_one()
    with reading(second) as database:
        assert database.videos.find_one() is None
        await remove(owned, "ada")
        with pytest.raises(OperationFailure):
            await asyncio.to_thread(database.videos.find_one)


async def test_a_user_with_other_rights_is_left_alone(owned: AsyncDatabase[Document]) -> None:
    with contextlib.suppress(OperationFailure):
        await owned.command("createUser", "writer", pwd="x", roles=["readWrite"])
    with pytest.raises(ServiceError, match="writer is a user with other rights"):
        await add(owned, "writer", "y")
    with pytest.raises(ServiceError, match="other rights"):
        await remove(owned, "writer")
    with pytest.raises(ServiceError, match="there is no analyst bob"):
        await remove(owned, "bob")
    with pytest.raises(ServiceError, match="cannot be a name"):
        await add(owned, "a b", "y")


async def test_it_is_known_whether_names_are_asked_for(
    guarded: str, database: AsyncDatabase[Document]
) -> None:
    assert await is_open(database)
    nobody = address_for(guarded, database="tiktok")
    async with mongodb.connect(nobody) as client:
        assert not await is_open(mongodb.database(client, nobody))


def test_an_address_keeps_all_but_who_it_is_of() -> None:
    own = "mongodb://tiktok:a%40b@m1:1,m2:2/?replicaSet=rs0&authSource=admin&w=majority"
    assert address_for(own, database="tiktok", name="ada", password="p@/") == (
        "mongodb://ada:p%40%2F@m1:1,m2:2/tiktok?replicaSet=rs0&w=majority&authSource=tiktok"
    )


async def test_the_service_may_back_itself_up_with_no_other_rights(
    owned: AsyncDatabase[Document], tmp_path: Path
) -> None:
    row = {"observed_at": START, "meta": {"video_id": "7"}, "views": 1}
    await owned.video_statistics.insert_one(row)
    with dump.whole(tmp_path / "dump") as file:
        async for _ in dump.dump(owned, file, about={}, is_of_one_moment=False):
            pass
    await dump.clear(owned)
    head, digest = dump.check(tmp_path / "dump")
    async for _ in dump.load(owned, tmp_path / "dump", head, digest):
        pass
    assert await owned.video_statistics.find_one({}) == row
    await dump.clear(owned)
