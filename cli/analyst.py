"""``manage.py analyst``: who may read what is collected, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

T = TypeVar("T")

_OPEN = (
    "this MongoDB asks nobody for a name: whoever reaches it may do anything. Start it with access"
    " control, as docs/deploy/compose.yaml does, before you give the address away"
)


@click.group()
def analyst() -> None:
    """Make, list and remove users of MongoDB who may only read."""


@analyst.command()
@click.argument("name")
@as_json
def add(name: str, *, is_json: bool) -> None:
    """Make NAME an analyst and show their address, with a new password, this once only."""
    import secrets

    from analysis.role import add as add_analyst
    from analysis.role import address_for, is_open
    from services import mongodb

    async def act(database: AsyncDatabase[Document], uri: str) -> tuple[str, bool]:
        password = secrets.token_urlsafe(24)
        await add_analyst(database, name, password)
        nobody = address_for(uri, database=database.name)
        async with mongodb.connect(nobody) as client:
            is_anybodys = await is_open(mongodb.database(client, nobody))
        address = address_for(uri, database=database.name, name=name, password=password)
        return address, is_anybodys

    address, is_anybodys = _at(act)
    if is_json:
        print_json({"name": name, "mongodb_uri": address, "enforced": not is_anybodys})
    else:
        click.echo(f"{address}\nKeep it now: it cannot be shown again.")
    if is_anybodys:
        click.echo(f"warning: {_OPEN}", err=True)


@analyst.command("list")
@as_json
def list_analysts(*, is_json: bool) -> None:
    """List all analysts."""
    from analysis.role import analysts

    found = _at(lambda database, _: analysts(database))
    if is_json:
        print_json([{"name": one.name} for one in found])
    else:
        print_table(("analyst",), [(one.name,) for one in found])


@analyst.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the analyst NAME away."""
    from analysis.role import remove as remove_analyst

    _at(lambda database, _: remove_analyst(database, name))
    click.echo(f"{name} is no analyst any more")


def _at(act: Callable[[AsyncDatabase[Document], str], Awaitable[T]]) -> T:
    """Do something on the database that runs or on an own one."""
    import asyncio

    from services import mongodb
    from services.running import attached
    from settings.env import read_environment

    async def connected(uri: str) -> T:
        async with mongodb.connect(uri) as client:
            return await act(mongodb.database(client, uri), uri)

    with attached(read_environment()) as environment:
        return asyncio.run(connected(environment.mongodb_uri or ""))
