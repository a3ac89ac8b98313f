"""Nothing but TikTok's hosts is asked, whatever links, redirects, pages and stored addresses say.

A trap listens on loopback. A site that lies points to it in every way there is, a real worker and
the API are let loose on it, and nobody may ever knock at the trap.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import web
from yarl import URL

from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import Queue
from crawler.links import Target, TargetType
from pipelines.collections import VIDEOS
from pipelines.documents.mongo import to_mongo
from pipelines.documents.video import Media
from tests.api.conftest import VIDEO_ID, a_video, callers, environment, key, put, serving
from tests.site import layouts, pages, post
from tests.site.visits import html
from tests.workers import a_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.records import Outcome
    from services.mongodb import Document
    from settings.env import Environment

__all__ = ("callers", "environment", "key")  # fixtures of the API's tests

FIRST_ID = 7_300_000_000_000_000_000


class Trap:
    """A port of loopback that counts who connects to it."""

    def __init__(self) -> None:
        self.caught = 0
        self.port = 0

    async def catch(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.caught += 1
        writer.close()

    async def spring(self) -> None:
        """Make sure that it catches at all."""
        before = self.caught
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.close()
        async with asyncio.timeout(5):
            while self.caught == before:
                await asyncio.sleep(0.01)

    def addresses(self, path: str) -> list[str]:
        """Addresses that lead into the trap, for one reader of addresses or another."""
        here = f"127.0.0.1:{self.port}"
        return [
            f"http://{here}{path}",
            f"https://{here}{path}",
            f"//{here}{path}",
            f"http:{here}{path}",
            f"http:\\\\{here}{path}",
            f"/\\{here}{path}",
            f"\t//{here}{path}",
            f"http://localhost:{self.port}{path}",
            f"http://[::ffff:127.0.0.1]:{self.port}{path}",
            f"http://0.0.0.0:{self.port}{path}",
            f"http://0:{self.port}{path}",
            f"http://127.1:{self.port}{path}",
            f"http://2130706433:{self.port}{path}",
            f"http://0x7f000001:{self.port}{path}",
            f"http://0177.0.0.1:{self.port}{path}",
            f"http://①②⑦.0.0.1:{self.port}{path}",
            f"http://www.tiktok.com@{here}{path}",
            f"http://www.tiktok.com:80@{here}{path}",
            f"http://www.tiktok.com%2F@{here}{path}",
            f"http://www.tiktok.com\\@{here}{path}",
            f"http://{here}\\@www.tiktok.com{path}",
            f"http://{here}#@www.tiktok.com{path}",
            f"http://{here}?@www.tiktok.com{path}",
            f"http://{here}/www.tiktok.com{path}",
            f"http://www.tiktok.com.localhost:{self.port}{path}",
            f"http://www.tiktok.com:{self.port}{path}",
            f"@{here}{path}",
            f".localhost:{self.port}{path}",
        ]


class Liar:
    """Stands in for TikTok, and sends whoever asks into the trap."""

    def __init__(self) -> None:
        self.url = ""
        self.lies: dict[str, str] = {}
        """By post id or short code, where its address redirects to."""
        self.canonicals: dict[str, str] = {}
        """By post id, where its page says that it is."""
        self.asked: set[str] = set()

    async def redirect(self, request: web.Request) -> web.Response:
        name = self._note(request)
        return web.Response(status=302, headers={"Location": self.lies[name]})

    async def page(self, request: web.Request) -> web.Response:
        """A redirect, or a page without its data that says it lives elsewhere."""
        name = self._note(request)
        if name in self.lies:
            return await self.redirect(request)
        body = pages.page("", {})
        true, lie = pages.encode(pages.CANONICAL_HOST), pages.encode(self.canonicals[name])
        assert true in body
        return html(body.replace(true, lie))

    def _note(self, request: web.Request) -> str:
        name = request.match_info["name"]
        self.asked.add(name)
        return name


@contextlib.asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    trap = Trap()
    async with await asyncio.start_server(trap.catch, "127.0.0.1", 0) as server:
        trap.port = server.sockets[0].getsockname()[1]
        yield trap


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    liar, app = Liar(), web.Application()
    app.router.add_get("/t/{name}", liar.redirect)
    app.router.add_get("/{user}/{kind}/{name}", liar.page)
    async with listening(app) as liar.url:
        yield liar


@pytest.mark.drill
async def test_redirects_short_links_and_canonical_addresses_lead_nowhere_else(
    *,
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    trap: Trap,
    liar: Liar,
    tmp_path: Path,
) -> None:
    for number in range(len(trap.addresses(""))):
        redirected, moved = f"{FIRST_ID + number}", f"{FIRST_ID + 1000 + number}"
        liar.lies[redirected] = trap.addresses(f"/@someone/video/{redirected}")[number]
        liar.canonicals[moved] = trap.addresses(f"/@someone/video/{moved}")[number]
        liar.lies[f"ZMpost{number}"] = trap.addresses(f"/@someone/video/{moved}")[number]
        liar.lies[f"ZMhops{number}"] = trap.addresses("/t/ZMother1")[number]
    targets = [
        Target(type=TargetType.VIDEO if name.isdigit() else TargetType.SHORT, value=name)
        for name in (*liar.lies, *liar.canonicals)
    ]
    queue, few = Queue(redis_client), asyncio.Semaphore(32)

    async def crawl(target: Target) -> Outcome | None:
        async with few:
            return await ask(target)

    async def ask(target: Target) -> Outcome | None:
        with outcomes.expect(target.key) as waiter:
            await queue.ask(target, flight_s=30)
            return await waiter.wait(20)

    async with Outcomes(redis_client) as outcomes:
        await outcomes.until_subscribed()
        with a_worker(
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            site=liar.url,
            log=tmp_path / "log",
            JOB_ATTEMPTS="1",
            BREAKER_BLOCKS="1000",
        ):
            ended = await asyncio.gather(*map(crawl, targets))

    assert liar.asked == {*liar.lies, *liar.canonicals}
    assert all(one is not None and one.reason is not None for one in ended)
    assert trap.caught == 0
    await trap.spring()


async def test_a_link_into_the_trap_is_refused(
    environment: Environment, key: str, redis_client: Redis, trap: Trap
) -> None:
    async with serving(environment) as api:
        answers = [
            await api.extract(key, lie) for lie in trap.addresses(f"/@someone/video/{FIRST_ID}")
        ]

    assert {answer.status for answer in answers} == {400}
    assert await redis_client.exists("jobs:demand") == 0
    assert trap.caught == 0


async def test_stored_and_redirected_media_addresses_are_not_asked(
    *,
    environment: Environment,
    key: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    trap: Trap,
    liar: Liar,
) -> None:
    hasty = environment.model_copy(
        update={
            "extract_timeout_s": 0.1,
            "tiktok_media_hosts": (".tiktokcdn.com", liar.url.removeprefix("http://")),
        }
    )
    statuses = set()
    async with serving(hasty) as api:
        for number, lie in enumerate(trap.addresses("/v.mp4")):
            liar.lies[f"m{number}"] = lie
            for address in (lie, f"{liar.url}/t/m{number}"):
                await store(address, redis_client, database)
                answer = await api.extract(key)
                link = URL(answer.body["video_url"]).raw_path_qs
                statuses.add((await api.call("GET", link)).status)

    assert not statuses & {200, 206}
    assert liar.asked >= {f"m{number}" for number in range(len(liar.lies))}
    assert trap.caught == 0


async def store(url: str, redis: Redis, database: AsyncDatabase[Document]) -> None:
    video = a_video()
    video.media = Media(url=url)
    await put(redis, video)
    await database[VIDEOS].replace_one({"_id": VIDEO_ID}, to_mongo(video), upsert=True)


async def test_a_page_whose_item_names_media_in_the_trap_gives_none_of_them(
    *,
    mongodb_uri: str,
    redis_url: str,
    environment: Environment,
    key: str,
    trap: Trap,
    tmp_path: Path,
) -> None:
    async def serve(request: web.Request) -> web.Response:
        one = post(request.match_info["name"])
        return html(layouts.desktop(one, f"http://127.0.0.1:{trap.port}"))

    patient = environment.model_copy(update={"extract_timeout_s": 15})  # the worker starts
    app = web.Application()
    app.router.add_get("/{user}/{kind}/{name}", serve)
    async with listening(app) as site:
        with a_worker(
            mongodb_uri=mongodb_uri, redis_url=redis_url, site=site, log=tmp_path / "log"
        ):
            async with serving(patient) as api:
                answer = await api.extract(key, f"https://www.tiktok.com/@a/video/{FIRST_ID}")
                assert answer.status == 200
                video_url = answer.body["video_url"]
                assert str(trap.port) not in orjson.dumps(video_url).decode()
                if video_url:
                    played = await api.call("GET", URL(video_url).raw_path_qs)
                    assert played.status == 503
    assert trap.caught == 0


async def test_a_name_of_tiktoks_that_leads_into_a_private_network_is_not_asked(
    *,
    environment: Environment,
    key: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    private = {
        "loop.tiktokcdn.com": "127.0.0.1",
        "meta.tiktokcdn.com": "169.254.169.254",
        "ten.tiktokcdn.com": "10.1.2.3",
        "mapped.tiktokcdn.com": "::ffff:127.0.0.1",
        "local.tiktokcdn.com": "::1",
        "shared.tiktokcdn.com": "100.64.0.1",
        "nothing.tiktokcdn.com": "0.0.0.0",  # noqa: S104 - what a name resolves to
    }
    looked_up: list[str] = []
    lookup = socket.getaddrinfo

    def lie(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host not in private:
            return lookup(host, port, *arguments, **options)
        looked_up.append(host)
        address = private[host]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        where = (address, port, 0, 0) if ":" in address else (address, port)
        return [(family, socket.SOCK_STREAM, 6, "", where)]

    connected: list[Any] = []

    async def note(_: Any, __: Any, address: Any) -> None:
        connected.append(address)
        raise OSError("nobody may go there")

    async with serving(environment) as api:
        answers = []
        for name in private:
            await store(f"https://{name}/v.mp4", redis_client, database)
            answers.append(await api.extract(key))
        monkeypatch.setattr(socket, "getaddrinfo", lie)
        links = [URL(answer.body["video_url"]).raw_path_qs for answer in answers]
        # The answer is on its way through a connection that is open already.
        monkeypatch.setattr("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", note)
        statuses = []
        for name, link in zip(private, links, strict=True):
            await store(f"https://{name}/v.mp4", redis_client, database)
            statuses.append((await api.call("GET", link)).status)

    assert set(looked_up) == set(private)
    assert statuses == [503] * len(private)
    assert connected == []
