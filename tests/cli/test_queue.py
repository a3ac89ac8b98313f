from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.jobs.queue import Queue
from crawler.links import parse_link

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from tests.cli.conftest import JsonCommand


@pytest.fixture
async def waiting(redis_client: Redis) -> None:
    links = (
        "https://www.tiktok.com/@_/video/7106594312292453675",
        "https://www.tiktok.com/@someone",
    )
    await Queue(redis_client).add(map(parse_link, links), run="run_1")


@pytest.mark.usefixtures("on_servers", "waiting")
def test_the_lanes_of_each_fetcher_are_shown_with_what_waits(json_command: JsonCommand) -> None:
    demand, bulk, *of_browser = json_command("queue", "show")
    assert demand == {
        "fetcher": "http",
        "lane": "demand",
        "waiting": 0,
        "in_hand": 0,
        "oldest_s": None,
        "put_off": 0,
        "dead_letters": 0,
    }
    assert (bulk["lane"], bulk["waiting"], bulk["in_hand"]) == ("bulk", 1, 0)
    assert bulk["oldest_s"] >= 0
    assert [(one["fetcher"], one["lane"], one["waiting"]) for one in of_browser] == [
        ("browser", "demand", 0),
        ("browser", "bulk", 1),
    ]
