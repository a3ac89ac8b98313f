"""The commands of manage.py.

Each command's module imports what it works with only when it runs, so that --help stays quick.
"""

from __future__ import annotations

import contextlib
import sys
import traceback

import click

from cli.account import account
from cli.analyst import analyst
from cli.ask import ask
from cli.backup import backup, restore
from cli.crawl import crawl
from cli.doctor import doctor
from cli.erase import erase
from cli.export import export
from cli.jobs import jobs
from cli.key import key
from cli.migrate import migrate
from cli.queue import queue
from cli.renormalize import renormalize
from cli.report import report
from cli.retention import retention
from cli.rollup import rollup
from cli.schedule import schedule
from cli.scheduler import scheduler
from cli.seed import seed
from cli.serve import serve
from cli.up import up
from cli.worker import worker
from cli.workers import workers


class Commands(click.Group):
    """A group whose expected errors are one line that says what to do, not a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, and end with 1 when it cannot be carried out."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            _say(f"error: {error}" if _is_expected(error) else traceback.format_exc())
            sys.exit(1)


def _say(text: str) -> None:
    """Tell what went wrong, without the secrets of the settings."""
    from services import logs
    from settings.env import SettingsError, read_environment

    with contextlib.suppress(SettingsError):
        logs.hide(read_environment().secrets)
    click.echo(logs.redact(text), err=True)


def _is_expected(error: Exception) -> bool:
    from pymongo.errors import PyMongoError
    from redis.exceptions import RedisError

    from accounts.errors import AccountsError
    from services.errors import ServiceError
    from settings.env import SettingsError

    expected = SettingsError, ServiceError, AccountsError, RedisError, PyMongoError, OSError
    return isinstance(error, expected)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def manage() -> None:
    """Run and operate the TikTok Video Intelligence API."""


for command in (
    account,
    analyst,
    ask,
    backup,
    crawl,
    doctor,
    export,
    erase,
    jobs,
    key,
    migrate,
    queue,
    report,
    renormalize,
    restore,
    retention,
    rollup,
    schedule,
    scheduler,
    seed,
    serve,
    up,
    worker,
    workers,
):
    manage.add_command(command)
