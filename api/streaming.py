"""Answers that are sent piece by piece, to callers who may leave at any time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, cast

from aiohttp import web
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    from api.connections import Connection

logger = logging.getLogger(__name__)


async def stream(
    request: web.Request,
    pieces: AsyncGenerator[bytes],
    headers: Mapping[str, str],
    first: contextlib.AbstractAsyncContextManager[None],
) -> web.StreamResponse:
    """Send pieces as they come and as fast as the caller takes them.

    The first piece is waited for, within ``first``, before anything is sent: until then errors are
    answers. What goes wrong later ends the connection, so that nobody takes what came for all.
    """
    async with contextlib.aclosing(pieces):
        async with first:
            piece = await anext(pieces, b"")
        response = web.StreamResponse(headers=headers)
        try:
            await response.prepare(request)
            await response.write(piece)
            async for piece in pieces:
                await response.write(piece)
            await response.write_eof()
        except ConnectionError:
            logger.debug("the caller has left")
        except BaseException as error:
            if request.transport is not None:
                request.transport.abort()
            if not isinstance(error, (PyMongoError, RedisError, OSError)):
                raise
            logger.warning("what is being sent breaks off: %s", error)
        return response


@contextlib.contextmanager
def leaving(request: web.Request) -> Iterator[asyncio.Event]:
    """An event that is set as soon as the caller leaves, also while nothing is sent."""
    left = asyncio.Event()
    connection = cast("Connection", request.protocol)
    connection.on_loss = left.set
    try:
        yield left
    finally:
        connection.on_loss = None
