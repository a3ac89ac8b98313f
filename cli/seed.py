"""``manage.py seed``: made-up data to try things on."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from datetime import datetime

    from analysis.sample.plan import Plan

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def seed() -> None:
    """Write made-up data into the database."""


@seed.command()
@click.option("--videos", type=click.IntRange(1, 5_000_000), default=2_000, show_default=True)
@click.option(
    "--days", type=click.IntRange(7, 1000), default=90, show_default=True, help="Their time."
)
@click.option(
    "--rows",
    type=click.IntRange(1, 23),
    default=12,
    show_default=True,
    help="How often each is seen, at most.",
)
@click.option("--comments", type=click.FloatRange(0, 100), default=2, help="Of each, on average.")
@click.option(
    "--until", type=_DAY, help="The day at whose beginning it ends, UTC.  [default: today]"
)
@click.option("--seed", "number", default=1, show_default=True, help="Another makes another.")
@click.option("--among", is_flag=True, help="Though other data are there.")
@as_json
def sample(
    *, until: datetime | None, number: int, among: bool, is_json: bool, **sizes: int
) -> None:
    """Write a sample: posts, users, sounds, hashtags, comments and their history.

    All of it is made up, the same each time for the same options. Give it a data folder of its
    own: DATA_DIR=data/sample manage.py seed sample.
    """
    from analysis.sample.plan import Plan, today

    ends_at = until.replace(tzinfo=UTC) if until else today()
    written = _write(Plan(until=ends_at, seed=number, **sizes), among=among, is_quiet=is_json)
    if is_json:
        print_json(written)
    else:
        print_table(("collection", "documents"), sorted(written.items()))


def _write(plan: Plan, *, among: bool, is_quiet: bool) -> dict[str, int]:
    import asyncio

    from analysis.sample.seeding import Seeding
    from cli.progress import step_bars
    from services import mongodb
    from services.running import attached
    from settings.env import read_environment

    async def act(uri: str) -> dict[str, int]:
        async with mongodb.connect(uri, timeout_s=60) as client:
            seeding = Seeding(mongodb.database(client, uri), plan)
            await seeding.check(among=among)
            with step_bars(is_quiet=is_quiet) as tell:
                return await seeding.write(tell)

    with attached(read_environment()) as environment:
        return asyncio.run(act(environment.mongodb_uri or ""))
