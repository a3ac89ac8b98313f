"""``manage.py export`` of posts to Parquet, as a command with a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.sample.plan import Plan
from analysis.sample.seeding import Seeding
from bench.programs import OUR_PYTHON, ROOT
from bench.table import Row, at_least, at_most, bound
from services import mongodb

if TYPE_CHECKING:
    from bench.ground import Ground

VIDEOS = 200_000
_UNTIL = datetime(2026, 1, 1, tzinfo=UTC)


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """Rows of the rate, from the command's first look at MongoDB on, and of its memory."""
    async with mongodb.connect(ground.mongodb_uri) as client:
        plan = Plan(videos=VIDEOS, days=30, rows=1, comments=0, until=_UNTIL, seed=1)
        await Seeding(mongodb.database(client, ground.mongodb_uri), plan).write()
    usual = [await asyncio.to_thread(_export, ground) for _ in range(rounds)]
    less_often = max(1, rounds // 2)
    whole = [await asyncio.to_thread(_export, ground, "--fields", "all") for _ in range(less_often)]
    what = f"`export videos` to Parquet, {VIDEOS:,} posts"
    memory = [megabytes for _, megabytes in (*usual, *whole)]
    return [
        bound(what, [rate for rate, _ in usual], limit=at_least(30_000, " posts/s")),
        bound(
            f"{what}, all columns", [rate for rate, _ in whole], limit=at_least(10_000, " posts/s")
        ),
        bound(f"{what}, memory at most", memory, limit=at_most(300, " MB")),
    ]


def _export(ground: Ground, *more: str) -> tuple[float, float]:
    """Posts a second of one export, start and end of the command included, and its memory in MB."""
    with tempfile.TemporaryDirectory(dir=ground.folder) as folder:
        command = [
            *(str(OUR_PYTHON), "manage.py", "export", "videos", "--json"),
            *("--out", str(Path(folder) / "videos.parquet"), *more),
        ]
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={
                "PATH": os.defpath,
                "MONGODB_URI": ground.mongodb_uri,
                "REDIS_URL": ground.redis_url,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        output = process.stdout.read() if process.stdout else b""
        _, status, used = os.wait4(process.pid, 0)
        took_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, output
    assert json.loads(output)["documents"] == VIDEOS, output
    return VIDEOS / took_s, used.ru_maxrss / 1024
