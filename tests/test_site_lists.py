from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page, Response

Json = dict[str, Any]

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
POST = "6850000800000453000"
in_browser = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH"),
]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as site:
        yield site


@pytest.fixture
async def client(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(site.url) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def scopes_of(client: aiohttp.ClientSession, path: str) -> Json:
    async with client.get(path) as response:
        page = await response.text()
    found = re.search(r'__UNIVERSAL_DATA_FOR_REHYDRATION__"[^>]*>(.*?)</script>', page)
    assert found
    scopes: Json = json.loads(found[1])["__DEFAULT_SCOPE__"]
    return scopes


async def fetch(client: aiohttp.ClientSession, path: str, **query: object) -> Json:
    async with client.get(path, params={k: str(v) for k, v in query.items()}) as response:
        assert response.status == 200
        data: Json = await response.json()
    return data


async def sec_uid_of(client: aiohttp.ClientSession, username: str) -> str:
    scopes = await scopes_of(client, f"/@{username}")
    return str(scopes["webapp.user-detail"]["userInfo"]["user"]["secUid"])


async def walk(client: aiohttp.ClientSession, path: str, **query: object) -> list[Json]:
    """Every page of a list until it says that there is no more."""
    pages = [await fetch(client, path, **query)]
    while pages[-1].get("hasMore", pages[-1].get("has_more")):
        assert len(pages) < 20, "the list does not end"
        pages.append(await fetch(client, path, **query, cursor=pages[-1]["cursor"]))
    return pages


async def test_a_user_has_as_many_posts_as_the_name_says(
    site: Site, client: aiohttp.ClientSession
) -> None:
    sec_uid = await sec_uid_of(client, "list_80")
    pages = await walk(client, "/api/post/item_list/", secUid=sec_uid, count=35)
    items = [item for page in pages for item in page["itemList"]]
    assert [item["id"] for item in items] == list(site.lists.ids("@list_80"))
    assert len({item["id"] for item in items}) == 80
    assert {item["author"]["uniqueId"] for item in items} == {"list_80"}
    assert pages[0]["cursor"] == str(items[34]["createTime"] * 1000)
    assert all(int(item["id"]) >> 32 == item["createTime"] for item in items)


class Seen:
    """What a page fetches of one endpoint."""

    def __init__(self, page: Page, path: str, query: str = "") -> None:
        self.page = page
        self.ids: list[str] = []
        self.answers = 0
        self._path = path
        self._query = query
        page.on("response", self._note)

    async def _note(self, response: Response) -> None:
        if self._path in response.url and self._query in response.url:
            data = await response.json()
            rows = data.get("itemList") or data.get("comments") or []
            self.ids += [row.get("id") or row["cid"] for row in rows]
            self.answers += 1

    async def scroll_until(self, count: int) -> None:
        for _ in range(100):
            if len(self.ids) >= count:
                return
            await self.page.mouse.move(700, 300)
            await self.page.mouse.wheel(0, 4000)
            await self.page.wait_for_timeout(50)
        raise AssertionError(f"{len(self.ids)} of {count} items came")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lists(browser: Browser) -> AsyncIterator[Site]:
    async with Site() as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context()
    yield await context.new_page()
    await context.close()


class TestInChromium:
    pytestmark = in_browser

    @pytest.mark.parametrize(
        ("path", "endpoint", "key"),
        [
            ("/@list_80", "/api/post/item_list/", "@list_80"),
            ("/tag/list_70__inner", "/api/challenge/item_list/", "#list_70__inner"),
        ],
    )
    async def test_a_list_comes_as_it_is_scrolled(
        self, lists: Site, page: Page, path: str, endpoint: str, key: str
    ) -> None:
        seen = Seen(page, endpoint)
        await page.goto(lists.url + path)
        expected = lists.lists.ids(key)
        await seen.scroll_until(len(expected))
        assert seen.ids == list(expected)

    async def test_comments_come_after_a_click_and_replies_after_another(
        self, lists: Site, page: Page
    ) -> None:
        seen = Seen(page, "/api/comment/list/?")
        replies = Seen(page, "/api/comment/list/reply/")
        await page.goto(f"{lists.url}/@_/video/{POST}")
        await page.wait_for_timeout(100)
        assert seen.answers == 0
        await page.click('[data-e2e="comment-icon"]')
        await seen.scroll_until(45)
        assert seen.ids == list(lists.lists.ids(POST))
        await page.get_by_text("View ").first.click()
        await replies.scroll_until(1)
