from __future__ import annotations

import asyncio
import json
import os
import re
import select
import signal
import subprocess
import sys
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.site import Site, post
from tests.site.behaviours import BEHAVIOURS, behaviour_of
from tests.site.lists.behaviours import LIST_BEHAVIOURS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

Json = dict[str, Any]

ID = "7106594312292453675"
OTHER_ID = "7300000000000000001"
PHOTO_ID = "7300000000000000099"
PAGE = f"/@_/video/{ID}"
PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"}
UNIVERSAL = "__UNIVERSAL_DATA_FOR_REHYDRATION__"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as site:
        yield site


@pytest.fixture
async def client(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(site.url, cookie_jar=jar) as client:
        yield client


async def read(client: aiohttp.ClientSession, path: str, **options: Any) -> str:
    async with client.get(path, **options) as response:
        assert response.status == 200
        return await response.text()


def data_in(page: str, element: str = UNIVERSAL) -> Json:
    found = re.search(rf'<script[^>]* ?id=["\']{element}["\'][^>]*>(.*?)</script>', page, re.DOTALL)
    assert found
    data: Json = json.loads(found[1])
    return data


def scopes_in(page: str) -> Json:
    scopes: Json = data_in(page)["__DEFAULT_SCOPE__"]
    return scopes


def item_in(page: str, scope: str = "webapp.video-detail") -> Json:
    item: Json = scopes_in(page)[scope]["itemInfo"]["itemStruct"]
    return item


async def test_a_desktop_page_is_as_large_as_tiktoks(client: aiohttp.ClientSession) -> None:
    page = await read(client, PAGE)
    assert 0.85 * 270_000 < len(page.encode()) < 1.15 * 270_000


async def test_a_page_holds_the_scopes_of_a_real_one(client: aiohttp.ClientSession) -> None:
    scopes = scopes_in(await read(client, PAGE))
    assert set(scopes) == {
        "webapp.app-context",
        "webapp.biz-context",
        "webapp.i18n-translation",
        "seo.abtest",
        "webapp.video-detail",
        "webapp.a-b",
    }
    texts = json.dumps(scopes["webapp.i18n-translation"])
    assert len(texts) > 60_000
    assert all(word in texts for word in ("captcha", "Log in", "Please wait"))


async def test_a_post_follows_from_its_id_alone(client: aiohttp.ClientSession) -> None:
    first = item_in(await read(client, PAGE))
    again = item_in(await read(client, f"/@someone.else/video/{ID}"))
    other = item_in(await read(client, f"/@_/video/{OTHER_ID}"))
    assert first["author"] == again["author"]
    assert first["statsV2"] == again["statsV2"]
    assert first["statsV2"] != other["statsV2"]
    assert first["desc"] == post(ID).caption.text


async def test_a_post_is_as_old_as_its_id(client: aiohttp.ClientSession) -> None:
    assert item_in(await read(client, PAGE))["createTime"] == str(int(ID) >> 32)


async def test_a_post_whose_id_holds_no_time_has_a_sane_one(client: aiohttp.ClientSession) -> None:
    assert int(item_in(await read(client, "/@_/video/12345"))["createTime"]) >= 1_610_000_000


async def test_the_types_are_tiktoks(client: aiohttp.ClientSession) -> None:
    item = item_in(await read(client, PAGE))
    assert isinstance(item["stats"]["playCount"], int)
    assert isinstance(item["stats"]["collectCount"], str)
    assert all(isinstance(count, str) for count in item["statsV2"].values())
    assert item["statsV2"]["playCount"] == str(post(ID).views)


async def test_renditions_have_three_addresses_on_the_site(
    site: Site, client: aiohttp.ClientSession
) -> None:
    infos = item_in(await read(client, PAGE))["video"]["bitrateInfo"]
    assert {"h264", "h265_hvc1"} <= {info["CodecType"] for info in infos}
    for info in infos:
        addresses = info["PlayAddr"]["UrlList"]
        assert len(addresses) == 3
        assert addresses[0].startswith(f"{site.url}/media/{ID}/{info['GearName']}.mp4?expire=")
        assert addresses[0].endswith("&tk=tt_chain_token")


async def test_hashtags_and_mentions_are_where_the_caption_says(
    client: aiohttp.ClientSession,
) -> None:
    for post_id in range(7_300_000_000_000_000_100, 7_300_000_000_000_000_130):
        item = item_in(await read(client, f"/@_/video/{post_id}"))
        for span in item["textExtra"]:
            named = item["desc"][span["start"] : span["end"]]
            assert named in {f"#{span['hashtagName']}", f"@{span['userUniqueId']}"}


async def test_a_page_sets_the_token_of_its_media_in_quotes(
    client: aiohttp.ClientSession,
) -> None:
    async with client.get(PAGE) as response:
        cookies = response.headers.getall("Set-Cookie")
    assert re.fullmatch(r'tt_chain_token="[^"]*\+[^"]*/[^"]*=="; Path=/; HttpOnly', cookies[0])
    assert cookies[1].startswith("ttwid=")


async def test_a_phone_gets_the_mobile_layout(client: aiohttp.ClientSession) -> None:
    by_agent = await read(client, PAGE, headers=PHONE)
    by_address = await read(client, f"/v/{ID}.html")
    for page in (by_agent, by_address):
        assert item_in(page, "webapp.reflow.video.detail")["id"] == ID
        assert "webapp.video-detail" not in scopes_in(page)


@pytest.mark.parametrize("form", ["video", "photo"])
async def test_a_photo_post_is_served_at_both_addresses(
    client: aiohttp.ClientSession, form: str
) -> None:
    item = item_in(await read(client, f"/@_/{form}/{PHOTO_ID}"))
    assert len(item["imagePost"]["images"]) == 3
    assert item["video"]["duration"] == 0


async def test_profiles_hashtags_and_music_have_pages(client: aiohttp.ClientSession) -> None:
    user = scopes_in(await read(client, "/@mara.bakes07"))["webapp.user-detail"]["userInfo"]
    assert user["user"]["uniqueId"] == "mara.bakes07"
    assert user["itemList"] == []
    hashtag = scopes_in(await read(client, "/tag/料理"))["webapp.challenge-detail"]
    assert hashtag["challengeInfo"]["challenge"]["title"] == "料理"
    music = scopes_in(await read(client, "/music/-6800000000000000100"))["webapp.music-detail"]
    assert music["musicInfo"]["music"]["id"] == "6800000000000000100"


async def test_oembed_names_a_post_and_refuses_anything_else(
    client: aiohttp.ClientSession,
) -> None:
    address = f"https://www.tiktok.com/@_/video/{ID}"
    async with client.get("/oembed", params={"url": address}) as response:
        assert (await response.json())["embed_product_id"] == ID
    async with client.get("/oembed", params={"url": "https://example.org"}) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("code", "location"),
    [
        (f"v{ID}", rf"https://www\.tiktok\.com/@[\w.]+/video/{ID}\?_r=1&_t=.+"),
        ("ZMabc123", r"https://www\.tiktok\.com/@[\w.]+/(video|photo)/\d{19}\?_r=1&_t=.+"),
        ("ZMphoto1", r"https://www\.tiktok\.com/@[\w.]+/photo/\d{19}\?.+"),
        ("ZMprofile1", r"https://www\.tiktok\.com/@[\w.]+\?.+"),
        ("ZMlive1", r"https://www\.tiktok\.com/@[\w.]+/live\?.+"),
        ("ZMnothing1", r"https://www\.tiktok\.com/\?_r=1"),
        ("ZMelsewhere1", r"https://www\.tiktok\.com\.example\.net/.+"),
        ("ZMmobile1", r"https://m\.tiktok\.com/v/\d{19}\.html\?.+"),
        ("ZMlogin1", r"https://www\.tiktok\.com/login\?.+"),
        ("ZMloop1", r"https://www\.tiktok\.com/t/ZMecho1/"),
        ("ZMecho1", r"https://www\.tiktok\.com/t/ZMloop1/"),
        ("ZMhops3", r"https://vm\.tiktok\.com/ZMhops2/"),
        ("ZMhops0", r"https://www\.tiktok\.com/@[\w.]+/(video|photo)/\d{19}\?.+"),
    ],
)
async def test_a_short_code_leads_where_it_says(
    client: aiohttp.ClientSession, code: str, location: str
) -> None:
    async with client.get(f"/t/{code}", allow_redirects=False) as response:
        assert response.status in {301, 302}
        assert re.fullmatch(location, response.headers["Location"])


