"""All files of posts over real HTTP, from a site that wants what TikTok's servers want."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientSession
from yarl import URL

from crawler.items import Layout, RawVideo
from crawler.jobs.records import Job, Outcome
from pipelines.collections import VIDEOS
from pipelines.documents.mongo import to_mongo
from pipelines.normalize import normalize_video
from tests.api.conftest import Api, put, serving
from tests.site import Site, post
from tests.site.media import content, size_of
from tests.site.posts import item_json
from tests.site.visits import chain_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from pipelines.documents.video import Video
    from services.mongodb import Document
    from settings.env import Environment
    from tests.api.conftest import Worker

ID = "7106594312292453675"
PHOTO_ID = "7300000000000000099"
H265 = "adapt_lowest_1080_1"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as site:
        yield site


@pytest.fixture
async def api(environment: Environment, site: Site) -> AsyncIterator[Api]:
    changes = {"tiktok_media_hosts": (site.url.removeprefix("http://"),)}
    async with serving(environment.model_copy(update=changes)) as api:
        yield api


def crawled(site: Site, video_id: str, *, token: str | None = None) -> Video:
    return normalize_video(
        RawVideo(
            video_id=video_id,
            layout=Layout.DESKTOP,
            data=item_json(post(video_id), site.url),
            observed_at=datetime.now(UTC),
            spider="video",
            cookies={"tt_chain_token": token or f'"{chain_token(video_id)}"'},
            user_agent="Test/1",
        )
    )


async def keep(video: Video, redis: Redis, database: AsyncDatabase[Document]) -> None:
    await put(redis, video)
    await database[VIDEOS].replace_one({"_id": video.id}, to_mongo(video), upsert=True)


@pytest.fixture
async def video(site: Site, redis_client: Redis, database: AsyncDatabase[Document]) -> Video:
    for video_id in (ID, PHOTO_ID):
        await keep(crawled(site, video_id), redis_client, database)
    return crawled(site, ID)


async def extract(api: Api, key: str, video_id: str = ID, **wishes: Any) -> Any:
    link = f"https://www.tiktok.com/@someone/video/{video_id}"
    answer = await api.extract(key, link, **wishes)
    assert answer.status == 200, answer.body
    return answer.body


async def get(api: Api, link: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    """A plain request of any client, without a session's cookies."""
    async with (
        ClientSession() as client,
        client.request(method, api.url + URL(link).raw_path_qs, headers=headers) as response,
    ):
        return response.status, response.headers, await response.read()


def bytes_of(name: str) -> bytes:
    size = size_of(ID, f"{name}.mp4")
    assert size
    return b"".join(content(ID, 0, size))


FILES: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "normal_540_0"),
    ({"quality": "default", "codec": "any"}, "normal_540_0"),
    ({"quality": None, "codec": None}, "normal_540_0"),
    ({"quality": "best"}, H265),
    ({"quality": "best", "codec": "h264"}, "normal_540_0"),
    ({"quality": "smallest"}, "lowest_540_0"),
    ({"codec": "h265"}, H265),
    ({"quality": "smallest", "codec": "h265"}, "adapt_540_1"),
)


@pytest.mark.usefixtures("video")
async def test_the_link_leads_to_the_file_that_was_asked_for(api: Api, key: str) -> None:
    for wishes, gear in FILES:
        body = await extract(api, key, **wishes)
        status, headers, file = await get(api, body["video_url"], "HEAD")
        assert (status, file) == (200, b"")
        assert headers["Content-Length"] == str(size_of(ID, f"{gear}.mp4"))
        assert headers["ETag"] == f'"{ID}-{gear}.mp4"', wishes
        status, _, part = await get(api, body["video_url"], Range="bytes=1000-1999")
        assert (status, part) == (206, bytes_of(gear)[1000:2000])


