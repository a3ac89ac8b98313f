"""``manage.py export``: what is stored as a file."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import as_json, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analysis.exports.form import Compression, Format
    from analysis.exports.order import Order

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended."""
_KINDS = ("videos", "users", "hashtags", "music", "comments", "statistics", "user-statistics")
_FORMATS = ("csv", "jsonl", "parquet")
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]
_STDOUT = Path("-")
_COUNTED_S = 2.0


@click.command()
@click.argument("kind", type=click.Choice(_KINDS))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path),
    required=True,
    help="The file to write, which is there as a whole or not at all; - for stdout.",
)
@click.option("--format", "form", type=click.Choice(_FORMATS), help="By default as --out ends.")
@click.option(
    "--compress",
    "compression",
    type=click.Choice(("gzip", "zstd")),
    help="By default as --out ends: .gz or .zst. Parquet compresses its columns.",
)
@click.option("--fields", help="Columns, parted by commas; by default all.")
@click.option("--since", type=click.DateTime(_TIMES), help="Leave out what is from before, UTC.")
@click.option("--until", type=click.DateTime(_TIMES), help="Leave out what is from after, UTC.")
@click.option("--hashtag", help="Only posts with this hashtag, their statistics, or this hashtag.")
@click.option("--user", help="Only what is of the user with this name.")
@click.option("--country", help="Only posts uploaded there, their statistics, or users from there.")
@click.option("--force", is_flag=True, help="Replace the file, and whatever was left unfinished.")
@as_json
def export(
    kind: str,
    *,
    out: Path,
    form: str | None,
    compression: str | None,
    fields: str | None,
    force: bool,
    is_json: bool,
    **filters: Any,
) -> None:
    """Write all that is stored of KIND, or a part of it, to a file.

    Given again after an interruption, the same command goes on where it was.
    """
    from analysis.exports.errors import ExportError
    from analysis.exports.kinds import Subject
    from analysis.exports.order import Order
    from services.running import attached
    from settings.env import read_environment

    how = _forms(out, form, compression)
    for name in ("since", "until"):
        filters[name] = filters[name] and filters[name].replace(tzinfo=UTC)
    try:
        names = tuple(fields.split(",")) if fields is not None else ()
        order = Order(subject=Subject(kind), fields=names, **filters)
        with attached(read_environment()) as environment:
            documents = _write(environment.mongodb_uri or "", order, out, *how, force=force)
    except ExportError as error:
        raise click.UsageError(f"--{error.field} {error}") from None
    if out == _STDOUT:
        return
    if is_json:
        print_json({"file": str(out), "documents": documents, "bytes": out.stat().st_size})
    else:
        click.echo(f"{documents:,} documents are written to {out}", err=True)


def _forms(
    out: Path, form: str | None, compression: str | None
) -> tuple[Format, Compression | None]:
    """What the options say, else the name of the file."""
    from analysis.exports.form import Compression, Format

    *_, before, last = ("", "", *out.suffixes)
    named = _COMPRESSIONS.get(last)
    ending = (before if named else last).removeprefix(".")
    if form is None and ending not in _FORMATS:
        raise click.UsageError(f"--format: say one of {', '.join(_FORMATS)}, or end --out with it")
    wanted = Format(form or ending)
    if wanted is Format.PARQUET and named:
        raise click.UsageError(
            f"--out {out}: Parquet compresses its columns: leave out {last}, and say --compress"
        )
    chosen = compression or named
    return wanted, Compression(chosen) if chosen else None


def _write(
    uri: str, order: Order, out: Path, form: Format, compression: Compression | None, *, force: bool
) -> int:
    from pymongo.errors import PyMongoError

    from analysis.exports.form import form_of
    from analysis.exports.reading import count
    from analysis.exports.writing import Export, File, stream
    from services import mongodb

    made = form_of(order, form, compression)
    with mongodb.connect_blocking(uri) as client:
        database = client.get_database(mongodb.name_of(uri))
        wanted = Export(database=database, order=order, form=made)
        if out == _STDOUT:
            return stream(wanted, sys.stdout.buffer)
        file = File(out, is_replaced=force)
        file.check()
        with _progress(count(database, order, within_s=_COUNTED_S)) as watch:
            try:
                return file.write(wanted, *watch)
            except KeyboardInterrupt:
                _say_how_to_go_on(out)
                raise click.exceptions.Exit(INTERRUPTED) from None
            except (PyMongoError, OSError):
                _say_how_to_go_on(out)
                raise


def _say_how_to_go_on(out: Path) -> None:
    click.echo(f"{out} is not finished: the same command goes on where it was", err=True)


@contextlib.contextmanager
def _progress(
    total: int | None,
) -> Iterator[tuple[Callable[[int], None], Callable[[float], None]]]:
    """A bar on stderr, and what tells it how many are read and which share of them is packed."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        reading = progress.add_task("", total=total)
        packing = progress.add_task("packed", total=1.0, visible=False)

        def told(documents: int) -> None:
            of = f" of {total:,}" if total else ""
            progress.update(reading, completed=documents, description=f"{documents:,}{of} read")

        def packed(share: float) -> None:
            progress.update(packing, completed=share, visible=True)

        yield told, packed
