from __future__ import annotations

from time import time
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.workers import WorkerKind, Workers, WorkerState

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from tests.cli.conftest import Command, JsonCommand


@pytest.fixture
async def told(redis_client: Redis) -> None:
    """A crawl worker that is there, and a browser worker that was killed a moment ago."""
    workers = Workers(redis_client)
    for name, kind, told_at in (
        ("worker_1", WorkerKind.CRAWL, time()),
        ("browser_1", WorkerKind.BROWSER, time() - 9),
    ):
        state = WorkerState(
            id=name,
            kind=kind,
            host="here",
            pid=7,
            started_at=1_700_000_000.4,
            told_at=told_at,
            memory_bytes=150 * 1024 * 1024,
            in_hand=3,
            fetching=2,
        )
        await workers.tell(state, {})


@pytest.mark.usefixtures("on_servers", "told")
def test_workers_are_shown_with_what_they_do(json_command: JsonCommand, command: Command) -> None:
    browser, crawl = json_command("workers")

    assert crawl.pop("told_at").endswith("Z")
    assert crawl == {
        "kind": "crawl",
        "id": "worker_1",
        "host": "here",
        "pid": 7,
        "alive": True,
        "in_hand": 3,
        "fetching": 2,
        "memory_bytes": 150 * 1024 * 1024,
        "started_at": "2023-11-14T22:13:20Z",
    }
    assert (browser["id"], browser["kind"], browser["alive"]) == ("browser_1", "browser", False)
    assert "150 MB" in command("workers").stdout


@pytest.mark.usefixtures("on_servers")
def test_where_no_worker_is_none_is_shown(json_command: JsonCommand) -> None:
    assert json_command("workers") == []
