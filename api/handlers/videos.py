"""The endpoint of a post by its id, which callers can ask again at no cost while it is the same."""

from __future__ import annotations

import re
from datetime import datetime
from time import time
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from api.answers import Wish
from api.calls import CALL, DATA
from api.documented import documented
from api.errors import (
    INVALID_PARAMETER,
    MONTH_SPENT,
    NO_COUNTRY,
    OF_KEYS,
    VIDEO_NOT_FOUND,
    ApiError,
)
from api.etags import known_tag, tag
from api.examples import EXTRACT_ANSWER
from api.extraction import link_end
from api.middlewares.envelope import JSON
from api.parts import ENVIRONMENT, EXTRACTION
from api.schemas.video import ExtractAnswer
from api.schemas.videos import VideoRequest
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from api.answers import Entry

_ID = re.compile(r"[0-9]{1,20}")


@documented(
    tag="Video",
    summary="Read a video by its id",
    query=VideoRequest,
    headers={"If-None-Match": "`ETag` of the answer that you have; 304 when it still holds."},
    answers={
        200: (ExtractAnswer, "The video", EXTRACT_ANSWER),
        304: (None, "What you have still holds", None),
    },
    answer_headers={
        "ETag": "The same while the post says the same and your link to the file plays.",
        "Cache-Control": "For how long asking again gives the same answer.",
    },
    problems=(INVALID_PARAMETER, NO_COUNTRY, VIDEO_NOT_FOUND, MONTH_SPENT, *OF_KEYS),
)
async def read_video(request: web.Request) -> web.Response:
    """The answer of an extraction, by TikTok's id of the post.

    Charged as one request when answered 200 or 404; a 304 costs nothing.
    """
    video_id, asked = request.match_info["id"], request[DATA]
    if not _ID.fullmatch(video_id):
        raise ApiError(INVALID_PARAMETER, detail="The parameter 'id' must be 1 to 20 digits")
    wish = Wish.of({"extract_metadata": True, **asked})
    condition = request.headers.get("If-None-Match", "")
    entry, body = await request.app[EXTRACTION].answer_unless(
        request[CALL],
        Target(type=TargetType.VIDEO, value=video_id),
        wish,
        is_known=lambda entry: known_tag(entry, condition) is not None,
    )
    end = link_end(entry)
    ttl_s = request.app[ENVIRONMENT].cache_ttl_s if wish.max_age is None else wish.max_age
    headers = {
        "ETag": known_tag(entry, condition) or tag(entry, link_end=end),
        "Cache-Control": f"private, max-age={_left_s(entry, ttl_s, link_end=end)}",
    }
    if body is None:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers={"Content-Type": JSON, **headers})


def _left_s(entry: Entry, ttl_s: int, *, link_end: int) -> int:
    """For how long the answer is what asking again would give."""
    observed_at = datetime.fromisoformat(orjson.loads(entry.fragment)["meta"]["observed_at"])
    ends = [observed_at.timestamp() + ttl_s, *([link_end] if entry.media else [])]
    return max(0, int(min(ends) - time()))
