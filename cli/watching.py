"""Waiting for a crawl at the terminal: its progress, then what became of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from api.delivered import Delivered, Format
from cli.crawls import crawls_of
from cli.jobs import shown_job
from cli.output import print_json
from cli.staff import Staff
from crawler.jobs.crawl import CrawlState, TargetState
from services import mongodb, redis
from services.tasks import ended

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from crawler.jobs.crawl import Crawl
    from crawler.jobs.crawls import Crawls
    from settings.env import Environment

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended."""
_LOOK_S = 0.3
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a command waits for."""

    begin: Callable[[Crawls], Awaitable[Crawl]]
    """Makes the crawl, or finds it."""
    for_lists: bool
    """Whether it takes a browser."""
    out: Path | None = None


def watch(environment: Environment, asked: Watch) -> Crawl:
    """Wait for a crawl's end, with processes of our own where none runs that would crawl it.

    Raises:
        CrawlError: there is no such crawl.
        ServiceError: what would crawl it does not come up.
        Exit: Ctrl-C was pressed; the crawl stays, and how to go on was told.
    """
    watcher = _Watcher(environment, asked)
    try:
        return asyncio.run(watcher.run())
    except KeyboardInterrupt:
        watcher.say_how_to_go_on()
        raise click.exceptions.Exit(INTERRUPTED) from None


def say_end(crawl: Crawl, *, is_json: bool) -> NoReturn:
    """Print what became of a crawl, and end with 1 unless every target has what was asked for."""
    if is_json:
        print_json(shown_job(crawl))
    else:
        click.echo(f"{crawl.id} {crawl.state.value}: {_said_of(crawl)}")
    raise click.exceptions.Exit(0 if crawl.state is CrawlState.SUCCEEDED else 1)


class _Watcher:
    def __init__(self, environment: Environment, asked: Watch) -> None:
        self._environment = environment
        self._asked = asked
        self._crawl: Crawl | None = None
        self._is_alone = False

    async def run(self) -> Crawl:
        environment, asked = self._environment, self._asked
        async with (
            redis.connect(environment.redis_url or "") as client,
            crawls_of(environment) as crawls,
        ):
            staff = Staff(environment, client, for_lists=asked.for_lists)
            async with staff.working():
                self._is_alone = staff.is_own
                self._crawl = await asked.begin(crawls)
                crawl = await _until_ended(self._crawl, crawls, staff)
            await _say_what_failed(crawl, crawls)
            if asked.out is not None:
                await self._write(crawl, crawls, asked.out)
        return crawl

    async def _write(self, crawl: Crawl, crawls: Crawls, out: Path) -> None:
        uri = self._environment.mongodb_uri or ""
        async with mongodb.connect(uri) as store:
            delivered = Delivered(mongodb.database(store, uri), crawls)
            form = Format(out.suffix.removeprefix("."))
            with out.open("wb") as file:
                async for piece in delivered.file(crawl, form, cursor=None, with_country=True):
                    file.write(piece)
        click.echo(f"{crawl.counts.items} items are written to {out}", err=True)

    def say_how_to_go_on(self) -> None:
        if self._crawl is None:
            click.echo("nothing has begun", err=True)
            return
        crawl_id = self._crawl.id
        state = "waits until something crawls again" if self._is_alone else "goes on"
        click.echo(
            f"{crawl_id} {state}: manage.py jobs follow {crawl_id} waits for its end,"
            f" manage.py jobs cancel {crawl_id} cancels it",
            err=True,
        )


async def _until_ended(crawl: Crawl, crawls: Crawls, staff: Staff) -> Crawl:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[verdicts]}"),
    )
    keeping = asyncio.create_task(staff.keep())
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("", total=crawl.counts.targets, rate="", verdicts="")
            while True:
                progress.update(
                    bar,
                    completed=crawl.counts.ended,
                    rate=_rate(crawl),
                    verdicts=_said_of(crawl),
                )
                if crawl.state.is_ended:
                    return crawl
                if keeping.done():
                    keeping.result()
                await asyncio.sleep(_LOOK_S)
                crawl = await crawls.get(crawl.id)
    finally:
        await ended(keeping)


def _rate(crawl: Crawl) -> str:
    if crawl.rate is None or crawl.eta_s is None:
        return ""
    minutes, seconds = divmod(crawl.eta_s, 60)
    return f"{crawl.rate:.1f}/s, {minutes // 60}:{minutes % 60:02}:{seconds:02} left"


def _said_of(crawl: Crawl) -> str:
    """How its targets have ended, and how much they brought."""
    verdicts = [f"{count} {word}" for word, count in Counter(crawl.verdicts).most_common()]
    return ", ".join([*verdicts, f"{crawl.counts.items} items"])


async def _say_what_failed(crawl: Crawl, crawls: Crawls) -> None:
    """Name targets that failed, and whatever else an operator should look at."""
    failed = await crawls.targets(crawl.id, state=TargetState.FAILED, limit=_MOST_TOLD)
    for one in failed.items:
        reason = one.reason.value if one.reason else ""
        click.echo(f"{one.target.key}: {reason}", err=True)
    if failed.cursor is not None:
        rest = crawl.counts.failed - len(failed.items)
        click.echo(f"{rest} more failed: manage.py jobs show {crawl.id} --state failed", err=True)
    for fall in crawl.falls:
        click.echo(
            f"only {fall['is']:.0%} of the posts have {fall['field']}, where {fall['was']:.0%} had"
            " it the run before",
            err=True,
        )
    if crawl.stop_reason is not None:
        click.echo(f"{crawl.id} was stopped: {crawl.stop_reason}", err=True)
