from __future__ import annotations

import asyncio
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from tests.site import Site
from tests.site.lists.plans import Plan, plan_of

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
REPLIES = "/api/comment/list/reply/"
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


@pytest.mark.parametrize(
    ("path", "scope", "query"),
    [
        ("/tag/list_70", "challenge", "challengeID"),
        ("/music/slug-6850000800000703000", "music", "musicID"),
    ],
)
async def test_hashtags_and_sounds_page_by_offset(
    client: aiohttp.ClientSession, path: str, scope: str, query: str
) -> None:
    info = (await scopes_of(client, path))[f"webapp.{scope}-detail"][f"{scope}Info"]
    assert info["stats"]["videoCount"] == 70
    endpoint = f"/api/{scope}/item_list/"
    pages = await walk(client, endpoint, **{query: info[scope]["id"]})
    assert [page["cursor"] for page in pages] == ["30", "60", "70"]
    items = [item for page in pages for item in page["itemList"]]
    assert len({item["id"] for item in items}) == 70
    if scope == "music":
        assert {item["music"]["id"] for item in items} == {info["music"]["id"]}
    else:
        assert all("#list_70" in item["desc"] for item in items)


async def test_a_listed_post_says_the_same_on_its_own_page(client: aiohttp.ClientSession) -> None:
    sec_uid = await sec_uid_of(client, "list_3")
    listed = (await fetch(client, "/api/post/item_list/", secUid=sec_uid))["itemList"][1]
    scopes = await scopes_of(client, f"/@_/video/{listed['id']}")
    own = scopes["webapp.video-detail"]["itemInfo"]["itemStruct"]
    assert (own["author"]["uniqueId"], own["desc"]) == ("list_3", listed["desc"])
    assert (own["createTime"], own["stats"]["collectCount"]) == (
        str(listed["createTime"]),
        str(listed["stats"]["collectCount"]),
    )
    assert isinstance(listed["createTime"], int)
    assert isinstance(listed["stats"]["collectCount"], int)


async def test_pinned_posts_stand_first_and_once(client: aiohttp.ClientSession) -> None:
    sec_uid = await sec_uid_of(client, "list_80__pinned_2")
    pages = await walk(client, "/api/post/item_list/", secUid=sec_uid)
    items = [item for page in pages for item in page["itemList"]]
    assert [item.get("isPinnedItem", False) for item in items[:3]] == [True, True, False]
    times = [item["createTime"] for item in items]
    assert max(times[:2]) < min(times[2:])
    assert len({item["id"] for item in items}) == len(items) == 80


async def test_comments_and_replies_have_the_envelope_of_comments(
    site: Site, client: aiohttp.ClientSession
) -> None:
    pages = await walk(client, "/api/comment/list/", aweme_id=POST)
    assert [(page["cursor"], page["has_more"]) for page in pages] == [(20, 1), (40, 1), (45, 0)]
    comments = [comment for page in pages for comment in page["comments"]]
    assert [comment["cid"] for comment in comments] == list(site.lists.ids(POST))
    parents = [comment for comment in comments if comment["reply_comment_total"]]
    assert pages[0]["total"] == 45 + sum(one["reply_comment_total"] for one in parents)
    parent = parents[0]
    of_parent = {"comment_id": parent["cid"], "count": 3}
    first = await fetch(client, REPLIES, item_id=POST, **of_parent)
    assert {reply["reply_id"] for reply in first["comments"]} == {parent["cid"]}
    assert first["total"] == parent["reply_comment_total"]
    astray = await fetch(client, REPLIES, item_id=parent["user"]["uid"], **of_parent)
    assert astray["comments"] is None


async def test_a_post_without_comments_has_null_for_them(client: aiohttp.ClientSession) -> None:
    answer = await fetch(client, "/api/comment/list/", aweme_id="6850000800000003000")
    assert (answer["comments"], answer["has_more"], answer["total"]) == (None, 0, 0)


