from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from crawler.errors import Reason
from crawler.jobs.lists import StopReason
from crawler.jobs.records import Outcome
from settings.plans import PlanName
from tests.api.conftest import serving
from tests.api.listing import FIRST, lists_at_work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from crawler.jobs.records import Job
    from services.mongodb import Document
    from settings.env import Environment
    from tests.api.conftest import Answer, Api, Callers
    from tests.api.listing import ListWorker

USER, HASHTAG = "/api/v1/users/mara/videos", "/api/v1/hashtags/bread/videos"
MUSIC, COMMENTS = "/api/v1/music/68000/videos", f"/api/v1/videos/{FIRST}/comments"
SEARCH = "/api/v1/search?q=rye%20bread"


@pytest.fixture
async def lists(
    database: AsyncDatabase[Document], redis_client: Redis, api: Api
) -> AsyncIterator[ListWorker]:
    async with lists_at_work(database, redis_client) as worker:
        yield worker


async def read(api: Api, key: str, path: str = USER, **more: Any) -> Answer:
    return await api.call("GET", path, key=key, params=more)


async def used(api: Api, key: str) -> int:
    return int((await read(api, key, "/api/v1/user/me")).body["requests_used"])


def ids(answer: Answer, name: str = "videos", of: str = "video_id") -> list[int]:
    assert answer.status == 200, answer.body
    return [int(one[of]) - FIRST for one in answer.body[name]]


@pytest.mark.parametrize("path", [USER, HASHTAG, MUSIC, COMMENTS, SEARCH])
async def test_a_list_is_crawled_once_and_then_read(
    path: str, api: Api, key: str, lists: ListWorker
) -> None:
    crawled, stored = await read(api, key, path), await read(api, key, path)

    assert (crawled.status, crawled.body["cached"]) == (200, False), crawled.body
    assert (stored.status, stored.body["cached"]) == (200, True)
    name = next(one for one in ("videos", "comments", "results") if one in stored.body)
    assert len(crawled.body[name]) == 3
    assert crawled.body[name] == stored.body[name]
    assert stored.body["next_cursor"] is None
    meta = stored.body["meta"]
    assert meta.pop("observed_at").endswith("Z")
    assert meta == {
        "collected": 3,
        "reported_total": 3,
        "complete": True,
        "stop_reason": "end",
    }
    assert len(lists.crawled) == 1
    assert crawled.body["requests_remaining"] == 100_000 - 1 - 3
    assert await used(api, key) == 2 + 3


async def test_pages_go_on_newest_first_without_a_crawl(
    api: Api, key: str, lists: ListWorker
) -> None:
    lists.count = lists.total = 7
    await read(api, key, limit=100)
    answers = [await read(api, key, limit=3)]
    while cursor := answers[-1].body["next_cursor"]:
        answers.append(await read(api, key, limit=3, cursor=cursor))

    assert [ids(one) for one in answers] == [[0, 1, 2], [3, 4, 5], [6]]
    assert len(lists.crawled) == 1
    assert await used(api, key) == 1 + 7 + 3


async def test_pages_of_a_search_keep_its_order_when_it_is_crawled_anew(
    api: Api, key: str, lists: ListWorker, database: AsyncDatabase[Document]
) -> None:
    lists.count = lists.total = 5
    first = await read(api, key, SEARCH, limit=100)
    page = await read(api, key, SEARCH, limit=2)
    await database["search_results"].update_one(
        {}, {"$push": {"results": {"$each": [{"kind": "user", "id": "1"}], "$position": 0}}}
    )

    rest = await read(api, key, SEARCH, limit=100, cursor=page.body["next_cursor"])

    names = [one["video"]["video_id"] for one in first.body["results"]]
    assert [one["kind"] for one in first.body["results"]] == ["video"] * 5
    assert [one["video"]["video_id"] for one in page.body["results"]] == names[:2]
    assert [one["video"]["video_id"] for one in rest.body["results"]] == names[2:]


async def test_replies_are_read_by_the_comment_above_them(
    api: Api, key: str, lists: ListWorker, database: AsyncDatabase[Document]
) -> None:
    await read(api, key, COMMENTS)
    await database["comments"].update_one(
        {"_id": str(FIRST + 2)}, {"$set": {"parent_id": str(FIRST)}}
    )

    top, replies = await read(api, key, COMMENTS), await read(api, key, COMMENTS, parent_id=FIRST)

    assert ids(top, "comments", "comment_id") == [0, 1]
    assert ids(replies, "comments", "comment_id") == [2]


async def test_no_more_is_crawled_than_a_page_holds_and_a_longer_page_is_crawled_for(
    api: Api, key: str, lists: ListWorker
) -> None:
    lists.count = lists.total = 9

    short, shorter = await read(api, key, limit=4), await read(api, key, limit=3)
    longer = await read(api, key, limit=6)

    assert [len(ids(one)) for one in (short, shorter, longer)] == [4, 3, 6]
    assert [one.body["cached"] for one in (short, shorter, longer)] == [False, True, False]
    assert short.body["meta"]["stop_reason"] == "limit"
    assert short.body["meta"]["complete"] is False
    assert short.body["next_cursor"] is None
    assert [job.bounds.limit for job in lists.crawled] == [4, 6]


async def test_one_that_is_too_old_is_crawled_anew(api: Api, key: str, lists: ListWorker) -> None:
    await read(api, key)

    anew = await read(api, key, max_age=0)

    assert anew.body["cached"] is False
    assert len(lists.crawled) == 2


