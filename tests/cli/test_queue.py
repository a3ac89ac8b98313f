from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.errors import Reason
from crawler.jobs.queue import STREAMS, Queue
from crawler.jobs.records import Job, Lane, Outcome
from crawler.links import parse_link

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from tests.cli.conftest import Command, JsonCommand


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


@pytest.fixture
async def dead(redis_client: Redis) -> None:
    """A post on each lane that was given up, and an entry that is no job."""
    queue = Queue(redis_client, tries=1)
    await queue.prepare()
    await redis_client.xadd(STREAMS[Lane.BULK], {"type": "nonsense"})
    for lane, reason in ((Lane.DEMAND, Reason.TIMEOUT), (Lane.BULK, Reason.CAPTCHA)):
        target = parse_link("https://www.tiktok.com/@_/video/7106594312292453675")
        await queue.put([Job(target=target, lane=lane)])
        (job,) = await queue.take(lane, 2, block_s=1)
        await queue.fail(job, Outcome(key=target.key, reason=reason))


@pytest.mark.usefixtures("on_servers", "dead")
def test_dead_letters_are_listed_with_their_reasons(
    json_command: JsonCommand, command: Command
) -> None:
    listed = json_command("queue", "letters")

    assert [one["reason"] for one in listed] == ["captcha", "unreadable", "timeout"]
    assert listed[0]["target"] == "video:7106594312292453675"
    assert len(json_command("queue", "letters", "--lane", "demand")) == 1
    assert len(json_command("queue", "letters", "--limit", "2")) == 2
    counts = {
        (one["fetcher"], one["lane"]): one["dead_letters"] for one in json_command("queue", "show")
    }
    assert counts == {
        ("http", "demand"): 1,
        ("http", "bulk"): 2,
        ("browser", "demand"): 0,
        ("browser", "bulk"): 0,
    }
    assert "timeout" in command("queue", "letters").stdout


@pytest.mark.usefixtures("on_servers", "dead")
def test_dead_letters_are_put_back_and_what_is_no_job_is_refused(
    json_command: JsonCommand, command: Command
) -> None:
    newest, unreadable, oldest = [one["id"] for one in json_command("queue", "letters")]

    by_reason = json_command("queue", "redrive", "--reason", "timeout")
    named = json_command("queue", "redrive", newest, "1-1", "--lane", "bulk")
    rest = command("queue", "redrive")

    assert by_reason == {"redriven": [oldest], "refused": {}}
    assert named["redriven"] == [newest]
    assert named["refused"] == {"1-1": "there is no such dead letter"}
    assert rest.stdout == "0 put back, 1 refused\n"
    assert f"{unreadable} is refused: the entry is no job" in rest.stderr
    waiting = {
        (one["fetcher"], one["lane"]): one["waiting"] for one in json_command("queue", "show")
    }
    assert (waiting["http", "demand"], waiting["http", "bulk"]) == (1, 1)
