from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from analysis.rollups.rolling import Step
from analysis.sample.plan import Plan
from analysis.sample.seeding import Seeding
from services.errors import ServiceError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

PLAN = Plan(until=datetime(2026, 7, 1, tzinfo=UTC), videos=120, days=20)


async def test_everything_is_written_and_held_to_the_validators(
    database: AsyncDatabase[Document],
) -> None:
    seeding, told = Seeding(database, PLAN), list[Step]()
    await seeding.check(among=False)
    written = await seeding.write(told.append)

    assert told[0] == Step(what="videos", done=120, of=120)
    assert [step.what for step in told[-1:]] == ["user_statistics"]
    assert await database.video_daily.count_documents({}) > 500
    assert written["videos"] == 120
    assert written["video_statistics"] > 600
    for name, count in written.items():
        assert await database[name].count_documents({}) == count, name
    assert set(written) == {
        *("videos", "users", "hashtags", "music", "comments"),
        *("video_statistics", "user_statistics"),
    }
    bears = {tag.lower() for tag in await database.videos.distinct("hashtags") if tag}
    assert bears == set(await database.hashtags.distinct("_id"))
    sounds = set(await database.videos.distinct("music.id")) - {None}
    assert sounds <= set(await database.music.distinct("_id"))

    with pytest.raises(ServiceError, match=r"is in the database .* already: take another --seed"):
        await Seeding(database, PLAN).check(among=True)


async def test_a_database_with_other_data_is_left_alone_unless_told(
    database: AsyncDatabase[Document],
) -> None:
    await database.hashtags.insert_one(
        {"_id": "bread", "observed_at": datetime(2026, 3, 1, tzinfo=UTC)}
    )
    seeding = Seeding(database, PLAN)
    with pytest.raises(ServiceError, match=r"holds hashtags already.*or say --among"):
        await seeding.check(among=False)
    await seeding.check(among=True)
