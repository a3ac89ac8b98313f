"""``manage.py queue``: how full the queue is, and what was given up."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncIterator, Callable

    from crawler.jobs.letters import Letter, Letters, Redriven, Wanted
    from crawler.jobs.queue import Queue
    from crawler.jobs.records import Fetcher, Lane
    from settings.env import Environment

_COLUMNS = ("fetcher", "lane", "waiting", "in_hand", "oldest_s", "put_off", "dead_letters")
_OF_LETTERS = ("id", "at", "fetcher", "lane", "reason", "target", "crawl", "message")
_FILTERS = (
    click.option("--lane", type=click.Choice(["demand", "bulk"]), help="Those of this lane."),
    click.option(
        "--fetcher", type=click.Choice(["http", "browser"]), help="Those of this kind of worker."
    ),
    click.option("--reason", help="Those that were given up for this reason."),
)


def _filtered(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@click.group()
def queue() -> None:
    """Look at the queue, and put back what was given up."""


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


@queue.command()
@_filtered
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@as_json
def letters(
    lane: str | None, fetcher: str | None, reason: str | None, *, limit: int, is_json: bool
) -> None:
    """List dead letters, newest first: jobs that were given up, and entries that were no jobs."""
    from services.running import attached
    from settings.env import read_environment

    wanted = _wanted(lane, fetcher, reason)
    with attached(read_environment()) as environment:
        rows = [_letter_row(one) for one in asyncio.run(_newest(environment, wanted, limit))]
    if is_json:
        print_json([dict(zip(_OF_LETTERS, row, strict=True)) for row in rows])
    else:
        print_table(_OF_LETTERS, rows)


@queue.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@_filtered
@as_json
def redrive(
    ids: tuple[str, ...],
    lane: str | None,
    fetcher: str | None,
    reason: str | None,
    *,
    is_json: bool,
) -> None:
    """Put dead letters back, each once and with all its tries: those named, else all that fit.

    What belongs to a crawl that has ended is crawled again as a target of it.
    """
    from services.running import attached
    from settings.env import read_environment

    wanted = _wanted(lane, fetcher, reason)
    with attached(read_environment()) as environment:
        redriven = asyncio.run(_redrive(environment, ids, wanted))
    if is_json:
        print_json({"redriven": redriven.back, "refused": redriven.refused})
        return
    for letter_id, why in redriven.refused.items():
        click.echo(f"{letter_id} is refused: {why}", err=True)
    click.echo(f"{len(redriven.back)} put back, {len(redriven.refused)} refused")


async def _read(environment: Environment) -> list[tuple[Any, ...]]:
    from crawler.jobs.backlog import Backlog
    from crawler.jobs.queue import Queue
    from crawler.jobs.records import Fetcher, Lane
    from services import redis

    async with redis.connect(environment.redis_url or "") as client, _letters(environment) as dead:
        counts = await dead.counts()
        rows = [
            await _row(Queue(client, fetcher=fetcher), fetcher, lane, counts)
            for fetcher in Fetcher
            for lane in Lane
        ]
        if environment.archive_url is not None:
            rows.append((None, "archive", await Backlog(client).size(), None, None, None, None))
        return rows


async def _row(
    queue: Queue, fetcher: Fetcher, lane: Lane, dead: Counter[tuple[str, str]]
) -> tuple[Any, ...]:
    depth = await queue.depth(lane)
    age_s = round(depth.oldest_s, 1) if depth.oldest_s is not None else None
    place = (fetcher.value, lane.value)
    return (*place, depth.waiting, depth.in_hand, age_s, depth.put_off, dead[place])


async def _newest(environment: Environment, wanted: Wanted, limit: int) -> list[Letter]:
    async with _letters(environment) as dead:
        return await dead.newest(wanted, limit=limit)


async def _redrive(environment: Environment, ids: tuple[str, ...], wanted: Wanted) -> Redriven:
    async with _letters(environment) as dead:
        if not ids:
            return await dead.redrive([one async for one in dead.all(wanted)])
        found = [one for one in await dead.named(ids) if wanted.has(one)]
        redriven = await dead.redrive(found)
        absent = {*ids} - {one.id for one in found}
        redriven.refused.update(dict.fromkeys(sorted(absent), "there is no such dead letter"))
        return redriven


@contextlib.asynccontextmanager
async def _letters(environment: Environment) -> AsyncIterator[Letters]:
    from crawler.jobs.crawls import Crawls
    from crawler.jobs.letters import Letters
    from services import mongodb, redis

    uri = environment.mongodb_uri or ""
    async with redis.connect(environment.redis_url or "") as client, mongodb.connect(uri) as store:
        yield Letters(client, Crawls(mongodb.database(store, uri), client))


def _wanted(lane: str | None, fetcher: str | None, reason: str | None) -> Wanted:
    from crawler.jobs.letters import Wanted
    from crawler.jobs.records import Fetcher, Lane

    return Wanted(
        lane=Lane(lane) if lane else None,
        fetcher=Fetcher(fetcher) if fetcher else None,
        reason=reason,
    )


def _letter_row(letter: Letter) -> tuple[Any, ...]:
    target = letter.target
    return (letter.id, letter.at, *letter.place, letter.reason, target, letter.run, letter.message)
