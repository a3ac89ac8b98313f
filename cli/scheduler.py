"""``manage.py scheduler``: what happens without anybody asking at that moment."""

from __future__ import annotations

import click


@click.command()
def scheduler() -> None:
    """Start due schedules, advance crawls, send webhooks and delete what is too old until SIGTERM.

    Any number may run.
    """
    from analysis.retention import keep_retention
    from crawler.jobs.scheduler import run
    from services import logs
    from services.running import attached
    from settings.env import read_environment

    environment = read_environment()
    logs.configure(
        level=environment.log_level, form=environment.log_format, secrets=environment.secrets
    )
    beside = (keep_retention(environment.retention),)
    with attached(environment) as connected:
        run(connected, beside)