def test_every_behaviour_has_a_number_of_its_own_and_an_example() -> None:
    for row in BEHAVIOURS.values():
        post_id = row.example.rpartition("/")[2]
        assert len(post_id) == 19
        assert behaviour_of(post_id) is row
    assert behaviour_of("@behaviour_102").name == "captcha"
    assert behaviour_of(ID).name == "served"


async def test_the_behaviours_are_listed(client: aiohttp.ClientSession) -> None:
    async with client.get("/_site/behaviours") as response:
        rows = {row["name"]: row for row in await response.json()}
    async with client.get(rows["http_429"]["example"]) as response:
        assert response.status == 429
    assert rows.keys() == BEHAVIOURS.keys() | LIST_BEHAVIOURS.keys()


@pytest.mark.parametrize(
    ("name", "status", "marker"),
    [
        ("served", 200, "webapp.video-detail"),
        ("waf_challenge", 200, "_wafchallengeid"),
        ("captcha", 200, 'id="captcha_container"'),
        ("captcha_slider", 200, 'class="captcha-verify-container"'),
        ("verify_json", 200, '"type": "verify"'),
        ("login_page", 200, "<p>Log in to TikTok</p>"),
        ("login_redirect", 200, "<h1>Log in to TikTok</h1>"),
        ("age_gate", 200, '"isContentClassified":true'),
        ("region_text", 200, "<p>This video isn't available in your country"),
        ("region_redirect", 200, "<h1>TikTok is not available"),
        ("unavailable_text", 200, "<p>Video currently unavailable</p>"),
        ("access_denied", 403, "Reference #18."),
        ("shell", 200, "webapp.app-context"),
        ("refresh", 200, "<button>Refresh</button>"),
        ("captcha_words", 200, "Verify to continue"),
        ("empty_body", 200, ""),
        ("http_404", 404, "404"),
        ("http_503", 503, "503"),
        ("slow", 200, "webapp.video-detail"),
    ],
)
async def test_a_wall_stands_where_it_was_asked_for(
    site: Site, client: aiohttp.ClientSession, name: str, status: int, marker: str
) -> None:
    site.behave(ID, name)
    async with client.get(PAGE) as response:
        assert response.status == status
        assert marker in await response.text()


