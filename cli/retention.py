"""``manage.py retention``: how long each collection keeps what it has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from analysis.retention import Rule
    from settings.env import Environment


@click.group()
def retention() -> None:
    """Show and apply how long collections are kept (RETENTION)."""


@retention.command()
@as_json
def show(*, is_json: bool) -> None:
    """Show each rule, and how much is too old now; the scheduler deletes that once a day."""
    rows = _counted()
    if is_json:
        names = ("collection", "days", "by", "too_old")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif rows:
        print_table(("collection", "days", "by", "too old now"), rows)
    else:
        click.echo("nothing is limited: set RETENTION, such as comments=90,video_statistics=365")


@retention.command()
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@as_json
def apply(*, dry_run: bool, is_json: bool) -> None:
    """Delete what is too old now. Interrupted, it may be run again."""
    counts = {name: count for name, _, _, count in _counted()} if dry_run else _applied()
    if is_json:
        print_json(counts)
    elif counts:
        said = "would be deleted" if dry_run else "deleted"
        print_table(("collection", said), list(counts.items()))
    else:
        click.echo("nothing is limited: set RETENTION, such as comments=90,video_statistics=365")


def _counted() -> list[tuple[str, int, str, int]]:
    rules, counts = _at(is_applied=False)
    return [(one.collection, one.days, one.age, counts[one.collection]) for one in rules]


def _applied() -> dict[str, int]:
    _, counts = _at(is_applied=True)
    return counts


def _at(*, is_applied: bool) -> tuple[list[Rule], dict[str, int]]:
    """The rules, and how much was deleted, or would be."""
    from analysis.retention import read_rules
    from services.running import attached
    from settings.env import read_environment

    environment = read_environment()
    rules = read_rules(environment.retention)
    with attached(environment) as connected:
        return rules, asyncio.run(_run(connected, rules, is_applied=is_applied))


async def _run(environment: Environment, rules: list[Rule], *, is_applied: bool) -> dict[str, int]:
    from analysis.retention import Retention
    from cli.progress import progress_bar
    from pipelines.collections import prepare
    from services import mongodb

    uri = environment.mongodb_uri or ""
    async with mongodb.connect(uri) as client:
        database = mongodb.database(client, uri)
        await prepare(database)
        work = Retention(database, rules, archive_url=environment.archive_url)
        counts = await work.too_old()
        if not is_applied:
            return counts
        deleted = {rule.collection: 0 for rule in rules if not rule.is_series}
        with progress_bar("documents", total=sum(counts[name] for name in deleted)) as tell:
            async for rule, count in work.apply():
                deleted[rule.collection] += count
                tell(sum(deleted.values()))
        # MongoDB itself deletes rows that are too old.
        return {
            rule.collection: deleted.get(rule.collection, counts[rule.collection]) for rule in rules
        }
