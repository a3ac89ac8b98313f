"""``manage.py worker``: a crawl worker, one with a browser, or the one that fills the archive."""

from __future__ import annotations

import click


@click.command()
@click.option("--browser", "is_browser", is_flag=True, help="Read lists, which take a browser.")
@click.option("--archive", "is_archive", is_flag=True, help="Keep files of posts; see ARCHIVE_URL.")
def worker(*, is_browser: bool, is_archive: bool) -> None:
    """Crawl what the queue holds until SIGTERM, then finish what is in hand and end."""
    from crawler.worker import run, run_archive, run_browser
    from services import logs
    from services.archive import check_archive
    from services.running import attached
    from settings.env import HOW_TO_GET_CHROMIUM, read_environment

    environment = read_environment()
    logs.configure(
        level=environment.log_level, form=environment.log_format, secrets=environment.secrets
    )
    if is_archive and is_browser:
        raise click.UsageError("--browser and --archive are two workers: start each")
    if is_browser and environment.chromium is None:
        raise click.ClickException(f"no browser is found: {HOW_TO_GET_CHROMIUM}")
    if is_archive and environment.archive_url is None:
        raise click.ClickException("set ARCHIVE_URL to a folder or s3://bucket/prefix first")
    if is_archive:
        check_archive(environment.archive_url)
    work = run_archive if is_archive else run_browser if is_browser else run
    with attached(environment) as connected:
        work(connected)
