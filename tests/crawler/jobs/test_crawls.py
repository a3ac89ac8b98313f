from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from accounts.errors import CursorError
from crawler.items import Kind
from crawler.jobs.collections import CRAWL_ITEMS, CRAWL_JOBS, CRAWL_TARGETS
from crawler.jobs.crawl import (
    CrawlOptions,
    CrawlState,
    TargetState,
    flight_of,
    item_id,
    target_id,
)
from crawler.jobs.crawls import (
    MOST_TARGETS,
    NEWS,
    CrawlError,
    Crawls,
    CrawlStateError,
    NewCrawl,
    UnknownCrawlError,
    cancelled_key,
)
from crawler.jobs.lists import Bounds
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document

MARA = Target(type=TargetType.USER, value="mara")
OPTIONS = CrawlOptions(
    limit=5,
    since=datetime(2026, 1, 2, tzinfo=UTC),
    max_age=3600,
    labels=("spring", "shoes"),
    webhook="https://example.com/hook",
)


def videos(count: int) -> list[Target]:
    return [
        Target(type=TargetType.VIDEO, value=str(7_300_000_000_000_000_001 + number), username="a")
        for number in range(count)
    ]


async def end(database: AsyncDatabase[Document], crawl_id: str, states: Sequence[str]) -> None:
    """Leave a crawl as its conductor would."""
    for number, state in enumerate(states, start=1):
        await database[CRAWL_TARGETS].update_one(
            {"_id": target_id(crawl_id, number)},
            {"$set": {"state": state, "attempts": 1, "reason": "captcha"}},
        )
    ended = {"state": "partial", "counts.failed": states.count("failed")}
    await database[CRAWL_JOBS].update_one({"_id": crawl_id}, {"$set": ended})


async def deliver(database: AsyncDatabase[Document], crawl_id: str, *sequences: int) -> None:
    await database[CRAWL_ITEMS].insert_many(
        {
            "_id": item_id(crawl_id, Kind.VIDEO, str(sequence)),
            "crawl": crawl_id,
            "sequence": sequence,
            "kind": "video",
            "item": str(sequence),
            "target": 1,
            "targets": [1],
            "delivered_at": datetime.now(UTC),
        }
        for sequence in sequences
    )


async def test_a_crawl_is_read_as_it_was_made(crawls: Crawls) -> None:
    made = await crawls.create([*videos(2), MARA], OPTIONS, owner="acc_1", schedule="sched_1")

    read = await crawls.get(made.id)

    assert (read.owner, read.schedule, read.options) == ("acc_1", "sched_1", OPTIONS)
    assert (read.state, read.counts.targets, read.attempts) == (CrawlState.QUEUED, 3, 1)
    page = await crawls.targets(made.id)
    assert [one.target for one in page.items] == [*videos(2), MARA]
    assert [one.number for one in page.items] == [1, 2, 3]
    assert {one.state for one in page.items} == {TargetState.WAITING}
    assert page.cursor is None


async def test_the_conductor_hears_of_a_new_crawl(crawls: Crawls, redis_client: Redis) -> None:
    made = await crawls.create(videos(1), owner=None)
    news: Any = await redis_client.xrange(NEWS)
    assert [fields for _, fields in news] == [{"crawl": made.id}]


async def test_a_crawl_made_twice_with_one_id_is_there_once(
    crawls: Crawls, database: AsyncDatabase[Document]
) -> None:
    made = await asyncio.gather(
        *(crawls.create(videos(30), owner=None, crawl_id="crawl_x") for _ in range(4))
    )
    assert {one.id for one in made} == {"crawl_x"}
    assert await database[CRAWL_TARGETS].count_documents({"crawl": "crawl_x"}) == 30