@pytest.mark.usefixtures("video")
async def test_the_list_tells_which_file_was_chosen(api: Api, key: str) -> None:
    for wishes, codec, width in (
        ({}, "h264", 576),
        ({"quality": "best"}, "h265", 1080),
        ({"codec": "h265"}, "h265", 1080),
    ):
        body = await extract(api, key, extract_media=True, **wishes)
        told = body["media"]["video"]
        assert (told["codec"], told["width"]) == (codec, width)
        assert told["url"] == body["video_url"]
        assert list(body).index("media") == list(body).index("cached") - 1


@pytest.mark.parametrize("wish", ["quality", "codec"])
async def test_other_words_are_answered_400(api: Api, key: str, wish: str) -> None:
    values: tuple[Any, ...] = ("", "medium", "BEST", "h266", 1, True, ["best"], {})
    for value in values:
        answer = await api.extract(key, **{wish: value})
        assert (answer.status, answer.body["error"]) == (400, "Invalid parameter")
        assert f"'{wish}' must be" in answer.body["detail"]


@pytest.mark.usefixtures("video")
async def test_the_choice_is_covered_by_the_signature(api: Api, key: str) -> None:
    link = (await extract(api, key, quality="best", codec="h265"))["video_url"]
    for old, new in (
        ("quality=best", "quality=smallest"),
        ("&quality=best", ""),
        ("&codec=h265", "&codec=h264"),
        ("&quality=best&codec=h265", "%26quality=best&codec=h265"),
    ):
        assert old in link
        status, _, _ = await get(api, link.replace(old, new))
        assert status == 403


@pytest.mark.usefixtures("video")
async def test_without_the_wish_no_list_is_made(api: Api, key: str) -> None:
    assert "media" not in await extract(api, key)


@pytest.mark.usefixtures("video")
async def test_the_sound_is_played_whole_and_in_part(api: Api, key: str) -> None:
    link = (await extract(api, key, extract_media=True))["media"]["music"]["url"]
    status, headers, body = await get(api, link)
    song = post(ID).song.id
    whole = b"".join(content(song, 0, 240_000))
    assert (status, body) == (200, whole)
    assert headers["Content-Type"] == "audio/mpeg"
    status, headers, body = await get(api, link, Range="bytes=-5")
    assert (status, body) == (206, whole[-5:])


@pytest.mark.usefixtures("video")
async def test_each_picture_has_its_link(api: Api, key: str) -> None:
    body = await extract(api, key, PHOTO_ID, extract_media=True)
    assert body["video_url"] is None
    assert body["media"]["video"] is None
    images = body["media"]["images"]
    assert [URL(image["url"]).path.rpartition("/")[2] for image in images] == ["1", "2", "3"]
    for image in images:
        assert (image["width"], image["height"]) == (1080, 1440)
        status, headers, file = await get(api, image["url"])
        assert (status, len(file), headers["Content-Type"]) == (200, 20_000, "image/jpeg")
    status, _, _ = await get(api, images[0]["url"].replace("images/1", "images/2"))
    assert status == 403


@pytest.mark.usefixtures("video")
async def test_subtitles_of_every_kind_come_in_both_forms(api: Api, key: str) -> None:
    told = (await extract(api, key, extract_media=True))["media"]["subtitles"]
    assert {(one["language"], one["source"]) for one in told} == {
        ("jpn-JP", "LC"),
        ("eng-US", "ASR"),
        ("deu-DE", "MT"),
    }
    for one in told:
        status, headers, vtt = await get(api, one["vtt"])
        assert (status, headers["Content-Type"]) == (200, "text/vtt; charset=utf-8")
        assert vtt.startswith(b"WEBVTT")
        assert b"00:00:02.000 --> 00:00:03.500\nFirst, we &" in vtt
        status, headers, srt = await get(api, one["srt"])
        assert (status, headers["Content-Type"]) == (
            200,
            "application/x-subrip; charset=utf-8",
        )
        assert b"2\n00:00:02,000 --> 00:00:03,500\nFirst, we & the others <wait>.\nThen" in srt
        assert "三分で終わる".encode() in srt


