from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

import pipelines.collections
from analysis.rollups import collections
from analysis.rollups.rolling import take_up
from settings.plans import PlanName
from tests.analysis.rollups.rows import add_post, add_rows, add_user, row

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document
    from tests.api.conftest import Answer, Api, Callers

VIDEO, USER = "/api/v1/videos/71/statistics", "/api/v1/users/name-u9/statistics"
HASHTAGS, VIDEOS, MUSIC = (
    f"/api/v1/analytics/{name}" for name in ("hashtags/top", "videos/rising", "music/rising")
)
WINDOW = {"from": "2026-03-01", "to": "2026-03-07"}


@pytest.fixture
async def store(database: AsyncDatabase[Document]) -> AsyncDatabase[Document]:
    await pipelines.collections.prepare(database)
    await collections.prepare(database)
    await add_post(database, "71", made=0, hashtags=("bread", "=2+3"), country="SE", language="sv")
    await add_post(database, "72", made=1, hashtags=("bread",), user="u2")
    await add_rows(
        database,
        *(row("71", day, int(100 * day)) for day in (0.2, 0.9, 1.5, 3, 3.1, 8)),
        row("72", 2, 40),
    )
    await add_user(database, "u9", (0.5, {"followers": 5}), (3, {"followers": 7, "likes": 1}))
    return database


async def read(api: Api, key: str, path: str, accept: str = "*/*", **query: Any) -> Answer:
    return await api.call("GET", path, key=key, params=query, headers={"Accept": accept})


async def rows_of(api: Api, key: str, path: str, accept: str, **query: Any) -> list[list[str]]:
    """A table that is answered as CSV."""
    headers = {"X-API-Key": key, "Accept": accept}
    async with api.session.get(api.url + path, params=query, headers=headers) as response:
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "Accept" in ",".join(response.headers.getall("Vary"))
        return list(csv.reader(io.StringIO(await response.text())))


async def test_a_history_is_told_by_rows_or_by_the_last_of_each_step(
    api: Api, key: str, store: AsyncDatabase[Document]
) -> None:
    async def views(**query: Any) -> list[int]:
        answer = await read(api, key, VIDEO, **query)
        assert answer.status == 200, answer.body
        return [one["views"] for one in answer.body["statistics"]]

    assert await views() == [20, 90, 150, 300, 310, 800]
    assert await views(step="day") == [90, 150, 310, 800]
    assert await views(step="week") == [90, 310, 800]  # it begins on a Sunday
    assert await views(**{"from": "2026-03-02", "to": "2026-03-04T00:00:00Z"}) == [150]
    assert await views(**{"from": "2027-01-01"}) == []
    whole = (await read(api, key, VIDEO, limit="1")).body
    assert whole["statistics"] == [
        {
            "observed_at": "2026-03-01T04:48:00Z",
            "views": 20,
            "likes": 2,
            "comments": None,
            "shares": None,
            "saves": None,
            "reposts": None,
            "exact": True,
        }
    ]
    assert (whole["cached"], whole["step"], whole["video_id"]) == (True, None, "71")


async def test_pages_of_a_history_go_on_where_the_last_ended(
    api: Api, key: str, store: AsyncDatabase[Document]
) -> None:
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 2, "step": "day"}
    answer = await read(api, key, VIDEO, **query)
    while True:
        seen += [one["views"] for one in answer.body["statistics"]]
        cursor = answer.body["next_cursor"]
        if cursor is None:
            break
        answer = await read(api, key, VIDEO, cursor=cursor, **query)
    assert seen == [90, 150, 310, 800]
    first = (await read(api, key, VIDEO, **query)).body["next_cursor"]
    assert (await read(api, key, VIDEO, cursor=first, step="hour")).status == 400


async def test_a_users_history_is_that_of_who_bears_the_name(
    api: Api, key: str, store: AsyncDatabase[Document]
) -> None:
    answer = await read(api, key, USER)
    assert answer.body["user_id"] == "u9"
    assert [(one["followers"], one["likes"]) for one in answer.body["statistics"]] == [
        (5, None),
        (7, 1),
    ]
    assert await rows_of(api, key, USER, "text/csv") == [
        ["observed_at", "followers", "following", "likes", "videos", "exact"],
        ["2026-03-01T12:00:00Z", "5", "", "", "", "True"],
        ["2026-03-04T00:00:00Z", "7", "", "1", "", "True"],
    ]


