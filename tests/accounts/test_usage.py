from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.folding import Event
from accounts.usage import STREAM, Drainer

if TYPE_CHECKING:
    from tests.accounts.conftest import Desk


async def events(desk: Desk, count: int, **changes: Any) -> None:
    pipeline = desk.redis.pipeline()
    for number in range(count):
        event = Event("acc_1", int(time() * 1000), 200, 1, number % 2, 10, "71", "key_1")
        fields = event._replace(**changes)
        pipeline.xadd(STREAM, {"event": " ".join(map(str, fields))})
    await pipeline.execute()


async def today(desk: Desk) -> dict[str, Any]:
    document = await desk.database.usage_days.find_one({}, {"_id": 0, "last_request_at": 0})
    return dict(document or {})


async def test_events_are_folded_into_a_document_for_each_day(desk: Desk) -> None:
    await events(desk, 6)
    await events(desk, 2, status=503, charged=0, cached=0, video_id="")

    assert await Drainer(desk.redis, desk.database).drain() == 8

    assert await today(desk) == {
        "account_id": "acc_1",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "total": 8,
        "successful": 6,
        "failed": 2,
        "cached": 3,
        "charged": 6,
        "elapsed_ms": 80,
    }
    note = await desk.database.usage_news.find_one()
    assert note is not None
    assert [video[:2] for video in note["videos"]] == [["71", 6]]
    assert await desk.redis.xlen(STREAM) == 0


async def test_several_drainers_at_once_count_each_event_once(desk: Desk) -> None:
    await events(desk, 2500)

    drainers = [Drainer(desk.redis, desk.database) for _ in range(4)]
    drained = await asyncio.gather(*(drainer.drain() for drainer in drainers))
    await drainers[0].drain()

    assert sum(drained) <= 2500
    assert (await today(desk))["total"] == 2500


async def test_a_drainer_that_dies_before_it_trims_doubles_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await events(desk, 5)
    drainer = Drainer(desk.redis, desk.database)

    async def die(*_: Any, **__: Any) -> None:
        raise ConnectionError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(desk.redis, "xtrim", die)
        with pytest.raises(ConnectionError):
            await drainer.drain()
    assert await desk.redis.xlen(STREAM) == 5

    await events(desk, 1)
    assert await Drainer(desk.redis, desk.database).drain() == 1

    assert (await today(desk))["total"] == 6


async def test_events_that_come_back_with_an_older_copy_of_the_stream_are_not_doubled(
    desk: Desk,
) -> None:
    await events(desk, 3)
    older: Any = await desk.redis.xrange(STREAM)
    await events(desk, 1)
    drainer = Drainer(desk.redis, desk.database)
    await drainer.drain()
    await desk.redis.flushall()
    for entry_id, event in older:
        await desk.redis.xadd(STREAM, event, id=entry_id)

    assert await drainer.drain() == 0
    await events(desk, 2)
    assert await drainer.drain() == 2

    assert (await today(desk))["total"] == 6


async def test_draining_goes_on_when_the_clock_was_set_back(desk: Desk) -> None:
    await events(desk, 1)
    drainer = Drainer(desk.redis, desk.database)
    await drainer.drain()
    await desk.database.usage_drains.update_one({}, {"$set": {"position": "9999999999999-7"}})
    assert await drainer.drain() == 0

    await events(desk, 2)

    assert await drainer.drain() == 2


async def test_draining_survives_a_database_that_is_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await events(desk, 4)
    drainer = Drainer(desk.redis, desk.database)
    xrange, failures = desk.redis.xrange, [RedisConnectionError("away")]

    async def sometimes(*arguments: Any, **options: Any) -> Any:
        if failures:
            raise failures.pop()
        return await xrange(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(desk.redis, "xrange", sometimes)
        async with drainer.draining(pause_s=0.01):
            async with asyncio.timeout(5):
                while not await today(desk):
                    await asyncio.sleep(0.01)

    assert (await today(desk))["total"] == 4


async def test_what_is_no_event_is_left_out_and_holds_nothing_up(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    drainer = Drainer(desk.redis, desk.database)
    await desk.redis.xadd(STREAM, {"event": "of another version"})
    assert await drainer.drain() == 1
    await desk.redis.xadd(STREAM, {"event": "acc_1 now 200 1 1 0 71 key_1"})
    await events(desk, 2)

    assert await drainer.drain() == 3

    assert (await today(desk))["total"] == 2
    assert "'of another version'" in caplog.text


async def test_what_is_left_is_drained_at_the_end(desk: Desk) -> None:
    drainer = Drainer(desk.redis, desk.database)
    async with drainer.draining(pause_s=60):
        await asyncio.sleep(0.05)
        await events(desk, 4)

    assert (await today(desk))["total"] == 4


async def test_what_is_noted_is_counted_in_the_background(desk: Desk) -> None:
    drainer = Drainer(desk.redis, desk.database)
    await events(desk, 4)

    async with drainer.draining(pause_s=0.01, news_s=0.02), asyncio.timeout(5):
        while not await desk.database.usage_videos.find_one({"window": "all", "requests": 4}):
            await asyncio.sleep(0.01)
