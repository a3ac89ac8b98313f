"""Endpoints of what is read: users, hashtags, sounds, their posts, comments, searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from api import read_examples as examples
from api.calls import CALL, DATA
from api.changing import respond
from api.documented import documented
from api.errors import (
    HASHTAG_NOT_FOUND,
    INVALID_PARAMETER,
    MISSING_PARAMETER,
    MONTH_SPENT,
    MUSIC_NOT_FOUND,
    OF_KEYS,
    USER_NOT_FOUND,
    VIDEO_NOT_FOUND,
    ApiError,
)
from api.lists import ListWish
from api.middlewares.gate import behind_gate
from api.parts import ENTITIES, LISTS
from api.schemas.reads import (
    AcceptedAnswer,
    CommentsAnswer,
    CommentsRequest,
    EntityRequest,
    HashtagAnswer,
    ListRequest,
    MusicAnswer,
    ResultsAnswer,
    SearchRequest,
    UserAnswer,
    VideosAnswer,
)
from crawler.jobs.target import TargetError, read_target
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from collections.abc import Callable

    from marshmallow import Schema

    from api.charges import Answer
    from api.errors import Problem
    from api.middlewares import Handler

_OF_READS = (INVALID_PARAMETER, MONTH_SPENT, *OF_KEYS)
_HEADERS = {
    "Location": "With 202: where the crawl can be watched.",
    "Retry-After": "With 202: seconds after which to ask again.",
}
_GOES_ON = {202: (AcceptedAnswer, "It is being crawled", examples.ACCEPTED)}
_HEADER_OF = {
    TargetType.USER: TargetType.USER_HEADER,
    TargetType.HASHTAG: TargetType.HASHTAG_HEADER,
    TargetType.MUSIC: TargetType.MUSIC_HEADER,
}


def _of_list(
    summary: str, answer: tuple[type[Schema], str, Any], absent: Problem, query: type[Schema]
) -> Callable[[Handler], Handler]:
    """The description of a list's endpoint."""
    needed = (MISSING_PARAMETER,) if query is SearchRequest else ()
    return documented(
        tag="Reads",
        summary=summary,
        query=query,
        answers={200: answer, **_GOES_ON},
        answer_headers=_HEADERS,
        problems=(absent, *needed, *_OF_READS),
    )


@documented(
    tag="Reads",
    summary="Read a user",
    query=EntityRequest,
    answers={200: (UserAnswer, "The user", examples.USER), **_GOES_ON},
    answer_headers=_HEADERS,
    problems=(USER_NOT_FOUND, *_OF_READS),
)
async def read_user(request: web.Request) -> web.Response:
    """A user's profile, from the store while it is fresh, else crawled.

    Charged as one request when answered 200 or 404, and one more where a 202 came before.
    """
    return await _entity(request, TargetType.USER, "username")


@documented(
    tag="Reads",
    summary="Read a hashtag",
    query=EntityRequest,
    answers={200: (HashtagAnswer, "The hashtag", examples.HASHTAG), **_GOES_ON},
    answer_headers=_HEADERS,
    problems=(HASHTAG_NOT_FOUND, *_OF_READS),
)
async def read_hashtag(request: web.Request) -> web.Response:
    """A hashtag and its counters, from the store while they are fresh, else crawled.

    Charged as one request when answered 200 or 404, and one more where a 202 came before.
    """
    return await _entity(request, TargetType.HASHTAG, "name")


@documented(
    tag="Reads",
    summary="Read a sound",
    query=EntityRequest,
    answers={200: (MusicAnswer, "The sound", examples.MUSIC), **_GOES_ON},
    answer_headers=_HEADERS,
    problems=(MUSIC_NOT_FOUND, *_OF_READS),
)
async def read_music(request: web.Request) -> web.Response:
    """A sound and how many posts use it, from the store while that is fresh, else crawled.

    Charged as one request when answered 200 or 404, and one more where a 202 came before.
    """
    return await _entity(request, TargetType.MUSIC, "id")


