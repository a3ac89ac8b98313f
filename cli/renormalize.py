"""``manage.py renormalize``: read what TikTok sent once more, with the parser of now."""

from __future__ import annotations

import asyncio
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING

import click

from cli.output import as_json, print_json

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.items import Kind
    from pipelines.renormalize import Progress
    from settings.env import Environment

_KINDS = ("video", "user", "hashtag", "music", "comment")
_MOST_TOLD = 20


@click.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
    help="Leave out what arrived before, UTC.",
)
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(_KINDS),
    multiple=True,
    help="Of these kinds alone; repeat.",
)
@click.option(
    "--anew",
    "is_anew",
    is_flag=True,
    help="Begin at the first item, though the last run was interrupted.",
)
@as_json
def renormalize(
    since: datetime | None, kinds: tuple[str, ...], *, is_anew: bool, is_json: bool
) -> None:
    """Bring documents up to this version's parser, from the raw items that are kept (RAW_TTL_S).

    Interrupted, the same command goes on where it was. It may run while the service runs: an older
    response never goes over a newer document. Ends with 1 when an item could not be read; these
    are named, and stay as they were.
    """
    from cli.watching import INTERRUPTED
    from crawler.items import Kind
    from services.running import attached
    from settings.env import read_environment

    begin = since.replace(tzinfo=UTC) if since else None
    with attached(read_environment()) as environment:
        chosen = [Kind(kind) for kind in kinds]
        try:
            done = asyncio.run(_run(environment, chosen, begin, is_anew=is_anew))
        except KeyboardInterrupt:
            click.echo("interrupted: the same command goes on from here", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
    for problem in done.problems[:_MOST_TOLD]:
        click.echo(problem, err=True)
    if is_json:
        print_json(
            {
                "read": done.read,
                "renewed": done.renewed,
                "passed": done.passed,
                "failed": done.failed,
            }
        )
    else:
        click.echo(
            f"{done.read} raw items read: {done.renewed} documents renewed, {done.passed}"
            f" passed over (newer, or gone), {done.failed} could not be read"
        )
    raise click.exceptions.Exit(1 if done.failed else 0)


async def _run(
    environment: Environment, kinds: list[Kind], since: datetime | None, *, is_anew: bool
) -> Progress:
    from cli.progress import progress_bar
    from crawler.jobs.erasures.erasures import Erasures
    from pipelines.collections import prepare
    from pipelines.renormalize import Progress, Renormalizing
    from services import mongodb
    from settings.secrets import erasure_key

    uri = environment.mongodb_uri or ""
    async with mongodb.connect(uri) as client:
        database = mongodb.database(client, uri)
        await prepare(database)
        erasures = Erasures(database, partial(erasure_key, environment))
        work = Renormalizing(database, kinds=kinds, since=since, erasures=erasures)
        progress = (None if is_anew else await work.interrupted()) or Progress()
        if progress.read:
            click.echo(f"goes on behind {progress.after}, where it was interrupted", err=True)
        with progress_bar("raw items", total=await work.count()) as tell:
            tell(progress.read)
            async for now in work.run(progress):
                progress = now
                tell(progress.read)
        return progress