WITHOUT_DETAIL = [
    "shell",
    "refresh",
    "login_page",
    "login_redirect",
    "region_text",
    "region_redirect",
    "unavailable_text",
    "captcha_slider",
]


@pytest.mark.parametrize("name", WITHOUT_DETAIL)
async def test_a_page_without_data_has_no_detail_scope(
    site: Site, client: aiohttp.ClientSession, name: str
) -> None:
    site.behave(ID, name)
    assert not [scope for scope in scopes_in(await read(client, PAGE)) if "detail" in scope]


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("status_0_without_item", 0, ""),
        ("status_10204", 10204, ""),
        ("status_deleted", 10204, "status_deleted"),
        ("privacy_and_deleted", 10204, "item_privacy_authorization&status_deleted"),
        ("status_self_see", 10204, "status_self_see"),
        ("copyright_geo_filter", 10204, "copyright_geo_filter"),
        ("status_10216", 10216, ""),
        ("status_10231", 10231, ""),
        ("status_10101", 10101, ""),
        ("status_minus_1", -1, ""),
        ("status_424242", 424242, ""),
    ],
)
async def test_a_refusal_stands_in_the_detail_scope(
    site: Site, client: aiohttp.ClientSession, name: str, code: int, message: str
) -> None:
    site.behave(ID, name)
    desktop = scopes_in(await read(client, PAGE))["webapp.video-detail"]
    assert desktop == {"statusCode": code, "statusMsg": message}
    mobile = scopes_in(await read(client, PAGE, headers=PHONE))["webapp.reflow.video.detail"]
    assert mobile == {"statusCode": code, "statusMessage": message}


