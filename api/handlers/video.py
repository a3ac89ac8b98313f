"""Endpoints of videos."""

from __future__ import annotations

from aiohttp import web

from api.answers import Wish
from api.calls import CALL, DATA
from api.documented import documented
from api.errors import (
    EXPIRED_KEY,
    FORBIDDEN,
    INVALID_KEY,
    INVALID_PARAMETER,
    INVALID_URL,
    MISSING_PARAMETER,
    MONTH_SPENT,
    NO_COUNTRY,
    OUR_FAULT,
    RATE_EXCEEDED,
    SUSPENDED,
    TOO_LARGE,
    UNAUTHORIZED,
    UNAVAILABLE,
    VIDEO_NOT_FOUND,
)
from api.examples import EXTRACT_ANSWER, EXTRACT_REQUEST
from api.middlewares.envelope import JSON
from api.parts import EXTRACTION
from api.schemas.video import ExtractAnswer, ExtractRequest

_HEADERS = {"Content-Type": JSON}


@documented(
    tag="Video",
    summary="Extract a video",
    body=ExtractRequest,
    body_example=EXTRACT_REQUEST,
    answers={200: (ExtractAnswer, "The video", EXTRACT_ANSWER)},
    problems=(
        INVALID_URL,
        MISSING_PARAMETER,
        INVALID_PARAMETER,
        UNAUTHORIZED,
        INVALID_KEY,
        EXPIRED_KEY,
        SUSPENDED,
        FORBIDDEN,
        NO_COUNTRY,
        VIDEO_NOT_FOUND,
        TOO_LARGE,
        RATE_EXCEEDED,
        MONTH_SPENT,
        OUR_FAULT,
        UNAVAILABLE,
    ),
)
async def extract_video(request: web.Request) -> web.Response:
    """The address of a video's media and its metadata, from the link people share.

    Charged as one request when answered 200 or 404.
    """
    asked = request[DATA]
    body = await request.app[EXTRACTION].answer(request[CALL], asked["url"], Wish.of(asked))
    return web.Response(body=body, headers=_HEADERS)
