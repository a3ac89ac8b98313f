"""``manage.py report``: a page about one post, user or hashtag."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from analysis.reports.report import Report

_KINDS = ("video", "user", "hashtag")


@click.command()
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("target")
@click.option(
    "--out",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    required=True,
    help="The folder to write report.html and its pictures to; it is made.",
)
def report(kind: str, target: str, *, out: Path) -> None:
    """Write a page of HTML with curves, comparisons and tables about what is stored of TARGET.

    It asks no network for anything. Its pictures are beside it, too, as PNG.
    """
    import asyncio
    from datetime import UTC, datetime

    from analysis.reports.page import write
    from analysis.reports.report import ReportError
    from crawler.jobs.target import TargetError, read_target
    from services.running import attached
    from settings.env import read_environment

    try:
        value = read_target(kind, target).value
        with attached(read_environment()) as environment:
            made = asyncio.run(_read(environment.mongodb_uri or "", kind, value))
    except TargetError as error:
        raise click.UsageError(str(error)) from None
    except ReportError as error:
        raise click.ClickException(str(error)) from None
    page, *pictures = write(made, out, made_at=datetime.now(UTC))
    click.echo(f"{page} and {len(pictures)} pictures are written")


async def _read(uri: str, kind: str, value: str) -> Report:
    from analysis.reports.hashtag import of_hashtag
    from analysis.reports.user import of_user
    from analysis.reports.video import of_video
    from services import mongodb

    of = {"video": of_video, "user": of_user, "hashtag": of_hashtag}[kind]
    async with mongodb.connect(uri) as client:
        return await of(mongodb.database(client, uri), value)
