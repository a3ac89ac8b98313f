"""Media over real HTTP, from a server that wants what TikTok's wants."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientError, web
from yarl import URL

from api.links import Links
from api.parts import ENVIRONMENT, PLAYER
from api.upstream import Upstream
from crawler.egress.names import egresses_of
from pipelines.collections import VIDEOS
from pipelines.documents.mongo import to_mongo
from pipelines.documents.video import Media, Session
from settings.plans import PlanName
from tests.api.conftest import VIDEO_ID, Api, a_video, put, serving, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from settings.env import Environment
    from tests.api.conftest import Callers

LARGE = 64 * 1024 * 1024
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
    sent: int = 0
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    raw_host: str = ""
    raw_answer: bytes = b""
    then_waits: bool = False

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

    async def large(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(LARGE)})
        await response.prepare(request)
        try:
            while self.sent < LARGE:
                await response.write(b"x" * 65536)
                self.sent += 65536
        except ConnectionError:
            self.left.set()
            raise
        return response

    async def silent(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"hello")
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(0.02)
        self.left.set()
        return response

    async def serve_raw(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self.raw_answer)
        await writer.drain()
        if self.then_waits:
            await reader.read()
        writer.close()

    async def late(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        await self.may_answer.wait()
        return web.Response(body=FILE, content_type="video/mp4")

    async def is_asked(self) -> bool:
        return bool(self.seen)

    async def hop(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(request.query["to"])


@pytest.fixture
async def cdn() -> AsyncIterator[Cdn]:
    cdn = Cdn()
    app = web.Application()
    app.router.add_get("/v.mp4", cdn.file)
    app.router.add_get("/flow.mp4", cdn.flow)
    app.router.add_get("/hop.mp4", cdn.hop)
    app.router.add_get("/large.mp4", cdn.large)
    app.router.add_get("/late.mp4", cdn.late)
    app.router.add_get("/silent.mp4", cdn.silent)
    raw_server = await asyncio.start_server(cdn.serve_raw, "127.0.0.1", 0)
    cdn.raw_host = "{}:{}".format(*raw_server.sockets[0].getsockname())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    cdn.url = f"http://{host}:{port}"
    yield cdn
    raw_server.close()
    await runner.cleanup()


@pytest.fixture
async def api(environment: Environment, cdn: Cdn) -> AsyncIterator[Api]:
    hosts = (cdn.url.removeprefix("http://"), cdn.raw_host)
    changes = {"tiktok_media_hosts": hosts}
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


async def store(
    url: str, redis: Redis, database: AsyncDatabase[Document], *, egress: str | None = None
) -> None:
    video = a_video(
        media=Media(url=url), session=Session(cookie=COOKIE, user_agent="Test/1", egress=egress)
    )
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


@pytest.mark.drill
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


def raw(cdn: Cdn, answer: bytes, *, then_waits: bool = False) -> str:
    """Where a server answers with these bytes, and then ends or says nothing more."""
    cdn.raw_answer, cdn.then_waits = answer, then_waits
    return f"http://{cdn.raw_host}/v.mp4"


OK = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 500,
        OK + b"Transfer-Encoding: chunked\r\n\r\n1f4\r\n" + b"x" * 500 + b"\r\n",
    ],
)
async def test_a_file_that_breaks_off_is_never_taken_for_whole(  # noqa: PLR0917
    api: Api,
    cdn: Cdn,
    link: str,
    answer: bytes,
    redis_client: Redis,
    database: AsyncDatabase[Document],
) -> None:
    await store(raw(cdn, answer), redis_client, database)
    with pytest.raises(ClientError):
        await get(api, link)


async def test_a_file_with_more_than_it_says_is_never_sent_with_it(
    api: Api, cdn: Cdn, link: str, redis_client: Redis, database: AsyncDatabase[Document]
) -> None:
    answer = OK + b"Content-Length: 500\r\n\r\n" + b"x" * 1000
    await store(raw(cdn, answer), redis_client, database)
    status, _, body = await get(api, link)
    assert status == 503 or (status, body) == (200, b"x" * 500)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 206 Partial\r\nContent-Length: 1\r\nContent-Range: bytes 0-0/5\r\n\r\nx",
        OK + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_answer_to_the_question_is_answered_503(  # noqa: PLR0917
    api: Api,
    cdn: Cdn,
    link: str,
    answer: bytes,
    redis_client: Redis,
    database: AsyncDatabase[Document],
) -> None:
    await store(raw(cdn, answer), redis_client, database)
    answered = await api.call("GET", URL(link).raw_path_qs)
    assert (answered.status, answered.body["reason"]) == (503, "upstream_error")


async def test_an_upstream_that_falls_silent_ends_the_stream(
    api: Api, cdn: Cdn, link: str, redis_client: Redis, database: AsyncDatabase[Document]
) -> None:
    await api.app[PLAYER].close()
    api.app[PLAYER]._upstream = Upstream(api.app[ENVIRONMENT].tiktok_media_hosts, idle_s=0.3)
    answer = OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 500
    await store(raw(cdn, answer, then_waits=True), redis_client, database)
    with pytest.raises(ClientError):
        await get(api, link)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 403 No\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\nAccess Denied",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nwait!",
        OK + b"Content-Length: 0\r\n\r\n",
    ],
)
async def test_a_page_or_nothing_in_place_of_the_file_is_no_file(  # noqa: PLR0917
    api: Api,
    cdn: Cdn,
    link: str,
    answer: bytes,
    redis_client: Redis,
    database: AsyncDatabase[Document],
) -> None:
    await store(raw(cdn, answer), redis_client, database)
    answered = await api.call("GET", URL(link).raw_path_qs)
    assert (answered.status, answered.body["reason"]) == (503, "upstream_blocked")


async def test_a_whole_file_in_place_of_a_part_is_passed_on_as_such(
    api: Api, cdn: Cdn, link: str, redis_client: Redis, database: AsyncDatabase[Document]
) -> None:
    answer = OK + b"Content-Length: 500\r\n\r\n" + b"x" * 500
    await store(raw(cdn, answer), redis_client, database)
    status, headers, body = await get(api, link, Range="bytes=0-9")
    assert (status, body) == (200, b"x" * 500)
    assert "Content-Range" not in headers


async def test_what_is_not_one_part_is_answered_with_the_whole(
    api: Api, cdn: Cdn, link: str
) -> None:
    for asked in ("bytes=0-1,4-5", "bytes=a-b", "lines=1-2", "bytes=5"):
        status, _, body = await get(api, link, Range=asked)
        assert (status, body) == (200, FILE)
        assert "Range" not in cdn.seen[-1].headers


async def test_a_caller_who_does_not_read_stops_the_upstream_too(
    api: Api, cdn: Cdn, link: str, redis_client: Redis, database: AsyncDatabase[Document]
) -> None:
    await store(f"{cdn.url}/large.mp4", redis_client, database)
    host, port = URL(api.url).host, URL(api.url).port
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        caller.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(caller, (host, port))
        head = f"GET {URL(link).raw_path_qs} HTTP/1.1\r\nHost: {host}\r\n\r\n"
        await loop.sock_sendall(caller, head.encode())
        sent = -1
        while sent != cdn.sent or sent <= 0:
            sent = cdn.sent
            await asyncio.sleep(0.3)
        # The kernel's buffers on both ways, and little of ours.
        assert sent < LARGE / 4
    await asyncio.wait_for(cdn.left.wait(), 10)


async def test_the_upstream_is_left_while_it_says_nothing(
    api: Api, cdn: Cdn, link: str, redis_client: Redis, database: AsyncDatabase[Document]
) -> None:
    await store(f"{cdn.url}/silent.mp4", redis_client, database)
    async with api.session.get(link) as response:
        assert await response.content.readexactly(5) == b"hello"
        response.close()
    await asyncio.wait_for(cdn.left.wait(), 5)


async def test_a_caller_who_leaves_before_the_answer_is_no_fault(  # noqa: PLR0917
    api: Api,
    cdn: Cdn,
    link: str,
    caplog: pytest.LogCaptureFixture,
    redis_client: Redis,
    database: AsyncDatabase[Document],
) -> None:
    await store(f"{cdn.url}/late.mp4", redis_client, database)
    host, port = URL(api.url).host, URL(api.url).port
    _, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {URL(link).raw_path_qs} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await until(cdn.is_asked)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.05)
    cdn.may_answer.set()
    await until(lambda: has_no_stream(redis_client))
    assert "failed" not in caplog.text


async def has_no_stream(redis: Redis) -> bool:
    return not await redis.keys("streams:*")


async def test_the_way_of_the_page_is_taken(
    environment: Environment,
    cdn: Cdn,
    key: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
) -> None:
    proxy = cdn.url.replace("http://", "http://user:secret@")
    changes = {
        "tiktok_media_hosts": ("media.example:80",),
        "proxy_urls": ("http://127.0.0.1:1", proxy),
    }
    async with serving(environment.model_copy(update=changes)) as api:
        (_, name) = egresses_of(changes["proxy_urls"])
        await store("http://media.example/v.mp4", redis_client, database, egress=name)
        answer = await api.extract(key)
        link = api.url + URL(answer.body["video_url"]).raw_path_qs
        status, _, body = await get(api, link)
    assert (status, body) == (200, FILE)
    assert cdn.seen[-1].headers["Host"] == "media.example"
