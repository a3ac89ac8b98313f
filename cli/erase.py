"""``manage.py erase``: one user gone everywhere, and never collected again."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.erasing.erasing import Erasing, Receipt
    from analysis.erasing.subject import Subject
    from crawler.jobs.erasures.erasures import Erasures
    from services.mongodb import Document
    from settings.env import Environment

_PATIENCE_S = 30.0


@click.group()
def erase() -> None:
    """Erase what is stored of somebody."""


@erase.command()
@click.argument("who", metavar="NAME")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask whether you are sure.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the receipt, JSON, to this file.",
)
@as_json
def user(who: str, *, is_sure: bool, out: Path | None, is_json: bool) -> None:
    """Erase the user NAME (a username, or TikTok's id of the user), and refuse them from now on.

    It may be run again, interrupted or not, and while the service runs. The receipt names counts
    only. One of whom nothing is stored is refused all the same.
    """
    from services.running import attached
    from settings.env import read_environment

    if not who.strip().removeprefix("@"):
        raise click.UsageError("NAME is empty")
    with attached(read_environment()) as environment:
        receipt = asyncio.run(_erase(environment, who, is_sure=is_sure))
    shown = _shown(receipt)
    if out is not None:
        import orjson

        out.write_bytes(orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))
    if is_json:
        print_json(shown)
    elif receipt.was_stored:
        print_table(("what", "erased"), sorted((+receipt.counts).items()))
    else:
        click.echo("nothing was stored of this user; they are refused from now on")
    if not receipt.is_complete:
        raise click.ClickException(
            "more of them came while they were erased, workers had jobs about them in hand, or a"
            " scheduler has yet to enter what came of one: run it again in a minute"
        )


@erase.command()
@as_json
def again(*, is_json: bool) -> None:
    """Erase anew all who were erased and are stored again, as after restoring an older backup."""
    from services.running import attached
    from settings.env import read_environment

    with attached(read_environment()) as environment:
        receipts = asyncio.run(erase_again(environment))
    if is_json:
        print_json([_shown(receipt) for receipt in receipts])
    else:
        click.echo(f"{len(receipts)} users were stored again, and are erased")


async def erase_again(environment: Environment) -> list[Receipt]:
    """Erase anew all who were erased and are stored again.

    Raises:
        ServiceError: they were erased with another key.
        PyMongoError, RedisError: a database does not answer; to do it again goes on.
    """
    from analysis.erasing.erasing import Receipt
    from analysis.erasing.returned import find_returned

    receipts = []
    async with _at_work(environment) as (database, erasures, work):
        for subject in await find_returned(database, erasures):
            receipt = Receipt()
            await _follow(work, subject, receipt)
            receipts.append(receipt)
    return receipts


async def _erase(environment: Environment, who: str, *, is_sure: bool) -> Receipt:
    from analysis.erasing.erasing import Receipt
    from analysis.erasing.subject import find
    from cli.migrate import bring_up_to_date

    await bring_up_to_date(environment.mongodb_uri or "")
    receipt = Receipt()
    async with _at_work(environment) as (database, _, work):
        subject = await find(database, who)
        _confirm(subject, who, is_sure=is_sure)
        await _follow(work, subject, receipt)
    return receipt


@contextlib.asynccontextmanager
async def _at_work(
    environment: Environment,
) -> AsyncIterator[tuple[AsyncDatabase[Document], Erasures, Erasing]]:
    from analysis.erasing.erasing import Erasing
    from crawler.jobs.erasures.erasures import Erasures
    from services import mongodb, redis
    from settings.secrets import erasure_key, secret_key

    uri = environment.mongodb_uri or ""
    async with (
        mongodb.connect(uri, timeout_s=_PATIENCE_S) as client,
        redis.connect(environment.redis_url or "", timeout_s=_PATIENCE_S) as cache,
    ):
        database = mongodb.database(client, uri)
        erasures = Erasures(database, partial(erasure_key, environment))
        yield (
            database,
            erasures,
            Erasing(
                database,
                cache,
                erasures,
                secret=secret_key(environment),
                archive_url=environment.archive_url,
            ),
        )


async def _follow(work: Erasing, subject: Subject, receipt: Receipt) -> None:
    """Erase, and say meanwhile what is being done."""
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        async for step in work.erase(subject, receipt):
            status.update(step)


def _confirm(subject: Subject, who: str, *, is_sure: bool) -> None:
    """Say what is about to go, and ask.

    Raises:
        Abort: it is not to be done.
    """
    click.echo(
        f"{who}: {len(subject.user_ids)} user, {len(subject.video_ids)} posts,"
        f" {len(subject.comment_ids)} comments by them or on their posts,"
        f" {len(subject.music_ids)} sounds",
        err=True,
    )
    if subject.namesakes:
        others = ", ".join(sorted(subject.namesakes))
        click.echo(f"others had the name before, and stay without it: {others}", err=True)
    if not is_sure:
        click.confirm("Erase all of it? It cannot be undone", abort=True, err=True)


def _shown(receipt: Receipt) -> dict[str, Any]:
    return asdict(receipt) | {"counts": dict(sorted(receipt.counts.items()))}
