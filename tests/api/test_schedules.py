from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from accounts import collections as of_accounts
from crawler.jobs import collections as of_crawls
from crawler.jobs.crawls import Crawls
from crawler.jobs.schedules import collections as of_schedules
from crawler.jobs.schedules.timekeeper import Timekeeper
from settings.plans import PlanName
from tests.api.crawling import CRAWLS, error, posts

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from tests.api.conftest import Answer, Api, Callers

SCHEDULES = "/api/v1/schedules"
CRON: dict[str, Any] = {"cron": "30 6 * * MON-FRI", "timezone": "Europe/Berlin"}


@pytest.fixture
async def prepared(database: AsyncDatabase[Document]) -> AsyncDatabase[Document]:
    for each in (of_accounts, of_crawls, of_schedules):
        await each.prepare(database)
    return database


async def make(api: Api, key: str | None, **more: Any) -> Answer:
    return await api.call("POST", SCHEDULES, key=key, json={"targets": posts(2), **more})


async def act(api: Api, key: str, schedule: str, what: str = "", method: str = "POST") -> Answer:
    return await api.call(method, f"{SCHEDULES}/{schedule}{what}", key=key)


async def test_a_schedule_is_made_and_shown_with_its_next_runs(
    api: Api, key: str, prepared: AsyncDatabase[Document]
) -> None:
    made = await make(api, key, **CRON, name="work", limit=7, labels=["a"], missed="skip", grace=60)
    shown = await act(api, key, made.body["id"], method="GET")

    assert made.status == 201
    assert made.headers["Location"].endswith(f"{SCHEDULES}/{made.body['id']}")
    assert shown.body == made.body | {"targets": posts(2)}
    body = made.body
    assert (body["name"], body["limit"], body["labels"]) == ("work", 7, ["a"])
    assert (body["cron"], body["timezone"], body["every"]) == (*CRON.values(), None)
    assert (body["missed"], body["grace"], body["state"]) == ("skip", 60, "active")
    times = [datetime.fromisoformat(at) for at in body["next_runs"]]
    assert len(times) == 5
    assert all(at.weekday() < 5 and at.minute == 30 and at.hour in {4, 5} for at in times)


async def test_targets_may_be_a_file(api: Api, key: str, prepared: AsyncDatabase[Document]) -> None:
    made = await api.call(
        "POST",
        f"{SCHEDULES}?every=3600&limit=5",
        key=key,
        data=b"type,value\nuser,@someone\n",
        headers={"Content-Type": "text/csv"},
    )

    assert made.status == 201
    assert (made.body["every"], made.body["limit"], made.body["target_count"]) == (3600, 5, 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "The parameter 'cron' or 'every' is required"),
        ({"cron": "@daily", "every": 60}, "'cron' and 'every' exclude each other"),
        ({"every": 59}, "'every' must be a whole number of seconds from 60"),
        ({"cron": "every day"}, "The parameter 'cron' "),
        ({"cron": "@daily", "timezone": "Mars/Base"}, "The parameter 'timezone' "),
        ({"every": 60, "missed": "never"}, "'missed' must be 'run_once' or 'skip'"),
        ({"every": 60, "grace": -1}, "'grace' must be a whole number of seconds from 0"),
        ({"every": 60, "name": ""}, "'name' must be a text of 1 to 100 characters"),
        ({"every": 60, "targets": []}, "'targets' is wrong: there are no targets"),
        (
            {"every": 60, "webhook": "http://10.0.0.1/"},
            "'webhook' must lead to the public internet",
        ),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_made(
    wrong: dict[str, Any], said: str, api: Api, key: str, prepared: AsyncDatabase[Document]
) -> None:
    answer = await make(api, key, **wrong)

    assert answer.status == 400
    assert said in answer.body["detail"]
    assert await prepared.schedules.count_documents({}) == 0


async def test_what_is_named_changes_and_the_rest_stays(
    api: Api, key: str, prepared: AsyncDatabase[Document]
) -> None:
    schedule = (await make(api, key, **CRON, limit=7, since="2024-01-02", name="work")).body

    async def change(**named: Any) -> Answer:
        path = f"{SCHEDULES}/{schedule['id']}"
        return await api.call("PATCH", path, key=key, json=named)

    limited = await change(limit=None, labels=["b"])
    zoned = await change(timezone="UTC")
    hourly = await change(every=3600, name=None, targets=posts(1), missed="skip")

    assert limited.body == schedule | {"limit": None, "labels": ["b"]}
    assert zoned.body["cron"] == CRON["cron"]
    assert all(at.endswith("06:30:00Z") for at in zoned.body["next_runs"])
    body = hourly.body
    assert (body["cron"], body["every"], body["name"]) == (None, 3600, None)
    assert (body["target_count"], body["missed"], body["labels"]) == (1, "skip", ["b"])
    for named, said in (
        ({}, "Name what is to be changed"),
        ({"every": None}, "'cron' or 'every' is required"),
        ({"until": "2024-01-01"}, "'until' must be later than 'since'"),
        ({"cron": "61 * * * *"}, "The parameter 'cron' "),
        ({"targets": [{}]}, "'targets' is wrong"),
    ):
        refused = await change(**named)
        assert refused.status == 400
        assert said in refused.body["detail"]
    assert (await act(api, key, schedule["id"], method="GET")).body["every"] == 3600