async def test_what_is_not_stored_is_not_found_and_charged(api: Api, key: str) -> None:
    video = await read(api, key, "/api/v1/videos/99/statistics")
    assert (video.status, video.body["error"], video.body["reason"]) == (
        404,
        "Video not found",
        "not_found",
    )
    assert video.body["requests_remaining"] == 100_000 - 1
    user = await read(api, key, "/api/v1/users/nobody/statistics")
    assert (user.status, user.body["error"], user.body["retryable"]) == (
        404,
        "User not found",
        False,
    )


async def test_rankings_are_of_their_window_and_tell_how_far_they_reach(
    api: Api, key: str, store: AsyncDatabase[Document]
) -> None:
    early = (await read(api, key, HASHTAGS, **WINDOW)).body
    assert (early["hashtags"], early["meta"]["reaches_at"]) == ([], None)
    await take_up(store)
    hashtags = (await read(api, key, HASHTAGS, **WINDOW)).body
    assert [(one["rank"], one["hashtag"], one["views_gained"]) for one in hashtags["hashtags"]] == [
        (1, "bread", 350),
        (2, "=2+3", 310),
    ]
    assert hashtags["meta"].pop("reaches_at").endswith("Z")
    assert hashtags["meta"] == WINDOW
    videos = (await read(api, key, VIDEOS, **WINDOW)).body["videos"]
    assert [(one["video_id"], one["views_gained"], one["username"]) for one in videos] == [
        ("71", 310, "name-u1"),
        ("72", 40, "name-u2"),
    ]
    (music,) = (await read(api, key, MUSIC, **WINDOW)).body["music"]
    assert (music["music_id"], music["title"], music["rise"]) == ("m1", "Song m1", 2)
    assert (await read(api, key, VIDEOS)).body["videos"] == []  # the last week had none


async def test_rankings_can_be_narrowed_paged_and_had_as_csv(
    api: Api, key: str, store: AsyncDatabase[Document]
) -> None:
    await take_up(store)
    swedish = (await read(api, key, VIDEOS, country="se", language="sv", **WINDOW)).body
    assert [one["video_id"] for one in swedish["videos"]] == ["71"]
    first = (await read(api, key, HASHTAGS, limit=1, by="posts", **WINDOW)).body
    query: dict[str, Any] = {"limit": 1, "by": "posts", "cursor": first["next_cursor"], **WINDOW}
    assert await rows_of(api, key, HASHTAGS, "text/csv, */*;q=0.8", **query) == [
        ["rank", "hashtag", "posts", "views_gained", "likes_gained"],
        ["2", "'=2+3", "1", "310", "31"],
    ]
    assert (await read(api, key, HASHTAGS, **query)).body["next_cursor"] is None
    both = await read(api, key, HASHTAGS, "text/csv;q=0.5, application/json", **query)
    assert both.body["hashtags"][0]["rank"] == 2


@pytest.mark.parametrize(
    ("path", "query", "named"),
    [
        (VIDEO, {"from": "yesterday"}, "from"),
        (VIDEO, {"from": "2026-03-02", "to": "2026-03-01"}, "from"),
        (VIDEO, {"step": "minute"}, "step"),
        (VIDEO, {"limit": "0"}, "limit"),
        (VIDEO, {"cursor": "x"}, "cursor"),
        (VIDEOS, {"window": "93d"}, "window"),
        (VIDEOS, {"window": "week"}, "window"),
        (VIDEOS, {"window": "7d", "from": "2026-03-01"}, "window"),
        (MUSIC, {"from": "2026-03-02", "to": "2026-03-01"}, "from"),
        (MUSIC, {"from": "2026-01-01", "to": "2026-04-10"}, "92"),
        (HASHTAGS, {"to": "9999-12-31"}, "to"),
        (HASHTAGS, {"from": "0001-01-01", "to": "0001-01-01"}, "from"),
        (HASHTAGS, {"by": "shares"}, "by"),
        (HASHTAGS, {"country": "Sweden"}, "country"),
        (HASHTAGS, {"language": "not one"}, "language"),
    ],
)
async def test_what_is_wrong_is_named_and_costs_nothing(
    path: str, query: dict[str, str], named: str, api: Api, key: str
) -> None:
    answer = await read(api, key, path, **query)
    assert (answer.status, answer.body["error"]) == (400, "Invalid parameter"), answer.body
    assert named in answer.body["detail"]
    assert answer.body["requests_remaining"] == 100_000


async def test_countries_are_for_plans_that_have_them(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.BASIC)
    refused = await read(api, key, HASHTAGS, country="SE")
    assert (refused.status, refused.body["error"]) == (403, "Country detection not available")
    assert (await read(api, key, HASHTAGS, language="sv")).status == 200
