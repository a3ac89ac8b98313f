"""``manage.py worker``: a crawl worker, or the one that fills the archive."""

from __future__ import annotations

import click


@click.command()
@click.option("--archive", "is_archive", is_flag=True, help="Keep files of posts; see ARCHIVE_URL.")
def worker(*, is_archive: bool) -> None:
    """Crawl what the queue holds until SIGTERM, then finish what is in hand and end."""
    from crawler.worker import run, run_archive
    from services import logs
    from services.archive import check_archive
    from services.running import attached
    from settings.env import read_environment

    environment = read_environment()
    logs.configure(
        level=environment.log_level, form=environment.log_format, secrets=environment.secrets
    )
    if is_archive and environment.archive_url is None:
        raise click.ClickException("set ARCHIVE_URL to a folder or s3://bucket/prefix first")
    if is_archive:
        check_archive(environment.archive_url)
    with attached(environment) as connected:
        (run_archive if is_archive else run)(connected)