async def test_a_profile_is_refused_in_its_own_scope(client: aiohttp.ClientSession) -> None:
    scopes = scopes_in(await read(client, "/@behaviour_317"))
    assert scopes["webapp.user-detail"]["statusCode"] == 10221


async def test_a_private_profile_may_be_visible_all_the_same(
    site: Site, client: aiohttp.ClientSession
) -> None:
    site.behave("@mara.bakes07", "status_10222_visible")
    scope = scopes_in(await read(client, "/@mara.bakes07"))["webapp.user-detail"]
    assert scope["statusCode"] == 10222
    assert scope["userInfo"]["stats"]["videoCount"] > 0


async def test_too_many_requests_says_when_to_come_back(client: aiohttp.ClientSession) -> None:
    async with client.get(BEHAVIOURS["http_429"].example) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(
    ("name", "element", "keys"),
    [
        ("layout_sigi", "SIGI_STATE", ("ItemModule", ID, "desc")),
        ("layout_next", "__NEXT_DATA__", ("props", "pageProps", "itemInfo", "itemStruct", "desc")),
        (
            "layout_nested",
            "__NEXT_DATA__",
            ("props", "pageProps", "videoData", "itemInfos", "text"),
        ),
    ],
)
async def test_earlier_layouts_say_the_same(
    site: Site, client: aiohttp.ClientSession, name: str, element: str, keys: tuple[str, ...]
) -> None:
    site.behave(ID, name)
    data: Any = data_in(await read(client, PAGE), element)
    for key in keys:
        data = data[key]
    assert data == post(ID).caption.text


async def test_the_apps_own_record_counts_in_milliseconds(
    site: Site, client: aiohttp.ClientSession
) -> None:
    site.behave(ID, "layout_aweme")
    item = item_in(await read(client, PAGE))
    assert item["aweme_id"] == ID
    assert item["video"]["duration"] == post(ID).duration_s * 1000


async def test_a_page_may_be_about_another_post(site: Site, client: aiohttp.ClientSession) -> None:
    site.behave(ID, "wrong_item")
    page = await read(client, PAGE)
    shown = item_in(page)["id"]
    assert shown != ID
    assert scopes_in(page)["seo.abtest"]["canonical"].endswith(shown)


async def test_the_canonical_address_leads_to_the_page_with_data(
    site: Site, client: aiohttp.ClientSession
) -> None:
    site.behave(ID, "canonical_elsewhere")
    scopes = scopes_in(await read(client, PAGE))
    assert "webapp.video-detail" not in scopes
    canonical = scopes["seo.abtest"]["canonical"].removeprefix("https://www.tiktok.com")
    assert item_in(await read(client, canonical))["id"] == ID


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("no_author", {"author"}),
        ("no_music", {"music"}),
        ("no_statistics", {"stats", "statsV2"}),
        ("no_hashtag_list", {"textExtra", "challenges", "contents"}),
    ],
)
async def test_an_item_may_lack_keys(
    site: Site, client: aiohttp.ClientSession, name: str, keys: set[str]
) -> None:
    whole = item_in(await read(client, PAGE))
    site.behave(ID, name)
    assert whole.keys() - item_in(await read(client, PAGE)).keys() == keys


async def test_statistics_grow_when_asked_to(site: Site, client: aiohttp.ClientSession) -> None:
    site.behave(ID, "growing")
    counts = [int(item_in(await read(client, PAGE))["statsV2"]["playCount"]) for _ in range(3)]
    assert counts[0] == post(ID).views
    assert counts == sorted(set(counts))


