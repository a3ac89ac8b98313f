from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientError

from api.delivered import AT_ONCE
from crawler.items import Kind
from crawler.jobs.collections import CRAWL_ITEMS
from crawler.jobs.crawl import item_id
from pipelines.documents.mongo import to_mongo
from settings.plans import PlanName
from tests.api.conftest import a_video
from tests.api.crawling import CRAWLS, a_stage, error, make, posts
from tests.crawler.jobs.conducting import FIRST, Stage

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from tests.api.conftest import Api, Callers


@pytest.fixture
async def stage(database: AsyncDatabase[Document], redis_client: Redis) -> Stage:
    return await a_stage(database, redis_client)


async def delivered(api: Api, key: str, stage: Stage, count: int) -> str:
    """A crawl that delivered that many posts, all of them stored."""
    videos = [to_mongo(a_video(str(FIRST + number))) for number in range(count)]
    await stage.database.videos.insert_many(videos)
    crawl = str((await make(api, key, posts(count))).body["id"])
    await stage.run(await stage.crawls.get(crawl))
    return crawl


async def read(api: Api, key: str, crawl: str, query: str = "") -> str:
    url = f"{api.url}{CRAWLS}/{crawl}/items{query}"
    async with api.session.get(url, headers={"X-API-Key": key}) as answer:
        assert answer.status == 200
        assert answer.headers["X-Request-ID"].startswith("req_")
        assert "X-RateLimit-Remaining" in answer.headers
        return await answer.text()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


async def test_items_are_read_a_page_at_a_time(api: Api, callers: Callers, stage: Stage) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = await delivered(api, key, stage, 5)
    await stage.database.videos.delete_one({"_id": str(FIRST + 4)})

    path = f"{CRAWLS}/{crawl}/items"
    first = (await api.call("GET", f"{path}?limit=3", key=key)).body
    rest = (await api.call("GET", f"{path}?limit=3&cursor={first['next_cursor']}", key=key)).body

    items = [*first["items"], *rest["items"]]
    assert [one["sequence"] for one in items] == [1, 2, 3, 4, 5]
    assert rest["next_cursor"] is None
    by_target = {one["target"]: one for one in items}
    assert by_target[1]["item"]["video_id"] == str(FIRST)
    assert by_target[1]["item"]["country"] == "SE"
    assert by_target[5]["item"] is None
    assert {one["kind"] for one in items} == {"video"}
    wrong = await api.call("GET", f"{path}?cursor=nonsense", key=key)
    assert error(wrong) == (400, "Invalid parameter")


async def test_the_country_is_for_plans_that_have_it(
    api: Api, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.BASIC)
    crawl = await delivered(api, key, stage, 1)

    page = await api.call("GET", f"{CRAWLS}/{crawl}/items", key=key)

    assert page.body["items"][0]["item"]["country"] is None


async def test_a_running_crawl_has_a_cursor_at_the_end_of_what_is_there(
    api: Api, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = (await make(api, key, posts(2))).body["id"]
    path = f"{CRAWLS}/{crawl}/items"

    empty = (await api.call("GET", path, key=key)).body
    await stage.run(await stage.crawls.get(crawl))
    later = (await api.call("GET", f"{path}?cursor={empty['next_cursor']}", key=key)).body

    assert empty["items"] == []
    assert [one["sequence"] for one in later["items"]] == [1, 2]
    assert later["next_cursor"] is None


async def test_files_have_all_items(api: Api, callers: Callers, stage: Stage) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = await delivered(api, key, stage, 230)

    lines = [
        json.loads(line) for line in (await read(api, key, crawl, "?format=jsonl")).splitlines()
    ]
    table = rows(await read(api, key, crawl, "?format=csv"))

    expected = sorted(str(FIRST + number) for number in range(230))
    assert [one["sequence"] for one in lines] == list(range(1, 231))
    assert sorted(one["item"]["video_id"] for one in lines) == expected
    assert sorted(one["video_id"] for one in table) == expected
    assert table[0]["author_username"] == "someone"
    assert table[0]["description"] == 'Morning "run" ☀ #fyp'


async def test_a_table_has_the_columns_of_its_kinds_and_no_formulas(
    api: Api, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = await delivered(api, key, stage, 1)
    at = (await stage.database[CRAWL_ITEMS].find_one())["delivered_at"]  # type: ignore[index]
    item: dict[str, Any] = {"kind": "comment", "item": "7", "target": 1, "targets": [1]}
    await stage.database[CRAWL_ITEMS].insert_one(
        {"_id": item_id(crawl, Kind.COMMENT, "7"), "crawl": crawl, "sequence": 2, **item}
        | {"delivered_at": at}
    )
    comment = {"_id": "7", "video_id": "1", "text": "=1+1", "observed_at": at}
    await stage.database.comments.insert_one(comment)

    post, said = rows(await read(api, key, crawl, "?format=csv"))

    assert (said["kind"], said["comment_id"], said["text"]) == ("comment", "7", "'=1+1")
    assert (post["comment_id"], post["text"], said["title"]) == ("", "", "")
    assert post["description"]


async def test_a_file_of_nothing_is_a_header(api: Api, key: str, stage: Stage) -> None:
    crawl = (await make(api, key, posts(1))).body["id"]

    assert await read(api, key, crawl, "?format=jsonl") == ""
    assert await read(api, key, crawl, "?format=csv") == "sequence,kind,target,delivered_at\r\n"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_a_file_that_breaks_off_does_not_end_as_a_whole_one(
    form: str, api: Api, callers: Callers, stage: Stage
) -> None:
    _, key = await callers.make(PlanName.PRO)
    crawl = await delivered(api, key, stage, 3 * AT_ONCE)
    last = await stage.database[CRAWL_ITEMS].find_one({"sequence": 3 * AT_ONCE})
    assert last is not None
    unreadable = {"$unset": {"type": 1, "author": 1, "url": 1}}
    await stage.database.videos.update_one(
        {"_id": last["item"]}, unreadable, bypass_document_validation=True
    )

    url = f"{api.url}{CRAWLS}/{crawl}/items?format={form}"
    async with api.session.get(url, headers={"X-API-Key": key}) as answer:
        assert answer.status == 200
        with pytest.raises(ClientError):
            await answer.read()

    assert (await api.call("GET", f"{CRAWLS}/{crawl}", key=key)).status == 200


async def test_files_are_refused_as_pages_are(api: Api, callers: Callers, stage: Stage) -> None:
    _, key = await callers.make(PlanName.PRO)
    _, stranger = await callers.make(PlanName.PRO)
    crawl = await delivered(api, key, stage, 1)
    path = f"{CRAWLS}/{crawl}/items?format="

    assert error(await api.call("GET", f"{path}csv", key=stranger)) == (404, "Crawl not found")
    for query in ("xml", "csv&cursor=nonsense", "jsonl&cursor=nonsense", "json&limit=1001"):
        wrong = await api.call("GET", path + query, key=key)
        assert error(wrong) == (400, "Invalid parameter")