async def test_a_crawl_that_takes_longer_is_a_202_and_answers_who_asks_again(
    api: Api, key: str, lists: ListWorker, environment: Environment
) -> None:
    lists.delay_s = 0.8

    async with serving(environment.model_copy(update={"extract_timeout_s": 0.3})) as hasty:
        accepted = await read(hasty, key, max_age=0)
        joined = await read(hasty, key, max_age=0)
        assert await used(hasty, key) == 0
        await asyncio.sleep(0.5)
        answer = await read(hasty, key, max_age=0)

    assert (accepted.status, joined.status, answer.status) == (202, 202, 200)
    crawl = accepted.body["crawl"]
    assert accepted.headers["Location"] == crawl["url"]
    assert crawl["url"].endswith(f"/api/v1/crawls/{crawl['id']}")
    assert int(accepted.headers["Retry-After"]) == accepted.body["retry_after"] > 0
    assert joined.body["crawl"]["id"] == crawl["id"]
    assert len(ids(answer)) == 3
    assert len(lists.crawled) == 1
    assert await used(api, key) == 1 + 3


async def test_accounts_that_read_the_same_share_its_crawl_and_each_pays(
    api: Api, key: str, lists: ListWorker, callers: Callers
) -> None:
    lists.delay_s = 0.3
    _, other = await callers.make(PlanName.PRO)

    both = await asyncio.gather(read(api, key), read(api, other))

    assert [len(ids(answer)) for answer in both] == [3, 3]
    assert len(lists.crawled) == 1
    assert [await used(api, one) for one in (key, other)] == [4, 4]


async def test_what_a_wall_has_left_is_answered_and_is_not_fresh(
    api: Api, key: str, lists: ListWorker
) -> None:
    lists.stop, lists.total = StopReason.CAPTCHA, 50

    answer = await read(api, key)
    again = await read(api, key)

    assert len(ids(answer)) == 3
    assert answer.body["meta"]["stop_reason"] == "captcha"
    assert again.body["cached"] is False
    assert len(lists.crawled) == 2


async def test_no_more_is_answered_than_the_month_is_enough_for(
    api: Api, lists: ListWorker, callers: Callers
) -> None:
    _, key = await callers.make(PlanName.FREE)
    lists.count = lists.total = 46
    await read(api, key, limit=46)

    last = await read(api, key, HASHTAG, limit=10)
    spent = await read(api, key, MUSIC)

    assert len(ids(last)) == 2
    assert last.body["requests_remaining"] == 0
    assert (spent.status, spent.body["error"]) == (429, "Monthly quota exceeded")
    assert await used(api, key) == 50


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.ACCOUNT_PRIVATE, (404, "User not found")),
        (Reason.CAPTCHA, (503, "Service unavailable")),
    ],
)
async def test_a_list_that_has_nothing_says_why(
    reason: Reason, error: tuple[int, str], api: Api, key: str, lists: ListWorker
) -> None:
    async def refuse(job: Job) -> Outcome:
        return Outcome(key=job.target.key, reason=reason)

    lists.outcome = refuse

    answer = await read(api, key)

    assert (answer.status, answer.body["error"]) == error
    assert answer.body["reason"] == reason.value
    assert await used(api, key) == (1 if answer.status == 404 else 0)


async def test_without_a_browser_it_is_refused_at_once(api: Api, key: str) -> None:
    began = monotonic()

    answer = await read(api, key)

    assert (answer.status, answer.body["reason"]) == (503, "browser_unavailable")
    assert answer.body["retryable"] is True
    assert answer.headers["Retry-After"] == "60"
    assert monotonic() - began < 2
    assert await used(api, key) == 0


async def test_while_the_breaker_is_open_it_is_refused_at_once(
    api: Api, key: str, lists: ListWorker, redis_client: Redis
) -> None:
    seconds, _ = await redis_client.time()
    await redis_client.hset("egress:direct", "until", str((seconds + 300) * 1000))

    answer = await read(api, key)

    assert (answer.status, answer.body["reason"]) == (503, "upstream_blocked")
    assert 290 < int(answer.headers["Retry-After"]) <= 300
    assert lists.crawled == []


async def test_a_cursor_of_another_list_or_of_nobody_is_refused(
    api: Api, key: str, lists: ListWorker
) -> None:
    lists.count = lists.total = 3
    await read(api, key)
    cursor = (await read(api, key, limit=1)).body["next_cursor"]

    foreign = await read(api, key, "/api/v1/users/other/videos", cursor=cursor)
    garbage = await read(api, key, cursor="garbage")
    changed = await read(api, key, cursor=("B" if cursor[0] == "A" else "A") + cursor[1:])
    good = await read(api, key, cursor=cursor)

    for answer in (foreign, garbage, changed):
        assert (answer.status, answer.body["error"]) == (400, "Invalid parameter")
        assert "leave it out to begin with the first page" in answer.body["detail"]
    assert ids(good) == [1, 2]


@pytest.mark.parametrize(
    ("path", "error", "detail"),
    [
        (f"{USER}?limit=101", "Invalid parameter", "The parameter 'limit' must be a number"),
        ("/api/v1/videos/x/comments", "Invalid parameter", "The parameter 'id' is wrong: expected"),
        ("/api/v1/search", "Missing parameter", "The parameter 'q' is required"),
        ("/api/v1/search?q=", "Invalid parameter", "The parameter 'q' must be 1 to 200"),
        (f"{COMMENTS}?parent_id=x", "Invalid parameter", "The parameter 'parent_id' must be"),
    ],
)
async def test_what_cannot_be_read_is_refused(
    api: Api, key: str, path: str, error: str, detail: str
) -> None:
    answer = await api.call("GET", path, key=key)

    assert (answer.status, answer.body["error"]) == (400, error)
    assert answer.body["detail"].startswith(detail)
