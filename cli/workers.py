"""``manage.py workers``: who crawls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.jobs.workers import WorkerState

SILENT_S = 5.0
"""A worker that has not told for so long is counted as not alive; it tells each second."""
_COLUMNS = (
    *("kind", "id", "host", "pid", "alive", "in_hand", "fetching"),
    *("memory_bytes", "started_at", "told_at"),
)
_MEGABYTE = 1024 * 1024


@click.command()
@as_json
def workers(*, is_json: bool) -> None:
    """Show the workers of all machines: alive, busy, memory (of a browser's too), since when.

    A worker that was killed is shown as not alive for 15 seconds and then no more.
    """
    from services.running import attached
    from settings.env import read_environment

    with attached(read_environment()) as environment:
        found = asyncio.run(_read(environment.redis_url or ""))
    if is_json:
        print_json([dict(zip(_COLUMNS, _row(one), strict=True)) for one in found])
    else:
        columns = ["memory" if name == "memory_bytes" else name for name in _COLUMNS]
        print_table(columns, [_for_people(_row(one)) for one in found])


async def _read(url: str) -> Sequence[WorkerState]:
    from crawler.jobs.workers import Workers
    from services import redis

    async with redis.connect(url) as client:
        told = await Workers(client).read()
    return sorted(told.workers, key=lambda one: (one.kind.value, one.host, one.started_at))


def _row(state: WorkerState) -> tuple[Any, ...]:
    from datetime import UTC, datetime
    from time import time

    started_at, told_at = (
        datetime.fromtimestamp(round(at), UTC) for at in (state.started_at, state.told_at)
    )
    is_alive = time() - state.told_at < SILENT_S
    return (
        *(state.kind.value, state.id, state.host, state.pid, is_alive),
        *(state.in_hand, state.fetching, state.memory_bytes, started_at, told_at),
    )


def _for_people(row: tuple[Any, ...]) -> list[Any]:
    return [
        f"{value / _MEGABYTE:.0f} MB" if name == "memory_bytes" else value
        for name, value in zip(_COLUMNS, row, strict=True)
    ]