async def test_a_search_finds_things_of_several_types(client: aiohttp.ClientSession) -> None:
    pages = await walk(client, "/api/search/general/full/", keyword="list_30")
    rows = [row for page in pages for row in page["data"]]
    assert [row["type"] for row in rows[:6]] == [1, 1, 4, 1, 1, 61]
    assert len({row["item"]["id"] for row in rows if row["type"] == 1}) == 30
    assert "statsV2" not in rows[0]["item"]
    users = await walk(client, "/api/search/user/full/", keyword="list_30")
    names = [row["user_info"]["unique_id"] for page in users for row in page["user_list"]]
    assert len(set(names)) == 30
    assert users[0]["rid"]


@pytest.mark.parametrize(
    "query",
    [
        {"secUid": ""},
        {"secUid": "@list_9", "count": 36},
        {"secUid": "@list_9", "cursor": "soon"},
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    client: aiohttp.ClientSession, query: Json
) -> None:
    assert (await fetch(client, "/api/post/item_list/", **query))["statusCode"] == 10201


async def answer_at(
    client: aiohttp.ClientSession, behaviour: str, place: int = 60, **query: object
) -> tuple[int, str]:
    """The answer to a request for the third page of a hashtag that has four."""
    name = f"list_120__{behaviour}"
    scopes = await scopes_of(client, f"/tag/{name}")
    tag = scopes["webapp.challenge-detail"]["challengeInfo"]["challenge"]["id"]
    params = {"challengeID": tag, "cursor": str(place), **query}
    async with client.get("/api/challenge/item_list/", params=params) as response:
        return response.status, await response.text()


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("usual", ("90", True, 60, 30)),
        ("repeats", ("60", True, 30, 30)),
        ("empty_pages", ("60", True, None, 0)),
        ("false_end", ("90", False, 60, 30)),
        ("absent_list", ("60", False, None, None)),
        ("absent_list_more", ("60", True, None, None)),
        ("overlaps", ("90", True, 45, 45)),
        ("captcha_leave", ("90", True, 60, 30)),
    ],
)
async def test_a_list_lies_about_the_rest(
    site: Site,
    client: aiohttp.ClientSession,
    behaviour: str,
    expected: tuple[str, bool, int | None, int | None],
) -> None:
    ids = site.lists.ids(f"#list_120__{behaviour}")
    _, body = await answer_at(client, behaviour)
    answer = json.loads(body)
    items = answer.get("itemList")
    first = ids.index(items[0]["id"]) if items else None
    length = None if items is None else len(items)
    assert (answer["cursor"], answer["hasMore"], first, length) == expected
    _, before = await answer_at(client, behaviour, 30)
    assert json.loads(before)["cursor"] == "60"


@pytest.mark.parametrize(
    ("behaviour", "status", "marker"),
    [
        ("no_bytes", 200, r""),
        ("html_instead", 200, r"<html>.*captcha_container.*"),
        ("verify", 200, r'.*"type": "verify".*'),
        ("captcha_overlay", 200, r'.*"type": "verify".*'),
        ("login_status", 200, r'.*"statusCode": 10101.*'),
        ("bad_parameter", 200, r'.*"status_code": 10201.*'),
        ("refuses_403", 403, r".*403.*"),
        ("refuses_429", 429, r".*429.*"),
        ("refuses_500", 500, r".*500.*"),
    ],
)
async def test_a_wall_stands_in_mid_list(
    client: aiohttp.ClientSession, behaviour: str, status: int, marker: str
) -> None:
    found = await answer_at(client, behaviour)
    assert found[0] == status
    assert re.fullmatch(marker, found[1], re.DOTALL)


async def test_an_answer_may_be_cut_stall_or_end(client: aiohttp.ClientSession) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads((await answer_at(client, "cut_json"))[1])
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await answer_at(client, "hangs_up")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(answer_at(client, "stalls"), 0.3)


