"""``manage.py worker``: a crawl worker."""

from __future__ import annotations

import click


@click.command()
def worker() -> None:
    """Crawl what the queue holds until SIGTERM, then finish what is in hand and end."""
    from crawler.worker import run
    from services import logs
    from services.running import attached
    from settings.env import read_environment

    environment = read_environment()
    logs.configure(
        level=environment.log_level, form=environment.log_format, secrets=environment.secrets
    )
    with attached(environment) as connected:
        run(connected)
