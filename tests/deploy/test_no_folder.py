"""Our processes share the databases and nothing else: each runs where no folder can be written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import orjson
import pytest
from aiohttp import ClientSession

from cli.ports import free_port
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import Queue
from crawler.jobs.workers import Workers
from crawler.links import Target, TargetType
from services.children import spawn, stop
from tests.deploy.files import PROJECT
from tests.processes import Serving
from tests.site import Site
from tests.workers import a_worker

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

NOWHERE = "/proc/nowhere"
"""Where root too can make no folder."""
ID = "7300000000000000001"
KEYS = {"SECRET_KEY": "a secret of tests, long enough", "ADMIN_TOKEN": "adm_a-token-of-tests"}


@pytest.fixture
def variables(mongodb_uri: str, redis_url: str) -> dict[str, str]:
    """What a machine is told that has databases elsewhere and no folder."""
    return {
        **{name: value for name, value in os.environ.items() if name not in KEYS},
        "MONGODB_URI": mongodb_uri,
        "REDIS_URL": redis_url,
        "DATA_DIR": NOWHERE,
        "API_PORT": str(free_port()),
    }


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, PROJECT / "manage.py", *arguments],
        env=variables,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


async def test_the_api_needs_no_folder(
    variables: dict[str, str], mongodb_uri: str, redis_url: str, tmp_path: Path
) -> None:
    process = spawn(
        [sys.executable, PROJECT / "manage.py", "serve"],
        death_signal=signal.SIGKILL,
        log=tmp_path / "log",
        environment=variables | KEYS,
    )
    serving = Serving(
        mongodb_uri=mongodb_uri,
        redis_url=redis_url,
        folder=tmp_path,
        port=int(variables["API_PORT"]),
        process=process,
    )
    try:
        async with ClientSession() as session:
            await serving.until_healthy(session)
            headers = {"Authorization": f"Bearer {KEYS['ADMIN_TOKEN']}"}
            url = f"{serving.address}/admin/v1/accounts"
            async with session.get(url, headers=headers) as answer:
                assert answer.status == 200
    finally:
        stop(process, within_s=20)


def test_an_api_without_folder_says_which_key_it_lacks(variables: dict[str, str]) -> None:
    ended = manage("serve", **variables, ADMIN_TOKEN=KEYS["ADMIN_TOKEN"])
    assert ended.returncode == 1
    assert f"SECRET_KEY is not set, and none can be kept in {NOWHERE}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.drill
async def test_a_worker_needs_no_folder_and_tells_its_host(
    mongodb_uri: str,
    redis_url: str,
    redis_client: Redis,
    database: AsyncDatabase[Document],
    tmp_path: Path,
) -> None:
    target = Target(type=TargetType.VIDEO, value=ID)
    async with Site() as site, Outcomes(redis_client) as outcomes:
        await outcomes.until_subscribed()
        with a_worker(
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            site=site.url,
            log=tmp_path / "log",
            DATA_DIR=NOWHERE,
        ):
            with outcomes.expect(target.key) as waiter:
                await Queue(redis_client).ask(target, flight_s=30)
                outcome = await waiter.wait(20)
            (worker,) = (await Workers(redis_client).read()).workers
    assert outcome is not None
    assert outcome.video_id == ID
    assert worker.host == os.uname().nodename
    assert await database.videos.count_documents({}) == 1


@pytest.mark.drill
def test_commands_need_no_folder(variables: dict[str, str]) -> None:
    made = manage(
        *("account", "create", "--email", "a@example.com", "--plan", "pro", "--json"), **variables
    )
    assert orjson.loads(made.stdout)["plan"] == "pro"
    checked = orjson.loads(manage("doctor", "--json", **variables, **KEYS).stdout)
    (folder,) = (check for check in checked["checks"] if check["name"] == "data folder")
    assert folder["ok"] is True