@pytest.mark.usefixtures("video")
async def test_parts_of_subtitles_are_answered_too(api: Api, key: str) -> None:
    told = (await extract(api, key, extract_media=True))["media"]["subtitles"]
    link = told[0]["srt"]
    _, headers, whole = await get(api, link)
    status, part_headers, part = await get(api, link, Range="bytes=3-9")
    assert (status, part) == (206, whole[3:10])
    assert part_headers["Content-Range"] == f"bytes 3-9/{len(whole)}"
    tag = headers["ETag"]
    assert (await get(api, link, **{"Range": "bytes=3-9", "If-Range": tag}))[0] == 206
    assert (await get(api, link, **{"Range": "bytes=3-9", "If-Range": '"other"'}))[0] == 200
    assert (await get(api, link, Range=f"bytes={len(whole)}-"))[0] == 416
    status, headers, body = await get(api, link, "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(whole)), b"")


@pytest.mark.usefixtures("video")
async def test_a_condition_on_another_file_gives_the_whole_one(api: Api, key: str) -> None:
    link = (await extract(api, key))["video_url"]
    own = f'"{ID}-normal_540_0.mp4"'
    for tag, wanted in ((own, 206), ('"changed"', 200)):
        status, headers, _ = await get(api, link, **{"Range": "bytes=0-9", "If-Range": tag})
        assert status == wanted
        assert ("Content-Range" in headers) is (wanted == 206)


async def test_every_link_ends_before_the_address_it_stands_for(
    api: Api, key: str, video: Video
) -> None:
    media = (await extract(api, key, extract_media=True))["media"]
    assert video.media is not None
    assert video.media.expires_at is not None
    end = int(video.media.expires_at.timestamp())
    links = [media["video"]["url"], media["music"]["url"]]
    links += [one[form] for one in media["subtitles"] for form in ("vtt", "srt")]
    for link in links:
        (expires,) = parse_qs(urlsplit(link).query)["exp"]
        assert datetime.now(UTC).timestamp() < int(expires) < end


@pytest.mark.parametrize("stale", ["token", "address"])
async def test_a_stale_address_is_asked_for_anew_once(  # noqa: PLR0917
    api: Api,
    key: str,
    site: Site,
    stale: str,
    worker: Worker,
    redis_client: Redis,
    database: AsyncDatabase[Document],
) -> None:
    old = crawled(site, ID, token='"old"' if stale == "token" else None)
    if stale == "address":
        assert old.media is not None
        old.media.expires_at = datetime(2020, 1, 1, tzinfo=UTC)
        old.media.url += "&expire=1"
    await keep(crawled(site, ID), redis_client, database)
    link = (await extract(api, key))["video_url"]
    await keep(old, redis_client, database)

    async def crawl(job: Job) -> Outcome:
        await keep(crawled(site, ID), redis_client, database)
        return Outcome(key=job.target.key, video_id=ID)

    worker.outcome = crawl
    status, _, body = await get(api, link)
    assert (status, body) == (200, bytes_of("normal_540_0"))
    assert len(worker.crawled) == 1


async def test_a_file_that_the_new_crawl_does_not_bring_is_answered_404(  # noqa: PLR0917
    api: Api,
    key: str,
    site: Site,
    worker: Worker,
    redis_client: Redis,
    database: AsyncDatabase[Document],
) -> None:
    await keep(crawled(site, PHOTO_ID), redis_client, database)
    link = (await extract(api, key, PHOTO_ID, extract_media=True))["media"]["images"][2]["url"]
    fewer = crawled(site, PHOTO_ID)
    del fewer.images[2]
    await keep(fewer, redis_client, database)

    async def crawl(job: Job) -> Outcome:
        return Outcome(key=job.target.key, video_id=PHOTO_ID)

    worker.outcome = crawl
    answer = await api.call("GET", URL(link).raw_path_qs)
    assert (answer.status, answer.body["reason"]) == (404, "video_unavailable")
