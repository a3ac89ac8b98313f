"""``manage.py queue``: how full the queue is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from crawler.jobs.queue import Queue
    from crawler.jobs.records import Fetcher, Lane
    from settings.env import Environment

_COLUMNS = ("fetcher", "lane", "waiting", "in_hand", "oldest_s", "put_off", "dead_letters")


@click.group()
def queue() -> None:
    """Look at the queue."""


@queue.command()
@as_json
def show(*, is_json: bool) -> None:
    """Show how many jobs wait and are in hand, how old the oldest is, and the dead letters."""
    from services.running import attached
    from settings.env import read_environment

    with attached(read_environment()) as environment:
        rows = asyncio.run(_read(environment))
    if is_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        print_table(_COLUMNS, rows)


async def _read(environment: Environment) -> list[tuple[Any, ...]]:
    from crawler.jobs.backlog import Backlog
    from crawler.jobs.queue import Queue
    from crawler.jobs.records import Fetcher, Lane
    from services import redis

    async with redis.connect(environment.redis_url or "") as client:
        rows = [
            await _row(Queue(client, fetcher=fetcher), fetcher, lane)
            for fetcher in Fetcher
            for lane in Lane
        ]
        if environment.archive_url is not None:
            rows.append((None, "archive", await Backlog(client).size(), None, None, None, None))
        return rows


async def _row(queue: Queue, fetcher: Fetcher, lane: Lane) -> tuple[Any, ...]:
    depth = await queue.depth(lane)
    age_s = round(depth.oldest_s, 1) if depth.oldest_s is not None else None
    dead = await queue.dead_letters(lane)
    counts = (depth.waiting, depth.in_hand, age_s, depth.put_off, dead)
    return (fetcher.value, lane.value, *counts)
