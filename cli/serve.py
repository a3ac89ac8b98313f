"""``manage.py serve``: the HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from settings.env import Environment


@click.command()
@click.option("--listener", type=int, hidden=True, help="A bound socket, inherited.")
@click.option("--ready", type=int, hidden=True, help="A pipe to tell when calls are taken.")
def serve(listener: int | None, ready: int | None) -> None:
    """Run the HTTP API until SIGTERM, then answer what is in flight and end.

    With API_PROCESSES above 1, SIGHUP replaces all processes without losing a request.
    """
    from services import logs
    from services.archive import check_archive
    from services.running import attached
    from settings.env import read_environment

    environment = read_environment()
    logs.configure(
        level=environment.log_level, form=environment.log_format, secrets=environment.secrets
    )
    if listener is None:
        check_archive(environment.archive_url)
    with attached(environment) as connected:
        if listener is None:
            _prepare(connected)
        if listener is None and connected.api_processes > 1:
            _serve_together(connected)
            return
        import socket

        from api.server import run

        run(
            connected, socket.socket(fileno=listener) if listener is not None else None, ready=ready
        )


def _prepare(environment: Environment) -> None:
    """Bring the collections up to date; without MongoDB the API starts all the same."""
    import asyncio
    import logging

    from pymongo.errors import PyMongoError

    from accounts.collections import prepare
    from crawler.jobs import collections
    from crawler.jobs.schedules import collections as of_schedules
    from crawler.jobs.webhooks import collections as of_webhooks
    from services import mongodb

    async def act() -> None:
        uri = environment.mongodb_uri or ""
        async with asyncio.timeout(5), mongodb.connect(uri, timeout_s=2.0) as client:
            database = mongodb.database(client, uri)
            await prepare(database)
            await collections.prepare(database)
            await of_webhooks.prepare(database)
            await of_schedules.prepare(database)

    try:
        asyncio.run(act())
    except (PyMongoError, OSError) as error:
        logger = logging.getLogger(__name__)
        logger.warning("the collections are not prepared: %s", str(error) or "no answer in time")


def _serve_together(environment: Environment) -> None:
    import os
    from functools import partial

    from api.processes import Crew, bind
    from api.sharing import VARIABLE, forget, shared_folder
    from api.tls import tls_of

    tls_of(environment)  # what is wrong with the certificate is said once, not by each process
    with bind(environment) as listener, shared_folder() as folder:
        variables = {
            **os.environ,
            "MONGODB_URI": environment.mongodb_uri or "",
            "REDIS_URL": environment.redis_url or "",
            VARIABLE: str(folder),
        }
        Crew(
            listener,
            variables,
            environment.api_processes,
            drain_s=environment.extract_timeout_s + 2 * 3.0 + 2.0,
            notice_s=environment.api_drain_s,
            gone=partial(forget, folder),
        ).run()
