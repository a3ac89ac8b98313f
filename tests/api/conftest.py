"""A running API on real databases, callers of it, and a small worker at the other end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, ClientTimeout, web

from accounts.accounts import Account, Accounts
from accounts.keys import Keys
from api.app import build_app
from api.server import Runner
from crawler.jobs import answers
from crawler.jobs.queue import Queue
from crawler.jobs.records import Job, Lane, Outcome
from pipelines.documents.video import Author, Media, Video
from pipelines.publish import fields_of
from services.scripts import call_all
from services.tasks import ended
from settings.env import Environment
from settings.plans import PlanName

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

VIDEO_ID = "7106594312292453675"
LINK = f"https://www.tiktok.com/@someone/video/{VIDEO_ID}"
EXTRACT = "/api/v1/video/extract"
ADMIN_TOKEN = "a token of tests, long enough"

Serve = Callable[[Environment], "contextlib.AbstractAsyncContextManager[Api]"]


def a_video(video_id: str = VIDEO_ID, **changes: Any) -> Video:
    return Video(
        id=video_id,
        type="video",
        url=LINK,
        author=Author(username="someone", follower_count=5),
        country="SE",
        region="Skåne",
        **{
            "description": 'Morning "run" ☀ #fyp',
            "observed_at": datetime.now(UTC),
            "media": Media(url=f"https://media.example.com/{video_id}.mp4?a=1&b=2"),
            **changes,
        },
    )


@dataclass(slots=True, kw_only=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: Any


@dataclass(slots=True, kw_only=True)
class Api:
    """One running API."""

    url: str
    session: ClientSession
    environment: Environment
    app: web.Application

    async def call(
        self, method: str, path: str, *, key: str | None = None, **options: Any
    ) -> Answer:
        headers = {**({"X-API-Key": key} if key else {}), **options.pop("headers", {})}
        async with self.session.request(
            method, self.url + path, headers=headers, **options
        ) as response:
            body = await response.json() if response.content_type == "application/json" else None
            return Answer(status=response.status, headers=response.headers, body=body)

    async def extract(self, key: str | None, url: str = LINK, **more: Any) -> Answer:
        return await self.call("POST", EXTRACT, key=key, json={"url": url, **more})


@dataclass
class Worker:
    """Takes jobs from the real queue and ends them as it is told."""

    redis: Redis
    crawled: list[Job] = field(default_factory=list)
    is_crawling: asyncio.Event = field(default_factory=asyncio.Event)
    delay_s: float = 0.0
    outcome: Callable[[Job], Awaitable[Outcome]] | None = None

    async def work(self) -> None:
        queue = Queue(self.redis, consumer="worker")
        await queue.prepare()
        while True:
            for job in await queue.take(Lane.DEMAND, 8, block_s=0.5):
                self.crawled.append(job)
                self.is_crawling.set()
                await asyncio.sleep(self.delay_s)
                end = self.outcome or self.publish
                await queue.finish(job, await end(job))

    async def publish(self, job: Job) -> Outcome:
        video_id = job.target.value if job.target.value.isdigit() else VIDEO_ID
        await put(self.redis, a_video(video_id))
        return Outcome(key=job.target.key, video_id=video_id)


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(10):
        while not await is_so():
            await asyncio.sleep(0.01)


async def put(redis: Redis, video: Video) -> None:
    entry = answers.Entry(video_id=video.id, fields=fields_of(video), ttl_s=60)
    await call_all(redis, [answers.put(entry)])


@contextlib.asynccontextmanager
async def serving(environment: Environment) -> AsyncIterator[Api]:
    app = build_app(environment)
    runner = Runner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    try:
        async with ClientSession(timeout=ClientTimeout(total=20)) as session:
            yield Api(
                url=f"http://{host}:{port}", session=session, environment=environment, app=app
            )
    finally:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases may take their time, for the machine is busy with other tests."""
    if request.node.get_closest_marker("hasty") is None:
        for place in ("accounts.limits.PATIENCE_S", "api.app.PATIENCE_S", "api.storage.PATIENCE_S"):
            monkeypatch.setattr(place, 10.0)


@pytest.fixture
def environment(mongodb_uri: str, redis_url: str) -> Environment:
    return Environment(
        mongodb_uri=mongodb_uri,
        redis_url=redis_url,
        extract_timeout_s=5,
        secret_key="a secret of tests, long enough",
        admin_token=ADMIN_TOKEN,
        upgrade_url="https://example.com/upgrade",
    )


@pytest.fixture
async def api(environment: Environment) -> AsyncIterator[Api]:
    async with serving(environment) as api:
        yield api


@pytest.fixture
async def worker(redis_client: Redis) -> AsyncIterator[Worker]:
    worker = Worker(redis_client)
    task = asyncio.create_task(worker.work())
    yield worker
    await ended(task)


@dataclass
class Callers:
    """Makes accounts and keys."""

    accounts: Accounts
    keys: Keys
    count: int = 0

    async def make(self, plan: PlanName, **options: Any) -> tuple[Account, str]:
        self.count += 1
        account = await self.accounts.create(f"caller{self.count}@example.com", plan)
        _, secret = await self.keys.issue(account.id, **options)
        return account, secret


@pytest.fixture
def callers(database: AsyncDatabase[Document], redis_client: Redis) -> Callers:
    return Callers(Accounts(database, redis_client), Keys(database, redis_client))


@pytest.fixture
async def key(callers: Callers) -> str:
    """A key of a Business account."""
    _, secret = await callers.make(PlanName.BUSINESS)
    return secret
