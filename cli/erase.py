"""``manage.py erase``: one user gone everywhere, and never collected again."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from analysis.erasing.erasing import Receipt
    from analysis.erasing.subject import Subject
    from settings.env import Environment


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
        print_table(("what", "erased"), sorted(receipt.counts.items()))
    else:
        click.echo("nothing was stored of this user; they are refused from now on")
    if not receipt.is_complete:
        raise click.ClickException(
            "more of them came while it was erased, or workers had jobs about them in hand: run it"
            " again in a minute"
        )


async def _erase(environment: Environment, who: str, *, is_sure: bool) -> Receipt:
    from rich.console import Console

    from analysis.erasing.erasing import Erasing, Receipt
    from analysis.erasing.subject import find
    from cli.migrate import bring_up_to_date
    from crawler.jobs.erasures.erasures import Erasures
    from services import mongodb, redis
    from settings.secrets import erasure_key, secret_key

    uri = environment.mongodb_uri or ""
    receipt = Receipt()
    await bring_up_to_date(uri)
    async with (
        mongodb.connect(uri, timeout_s=30) as client,
        redis.connect(environment.redis_url or "", timeout_s=30) as cache,
    ):
        database = mongodb.database(client, uri)
        subject = await find(database, who)
        _confirm(subject, who, is_sure=is_sure)
        work = Erasing(
            database,
            cache,
            Erasures(database, partial(erasure_key, environment)),
            secret=secret_key(environment),
            archive_url=environment.archive_url,
        )
        with Console(stderr=True).status("") as status:
            async for step in work.erase(subject, receipt):
                status.update(step)
    return receipt


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
