"""``manage.py backup`` and ``restore``: all of MongoDB in one file, and back from it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import as_json, print_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pymongo.asynchronous.database import AsyncDatabase

    from services.dump import Done, Head
    from services.mongodb import Document
    from settings.env import Environment

_PATIENCE_S = 30.0


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--live",
    "is_live",
    is_flag=True,
    help="Hold on to no moment: for what takes longer than MongoDB keeps one.",
)
@as_json
def backup(file: Path, *, is_live: bool, is_json: bool) -> None:
    """Write all that MongoDB holds to FILE, as of one moment, while the service runs.

    FILE is there once it is whole. Keep SECRET_KEY and ERASURE_KEY (or DATA_DIR/secret-key and
    DATA_DIR/erasure-key) and the archive's files as well: they are not in it.
    """

    async def act(database: AsyncDatabase[Document], environment: Environment) -> Done:
        return await _write(database, environment, file, is_live=is_live)

    done, size = _at(act), file.stat().st_size
    if is_json:
        print_json({"file": str(file), "bytes": size, "documents": done.counts})
    else:
        click.echo(f"{done.documents} documents are in {file} ({size} bytes)")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", "is_forced", is_flag=True, help="Delete what the database holds first.")
@as_json
def restore(file: Path, *, is_forced: bool, is_json: bool) -> None:
    """Bring all that a backup holds into an empty database, and up to this version.

    End the service first. Interrupted, the same command goes on.
    """

    async def act(database: AsyncDatabase[Document], environment: Environment) -> Done:
        await _check_nothing_works(environment)
        return await _read(database, environment, file, is_forced=is_forced, size=size)

    size = file.stat().st_size
    done = _at(act)
    if is_json:
        print_json({"file": str(file), "documents": done.counts})
    else:
        click.echo(f"{done.documents} documents are restored from {file}")
    click.echo("Empty Redis before the service starts: it holds what was before.", err=True)


def _at(act: Callable[[AsyncDatabase[Document], Environment], Awaitable[Done]]) -> Done:
    from services import mongodb
    from services.running import attached
    from settings.env import read_environment

    async def connected(environment: Environment) -> Done:
        uri = environment.mongodb_uri or ""
        async with mongodb.connect(uri, timeout_s=_PATIENCE_S) as client:
            return await act(mongodb.database(client, uri), environment)

    with attached(read_environment()) as environment:
        return asyncio.run(connected(environment))


async def _write(
    database: AsyncDatabase[Document], environment: Environment, file: Path, *, is_live: bool
) -> Done:
    from cli.progress import progress_bar
    from services.dump import Done, dump, size, whole

    done = Done()
    about = {"secret_key": _fingerprint(environment)}
    with whole(file) as out, progress_bar("documents", total=await size(database)) as tell:
        async for done in dump(database, out, about=about, is_of_one_moment=not is_live):
            tell(done.documents)
    return done


async def _check_nothing_works(environment: Environment) -> None:
    """Refuse while workers or a scheduler would write beside what is restored.

    Raises:
        ServiceError: some do.
    """
    from crawler.jobs.conducting.state import read_conducting
    from crawler.jobs.workers import Workers
    from services import redis
    from services.errors import ServiceError

    async with redis.connect(environment.redis_url or "") as client:
        workers = (await Workers(client).read()).workers
        conductor = (await read_conducting(client)).conductor
    if workers or conductor is not None:
        raise ServiceError(
            "workers or a scheduler are at work (one that was killed counts for 15 seconds): end"
            " the service on all machines first"
        )


async def _read(
    database: AsyncDatabase[Document],
    environment: Environment,
    file: Path,
    *,
    is_forced: bool,
    size: int,
) -> Done:
    from cli.migrate import bring_up_to_date
    from cli.progress import progress_bar
    from crawler.jobs.erasures.collections import ERASURES
    from services import dump

    head, digest = dump.check(file)
    _warn(head, environment)
    if await dump.loading(database) != digest:
        full = [name for name in await dump.holds_documents(database) if name != ERASURES]
        if full and not is_forced:
            raise click.ClickException(
                f"the database {database.name} is not empty, it has {', '.join(full)}: restore"
                " into another, or add --force to delete what it holds"
            )
        # Who was erased since the backup was made stays erased.
        await dump.clear(database, keep={ERASURES})
    done = dump.Done()
    with progress_bar("bytes", total=size) as tell:
        async for done in dump.load(database, file, head, digest):
            tell(done.place)
    await bring_up_to_date(environment.mongodb_uri or "")
    await _erase_again(environment)
    await dump.loaded(database)
    return done


async def _erase_again(environment: Environment) -> None:
    """Erase anew who is back though erased since, or say that it could not be done."""
    from cli.erase import erase_again
    from services.errors import ServiceError
    from settings.env import SettingsError

    try:
        receipts = await erase_again(environment)
    except (ServiceError, SettingsError) as error:
        click.echo(
            f"warning: who was erased is back ({error}): then manage.py erase again", err=True
        )
    else:
        if receipts:
            click.echo(f"{len(receipts)} users who were erased since are erased again", err=True)


def _warn(head: Head, environment: Environment) -> None:
    """Say what of the backup will not work here."""
    if head.about.get("secret_key") != _fingerprint(environment):
        click.echo(
            "warning: the backup was made with another SECRET_KEY: secrets of webhooks cannot be"
            " opened with this one. Set the one of then before the service starts",
            err=True,
        )


def _fingerprint(environment: Environment) -> str:
    """What tells secret keys apart and says nothing of them."""
    from services.sealing import derived
    from settings.secrets import secret_key

    return derived(secret_key(environment), b"fingerprint").hex()[:16]
