"""``manage.py up``: everything on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from settings.env import Environment


@click.command()
@click.option(
    "--site",
    metavar="sample|FOLDER",
    help="Crawl the bundled sample site, or one that replays a folder of recorded pages.",
)
def up(site: str | None) -> None:
    """Run databases, API and workers until Ctrl-C, and start again whichever dies."""
    from cli.house import House
    from services import logs
    from settings.env import read_environment

    environment = read_environment()
    logs.configure(
        level=environment.log_level, form=environment.log_format, secrets=environment.secrets
    )
    House(_on_site(environment, site), site=site).run()


def _on_site(environment: Environment, site: str | None) -> Environment:
    """The environment with folders of the site's own, so that samples stay apart."""
    if site is None:
        return environment
    import re
    from pathlib import Path

    from services.archive import below

    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(site).resolve().name) or "folder"
    name = f"site-{'sample' if site == 'sample' else name}"
    changes: dict[str, object] = {"data_dir": environment.data_dir / name}
    if environment.archive_url is not None:
        changes["archive_url"] = below(environment.archive_url, name)
    return environment.model_copy(update=changes)
