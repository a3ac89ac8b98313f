"""Media from TikTok's side to the caller's: how fast, and what it holds in memory."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING

from accounts.accounts import Accounts
from accounts.collections import prepare
from api.links import Links
from bench.ground import free_port
from bench.programs import OUR_PYTHON, ROOT, output_of, resident_mb
from bench.table import Row, at_least, at_most, bound, compare
from pipelines.collections import VIDEOS
from pipelines.documents.mongo import to_mongo
from pipelines.documents.video import Media, Session, Video
from services import mongodb
from settings.env import Environment
from settings.plans import PlanName
from settings.secrets import secret_key

if TYPE_CHECKING:
    from bench.ground import Ground, Server

DOWNLOADS = 16
DURATION_S = 4
SMALL, LARGE = 8_000_000, 256_000_000
_SCRIPT = ROOT / "bench" / "download.lua"


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """Ours and a handler that only passes on in turn; then ours with files of two sizes."""
    ours: list[float] = []
    peer: list[float] = []
    async with AsyncExitStack() as stack:
        files = _peer(stack, ground, "file_server")
        passing = _peer(stack, ground, "pass_through", files.url)
        api, links = await _start(stack, ground, files)
        for number in range(rounds + 1):
            pair = await _rate(links[SMALL]), await _rate(f"{passing.url}/{SMALL}.mp4")
            if number:  # the first round warms up
                ours.append(pair[0])
                peer.append(pair[1])
        resident = []
        for size in (SMALL, LARGE):
            await _rate(links[size], duration_s=2 * DURATION_S)
            resident.append(resident_mb(api.pid))
    return [
        compare(
            f"media of {SMALL // 10**6} MB, {DOWNLOADS} downloads; peer: aiohttp pass-through",
            ours,
            peer,
            unit=" MB/s",
            limit=at_least(0.8),
        ),
        bound(
            f"growth of the API's resident set from {DOWNLOADS} downloads of {SMALL // 10**6} MB"
            f" files to {DOWNLOADS} of {LARGE // 10**6} MB"
            f" ({', '.join(f'{mb:.0f}' for mb in resident)} MB)",
            [resident[1] - resident[0]],
            limit=at_most(10, " MB"),
        ),
    ]


async def _start(
    stack: AsyncExitStack, ground: Ground, files: Server
) -> tuple[Server, dict[int, str]]:
    """The API, and a link of it to a file of each size."""
    site = stack.enter_context(ground.site())
    hosts = files.url.removeprefix("http://")
    api = await stack.enter_async_context(ground.api(site, TIKTOK_MEDIA_HOSTS=hosts))
    links = Links(secret_key(Environment(data_dir=ground.folder)), address=api.url)
    async with mongodb.connect(ground.mongodb_uri) as client:
        database = mongodb.database(client, ground.mongodb_uri)
        await prepare(database)
        account = await Accounts(database).create("media@example.com", PlanName.BUSINESS)
        for size in (SMALL, LARGE):
            await database[VIDEOS].insert_one(to_mongo(_video(str(size), files)))
    expires = int(time()) + 3600
    return api, {
        size: links.write(str(size), account=account.id, expires=expires).decode()
        for size in (SMALL, LARGE)
    }


def _video(name: str, files: Server) -> Video:
    return Video(
        id=name,
        type="video",
        url=f"https://www.tiktok.com/@_/video/{name}",
        media=Media(url=f"{files.url}/{name}.mp4"),
        session=Session(cookie='"a+b/c=="', user_agent="Bench/1"),
        observed_at=datetime.now(UTC),
    )


def _peer(stack: AsyncExitStack, ground: Ground, module: str, *arguments: str) -> Server:
    port = free_port()
    server = ground.server(
        *(OUR_PYTHON, "-m", f"bench.peers.{module}"), str(port), *arguments, port=port
    )
    return stack.enter_context(server)


async def _rate(link: str, *, duration_s: int = DURATION_S) -> float:
    """Megabytes a second, every answer being a 200."""
    command = ["wrk", "-t1", f"-c{DOWNLOADS}", f"-d{duration_s}s", "--timeout", "60s"]
    printed = await output_of([*command, "-s", _SCRIPT, link])
    seen = json.loads(printed.splitlines()[-1])
    assert not seen["failed"], printed.decode()
    rate: float = seen["mb_s"]
    return rate
