from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import pipelines.collections
from analysis.rollups.collections import HASHTAG_DAILY
from services import mongodb
from tests.analysis.rollups.rows import add_post, add_rows, row

if TYPE_CHECKING:
    from tests.cli.conftest import Command, JsonCommand


@pytest.mark.usefixtures("on_servers")
def test_days_are_rolled_up_and_made_anew(
    command: Command, json_command: JsonCommand, mongodb_server: str
) -> None:
    async def store() -> None:
        async with mongodb.connect(mongodb_server) as client:
            database = mongodb.database(client, mongodb_server)
            await pipelines.collections.prepare(database)
            await add_post(database, "1", made=0, hashtags=("bread",))
            await add_rows(database, row("1", 0.5, 10), row("1", 2, 30))

    async def spoil() -> None:
        async with mongodb.connect(mongodb_server) as client:
            rows = mongodb.database(client, mongodb_server)[HASHTAG_DAILY]
            assert await rows.count_documents({}) == 2
            await rows.delete_many({})

    asyncio.run(store())
    assert json_command("rollup") == {"video_statistics": 1, "user_statistics": 0, "days": 2}
    asyncio.run(spoil())
    said = command("rollup", "--since", "2026-03-02").output
    assert said.strip() == "rolled up 1 posts and 0 users, and the sums of 1 days"
    assert json_command("rollup", "--anew")["days"] == 2
    assert command("rollup", "--since", "March").exit_code == 2
