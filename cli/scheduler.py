"""``manage.py scheduler``: what happens without anybody asking at that moment."""

from __future__ import annotations

import click


@click.command()
def scheduler() -> None:
    """Do what nobody asks for at that moment, until SIGTERM; any number may run.

    Due schedules are started, crawls advanced, webhooks sent, daily roll-ups kept up to date, and
    what is too old is deleted.
    """
    from analysis.retention import keep_retention
    from analysis.rollups.keeping import keep_rolled_up
    from crawler.jobs.scheduler import run
    from services import logs
    from services.running import attached
    from settings.env import read_environment

    environment = read_environment()
    logs.configure(
        level=environment.log_level, form=environment.log_format, secrets=environment.secrets
    )
    beside = (keep_retention(environment), keep_rolled_up)
    with attached(environment) as connected:
        run(connected, beside)
