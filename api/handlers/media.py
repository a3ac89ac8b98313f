"""Endpoints of media; a signed link is all they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marshmallow import Schema

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
from api.extraction import storage
from api.links import LinkRefusedError
from api.media import GoneError
from api.parts import ACCOUNTS, EXTRACTION, LINKS, PLAYER, STREAMS
from crawler.errors import Reason
from pipelines.files import DEFAULT

if TYPE_CHECKING:
    from aiohttp import web

    from accounts.accounts import Account
    from api.links import Grant


class File(Schema):
    """The bytes of a file, not JSON."""


@documented(
    tag="Video",
    summary="Play a video",
    needs_key=False,
    answers={200: (File, "The file", {}), 206: (File, "A part of the file", {})},
    problems=(
        LINK_REFUSED,
        VIDEO_NOT_FOUND,
        OUT_OF_RANGE,
        TOO_MANY_STREAMS,
        OUR_FAULT,
        UNAVAILABLE,
    ),
)
async def stream_video(request: web.Request) -> web.StreamResponse:
    """The file of a video, from the link that an extraction gave.

    No key is needed: the link is signed and ends at the second its query names. Parts of the
    file are answered to `Range`.
    """
    grant = _grant(request)
    account = await _account(request, grant)
    async with request.app[STREAMS].hold(account.id, account.plan):
        extraction, player = request.app[EXTRACTION], request.app[PLAYER]
        try:
            return await player.play(request, await extraction.locate(grant.video_id, DEFAULT))
        except GoneError:
            fresh = await extraction.locate(grant.video_id, DEFAULT, is_stale=True)
        try:
            return await player.play(request, fresh)
        except GoneError:
            raise refusal(Reason.UPSTREAM_BLOCKED) from None


def _grant(request: web.Request) -> Grant:
    try:
        return request.app[LINKS].read(request.match_info["id"], request.query)
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
