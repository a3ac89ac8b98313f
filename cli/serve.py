"""``manage.py serve``: the HTTP API."""

from __future__ import annotations

import click


@click.command()
def serve() -> None:
    """Run the HTTP API until SIGTERM, then answer what is in flight and end."""
    from api.server import run
    from services import logs
    from services.running import attached
    from settings.env import read_environment

    environment = read_environment()
    logs.configure(level=environment.log_level, form=environment.log_format)
    with attached(environment) as connected:
        run(connected)
