"""A bulk crawl from the command line: jobs, progress, documents."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.program import Program, command
from crawler.jobs.queue import Queue
from crawler.jobs.records import new_id
from pipelines.collections import VIDEOS
from pipelines.documents.mongo import from_mongo
from pipelines.documents.public import metadata
from pipelines.documents.video import Video
from services import mongodb, redis
from services.running import attached, find
from settings.env import read_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crawler.jobs.records import Outcome
    from crawler.links import Target
    from settings.env import Environment


def run_videos(targets: Sequence[Target], *, out: Path | None) -> bool:
    """Crawl targets on the workers that run, or on one of our own; True when all were found."""
    environment = read_environment()
    with attached(environment) as connected, _worker(connected):
        outcomes = asyncio.run(_crawl(connected, targets))
        found = [outcome.video_id for outcome in outcomes if outcome.reason is None]
        if out is not None:
            asyncio.run(_write(connected, [one for one in found if one], out))
    _summarise(outcomes, out)
    return len(found) == len(targets)


@contextlib.contextmanager
def _worker(environment: Environment) -> Iterator[None]:
    """A worker for as long as the crawl takes, unless one runs already."""
    servers = find(environment.data_dir)
    if servers and any(name.startswith("worker") for name in servers.processes):
        yield
        return
    program = Program(command("worker"), _variables(environment))
    program.start()
    try:
        yield
    finally:
        program.stop()


def _variables(environment: Environment) -> dict[str, str]:
    return {
        **os.environ,
        "MONGODB_URI": environment.mongodb_uri or "",
        "REDIS_URL": environment.redis_url or "",
        "LOG_LEVEL": "WARNING",
    }


async def _crawl(environment: Environment, targets: Sequence[Target]) -> list[Outcome]:
    run = new_id("run")
    outcomes = []
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[verdicts]}"),
    )
    async with redis.connect(environment.redis_url or "") as client:
        queue = Queue(client)
        await queue.prepare()
        await queue.add(targets, run=run)
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("", total=len(targets), verdicts="")
            async for outcome in queue.outcomes(run, count=len(targets)):
                outcomes.append(outcome)
                progress.update(bar, advance=1, verdicts=_verdicts(outcomes))
    return outcomes


async def _write(environment: Environment, video_ids: Sequence[str], out: Path) -> None:
    uri = environment.mongodb_uri or ""
    async with mongodb.connect(uri) as client:
        videos = mongodb.database(client, uri)[VIDEOS]
        with out.open("w", newline="") as file:
            write = _writer(out, file)
            async for document in videos.find({"_id": {"$in": list(video_ids)}}):
                write(metadata(from_mongo(Video, document), with_country=True))


def _writer(out: Path, file: Any) -> Any:
    if out.suffix == ".jsonl":
        return lambda row: file.write(orjson.dumps(row).decode() + "\n")
    rows = csv.writer(file)
    header: list[str] = []

    def write(row: dict[str, Any]) -> None:
        flat = dict(_flat(row))
        if not header:
            header.extend(flat)
            rows.writerow(header)
        rows.writerow([_cell(flat.get(name)) for name in header])

    return write


def _flat(row: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}_")
        else:
            yield prefix + name, value


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: such a text gets a leading apostrophe."""
    if isinstance(value, list):
        value = orjson.dumps(value).decode()
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value


def _verdicts(outcomes: Sequence[Outcome]) -> str:
    words = Counter(outcome.reason.value if outcome.reason else "stored" for outcome in outcomes)
    return ", ".join(f"{count} {word}" for word, count in words.most_common())


def _summarise(outcomes: Sequence[Outcome], out: Path | None) -> None:
    for outcome in outcomes:
        if outcome.reason is not None:
            click.echo(f"{outcome.key}: {outcome.reason.value}", err=True)
    click.echo(_verdicts(outcomes) + (f", written to {out}" if out else ""))