@_of_list(
    "List a user's videos",
    (VideosAnswer, "The videos", examples.VIDEOS),
    USER_NOT_FOUND,
    ListRequest,
)
async def list_videos_of_user(request: web.Request) -> web.Response:
    """A user's posts, newest first, from the store while the list is fresh, else crawled.

    Charged as one request when answered 200 or 404, and one for each item crawled for it.
    """
    return await _list(request, TargetType.USER, "username")


@_of_list(
    "List a hashtag's videos",
    (VideosAnswer, "The videos", examples.VIDEOS),
    HASHTAG_NOT_FOUND,
    ListRequest,
)
async def list_videos_of_hashtag(request: web.Request) -> web.Response:
    """Posts that bear a hashtag, newest first, from the store while it is fresh, else crawled.

    Charged as one request when answered 200 or 404, and one for each item crawled for it.
    """
    return await _list(request, TargetType.HASHTAG, "name")


@_of_list(
    "List a sound's videos",
    (VideosAnswer, "The videos", examples.VIDEOS),
    MUSIC_NOT_FOUND,
    ListRequest,
)
async def list_videos_of_music(request: web.Request) -> web.Response:
    """Posts that use a sound, newest first, from the store while it is fresh, else crawled.

    Charged as one request when answered 200 or 404, and one for each item crawled for it.
    """
    return await _list(request, TargetType.MUSIC, "id")


@_of_list(
    "List a video's comments",
    (CommentsAnswer, "The comments", examples.COMMENTS),
    VIDEO_NOT_FOUND,
    CommentsRequest,
)
async def list_comments(request: web.Request) -> web.Response:
    """A post's comments, newest first, or the replies to one of them.

    From the store while the list is fresh, else crawled. Charged as one request when answered 200
    or 404, and one for each item crawled for it.
    """
    return await _list(request, TargetType.COMMENTS, "id")


@_of_list(
    "Search",
    (ResultsAnswer, "What was found", examples.RESULTS),
    VIDEO_NOT_FOUND,
    SearchRequest,
)
async def search(request: web.Request) -> web.Response:
    """Posts and users that TikTok finds for some words, in its order.

    From the store while the search is fresh, else crawled. Charged as one request when answered 200
    or 404, and one for each item crawled for it.
    """
    return await _list(request, TargetType.SEARCH, "q")


async def _entity(request: web.Request, kind: TargetType, name: str) -> web.Response:
    listed = _target(kind, name, request.match_info[name])
    target = Target(type=_HEADER_OF[kind], value=listed.value)
    max_age = request[DATA]["max_age"]
    answer = await request.app[ENTITIES].answer(request[CALL], target, max_age=max_age)
    return _response(answer)


async def _list(request: web.Request, kind: TargetType, name: str) -> web.Response:
    asked = request[DATA]
    value = asked["q"] if kind is TargetType.SEARCH else request.match_info[name]
    wish = ListWish(
        target=_target(kind, name, value),
        limit=asked["limit"],
        cursor=asked["cursor"],
        max_age=asked["max_age"],
        parent_id=asked.get("parent_id"),
    )
    return _response(await request.app[LISTS].answer(request[CALL], wish))


def _response(answer: Answer) -> web.Response:
    response = respond(answer.body, status=answer.status)
    response.headers.update(answer.headers)
    return response


def _target(kind: TargetType, name: str, value: str) -> Target:
    """What a parameter names.

    Raises:
        ApiError: nothing.
    """
    try:
        return read_target(kind.value, value)
    except TargetError as error:
        wrong = f"The parameter '{name}' is wrong: {error}"
        raise ApiError(INVALID_PARAMETER, detail=wrong) from None


_USER, _HASHTAG, _MUSIC = (
    "/api/v1/users/{username}",
    "/api/v1/hashtags/{name}",
    "/api/v1/music/{id}",
)
ROUTES = [
    web.get(path, behind_gate(handler), allow_head=False)
    for path, handler in (
        (_USER, read_user),
        (f"{_USER}/videos", list_videos_of_user),
        (_HASHTAG, read_hashtag),
        (f"{_HASHTAG}/videos", list_videos_of_hashtag),
        (_MUSIC, read_music),
        (f"{_MUSIC}/videos", list_videos_of_music),
        ("/api/v1/videos/{id}/comments", list_comments),
        ("/api/v1/search", search),
    )
]
