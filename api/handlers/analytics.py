"""Endpoints of what is stored over time: histories of counters, and rankings over days."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from analysis.rollups.tops import By, Where
from api import analytics_examples as examples
from api.analytics import COLUMNS, Subject, TopWish, window_of
from api.calls import CALL, DATA
from api.documented import documented
from api.errors import (
    INVALID_PARAMETER,
    MONTH_SPENT,
    NO_COUNTRY,
    OF_KEYS,
    USER_NOT_FOUND,
    VIDEO_NOT_FOUND,
    ApiError,
)
from api.histories import USER_COLUMNS, VIDEO_COLUMNS, HistoryWish
from api.middlewares.gate import behind_gate
from api.parts import ANALYTICS, HISTORIES
from api.schemas.analytics import (
    HashtagsRequest,
    HistoryRequest,
    RisingMusicAnswer,
    RisingVideosAnswer,
    TopHashtagsAnswer,
    TopRequest,
    UserHistoryAnswer,
    VideoHistoryAnswer,
)
from api.tables import HEADERS, answer_table
from crawler.jobs.target import TargetError, read_target
from crawler.links import TargetType

if TYPE_CHECKING:
    from collections.abc import Callable

    from marshmallow import Schema

    from api.errors import Problem
    from api.middlewares import Handler

_ID = re.compile(r"[0-9]{1,20}")


def _described(
    summary: str,
    answer: tuple[type[Schema], str, Any],
    csv: str,
    query: type[Schema],
    *problems: Problem,
) -> Callable[[Handler], Handler]:
    return documented(
        tag="Analytics",
        summary=summary,
        query=query,
        headers={"Accept": "`text/csv` for the rows as CSV; else JSON is answered."},
        answers={200: answer},
        texts={"text/csv": csv},
        answer_headers=HEADERS,
        problems=(INVALID_PARAMETER, *problems, MONTH_SPENT, *OF_KEYS),
    )


@_described(
    "Read a video's history",
    (VideoHistoryAnswer, "Its counters", examples.VIDEO_HISTORY),
    examples.VIDEO_HISTORY_CSV,
    HistoryRequest,
    VIDEO_NOT_FOUND,
)
async def read_video_history(request: web.Request) -> web.Response:
    """A stored post's counters over time, the oldest first: each time a crawl found them changed.

    Nothing is crawled for it. Charged as one request when answered 200 or 404.
    """
    video_id = request.match_info["id"]
    if not _ID.fullmatch(video_id):
        raise ApiError(INVALID_PARAMETER, detail="The parameter 'id' must be 1 to 20 digits")
    histories = request.app[HISTORIES]
    answer = await histories.of_video(request[CALL], video_id, _history_wish(request))
    return answer_table(request, answer.body, "statistics", VIDEO_COLUMNS)


@_described(
    "Read a user's history",
    (UserHistoryAnswer, "Their counters", examples.USER_HISTORY),
    examples.USER_HISTORY_CSV,
    HistoryRequest,
    USER_NOT_FOUND,
)
async def read_user_history(request: web.Request) -> web.Response:
    """A stored user's counters over time, the oldest first: each time a crawl found them changed.

    Nothing is crawled for it. Charged as one request when answered 200 or 404.
    """
    try:
        target = read_target(TargetType.USER.value, request.match_info["username"])
    except TargetError as error:
        wrong = f"The parameter 'username' is wrong: {error}"
        raise ApiError(INVALID_PARAMETER, detail=wrong) from None
    histories = request.app[HISTORIES]
    username = target.value.lower()
    answer = await histories.of_user(request[CALL], username, _history_wish(request))
    return answer_table(request, answer.body, "statistics", USER_COLUMNS)


@_described(
    "Rank hashtags",
    (TopHashtagsAnswer, "The hashtags that lead", examples.TOP_HASHTAGS),
    examples.TOP_HASHTAGS_CSV,
    HashtagsRequest,
    NO_COUNTRY,
)
async def rank_hashtags(request: web.Request) -> web.Response:
    """The hashtags whose stored posts gained most in a window, or that most posts were made with.

    Of what this service has crawled, by days in UTC. Charged as one request.
    """
    return await _top(request, Subject.HASHTAGS)


@_described(
    "Rank rising videos",
    (RisingVideosAnswer, "The posts that rise", examples.RISING_VIDEOS),
    examples.RISING_VIDEOS_CSV,
    TopRequest,
    NO_COUNTRY,
)
async def rank_videos(request: web.Request) -> web.Response:
    """The stored posts that gained most views in a window, between exact counters.

    Of what this service has crawled, by days in UTC: a growth stands on the day it was seen.
    Charged as one request.
    """
    return await _top(request, Subject.VIDEOS)


@_described(
    "Rank rising sounds",
    (RisingMusicAnswer, "The sounds that rise", examples.RISING_MUSIC),
    examples.RISING_MUSIC_CSV,
    TopRequest,
    NO_COUNTRY,
)
async def rank_music(request: web.Request) -> web.Response:
    """The sounds that more stored posts were made with in a window than in as many days before.

    Of what this service has crawled, by days in UTC. Charged as one request.
    """
    return await _top(request, Subject.MUSIC)


def _history_wish(request: web.Request) -> HistoryWish:
    asked = request[DATA]
    wish = HistoryWish(**{name: asked[name] for name in HistoryWish.__dataclass_fields__})
    if wish.since is not None and wish.until is not None and wish.since >= wish.until:
        raise ApiError(INVALID_PARAMETER, detail="The parameter 'from' must be before 'to'")
    return wish


async def _top(request: web.Request, subject: Subject) -> web.Response:
    asked = request[DATA]
    days, since, until = asked["window"], asked["since"], asked["until"]
    window = window_of(days=days, since=since, until=until, now=datetime.now(UTC))
    country = asked["country"]
    wish = TopWish(
        subject=subject,
        window=window,
        where=Where(country=country.upper() if country else None, language=asked["language"]),
        by=asked.get("by") or By.VIEWS,
        limit=asked["limit"],
        cursor=asked["cursor"],
        words=f"{days} {since} {until}",
    )
    answer = await request.app[ANALYTICS].answer(request[CALL], wish)
    return answer_table(request, answer.body, subject.value, COLUMNS[subject])


ROUTES = [
    web.get(path, behind_gate(handler), allow_head=False)
    for path, handler in (
        ("/api/v1/videos/{id}/statistics", read_video_history),
        ("/api/v1/users/{username}/statistics", read_user_history),
        ("/api/v1/analytics/hashtags/top", rank_hashtags),
        ("/api/v1/analytics/videos/rising", rank_videos),
        ("/api/v1/analytics/music/rising", rank_music),
    )
]
