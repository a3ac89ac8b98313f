"""What the schedule commands work with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crawler.jobs.schedules.schedule import Schedule
    from crawler.jobs.schedules.schedules import Schedules
    from crawler.jobs.webhooks.addresses import Addresses
    from settings.env import Environment

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """The schedules of this installation, and where webhooks may go."""

    schedules: Schedules
    addresses: Addresses


def at_plans(act: Callable[[Plans], Awaitable[T]]) -> T:
    """Do something with schedules, on the databases that run or on own ones.

    Raises:
        ClickException: it cannot be done; the text says why.
    """
    from crawler.jobs.schedules.schedules import ScheduleError
    from crawler.jobs.schedules.timetable import TimetableError
    from crawler.jobs.webhooks.addresses import WebhookRefusedError
    from services.running import attached
    from settings.env import read_environment

    try:
        with attached(read_environment()) as environment:
            return asyncio.run(_act(act, environment))
    except TimetableError as error:
        raise click.ClickException(f"--{error.field} {error}") from None
    except WebhookRefusedError as error:
        raise click.ClickException(f"--webhook {error}") from None
    except ScheduleError as error:
        raise click.ClickException(str(error)) from None


async def all_schedules(plans: Plans) -> list[Schedule]:
    """Every schedule, the accounts' too, newest first."""
    found: list[Schedule] = []
    cursor = None
    while True:
        page = await plans.schedules.page(limit=1000, cursor=cursor)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


async def _act(act: Callable[[Plans], Awaitable[T]], environment: Environment) -> T:
    from crawler.jobs import collections
    from crawler.jobs.crawls import Crawls
    from crawler.jobs.schedules import collections as of_schedules
    from crawler.jobs.schedules.schedules import Schedules
    from crawler.jobs.webhooks.addresses import Addresses
    from services import mongodb, redis

    uri, url = environment.mongodb_uri or "", environment.redis_url or ""
    async with mongodb.connect(uri) as client, redis.connect(url) as cache:
        database = mongodb.database(client, uri)
        for each in (collections, of_schedules):
            await each.prepare(database)
        addresses = Addresses(environment.webhook_allow_networks)
        try:
            schedules = Schedules(database, Crawls(database, cache))
            return await act(Plans(schedules=schedules, addresses=addresses))
        finally:
            addresses.close()