async def test_the_data_may_be_cut_or_missing(site: Site, client: aiohttp.ClientSession) -> None:
    site.behave(ID, "truncated_json")
    with pytest.raises(json.JSONDecodeError, match=r"Unterminated|Expecting"):
        scopes_in(await read(client, PAGE))
    site.behave(ID, "empty_script")
    assert f'id="{UNIVERSAL}" type="application/json"></script>' in await read(client, PAGE)


@pytest.mark.parametrize("name", ["cut_off", "garbage_gzip"])
async def test_a_body_may_be_broken(site: Site, client: aiohttp.ClientSession, name: str) -> None:
    site.behave(ID, name)
    with pytest.raises(aiohttp.ClientPayloadError):
        await read(client, PAGE)


async def test_a_page_may_lie_about_its_charset(site: Site, client: aiohttp.ClientSession) -> None:
    site.behave(ID, "wrong_charset")
    async with client.get(PAGE) as response:
        assert response.charset == "utf-16"
        assert item_in((await response.read()).decode())["id"] == ID


async def test_a_body_may_never_end(site: Site, client: aiohttp.ClientSession) -> None:
    site.behave(ID, "endless")
    async with client.get(PAGE) as response:
        assert len(await response.content.readexactly(3_000_000)) == 3_000_000


async def test_a_body_may_never_come(site: Site, client: aiohttp.ClientSession) -> None:
    site.behave(ID, "stalled")
    async with client.get(PAGE) as response:
        assert response.content_length == 270_000
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.2)


async def test_a_request_may_never_be_answered(site: Site, client: aiohttp.ClientSession) -> None:
    site.behave(ID, "no_answer")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(client, PAGE), 0.2)
    site.behave(ID, "dropped")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await read(client, PAGE)


async def test_a_behaviour_holds_for_so_many_times(
    site: Site, client: aiohttp.ClientSession
) -> None:
    site.behave(ID, "http_500", times=2)
    statuses = []
    for _ in range(3):
        async with client.get(PAGE) as response:
            statuses.append(response.status)
    assert statuses == [500, 500, 200]


async def test_a_behaviour_may_hold_for_everything(
    site: Site, client: aiohttp.ClientSession
) -> None:
    site.behave("*", "http_502")
    site.behave(ID, "served")
    for path, status in ((PAGE, 200), (f"/@_/video/{OTHER_ID}", 502), ("/@mara.bakes07", 502)):
        async with client.get(path) as response:
            assert response.status == status


async def test_behaviours_are_ordered_and_cancelled_over_http(
    client: aiohttp.ClientSession,
) -> None:
    order = {"id": ID, "behaviour": "http_503", "latency_ms": 1}
    async with client.post("/_site/behaviour", json=order) as response:
        assert response.status == 200
    async with client.get(PAGE) as response:
        assert response.status == 503
    async with client.delete("/_site/behaviour") as response:
        assert response.status == 200
    assert item_in(await read(client, PAGE))["id"] == ID


@pytest.mark.parametrize("order", [b'{"id": "1", "behaviour": "dance"}', b"{}", b"no JSON"])
async def test_an_order_that_makes_no_sense_is_refused(
    client: aiohttp.ClientSession, order: bytes
) -> None:
    async with client.post("/_site/behaviour", data=order) as response:
        assert response.status == 400


async def test_requests_are_counted_and_remembered(
    site: Site, client: aiohttp.ClientSession
) -> None:
    await read(client, PAGE, headers={"X-Asked-By": "me"})
    await read(client, f"/v/{ID}.html")
    async with client.get("/_site/requests") as response:
        seen = await response.json()
    assert seen["total"] == 2
    assert seen["paths"] == {PAGE: 1, f"/v/{ID}.html": 1}
    assert seen["recent"][0]["headers"]["X-Asked-By"] == "me"
    assert site.requests.keys[ID] == 2
    async with client.delete("/_site/requests") as response:
        assert response.status == 200
    assert site.requests.paths.total() == 0