async def test_a_schedule_is_paused_and_resumed(
    api: Api, key: str, prepared: AsyncDatabase[Document]
) -> None:
    schedule = (await make(api, key, every=60)).body["id"]

    paused = await act(api, key, schedule, "/pause")
    resumed = await act(api, key, schedule, "/resume")

    assert (paused.body["state"], paused.body["next_runs"]) == ("paused", [])
    assert (resumed.body["state"], len(resumed.body["next_runs"])) == ("active", 5)


async def test_a_run_that_is_asked_for_makes_a_crawl_of_the_account_and_none_beside_it(
    api: Api, key: str, prepared: AsyncDatabase[Document]
) -> None:
    schedule = (await make(api, key, every=3600, labels=["a"])).body["id"]

    run = await act(api, key, schedule, "/run")
    busy = await act(api, key, schedule, "/run")
    crawl = await api.call("GET", f"{CRAWLS}/{run.body['crawl']}", key=key)
    listed = await api.call("GET", f"{CRAWLS}?schedule={schedule}", key=key)
    history = await act(api, key, schedule, "/runs", "GET")

    assert (run.status, run.body["kind"], run.body["state"]) == (202, "asked", "started")
    assert run.headers["Location"].endswith(f"{CRAWLS}/{run.body['crawl']}")
    assert (crawl.body["schedule"], crawl.body["labels"]) == (schedule, ["a"])
    assert [one["id"] for one in listed.body["crawls"]] == [run.body["crawl"]]
    assert history.body == {"runs": [run.body], "next_cursor": None}
    assert error(busy) == (409, "Schedule busy")
    assert run.body["crawl"] in busy.body["detail"]


async def test_what_is_due_begins_and_its_history_is_listed_a_page_at_a_time(
    api: Api, key: str, prepared: AsyncDatabase[Document], redis_client: Redis
) -> None:
    schedule = (await make(api, key, every=60)).body["id"]
    moments = [datetime(2099, 1, 1, hour, tzinfo=UTC) for hour in (1, 2)]
    for moment in moments:
        crawls = Crawls(prepared, redis_client)
        await Timekeeper(prepared, crawls, None, clock=lambda at=moment: at).keep()  # type: ignore[misc]

    first = (await act(api, key, schedule, "/runs?limit=1", "GET")).body
    rest = (await act(api, key, schedule, f"/runs?cursor={first['next_cursor']}", "GET")).body

    (skipped,), (started,) = first["runs"], rest["runs"]
    assert (skipped["state"], skipped["reason"], skipped["crawl"]) == ("skipped", "overlap", None)
    assert (started["state"], started["crawl_state"]) == ("started", "queued")
    assert rest["next_cursor"] is None


async def test_a_deleted_schedule_is_gone_and_its_crawls_stay(
    api: Api, key: str, prepared: AsyncDatabase[Document]
) -> None:
    schedule = (await make(api, key, every=60)).body["id"]
    crawl = (await act(api, key, schedule, "/run")).body["crawl"]

    deleted = await act(api, key, schedule, method="DELETE")
    again = await act(api, key, schedule, method="DELETE")

    assert (deleted.status, deleted.body["id"]) == (200, schedule)
    assert error(again) == (404, "Schedule not found")
    assert (await api.call("GET", f"{CRAWLS}/{crawl}", key=key)).status == 200


async def test_an_account_has_as_many_as_its_plan_allows_and_sees_only_its_own(
    api: Api, callers: Callers, prepared: AsyncDatabase[Document]
) -> None:
    _, key = await callers.make(PlanName.FREE)
    _, stranger = await callers.make(PlanName.PRO)

    made = [await make(api, key, every=60) for _ in range(3)]
    first = (await api.call("GET", f"{SCHEDULES}?limit=1", key=key)).body
    rest = (await api.call("GET", f"{SCHEDULES}?cursor={first['next_cursor']}", key=key)).body

    assert [one.status for one in made] == [201, 201, 409]
    assert error(made[2]) == (409, "Too many schedules")
    listed = [one["id"] for page in (first, rest) for one in page["schedules"]]
    assert listed == [made[1].body["id"], made[0].body["id"]]
    for method, what in (
        *(("GET", ""), ("DELETE", ""), ("GET", "/runs")),
        *(("POST", "/pause"), ("POST", "/resume"), ("POST", "/run")),
    ):
        assert error(await act(api, stranger, listed[0], what, method))[0] == 404
    path = f"{SCHEDULES}/{listed[0]}"
    edited = await api.call("PATCH", path, key=stranger, json={"limit": 1})
    assert error(edited) == (404, "Schedule not found")
    assert (await api.call("GET", SCHEDULES, key=stranger)).body["schedules"] == []
    assert (await make(api, None)).status == 401
