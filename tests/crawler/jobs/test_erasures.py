from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.erasures.collections import prepare
from crawler.jobs.erasures.erasures import Erasures
from crawler.links import Target, TargetType
from services.errors import ServiceError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

ID, NAME, VIDEO = "6801000000000000101", "ada.bakes", "7300000000000000001"


def no_key() -> bytes:
    raise AssertionError("nobody was erased, so there is no need of a key")


def a_key() -> bytes:
    return b"a key"


async def test_who_was_erased_is_refused_by_id_and_name_and_post(
    database: AsyncDatabase[Document],
) -> None:
    await prepare(database)
    before = Erasures(database, no_key)
    await before.refresh()
    assert not before
    assert not before.refuses(Target(type=TargetType.USER, value=NAME))

    erasures = Erasures(database, a_key, pause_s=0.01)
    async with erasures.hearing():
        writer = Erasures(database, a_key)
        assert await writer.add(user_ids=[ID], usernames=["@Ada.Bakes"], video_ids=[VIDEO]) == 4
        assert await writer.add(user_ids=[ID], usernames=[NAME]) == 0
        async with asyncio.timeout(5):
            while not erasures:
                await asyncio.sleep(0.01)

    assert erasures.has_user(ID, None)
    assert erasures.has_user("1", "ADA.bakes")
    assert not erasures.has_user("1", "ada")
    assert not erasures.has_user(None, None)
    assert not erasures.has_user(VIDEO, ID)
    refused = {
        (kind, value, name)
        for kind, value, name in (
            (TargetType.USER, NAME, None),
            (TargetType.USER_HEADER, "Ada.Bakes", None),
            (TargetType.VIDEO, VIDEO, None),
            (TargetType.COMMENTS, VIDEO, None),
            (TargetType.VIDEO, "1", NAME),
            (TargetType.USER, "", None),
            (TargetType.VIDEO, "1", "another"),
            (TargetType.HASHTAG, NAME, None),
            (TargetType.MUSIC, VIDEO, None),
        )
        if erasures.refuses(Target(type=kind, value=value, username=name))
    }
    assert len(refused) == 6
    assert all(kind not in {TargetType.HASHTAG, TargetType.MUSIC} for kind, _, _ in refused)

    kept = str(await database.erasures.find().to_list())
    assert not any(word in kept for word in (ID, NAME, VIDEO))


async def test_another_key_is_noticed(database: AsyncDatabase[Document]) -> None:
    await Erasures(database, a_key).add(usernames=[NAME])
    other = Erasures(database, lambda: b"another key")
    with pytest.raises(ServiceError, match="ERASURE_KEY"):
        await other.add(usernames=["somebody"])
    with pytest.raises(ServiceError, match="ERASURE_KEY"):
        async with other.hearing():
            pass