async def test_the_demo_posts_are_listed_with_links(client: aiohttp.ClientSession) -> None:
    async with client.get("/_site/posts") as response:
        rows = await response.json()
    first = rows[0]
    assert item_in(await read(client, first["path"]))["id"] == first["id"]


def test_it_says_where_it_listens_and_ends_on_sigterm() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.site", "--latency-ms", "1"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        assert process.wait(10) == 0
    assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+\n", line)


def test_it_ends_with_its_parent() -> None:
    parent = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-m', 'tests.site', '--parent-death'])\n"
        "time.sleep(60)"
    )
    reading, writing = os.pipe()
    with subprocess.Popen([sys.executable, "-c", parent], stdout=writing) as process:
        os.close(writing)
        with closing(os.fdopen(reading)) as output:
            assert output.readline().startswith("listening on ")
            process.send_signal(signal.SIGKILL)
            # The site holds the other end of the pipe: it closes when the site is gone.
            assert select.select([output], [], [], 10)[0]
            assert output.read() == ""


ITEM: Json = {
    "id": "7100000000000000011",
    "desc": "só um teste / ünïcode \ud83d",
    "createTime": 1_653_100_000,
    "author": {"uniqueId": "ana", "id": "6543210987654321098"},
    "video": {"duration": 9, "loudness": -17.25},
    "stats": {"playCount": 12},
}
NESTED: Json = {"itemInfos": {"id": "6800000000000000021", "text": "old"}, "authorInfos": {}}
AWEME: Json = {"aweme_id": "6900000000000000031", "desc": "app", "author": {}, "video": {}}


def element(name: str, data: object) -> str:
    return f"<html><script nonce='x' id='{name}'>{json.dumps(data)}</script></html>"


def universal(**scopes: object) -> Json:
    named = {f"webapp.{scope.replace('_', '-')}": data for scope, data in scopes.items()}
    return {"__DEFAULT_SCOPE__": named}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    detail = {"itemInfo": {"itemStruct": ITEM | {"id": "7100000000000000012"}}, "statusCode": 0}
    profile = {"userInfo": {"user": {"uniqueId": "ana"}}}
    files: dict[str, object] = {
        "page.html": element(UNIVERSAL, universal(video_detail=detail)),
        "user/ana.html": element(UNIVERSAL, universal(user_detail=profile)),
        "lists/feed.json": {"itemList": [ITEM, ITEM | {"id": "7100000000000000012"}]},
        "lists/wrapped.json": {"code": 0, "data": {"aweme_list": [AWEME]}},
        "lists/nested.json": [NESTED],
        "sigi.html": element(
            "SIGI_STATE", {"ItemModule": {"7100000000000000041": ITEM | {"author": "ana"}}}
        ),
        "sigi-list.html": element(
            "SIGI_STATE", {"ItemModule": {"7100000000000000042": ITEM, "7100000000000000043": ITEM}}
        ),
        "gone-7100000000000000051.json": {"statusCode": 10204, "statusMsg": "status_deleted"},
        "waf-7100000000000000061.html": "<html>Please wait...</html>",
        "shell.json": {
            "__DEFAULT_SCOPE__": {
                "seo.abtest": {"canonical": "https://www.tiktok.com/@a/photo/7100000000000000071"}
            }
        },
        "captcha.html": "<html>Security Check</html>",
        "comments.json": {"comments": [{"cid": "1", "aweme_id": "7100000000000000081"}]},
        "oembed.json": {"embed_product_id": "7100000000000000091", "title": "hi"},
    }
    for name, content in files.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    return tmp_path