async def test_several_crawls_are_made_at_once_and_stay_as_they_are(
    crawls: Crawls, database: AsyncDatabase[Document], redis_client: Redis
) -> None:
    there = await crawls.get((await crawls.create(videos(2), owner="acc_1")).id)
    new = [
        NewCrawl(id=name, targets=videos(1200), options=OPTIONS, owner="acc_2", schedule="sched_1")
        for name in (there.id, "crawl_x", "crawl_y")
    ]
    await crawls.create_all(new[1:])
    await crawls.create_all([replace(one, targets=one.targets[:2]) for one in new])

    assert await crawls.get(there.id) == there
    made = await crawls.get("crawl_x")
    assert (made.owner, made.schedule, made.options) == ("acc_2", "sched_1", OPTIONS)
    assert made.counts.targets == 1200
    assert await database[CRAWL_TARGETS].count_documents({"crawl": "crawl_y"}) == 1200
    news: Any = await redis_client.xrange(NEWS)
    assert {fields["crawl"] for _, fields in news} == {there.id, "crawl_x", "crawl_y"}


@pytest.mark.parametrize("count", [0, MOST_TARGETS + 1])
async def test_a_crawl_has_neither_no_targets_nor_too_many(crawls: Crawls, count: int) -> None:
    with pytest.raises(CrawlError, match=f"not {count}"):
        await crawls.create([MARA] * count, owner=None)


async def test_a_crawl_is_seen_by_its_owner_and_by_the_operator(crawls: Crawls) -> None:
    made = await crawls.create(videos(1), owner="acc_1")

    assert (await crawls.get(made.id, owner="acc_1")).id == made.id
    for act in (crawls.get, crawls.cancel, crawls.retry):
        with pytest.raises(UnknownCrawlError, match=made.id):
            await act(made.id, owner="acc_2")


async def test_crawls_are_listed_a_page_at_a_time_newest_first(crawls: Crawls) -> None:
    made = [(await crawls.create(videos(1), OPTIONS, owner="acc_1")).id for _ in range(5)]
    await crawls.create(videos(1), owner="acc_2")

    seen, cursor = [], None
    while True:
        page = await crawls.page(owner="acc_1", limit=2, cursor=cursor)
        seen += [one.id for one in page.items]
        if (cursor := page.cursor) is None:
            break

    assert sorted(seen) == sorted(made)
    assert len((await crawls.page()).items) == 6
    assert len((await crawls.page(label="shoes")).items) == 5
    assert (await crawls.page(state=CrawlState.FAILED)).items == []


async def test_targets_are_paged_by_number_and_found_by_state(
    crawls: Crawls, database: AsyncDatabase[Document]
) -> None:
    made = await crawls.create(videos(7), owner=None)
    await crawls.create(videos(3), owner=None)
    await end(database, made.id, ["succeeded", "failed"] * 3)

    first = await crawls.targets(made.id, limit=3)
    rest = await crawls.targets(made.id, limit=10, cursor=first.cursor)
    failed = await crawls.targets(made.id, state=TargetState.FAILED, limit=2)
    last_failed = await crawls.targets(
        made.id, state=TargetState.FAILED, limit=2, cursor=failed.cursor
    )

    assert [one.number for one in (*first.items, *rest.items)] == [1, 2, 3, 4, 5, 6, 7]
    assert [one.number for one in (*failed.items, *last_failed.items)] == [2, 4, 6]
    assert last_failed.cursor is None


@pytest.mark.parametrize("cursor", ["", "x", "bnh4", "bjk5OTk5OTk5OTk5OTk5OTk5OTk5", "é"])
async def test_a_cursor_that_no_page_gave_is_refused(crawls: Crawls, cursor: str) -> None:
    made = await crawls.create(videos(1), owner=None)
    with pytest.raises(CursorError):
        await crawls.targets(made.id, cursor=cursor)
    with pytest.raises(CursorError):
        await crawls.items(made, cursor=cursor)


