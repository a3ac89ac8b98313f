"""``manage.py migrate``: bring what is stored up to this version."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from pipelines.migrations.migration import Done


@click.command()
@as_json
def migrate(*, is_json: bool) -> None:
    """Make or update all collections and views, and change what an older version stored.

    It may be run again, and while the service runs.
    """
    import asyncio

    from services.running import attached
    from settings.env import read_environment

    with attached(read_environment()) as environment:
        ran = asyncio.run(bring_up_to_date(environment.mongodb_uri or ""))
    if is_json:
        print_json([asdict(one) for one in ran])
    elif ran:
        print_table(
            ("migration", "what it does", "documents changed"),
            [(str(one.number), one.what, str(one.changed)) for one in ran],
        )
    else:
        click.echo("nothing to do: all migrations have run")


async def bring_up_to_date(uri: str) -> list[Done]:
    """The same on the database of an address.

    Raises:
        PyMongoError: it does not answer, or a migration could not be carried out.
    """
    import asyncio

    import accounts.collections
    import analysis.rollups.collections
    import crawler.jobs.collections
    import crawler.jobs.erasures.collections
    import crawler.jobs.schedules.collections
    import crawler.jobs.webhooks.collections
    import pipelines.collections
    from analysis.role import refresh
    from analysis.views.all import VIEWS
    from analysis.views.view import make
    from pipelines.migrations.all import MIGRATIONS
    from pipelines.migrations.migration import migrate
    from services import mongodb

    async with mongodb.connect(uri) as client:
        database = mongodb.database(client, uri)
        modules = (
            accounts.collections,
            crawler.jobs.collections,
            crawler.jobs.erasures.collections,
            crawler.jobs.schedules.collections,
            crawler.jobs.webhooks.collections,
            pipelines.collections,
            analysis.rollups.collections,
        )
        await asyncio.gather(*(module.prepare(database) for module in modules))
        await make(database, VIEWS)
        await refresh(database)
        return await migrate(database, MIGRATIONS)
