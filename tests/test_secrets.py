"""What real processes say, on every way of failing, holds no key, cookie or password."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from accounts.accounts import Accounts
from accounts.collections import prepare
from accounts.keys import Keys
from cli.ports import free_port
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import Queue
from crawler.links import Target, TargetType
from services.children import spawn, stop
from settings.plans import PlanName
from tests.refusing import refusing
from tests.site import Site
from tests.site.visits import chain_token
from tests.workers import PROJECT, a_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = pytest.mark.drill

IDS = ("7300000000000000001", "7300000000000000002", "7300000000000000003")
PASSWORD = "the-password-of-redis"
RAPID = "the-secret-of-the-proxy"
PLANTED = {
    "ADMIN_TOKEN": "the-token-of-the-operator",
    "SECRET_KEY": "the-key-of-signed-links",
    "RAPIDAPI_PROXY_SECRET": RAPID,
}
GUESS = "a-guess-at-the-secret"


@contextlib.contextmanager
def an_api(log: Path, port: int, **variables: str) -> Iterator[None]:
    process = spawn(
        [sys.executable, PROJECT / "manage.py", "serve"],
        death_signal=signal.SIGKILL,
        log=log,
        environment={**os.environ, **PLANTED, "API_PORT": str(port), **variables},
    )
    try:
        yield
    finally:
        stop(process, within_s=20)


@pytest.fixture
async def guarded_redis(redis_client: Redis, redis_url: str) -> AsyncIterator[str]:
    """An address with a password that is right until :func:`shut` is called."""
    await redis_client.acl_setuser(
        "joe",
        enabled=True,
        passwords=[f"+{PASSWORD}"],
        keys=["*"],
        channels=["*"],
        categories=["+@all"],
    )
    yield redis_url.replace("unix://", f"unix://joe:{PASSWORD}@")
    await redis_client.acl_deluser("joe")


async def shut(redis_client: Redis) -> None:
    """Let the password be wrong, and have every process find that out."""
    await redis_client.acl_setuser("joe", enabled=True, reset_passwords=True, passwords=["+other"])
    await redis_client.client_kill_filter(user="joe")


async def ask(session: ClientSession, path: str, *, key: str, **more: str) -> str:
    headers = {"X-API-Key": key, "Cookie": f"tt_chain_token={GUESS}", **more}
    link = {"url": f"https://www.tiktok.com/@a/video/{IDS[0]}"}
    async with session.post(path, json=link, headers=headers) as answer:
        return f"{answer.status} {await answer.text()}"


async def until_healthy(session: ClientSession) -> None:
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(ClientError):
                async with session.get("/health") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)


def assert_clean(text: str, *secrets: str) -> None:
    found = [one for one in (PASSWORD, GUESS, *PLANTED.values(), *secrets) if one in text]
    assert not found, text


@pytest.mark.parametrize("form", ["text", "json"])
async def test_the_api_tells_no_secret(
    *,
    mongodb_uri: str,
    guarded_redis: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
    form: str,
) -> None:
    await prepare(database)
    account = await Accounts(database, redis_client).create("a@example.com", PlanName.PRO)
    _, key = await Keys(database, redis_client).issue(account.id)
    await redis_client.hset(f"video:{IDS[0]}", mapping={"reason": f"no such {key}"})
    log, port, path = tmp_path / "api.log", free_port(), "/api/v1/video/extract"
    settings = {
        "MONGODB_URI": mongodb_uri,
        "REDIS_URL": guarded_redis,
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": form,
        "DATA_DIR": str(tmp_path),
    }
    rapid = {"X-RapidAPI-Proxy-Secret": GUESS, "X-RapidAPI-User": "ann"}
    with an_api(log, port, **settings):
        async with ClientSession(
            f"http://127.0.0.1:{port}", timeout=ClientTimeout(total=10)
        ) as session:
            await until_healthy(session)
            answers = [
                await ask(session, path, key=key),
                await ask(session, path, key=f"{key}x"),
                await ask(session, path, key="", **rapid),
                await ask(session, f"/nowhere/{key}?key={key}", key=key, **rapid),
            ]
            await shut(redis_client)
            answers.append(await ask(session, path, key=key))
    said = log.read_text()

    assert [answer[:3] for answer in answers] == ["500", "401", "401", "404", "503"]
    assert "Traceback" in said
    assert "invalid username-password pair" in said
    assert_clean(said + "".join(answers), key)


async def test_a_worker_tells_no_secret(
    mongodb_uri: str,
    guarded_redis: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    log, queue = tmp_path / "worker.log", Queue(redis_client)
    async with Site() as site, Outcomes(redis_client) as outcomes:

        async def crawl(video_id: str) -> str:
            target = Target(type=TargetType.VIDEO, value=video_id)
            with outcomes.expect(target.key) as waiter:
                await queue.ask(target, flight_s=30)
                outcome = await waiter.wait(20)
            assert outcome is not None
            return outcome.reason.value if outcome.reason else "stored"

        with a_worker(
            mongodb_uri=mongodb_uri,
            redis_url=guarded_redis,
            site=site.url,
            log=log,
            LOG_LEVEL="DEBUG",
            JOB_ATTEMPTS="1",
            **PLANTED,
        ):
            assert await crawl(IDS[0]) == "stored"
            async with refusing(database, "videos"):
                refused = await crawl(IDS[1])
            await shut(redis_client)
            await asyncio.sleep(1)
    said = log.read_text()

    assert refused != "stored"
    assert "Traceback" in said or "ERROR" in said
    assert "invalid username-password pair" in said
    assert_clean(said, *map(chain_token, IDS))


async def test_a_worker_does_not_tell_the_password_of_a_proxy(
    mongodb_uri: str, redis_url: str, redis_client: Redis, tmp_path: Path
) -> None:
    log, password = tmp_path / "worker.log", "the-password-of-a-proxy"
    proxy = f"http://me:{password}@127.0.0.1:{free_port()}"
    async with Site() as site, Outcomes(redis_client) as outcomes:
        with a_worker(
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            site=site.url,
            log=log,
            LOG_LEVEL="DEBUG",
            PROXY_URLS=proxy,
        ):
            target = Target(type=TargetType.VIDEO, value=IDS[2])
            with outcomes.expect(target.key) as waiter:
                await Queue(redis_client).ask(target, flight_s=30)
                outcome = await waiter.wait(10)

    assert_clean(f"{log.read_text()} {outcome}", password)
