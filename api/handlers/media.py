"""Endpoints of media; a signed link is all they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.accounts import Status
from accounts.errors import AccountsError
from api.documented import documented
from api.errors import (
    LINK_REFUSED,
    OUR_FAULT,
    OUT_OF_RANGE,
    TOO_MANY_STREAMS,
    UNAVAILABLE,
    VIDEO_NOT_FOUND,
    ApiError,
    refusal,
)
from api.links import MUSIC, STREAM, LinkRefusedError, quoted
from api.parts import ACCOUNTS, LINKS, LOCATOR, PLAYER, STREAMS
from api.storage import storage
from api.subtitles import TYPES
from api.upstream import GoneError
from crawler.errors import Reason
from pipelines.files import Choice, Kind
from pipelines.media import Codec, Quality

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from accounts.accounts import Account
    from api.links import Grant
    from pipelines.files import File

    Send = Callable[[web.Request, File], Awaitable[web.StreamResponse]]

VIDEOS = ("video/mp4",)
SOUNDS = ("audio/mpeg", "audio/mp4")
IMAGES = ("image/jpeg", "image/png", "image/webp", "image/avif", "image/heic")
_PROBLEMS = (
    LINK_REFUSED,
    VIDEO_NOT_FOUND,
    OUT_OF_RANGE,
    TOO_MANY_STREAMS,
    OUR_FAULT,
    UNAVAILABLE,
)


@documented(
    tag="Media",
    summary="Play a video",
    needs_key=False,
    files=VIDEOS,
    problems=_PROBLEMS,
)
async def stream_video(request: web.Request) -> web.StreamResponse:
    """The file of a video, from the link that an extraction gave.

    No key is needed: the link is signed and ends at the second its query names. Parts of the
    file are answered to `Range`.
    """
    grant = _grant(request, STREAM)
    choice = Choice(
        quality=Quality(grant.options.get("quality", Quality.DEFAULT)),
        codec=Codec(grant.options.get("codec", Codec.ANY)),
    )
    return await _send(request, grant, choice, request.app[PLAYER].play)


@documented(
    tag="Media",
    summary="Play the sound of a post",
    needs_key=False,
    files=SOUNDS,
    problems=_PROBLEMS,
)
async def stream_music(request: web.Request) -> web.StreamResponse:
    """The audio file of a post's music, from a link of the extraction's `media`.

    As with the video, no key is needed, and parts are answered to `Range`.
    """
    grant = _grant(request, MUSIC)
    return await _send(request, grant, Choice(kind=Kind.MUSIC), request.app[PLAYER].play)


@documented(
    tag="Media",
    summary="Show a picture",
    needs_key=False,
    files=IMAGES,
    problems=_PROBLEMS,
)
async def stream_image(request: web.Request) -> web.StreamResponse:
    """One picture of a series of photos, counted from 1, from a link of the extraction's `media`.

    As with the video, no key is needed, and parts are answered to `Range`.
    """
    number = request.match_info["number"]
    grant = _grant(request, f"images/{quoted(number)}")
    choice = Choice(kind=Kind.IMAGE, number=int(number))
    return await _send(request, grant, choice, request.app[PLAYER].play)


@documented(
    tag="Media",
    summary="Read subtitles",
    needs_key=False,
    files=tuple(TYPES.values()),
    problems=_PROBLEMS,
)
async def read_subtitles(request: web.Request) -> web.StreamResponse:
    """Subtitles of a video, from a link of the extraction's `media`: WebVTT or SRT.

    As with the video, no key is needed, and parts are answered to `Range`.
    """
    language, form = request.match_info["language"], request.match_info["form"]
    grant = _grant(request, f"subtitles/{quoted(language)}.{quoted(form)}")
    choice = Choice(kind=Kind.SUBTITLES, language=language, source=grant.options.get("source", ""))
    return await _send(request, grant, choice, request.app[PLAYER].write)


async def _send(
    request: web.Request, grant: Grant, choice: Choice, send: Send
) -> web.StreamResponse:
    """Send a file from where it is; once from where it is after another crawl."""
    locator, account = request.app[LOCATOR], await _account(request, grant)
    async with request.app[STREAMS].hold(account.id, account.plan):
        try:
            return await send(request, await locator.locate(grant.video_id, choice))
        except GoneError:
            fresh = await locator.relocate(grant.video_id, choice)
        try:
            return await send(request, fresh)
        except GoneError:
            raise refusal(Reason.UPSTREAM_BLOCKED) from None


def _grant(request: web.Request, file: str) -> Grant:
    """What the link allows; until then nothing that it says is believed."""
    try:
        return request.app[LINKS].read(request.match_info["id"], request.query, file=file)
    except LinkRefusedError as error:
        raise ApiError(LINK_REFUSED, detail=str(error)) from None


async def _account(request: web.Request, grant: Grant) -> Account:
    try:
        async with storage():
            account = await request.app[ACCOUNTS].find(grant.account)
    except AccountsError:
        raise ApiError(LINK_REFUSED, detail="The link's account is gone") from None
    if account.status is not Status.ACTIVE:
        raise ApiError(LINK_REFUSED, detail="The link's account is suspended")
    return account
