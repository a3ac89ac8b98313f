"""``manage.py rollup``: the daily roll-ups, by hand."""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import TYPE_CHECKING

import click

from cli.output import as_json, print_json

if TYPE_CHECKING:
    from datetime import datetime

    from analysis.rollups.rolling import Rolled


@click.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Make all days from this one on anew, UTC.",
)
@click.option("--anew", "is_anew", is_flag=True, help="Make all days anew.")
@as_json
def rollup(since: datetime | None, *, is_anew: bool, is_json: bool) -> None:
    """Take up into the daily roll-ups what was stored since the last time.

    The scheduler does that each minute. With --since or --anew days are made anew, as after an
    import of old rows or when captions and countries were read again; interrupted, the same
    command goes on where it was. It may run while the service runs.
    """
    from cli.watching import INTERRUPTED
    from services.running import attached
    from settings.env import read_environment

    begin = since.replace(tzinfo=UTC) if since else None
    with attached(read_environment()) as environment:
        uri = environment.mongodb_uri or ""
        try:
            done = asyncio.run(_run(uri, begin, is_anew=is_anew, is_quiet=is_json))
        except KeyboardInterrupt:
            click.echo("interrupted: the same command goes on from here", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
    counts = {**done.subjects, "days": done.days}
    if is_json:
        print_json(counts)
    else:
        videos, users = done.subjects.values()
        click.echo(f"rolled up {videos} posts and {users} users, and the sums of {done.days} days")


async def _run(uri: str, since: datetime | None, *, is_anew: bool, is_quiet: bool) -> Rolled:
    import pipelines.collections
    from analysis.rollups import collections
    from analysis.rollups.rolling import rebuild, take_up
    from cli.progress import step_bars
    from services import mongodb

    with step_bars(is_quiet=is_quiet) as tell:
        async with mongodb.connect(uri, timeout_s=60) as client:
            database = mongodb.database(client, uri)
            await pipelines.collections.prepare(database)
            await collections.prepare(database)
            if since is None and not is_anew:
                return await take_up(database, tell)
            return await rebuild(database, since=since, tell=tell)
