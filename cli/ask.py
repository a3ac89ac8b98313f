"""``manage.py ask``: the questions of docs/analysis, on the database that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from analysis.questions.question import Question
    from services.mongodb import Document


@click.command()
@click.argument("name", required=False)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Another value.")
@click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="When windows end, UTC.  [default: now]",
)
@click.option("--csv", "is_csv", is_flag=True, help="Print CSV.")
@as_json
def ask(
    name: str | None, *, params: tuple[str, ...], now: datetime | None, is_csv: bool, is_json: bool
) -> None:
    """Answer the question NAME of docs/analysis; without one, list the questions."""
    from datetime import UTC

    from analysis.questions.all import question

    if is_csv and is_json:
        raise click.UsageError("--csv and --json exclude each other")
    if name is None:
        _list(is_json=is_json)
        return
    asked = question(name)
    values = {}
    for param in params:
        key, separator, text = param.partition("=")
        if not separator:
            raise click.UsageError(f"--param is NAME=VALUE, not {param!r}")
        values[key] = asked.value_of(key, text)
    rows = _answer(asked, values, now.replace(tzinfo=UTC) if now else None)
    if is_json:
        print_json(rows)
    elif is_csv:
        _print_csv(asked, rows)
    else:
        print_table(tuple(asked.columns), [tuple(row.values()) for row in rows])


def _list(*, is_json: bool) -> None:
    from analysis.questions.all import QUESTIONS

    if is_json:
        print_json([{"name": one.name, "asks": one.asks, **one.defaults} for one in QUESTIONS])
        return
    shown = [
        (one.name, one.asks, ", ".join(f"{name}={value}" for name, value in one.defaults.items()))
        for one in QUESTIONS
    ]
    print_table(("name", "question", "parameters"), shown)


def _print_csv(asked: Question, rows: list[Document]) -> None:
    from pipelines.documents.rows import lines

    header = tuple(asked.columns)
    names = dict(zip(header, header, strict=True))
    click.echo(lines([names, *rows], header).decode(), nl=False)


def _answer(
    asked: Question, values: Mapping[str, str | int], now: datetime | None
) -> list[Document]:
    import asyncio

    from analysis.questions.asking import ask as answer
    from services import mongodb
    from services.running import attached
    from settings.env import read_environment

    async def act(uri: str) -> list[Document]:
        async with mongodb.connect(uri) as client:
            return await answer(mongodb.database(client, uri), asked, values, now=now)

    with attached(read_environment()) as environment:
        return asyncio.run(act(environment.mongodb_uri or ""))
