"""Care for what is stored, while all of it is at work or killed in its midst."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import zstandard

from crawler.errors import Reason
from crawler.jobs.erasures.erasures import Erasures
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import Queue
from crawler.jobs.records import Lane
from crawler.links import Target, TargetType
from pipelines.collections import prepare
from services import dump, mongodb
from services.positions import POSITIONS
from settings.env import Environment
from settings.secrets import erasure_key
from tests.pipelines.cases import read_case
from tests.pipelines.posts import START
from tests.site import Site, post
from tests.workers import PROJECT, a_worker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

pytestmark = pytest.mark.drill

FIRST = 7300000000000000001
POSTS = 600
ELSEWHERE = "killed"


def start(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    """A command of manage.py."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env={**os.environ, "DATA_DIR": str(folder / "data"), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def ended(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = await asyncio.to_thread(process.communicate)
    return process.returncode, out.decode(), err.decode()


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await is_so():
            await asyncio.sleep(0.02)


async def test_a_restore_that_was_killed_goes_on_and_brings_everything(
    database: AsyncDatabase[Document], mongodb_uri: str, redis_url: str, tmp_path: Path
) -> None:
    await prepare(database)
    blob = os.urandom(4000)
    for begin in range(0, 24_000, 4000):
        await database.raw_items.insert_many(
            [
                {"_id": str(n), "kind": "video", "layout": "list", "spider": "jobs", "data": blob}
                | {"observed_at": START, "expire_at": datetime.now(UTC) + timedelta(days=9)}
                for n in range(begin, begin + 4000)
            ]
        )
    rows = [{"observed_at": START + timedelta(hours=n), "views": n} for n in range(500)]
    await database.video_statistics.insert_many(
        [row | {"meta": {"video_id": str(n), "user_id": None}} for n in range(20) for row in rows]
    )
    at = {"MONGODB_URI": mongodb_uri, "REDIS_URL": redis_url}
    file = str(tmp_path / "backup")
    code, _, err = await ended(start(tmp_path, "backup", file, **at))
    assert code == 0, err

    begin_, _, options = mongodb_uri.partition("?")
    at["MONGODB_URI"] = f"{begin_.rpartition('/')[0]}/{ELSEWHERE}?{options}"
    target = database.client.get_database(ELSEWHERE)
    await database.client.drop_database(ELSEWHERE)
    try:
        restoring = start(tmp_path, "restore", file, **at)

        async def is_in_its_midst() -> bool:
            return await target.raw_items.estimated_document_count() > 4000

        await until(is_in_its_midst)
        restoring.send_signal(signal.SIGKILL)
        await ended(restoring)
        assert await target.raw_items.count_documents({}) < 24_000
        assert await dump.loading(target) is not None

        code, _, err = await ended(start(tmp_path, "restore", file, **at))
        assert code == 0, err
        for name in await database.list_collection_names(filter={"type": {"$ne": "view"}}):
            if not name.startswith("system."):
                count = await database[name].count_documents({})
                assert await target[name].count_documents({}) == count, name
                indexes = await database[name].index_information()
                assert await target[name].index_information() == indexes
        assert await target.video_statistics.count_documents({"views": 499}) == 20
        assert await dump.loading(target) is None
    finally:
        await database.client.drop_database(ELSEWHERE)


async def test_a_reading_of_raw_items_that_was_killed_goes_on_where_it_was(
    database: AsyncDatabase[Document], mongodb_uri: str, redis_url: str, tmp_path: Path
) -> None:
    await prepare(database)
    raw = read_case("desktop").raw
    ids = [str(FIRST + n) for n in range(3000)]
    about = {"kind": "video", "layout": raw.layout.value, "spider": "jobs"}
    about["expire_at"] = datetime.now(UTC) + timedelta(days=9)  # type: ignore[assignment]
    about["observed_at"] = START  # type: ignore[assignment]
    await database.raw_items.insert_many(
        [
            {"_id": one, "data": zstandard.compress(orjson.dumps(raw.data | {"id": one})), **about}
            for one in ids
        ]
    )
    await database.videos.insert_many(
        [
            {"_id": one, "type": "video", "url": "", "observed_at": START, "parser_version": 0}
            for one in ids
        ]
    )
    at = {"MONGODB_URI": mongodb_uri, "REDIS_URL": redis_url}
    reading = start(tmp_path, "renormalize", "--json", **at)

    async def has_begun() -> bool:
        return await database[POSITIONS].find_one({"_id": "renormalize"}) is not None

    await until(has_begun)
    reading.send_signal(signal.SIGKILL)
    await ended(reading)
    left = await database.videos.count_documents({"parser_version": 0})
    assert 0 < left < len(ids)

    code, out, err = await ended(start(tmp_path, "renormalize", "--json", **at))
    assert code == 0, err
    assert "goes on behind" in err
    assert json.loads(out) == {"read": 3000, "renewed": 3000, "passed": 0, "failed": 0}
    assert await database.videos.count_documents({"parser_version": 0}) == 0


async def test_a_user_is_erased_while_workers_crawl_their_posts(
    database: AsyncDatabase[Document],
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    tmp_path: Path,
) -> None:
    by_name = defaultdict(list)
    for number in range(FIRST, FIRST + 10_000):
        by_name[post(str(number)).username].append(str(number))
    name = max(by_name, key=lambda one: len(by_name[one]))
    theirs = set(by_name.pop(name))
    assert len(theirs) > 3
    ids = [*theirs, *(posts[0] for posts in by_name.values())][:POSTS]
    Random(0).shuffle(ids)
    targets = [Target(type=TargetType.VIDEO, value=one) for one in ids]
    variables = {"DATA_DIR": str(tmp_path / "data")}
    queue = Queue(redis_client)
    async with Site(latency_ms=20) as site, Outcomes(redis_client) as outcomes:
        await outcomes.until_subscribed()
        log = tmp_path / "log"
        at: dict[str, Any] = {"mongodb_uri": mongodb_uri, "redis_url": redis_url, "site": site.url}
        with a_worker(log=log, **at, **variables):
            await queue.add(targets, run="run")

            async def some_are_stored() -> bool:
                return await database.videos.count_documents({}) > POSTS // 4

            await until(some_are_stored)
            command = start(
                tmp_path,
                *("erase", "user", name, "--yes", "--json"),
                MONGODB_URI=mongodb_uri,
                REDIS_URL=redis_url,
            )
            code, out, err = await ended(command)
            assert code == 0, err
            assert json.loads(out)["is_complete"]

            async def all_have_ended() -> bool:
                depth = await queue.depth(Lane.BULK)
                return not depth.waiting and not depth.in_hand

            await until(all_have_ended)

            again = Target(type=TargetType.VIDEO, value=min(theirs), username="_")
            with outcomes.expect(again.key) as waiter:
                await queue.ask(again, flight_s=30)
                outcome = await waiter.wait(20)
    assert outcome is not None
    assert outcome.reason is Reason.NOT_COLLECTED
    left = set(await database.videos.distinct("_id"))
    assert left == set(ids) - theirs
    rows = set(await database.video_statistics.distinct("meta.video_id"))
    raw_items = set(await database.raw_items.distinct("_id"))
    assert rows == raw_items == left

    environment = Environment(data_dir=tmp_path / "data")
    async with mongodb.connect(mongodb_uri) as client:
        erasures = Erasures(
            mongodb.database(client, mongodb_uri), partial(erasure_key, environment)
        )
        await erasures.refresh()
    assert erasures.has_user(None, name)