async def test_no_bytes_come_once_for_each_opened_page(client: aiohttp.ClientSession) -> None:
    for opened in ("1", "2"):
        assert (await answer_at(client, "no_bytes_once", device_id=opened))[1] == ""
        _, second = await answer_at(client, "no_bytes_once", device_id=opened)
        assert len(json.loads(second)["itemList"]) == 30


async def test_a_number_says_what_a_name_says(client: aiohttp.ClientSession) -> None:
    music = "6850000801001202201"
    plan = plan_of(f"music:{music}")
    assert plan == Plan(length=120, behaviour="repeats", at=2, inner=True)
    assert plan == plan_of("@list_120__inner__repeats__at_2")
    async with client.get("/@_/video/6850000102001200000") as response:
        assert "captcha_container" in await response.text()


async def test_a_name_with_an_unknown_word_is_refused(client: aiohttp.ClientSession) -> None:
    async with client.get("/@list_9__dances") as response:
        assert response.status == 400
        assert "dances" in await response.text()


async def test_a_list_is_ordered_over_http_and_cancelled(client: aiohttp.ClientSession) -> None:
    order = {"id": "@someone", "length": 50, "total": 900, "behaviour": "absent_list", "at": 2}
    async with client.post("/_site/list", json=order) as response:
        assert response.status == 200
    scopes = await scopes_of(client, "/@someone")
    assert scopes["webapp.user-detail"]["userInfo"]["statsV2"]["videoCount"] == "900"
    sec_uid = await sec_uid_of(client, "someone")
    pages = await walk(client, "/api/post/item_list/", secUid=sec_uid)
    assert ["itemList" in page for page in pages] == [True, False]
    async with client.delete("/_site/behaviour") as response:
        assert response.status == 200
    async with client.post("/_site/list", json=order | {"behaviour": "dances"}) as response:
        assert response.status == 400
    async with client.post("/_site/list", json={"id": "@someone", "size": 1}) as response:
        assert response.status == 400


async def test_orders_and_the_log_hold_for_lists_too(
    site: Site, client: aiohttp.ClientSession
) -> None:
    sec_uid = await sec_uid_of(client, "list_9")
    site.behave("list:@list_9", "http_503", times=1)
    statuses = []
    for _ in range(2):
        async with client.get("/api/post/item_list/", params={"secUid": sec_uid}) as response:
            statuses.append(response.status)
    assert statuses == [503, 200]
    assert (site.requests.keys["@list_9"], site.requests.keys["list:@list_9"]) == (1, 2)


async def test_the_page_may_carry_the_first_items(client: aiohttp.ClientSession) -> None:
    user = await scopes_of(client, "/@list_80__inline")
    assert len(user["webapp.user-post"]["itemList"]) == 12
    hashtag = await scopes_of(client, "/tag/list_80__inline")
    assert len(hashtag["webapp.challenge-detail"]["itemList"]) == 12
    assert "webapp.user-post" not in await scopes_of(client, "/@list_80")


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/api/user/detail/?uniqueId=list_9", ("userInfo", "user", "uniqueId")),
        ("/api/challenge/detail/?challengeName=list_9", ("challengeInfo", "challenge", "title")),
        ("/api/music/detail/?musicId=6850000800000093000", ("musicInfo", "music", "id")),
        (f"/api/item/detail/?itemId={POST}", ("itemInfo", "itemStruct", "id")),
    ],
)
async def test_headers_are_fetched_too(
    client: aiohttp.ClientSession, path: str, keys: tuple[str, ...]
) -> None:
    data: Any = await fetch(client, path)
    for key in keys:
        data = data[key]
    assert path.endswith(f"={data}")


async def test_a_challenge_is_not_passed_by_asking_again(client: aiohttp.ClientSession) -> None:
    for _ in range(2):
        async with client.get("/@list_9__waf_passes") as response:
            assert "Please wait..." in await response.text()


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
