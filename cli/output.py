"""What commands print: a table for people, JSON for programs."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIPE_WIDTH = 1000

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON.")


def print_json(data: Any) -> None:
    """Print data for programs; times are ISO 8601 in UTC."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
    click.echo(orjson.dumps(data, option=options, default=str).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows for people."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_text(value) for value in row))
    # Nothing is cut off: an id is there to be copied, and a pipe has no width.
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    return ", ".join(value) if isinstance(value, tuple | list) else str(value)
