"""Endpoints of videos."""

from __future__ import annotations

from aiohttp import web

from api.answers import Wish
from api.calls import CALL, DATA
from api.documented import documented
from api.errors import INVALID_URL, OF_EXTRACTIONS, VIDEO_NOT_FOUND
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
    problems=(INVALID_URL, VIDEO_NOT_FOUND, *OF_EXTRACTIONS),
)
async def extract_video(request: web.Request) -> web.Response:
    """The address of a video's media and its metadata, from the link people share.

    Charged as one request when answered 200 or 404.
    """
    asked = request[DATA]
    body = await request.app[EXTRACTION].answer(request[CALL], asked["url"], Wish.of(asked))
    return web.Response(body=body, headers=_HEADERS)
