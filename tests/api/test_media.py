"""Media over real HTTP, from a server that wants what TikTok's wants."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from yarl import URL

from api.links import Links
from pipelines.collections import VIDEOS
from pipelines.documents.mongo import to_mongo
from pipelines.documents.video import Media, Session
from settings.plans import PlanName
from tests.api.conftest import VIDEO_ID, Api, a_video, put, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from settings.env import Environment
    from tests.api.conftest import Callers

FILE = bytes(range(256)) * 4096
COOKIE = '"a+b/c=="'


@dataclass
class Cdn:
    """Serves one file to whoever bears cookie, Referer and User-Agent."""

    url: str = ""
    seen: list[web.Request] = field(default_factory=list)
    refuse_with: int | None = None
    endless: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def file(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        headers = request.headers
        wanted = (f"tt_chain_token={COOKIE}", "https://www.tiktok.com/", "Test/1")
        given = tuple(headers.get(name) for name in ("Cookie", "Referer", "User-Agent"))
        if given != wanted or self.refuse_with:
            return web.Response(status=self.refuse_with or 403, text="Access Denied")
        told = {"ETag": '"1"', "Content-Type": "video/mp4"}
        if "Range" not in headers:
            return web.Response(body=FILE, headers=told)
        try:
            part = request.http_range
            start, stop, _ = part.indices(len(FILE))
        except ValueError:
            start = stop = len(FILE)
        if start >= len(FILE):
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(FILE)}"})
        told["Content-Range"] = f"bytes {start}-{stop - 1}/{len(FILE)}"
        return web.Response(status=206, body=FILE[start:stop], headers=told)

    async def flow(self, request: web.Request) -> web.StreamResponse:
        """Send without an end, until whoever asked leaves."""
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
                await asyncio.sleep(0.01)
        except ConnectionError:
            self.left.set()
            raise

    async def hop(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(request.query["to"])


@pytest.fixture
async def cdn() -> AsyncIterator[Cdn]:
    cdn = Cdn()
    app = web.Application()
    app.router.add_get("/v.mp4", cdn.file)
    app.router.add_get("/flow.mp4", cdn.flow)
    app.router.add_get("/hop.mp4", cdn.hop)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    cdn.url = f"http://{host}:{port}"
    yield cdn
    await runner.cleanup()


@pytest.fixture
async def api(environment: Environment, cdn: Cdn) -> AsyncIterator[Api]:
    changes = {"tiktok_media_hosts": (cdn.url.removeprefix("http://"),)}
    async with serving(environment.model_copy(update=changes)) as api:
        yield api


@pytest.fixture
async def link(
    api: Api, cdn: Cdn, key: str, redis_client: Redis, database: AsyncDatabase[Document]
) -> str:
    """The link that an extraction gave, at the address where this API listens."""
    await store(f"{cdn.url}/v.mp4", redis_client, database)
    answer = await api.extract(key)
    return api.url + URL(answer.body["video_url"]).raw_path_qs


async def store(url: str, redis: Redis, database: AsyncDatabase[Document]) -> None:
    video = a_video(media=Media(url=url), session=Session(cookie=COOKIE, user_agent="Test/1"))
    await put(redis, video)
    await database[VIDEOS].replace_one({"_id": VIDEO_ID}, to_mongo(video), upsert=True)


async def get(api: Api, link: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    async with api.session.request(method, link, headers=headers) as response:
        return response.status, response.headers, await response.read()


async def test_the_link_of_an_answer_gives_the_file_in_a_plain_get(api: Api, link: str) -> None:
    status, headers, body = await get(api, link)
    assert (status, body) == (200, FILE)
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Content-Length"] == str(len(FILE))
    assert headers["Accept-Ranges"] == "bytes"


async def test_a_part_is_answered_206(api: Api, link: str) -> None:
    status, headers, body = await get(api, link, Range="bytes=10-19")
    assert (status, body) == (206, FILE[10:20])
    assert headers["Content-Range"] == f"bytes 10-19/{len(FILE)}"


async def test_a_part_past_the_end_is_answered_416(api: Api, link: str) -> None:
    status, headers, _ = await get(api, link, Range=f"bytes={len(FILE)}-")
    assert status == 416
    assert headers["Content-Range"] == f"bytes */{len(FILE)}"


async def test_head_has_the_headers_and_no_body(api: Api, link: str) -> None:
    status, headers, body = await get(api, link, "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(FILE)), b"")


async def test_a_forged_link_is_answered_403(api: Api, link: str) -> None:
    answer = await api.call("GET", URL(link).raw_path_qs[:-1] + "!")
    assert (answer.status, answer.body["error"]) == (403, "Link not valid")


async def test_a_refused_address_that_no_crawl_renews_is_answered_503(
    api: Api, cdn: Cdn, link: str
) -> None:
    cdn.refuse_with = 410
    status, _, _ = await get(api, link)
    assert status == 503


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/v.mp4", "https://127.0.0.1/v.mp4", "https://example.com/v.mp4"]
)
async def test_other_hosts_are_not_asked_even_after_a_redirect(  # noqa: PLR0917
    api: Api,
    cdn: Cdn,
    link: str,
    address: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
) -> None:
    for place in (address, str(URL(f"{cdn.url}/hop.mp4") % {"to": address})):
        await store(place, redis_client, database)
        status, _, _ = await get(api, link)
        assert status == 503


async def test_the_upstream_is_left_when_the_caller_leaves(
    api: Api, cdn: Cdn, link: str, redis_client: Redis, database: AsyncDatabase[Document]
) -> None:
    await store(f"{cdn.url}/flow.mp4", redis_client, database)
    async with api.session.get(link) as response:
        await response.content.readexactly(1000)
        response.close()
    await asyncio.wait_for(cdn.left.wait(), 10)


async def test_an_account_has_no_more_streams_at_once_than_its_plan_allows(
    api: Api,
    cdn: Cdn,
    callers: Callers,
    redis_client: Redis,
    database: AsyncDatabase[Document],
) -> None:
    account, _ = await callers.make(PlanName.FREE)
    links = Links(b"a secret of tests, long enough", address=api.url)
    link = links.write(VIDEO_ID, account=account.id, expires=int(time()) + 60).decode()
    await store(f"{cdn.url}/flow.mp4", redis_client, database)
    async with api.session.get(link) as one, api.session.get(link) as two:
        answer = await api.call("GET", URL(link).raw_path_qs)
        assert (one.status, two.status, answer.status) == (200, 200, 429)
        assert int(answer.headers["Retry-After"]) > 0
        one.close()
        two.close()