async def test_no_item_is_passed_over_while_earlier_ones_are_still_to_come(
    crawls: Crawls, database: AsyncDatabase[Document]
) -> None:
    made = await crawls.create(videos(1), owner=None)
    await deliver(database, made.id, 1, 2, 4, 5)

    first = await crawls.items(made)
    nothing = await crawls.items(made, cursor=first.cursor)
    await deliver(database, made.id, 3)
    rest = await crawls.items(made, cursor=nothing.cursor)

    assert [one.sequence for one in first.items] == [1, 2]
    assert nothing.items == []
    assert [one.sequence for one in rest.items] == [3, 4, 5]


async def test_the_items_of_a_crawl_that_has_ended_come_to_an_end(
    crawls: Crawls, database: AsyncDatabase[Document]
) -> None:
    made = await crawls.create(videos(1), owner=None)
    await deliver(database, made.id, 1, 2, 3)
    await end(database, made.id, ["failed"])
    ended = await crawls.get(made.id)

    first = await crawls.items(ended, limit=2)
    last = await crawls.items(ended, limit=2, cursor=first.cursor)

    assert [one.sequence for one in (*first.items, *last.items)] == [1, 2, 3]
    assert last.cursor is None


async def test_a_cancelled_crawl_says_so_to_workers_and_conductor(
    crawls: Crawls, redis_client: Redis
) -> None:
    made = await crawls.create(videos(2), owner="acc_1")

    cancelled = await crawls.cancel(made.id, owner="acc_1")

    assert cancelled.stop_reason == "cancelled"
    assert await redis_client.get(cancelled_key(made.id)) == "cancelled"
    assert (await crawls.cancel(made.id)).stop_reason == "cancelled"


async def test_what_has_ended_is_not_cancelled(
    crawls: Crawls, database: AsyncDatabase[Document], redis_client: Redis
) -> None:
    made = await crawls.create(videos(1), owner=None)
    await end(database, made.id, ["succeeded"])

    assert (await crawls.cancel(made.id)).stop_reason is None
    assert await redis_client.exists(cancelled_key(made.id)) == 0


async def test_a_retry_puts_the_failed_targets_alone_before_the_conductor_again(
    crawls: Crawls, database: AsyncDatabase[Document]
) -> None:
    made = await crawls.create(videos(3), owner=None)
    await end(database, made.id, ["succeeded", "failed", "cancelled"])

    again = await crawls.retry(made.id)

    assert (again.id, again.state, again.attempts) == (made.id, CrawlState.QUEUED, 2)
    states = [one.state.value for one in (await crawls.targets(made.id)).items]
    assert states == ["succeeded", "waiting", "cancelled"]
    assert (await crawls.targets(made.id)).items[1].reason is None


async def test_of_two_retries_at_once_one_begins(
    crawls: Crawls, database: AsyncDatabase[Document]
) -> None:
    made = await crawls.create(videos(1), owner=None)
    await end(database, made.id, ["failed"])

    ended = await asyncio.gather(*(crawls.retry(made.id) for _ in range(3)), return_exceptions=True)

    assert sum(isinstance(one, CrawlStateError) for one in ended) == 2
    assert (await crawls.get(made.id)).attempts == 2


async def test_what_has_not_ended_or_not_failed_is_not_retried(
    crawls: Crawls, database: AsyncDatabase[Document]
) -> None:
    made = await crawls.create(videos(1), owner=None)
    with pytest.raises(CrawlStateError, match="is queued"):
        await crawls.retry(made.id)
    await end(database, made.id, ["succeeded"])
    with pytest.raises(CrawlStateError, match="nothing to retry"):
        await crawls.retry(made.id)


def test_what_is_crawled_once_for_all_has_the_same_key_and_bounds() -> None:
    (video,) = videos(1)
    assert flight_of(video, Bounds(limit=1)) == flight_of(video, Bounds(limit=2)) == video.key
    assert flight_of(MARA, Bounds()) == MARA.key
    assert flight_of(MARA, Bounds(limit=1)) == flight_of(MARA, Bounds(limit=1))
    assert flight_of(MARA, Bounds(limit=1)) != flight_of(MARA, Bounds(limit=2))