@pytest.fixture
async def replayed(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    async with Site(folder=folder) as site, aiohttp.ClientSession(site.url) as client:
        yield client


async def test_a_recorded_page_is_replayed_byte_for_byte(
    replayed: aiohttp.ClientSession, folder: Path
) -> None:
    page = await read(replayed, "/@whoever/video/7100000000000000012")
    assert page == (folder / "page.html").read_text()


async def test_a_recorded_item_stands_untouched_in_a_page(replayed: aiohttp.ClientSession) -> None:
    assert item_in(await read(replayed, f"/@x/video/{ITEM['id']}")) == ITEM
    assert item_in(await read(replayed, f"/@x/video/{AWEME['aweme_id']}")) == AWEME
    nested = data_in(
        await read(replayed, f"/@x/video/{NESTED['itemInfos']['id']}"), "__NEXT_DATA__"
    )
    assert nested["props"]["pageProps"]["videoData"] == NESTED
    sigi = data_in(await read(replayed, "/@x/video/7100000000000000041"), "SIGI_STATE")
    assert sigi["ItemModule"]["7100000000000000041"]["author"] == "ana"


async def test_a_recorded_profile_is_replayed_by_its_name(
    replayed: aiohttp.ClientSession, folder: Path
) -> None:
    assert await read(replayed, "/@ana") == (folder / "user/ana.html").read_text()


async def test_recorded_walls_and_refusals_stand_under_their_ids(
    replayed: aiohttp.ClientSession,
) -> None:
    assert "Please wait" in await read(replayed, "/@x/video/7100000000000000061")
    refused = scopes_in(await read(replayed, "/@x/video/7100000000000000051"))
    assert refused["webapp.video-detail"]["statusMsg"] == "status_deleted"
    shell = scopes_in(await read(replayed, "/@x/video/7100000000000000071"))
    assert list(shell) == ["seo.abtest"]


async def test_what_was_not_recorded_is_unavailable(replayed: aiohttp.ClientSession) -> None:
    post_page = scopes_in(await read(replayed, "/@x/video/7100000000000000081"))
    assert post_page["webapp.video-detail"]["statusCode"] == 10204
    profile = scopes_in(await read(replayed, "/@nobody"))
    assert profile["webapp.user-detail"]["statusCode"] == 10221


async def test_recorded_oembed_answers_are_replayed(replayed: aiohttp.ClientSession) -> None:
    address = "https://www.tiktok.com/@_/video/7100000000000000091"
    async with replayed.get("/oembed", params={"url": address}) as response:
        assert (await response.json())["title"] == "hi"


async def test_the_index_lists_every_recorded_answer(replayed: aiohttp.ClientSession) -> None:
    async with replayed.get("/_site/posts") as response:
        rows = {row["id"]: row for row in await response.json()}
    assert Counter(row["layout"] for row in rows.values()) == {
        "desktop": 1,
        "profile": 1,
        "list": 1,
        "aweme": 1,
        "nested": 1,
        "sigi": 3,
        "refused": 1,
        "shell": 1,
        "json": 1,
        "wall": 2,
    }
    assert rows["7100000000000000012"]["file"] == "page.html"
    for row in rows.values():
        async with replayed.get(row["path"]) as response:
            assert response.status == 200


async def test_a_file_is_served_to_the_pages_player_alone(site: Site) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        async with session.get(site.url + PAGE) as page:
            body, cookies = await page.text(), page.headers.getall("Set-Cookie")
        found = re.search(r'"playAddr":"(http[^"]+)"', body)
        assert found is not None
        address = json.loads(f'"{found[1]}"')
        cookie = next(one for one in cookies if one.startswith("tt_chain_token")).split(";")[0]
        player = {"Cookie": cookie, "Referer": "https://www.tiktok.com/"}

        async with session.get(address) as refused:
            assert (refused.status, "Access Denied" in await refused.text()) == (403, True)
        async with session.get(address, headers=player | {"Range": "bytes=1-40"}) as part:
            assert (part.status, await part.read()) == (206, (ID * 3).encode()[1:41])
        async with session.get(address, headers=player) as whole:
            size = len(await whole.read())
            assert (whole.status, whole.content_type) == (200, "video/mp4")
        async with session.get(address, headers=player | {"Range": f"bytes={size}-"}) as past:
            assert past.status == 416
