"""Processes that crawl, for a command that waits for a crawl where none of them runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
from time import monotonic, time
from typing import TYPE_CHECKING

from cli.program import Program, command
from cli.workers import SILENT_S
from crawler.jobs.conducting.state import read_conducting
from crawler.jobs.workers import WorkerKind, Workers
from services.errors import ServiceError
from settings.env import HOW_TO_GET_CHROMIUM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from settings.env import Environment

_READY_S = 30.0
_EACH_S = 5.0
_Role = tuple[str, ...]
"""The command that it is, with its options."""
_SCHEDULER: _Role = ("scheduler",)
_WORKER: _Role = ("worker",)
_BROWSER: _Role = ("worker", "--browser")
_ROLES = {WorkerKind.CRAWL: _WORKER, WorkerKind.BROWSER: _BROWSER}


class Staff:
    """What a crawl needs: a scheduler, a worker, and a worker with a browser for lists.

    Those that run anywhere on the same databases do; for those that are missing own ones are
    started, and ended with the context.
    """

    def __init__(self, environment: Environment, redis: Redis, *, for_lists: bool) -> None:
        self._environment = environment
        self._redis = redis
        self._needed = {_SCHEDULER, _WORKER} | ({_BROWSER} if for_lists else set())
        self._own: dict[tuple[str, ...], Program] = {}

    @property
    def is_own(self) -> bool:
        """Whether the crawl stands still when this command ends."""
        return bool(self._own)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Have all that is needed at work for as long as this context is entered.

        Raises:
            ServiceError: something that was started did not come up.
        """
        try:
            await self._until_there()
            yield
        finally:
            for program in self._own.values():
                await asyncio.to_thread(program.stop)

    async def keep(self) -> None:
        """See for ever that nothing is missing.

        Raises:
            ServiceError: something that was started has ended.
        """
        while True:
            await asyncio.sleep(_EACH_S)
            self._start(self._needed - await self._there())

    async def _until_there(self) -> None:
        deadline = monotonic() + _READY_S
        while missing := self._needed - await self._there():
            self._start(missing)
            if monotonic() > deadline:
                raise ServiceError(f"{_named(missing)} was not ready within {_READY_S:.0f} s")
            await asyncio.sleep(0.05)

    async def _there(self) -> set[_Role]:
        """Whatever told of itself lately."""
        told = await Workers(self._redis).read()
        alive = {one.kind for one in told.workers if time() - one.told_at < SILENT_S}
        there = {_ROLES[kind] for kind in alive if kind in _ROLES}
        is_conducted = (await read_conducting(self._redis)).conductor is not None
        return there | ({_SCHEDULER} if is_conducted else set())

    def _start(self, missing: set[_Role]) -> None:
        for role in sorted(missing):
            if role == _BROWSER and self._environment.chromium is None:
                raise ServiceError(
                    f"lists take a browser, and none is found: {HOW_TO_GET_CHROMIUM}"
                )
            if role not in self._own:
                name, *options = role
                self._own[role] = Program([*command(name), *options], self._variables())
                self._own[role].start()
            elif (code := self._own[role].exit_code) is not None:
                raise ServiceError(f"{_named({role})} ended (exit {code}): see above")

    def _variables(self) -> dict[str, str]:
        return {
            **os.environ,
            "MONGODB_URI": self._environment.mongodb_uri or "",
            "REDIS_URL": self._environment.redis_url or "",
            "LOG_LEVEL": "WARNING",
        }


def _named(roles: set[_Role]) -> str:
    return ", ".join(f"manage.py {' '.join(role)}" for role in sorted(roles))
