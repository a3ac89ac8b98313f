"""What the commands about crawls work with."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from crawler.jobs.crawls import Crawls
    from settings.env import Environment

T = TypeVar("T")


def at_crawls(act: Callable[[Crawls], Awaitable[T]]) -> T:
    """Do something with crawls, on the databases that run or on own ones.

    Raises:
        ClickException: it cannot be done; the text says why.
    """
    from crawler.jobs.crawls import CrawlError
    from services.running import attached
    from settings.env import read_environment

    try:
        with attached(read_environment()) as environment:
            return asyncio.run(_act(act, environment))
    except CrawlError as error:
        raise click.ClickException(str(error)) from None


@contextlib.asynccontextmanager
async def crawls_of(environment: Environment) -> AsyncIterator[Crawls]:
    """All crawls, for as long as this context is entered."""
    from crawler.jobs.collections import prepare
    from crawler.jobs.crawls import Crawls
    from services import mongodb, redis

    uri, url = environment.mongodb_uri or "", environment.redis_url or ""
    async with mongodb.connect(uri) as client, redis.connect(url) as cache:
        database = mongodb.database(client, uri)
        await prepare(database)
        yield Crawls(database, cache)


async def _act(act: Callable[[Crawls], Awaitable[T]], environment: Environment) -> T:
    async with crawls_of(environment) as crawls:
        return await act(crawls)
