from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.webhooks.collections import SECRETS
from crawler.jobs.webhooks.secrets import RotationError, Secrets, SecretUnreadableError
from tests.crawler.jobs.webhooks.conftest import SECRET_KEY

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document


async def test_an_owner_has_one_secret_however_many_ask(database: AsyncDatabase[Document]) -> None:
    secrets = Secrets(database, SECRET_KEY)
    found = await asyncio.gather(*(secrets.get("acc_1") for _ in range(10)))

    assert len({one.current for one in found}) == 1
    assert found[0].current.startswith("whsec_")
    assert len(base64.b64decode(found[0].current.removeprefix("whsec_"))) == 32
    assert (await secrets.get("acc_2")).current != found[0].current
    assert (await secrets.get(None)).current != found[0].current


async def test_the_secret_lies_sealed(database: AsyncDatabase[Document]) -> None:
    secret = await Secrets(database, SECRET_KEY).get("acc_1")
    (stored,) = await database[SECRETS].find().to_list()

    raw = base64.b64decode(secret.current.removeprefix("whsec_"))
    assert raw not in stored["sealed"]
    assert secret.current not in repr(stored)
    assert secret.current not in repr(secret)


async def test_both_secrets_sign_while_they_are_changed(database: AsyncDatabase[Document]) -> None:
    secrets = Secrets(database, SECRET_KEY)
    first = await secrets.get("acc_1")
    second = await secrets.rotate("acc_1", overlap_s=60)

    assert second.all == [second.current, first.current]
    assert await secrets.get("acc_1") == second
    with pytest.raises(RotationError, match="overlap_s"):
        await secrets.rotate("acc_1", overlap_s=60)
    third = await secrets.rotate("acc_1", overlap_s=0)
    assert third.all == [third.current]
    assert third.current not in second.all


async def test_the_secret_before_ends_with_the_overlap(database: AsyncDatabase[Document]) -> None:
    secrets = Secrets(database, SECRET_KEY)
    second = await secrets.rotate("acc_1", overlap_s=60)
    over = {"$set": {"previous_until": datetime(2020, 1, 1, tzinfo=UTC)}}
    await database[SECRETS].update_one({"_id": "acc_1"}, over)

    assert (await secrets.get("acc_1")).all == [second.current]
    assert (await secrets.rotate("acc_1")).previous == second.current


async def test_of_two_rotations_at_once_one_is_refused(database: AsyncDatabase[Document]) -> None:
    secrets = Secrets(database, SECRET_KEY)
    first = await secrets.get("acc_1")
    ends = await asyncio.gather(
        *(secrets.rotate("acc_1") for _ in range(2)), return_exceptions=True
    )

    assert sorted(type(end).__name__ for end in ends) == ["RotationError", "Secret"]
    assert (await secrets.get("acc_1")).previous == first.current


async def test_with_another_secret_key_it_is_rotated(database: AsyncDatabase[Document]) -> None:
    await Secrets(database, SECRET_KEY).get("acc_1")
    secrets = Secrets(database, b"another")

    with pytest.raises(SecretUnreadableError, match="rotate"):
        await secrets.get("acc_1")
    new = await secrets.rotate("acc_1")
    assert new.all == [new.current]
