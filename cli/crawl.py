"""``manage.py crawl``: targets in bulk, with their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.links import Target


@click.group()
def crawl() -> None:
    """Crawl in bulk and wait for the outcomes."""


@crawl.command()
@click.argument("links", nargs=-1, metavar="LINK…")
@click.option("--file", type=click.File(), help="A file with a link on each line; - for stdin.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True),
    help="Write the documents to this .jsonl or .csv file.",
)
def video(links: tuple[str, ...], *, file: TextIO | None, out: str | None) -> None:
    """Crawl the posts behind LINK… and store them.

    Ends with 1 when a target has no post; the others are stored all the same.
    """
    import sys
    from pathlib import Path

    from cli.bulk import run_videos
    from services import logs

    logs.configure(level="WARNING", form="text")
    lines = [line.strip() for line in file] if file else []
    targets = _targets([*links, *filter(None, lines)])
    sys.exit(0 if run_videos(targets, out=_checked(Path(out)) if out else None) else 1)


def _targets(links: list[str]) -> list[Target]:
    from crawler.links import LinkError, TargetType, parse_link

    if not links:
        raise click.UsageError("name at least one link, or a file of links with --file")
    targets = {}
    for link in links:
        try:
            target = parse_link(link)
        except LinkError as error:
            raise click.UsageError(f"{link!r}: {error}") from None
        if target.type not in {TargetType.VIDEO, TargetType.SHORT}:
            raise click.UsageError(f"{link!r} leads to a {target.type.value}, not to a post")
        targets[target.key] = target
    return list(targets.values())


def _checked(path: Path) -> Path:
    if path.suffix not in {".jsonl", ".csv"}:
        raise click.UsageError(f"--out {path}: expected a name that ends in .jsonl or .csv")
    if not path.parent.is_dir():
        raise click.UsageError(f"--out {path}: there is no folder {path.parent}")
    return path
