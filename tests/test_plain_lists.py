"""``scrapy crawl user`` and its like, as anybody runs a spider of Scrapy's."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.exceptions import CloseSpider
from scrapy.utils.test import get_crawler

from crawler.spiders.lists import HashtagSpider, UserSpider
from settings.env import Environment
from tests.chromium import in_chromium
from tests.site import Site
from tests.workers import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from scrapy import Request

    from services.mongodb import Document


@pytest.mark.drill
@in_chromium
async def test_a_list_is_crawled_by_its_spider_s_name_within_bounds(
    mongodb_uri: str, redis_url: str, database: AsyncDatabase[Document], tmp_path: Path
) -> None:
    out = tmp_path / "items.jsonl"
    async with Site() as site:
        variables = variables_for(site, mongodb_uri, redis_url)
        await scrapy_crawl(variables, "-a", "limit=25", "-o", str(out))
    state = await database.lists.find_one({"_id": "user:list_40"})
    assert state is not None
    told = [state[name] for name in ("collected", "reported_total", "complete", "stop_reason")]
    assert told == [25, 40, False, "limit"]
    assert await database.videos.count_documents({}) == 25
    assert await database.users.count_documents({"username": "list_40"}) == 1
    assert len([json.loads(line) for line in out.read_text().splitlines()]) >= 26


@pytest.mark.drill
@in_chromium
async def test_only_what_is_new_is_crawled_when_that_is_all_that_is_wanted(
    mongodb_uri: str, redis_url: str, database: AsyncDatabase[Document]
) -> None:
    async with Site() as site:
        variables = variables_for(site, mongodb_uri, redis_url)
        await scrapy_crawl(variables)
        newest = [
            one["_id"] async for one in database.videos.find().sort("created_at", -1).limit(3)
        ]
        await database.videos.delete_many({"_id": {"$in": newest}})
        await scrapy_crawl(variables, "-a", "only_new=true")

    state = await database.lists.find_one({"_id": "user:list_40"})
    assert state is not None
    assert (state["collected"], state["stop_reason"]) == (3, "limit")
    assert await database.videos.count_documents({}) == 40


def variables_for(site: Site, mongodb_uri: str, redis_url: str) -> dict[str, str]:
    return {
        "MONGODB_URI": mongodb_uri,
        "REDIS_URL": redis_url,
        "TIKTOK_URL": site.url,
        "SCRAPY_SETTINGS_MODULE": "tests.browser_settings",
    }


async def scrapy_crawl(variables: dict[str, str], *arguments: str) -> None:
    crawl = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scrapy", "crawl", "user", "-a", "target=@list_40", *arguments),
        cwd=PROJECT,
        env={**os.environ, **variables},
        stderr=asyncio.subprocess.PIPE,
    )
    _, log = await crawl.communicate()
    assert crawl.returncode == 0, log.decode()


async def first_request(spider: type[UserSpider | HashtagSpider], **arguments: str) -> Request:
    settings = {"TIKTOK_ENVIRONMENT": Environment(chromium_path=sys.executable)}
    made: Any = spider.from_crawler(get_crawler(spider, settings), **arguments)
    request: Request = await anext(made.start())
    request.meta["bounds"] = made.bounds
    return request


async def test_arguments_are_read_as_people_write_them() -> None:
    request = await first_request(
        HashtagSpider, target="#Bread", since="2026-03-01", until="2026-03-02T12:00Z", within_s="60"
    )
    bounds = request.meta["bounds"]
    assert request.url == "https://www.tiktok.com/tag/bread"
    assert (bounds.since, bounds.until, bounds.within_s) == (1772323200.0, 1772452800.0, 60)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "-a target=… the value is empty: expected a username such as @someone"),
        ({"target": "https://example.com"}, "-a target=… the link does not lead to TikTok"),
        ({"target": "@a", "limit": "0"}, "-a limit=0: expected a number from 1"),
        ({"target": "@a", "only_new": "yes"}, "-a only_new=yes: expected true or false"),
        ({"target": "@a", "since": "soon"}, "-a since=soon: expected a date such as 2026-03-01"),
    ],
)
async def test_arguments_that_make_no_sense_are_refused_in_words(
    arguments: dict[str, str], said: str
) -> None:
    with pytest.raises(CloseSpider) as refused:
        await first_request(UserSpider, **arguments)
    assert refused.value.reason.startswith(said)
