"""What commands are told to crawl: targets, and what holds for all of them."""

from __future__ import annotations

import sys
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.durations import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crawler.jobs.crawl import CrawlOptions
    from crawler.jobs.targets import Asked
    from crawler.links import Target

STDIN = Path("-")
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]
_OPTIONS = (
    click.option("--limit", type=click.IntRange(1), help="The most items of each list."),
    click.option(
        "--since", type=click.DateTime(_TIMES), help="Leave out what was made before, UTC."
    ),
    click.option(
        "--until", type=click.DateTime(_TIMES), help="Leave out what was made after, UTC."
    ),
    click.option("--within", type=Duration(), help="How long each list may take."),
    click.option("--only-new", is_flag=True, help="Stop lists where known items begin."),
    click.option("--max-age", type=Duration(), help="Crawl nothing that was stored more recently."),
    click.option("--label", "labels", multiple=True, help="A word to find its crawls by; repeat."),
    click.option("--webhook", help="An address that is told of each crawl's end."),
)


def crawl_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that hold for all targets of a crawl."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def targets_file(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that takes targets ``--file``, see ``read_arguments``."""
    option = click.option(
        "--file",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
        help="A .csv file with the columns type and value, or one with a target of TYPE, or a"
        " link, on each line; - for stdin.",
    )
    return option(command)


def out_file(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that waits for a crawl ``--out``."""
    option = click.option(
        "--out",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        callback=lambda _context, _option, path: _checked(path) if path else None,
        help="Write what was delivered to this .jsonl or .csv file.",
    )
    return option(command)


def _checked(path: Path) -> Path:
    if path.suffix not in {".jsonl", ".csv"}:
        raise click.UsageError(f"--out {path}: expected a name that ends in .jsonl or .csv")
    if not path.parent.is_dir():
        raise click.UsageError(f"--out {path}: there is no folder {path.parent}")
    return path


def read_options(asked: dict[str, Any]) -> CrawlOptions:
    """The options as they were given.

    Raises:
        UsageError: they contradict each other.
    """
    from crawler.jobs.crawl import CrawlOptions

    since, until = (
        asked[name].replace(tzinfo=UTC) if asked[name] else None for name in ("since", "until")
    )
    if since and until and since >= until:
        raise click.UsageError("--until must be later than --since")
    return CrawlOptions(
        limit=asked["limit"],
        since=since,
        until=until,
        within_s=asked["within"],
        only_new=asked["only_new"],
        max_age=asked["max_age"],
        labels=tuple(dict.fromkeys(asked["labels"])),
        webhook=asked["webhook"],
    )


def read_arguments(kind: str | None, values: Sequence[str], file: Path | None) -> list[Target]:
    """The targets that a command names: of one type, in a file, or both.

    A file that ends in ``.csv`` has the columns ``type`` and ``value``. Any other, and ``-`` for
    standard input, has a target of the named type on each line; without a type, a link.

    Raises:
        UsageError: they are none; the text says what to write.
    """
    from crawler.jobs.targets import Asked, TargetsError, read_targets, read_targets_csv

    is_csv = file is not None and file.suffix.lower() == ".csv"
    if (file is None and kind is None) or (is_csv and kind is not None):
        raise click.UsageError("name a TYPE and its targets, or a CSV file of types and targets")
    try:
        if file is not None and is_csv:
            return read_targets_csv(file.read_bytes())
        asked = [Asked(kind, value) for value in values]
        return read_targets([*asked, *_in_lines(kind, file)] if file is not None else asked)
    except TargetsError as error:
        raise click.UsageError(str(error)) from None


def _in_lines(kind: str | None, file: Path) -> Iterator[Asked]:
    from crawler.jobs.targets import Asked

    for number, text in enumerate(_text(file).splitlines(), start=1):
        if words := text.strip():
            yield Asked(kind, words, number) if kind else _by_link(words, number)


def _by_link(words: str, number: int) -> Asked:
    """What a link leads to."""
    from crawler.jobs.shapes import asked_as
    from crawler.jobs.targets import Asked
    from crawler.links import LinkError, parse_link

    try:
        return Asked(asked_as(parse_link(words))["type"], words, number)
    except LinkError as error:
        return Asked(None, words, number, str(error))


def _text(file: Path) -> str:
    if file == STDIN:
        return sys.stdin.read()
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} is not in UTF-8: save it so") from None
