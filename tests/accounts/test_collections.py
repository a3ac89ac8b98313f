from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pymongo.errors import DuplicateKeyError, WriteError

from accounts.collections import prepare

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document
    from tests.accounts.conftest import Desk


async def test_several_processes_prepare_at_once(database: AsyncDatabase[Document]) -> None:
    await asyncio.gather(*(prepare(database) for _ in range(4)))
    await prepare(database)

    indexes = {
        name: set(await database[name].index_information())
        for name in ("keys", "accounts", "audit")
    }

    assert indexes == {
        "keys": {"_id_", "digest", "of_account"},
        "accounts": {"_id_", "email", "newest"},
        "audit": {"_id_", "of_account", "newest", "untold"},
    }


async def test_a_collection_of_an_older_version_gets_todays_validator(
    database: AsyncDatabase[Document],
) -> None:
    await database.drop_collection("accounts")
    await database.create_collection("accounts")

    await prepare(database)

    with pytest.raises(WriteError, match=r"failed validation"):
        await database.accounts.insert_one({"_id": "acc_y", "plan": "gold"})


async def test_every_stored_field_is_described(database: AsyncDatabase[Document]) -> None:
    await prepare(database)

    for name in ("accounts", "keys", "audit", "usage_days", "usage_news", "usage_videos"):
        options = await database[name].options()
        schema = options["validator"]["$jsonSchema"]
        assert all(field["description"].endswith(".") for field in schema["properties"].values())


async def test_two_keys_never_share_a_digest(desk: Desk) -> None:
    account, _ = await desk.caller()
    stored = await desk.database.keys.find_one({"account_id": account.id})
    assert stored is not None

    with pytest.raises(DuplicateKeyError):
        await desk.database.keys.insert_one({**stored, "_id": "key_another"})
