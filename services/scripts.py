"""Redis scripts that live in files of their own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from redis.asyncio import Redis

Call = tuple[list[str], list[Any]]
"""Keys and arguments."""


class Script:
    """One script, called by its digest; a server that has forgotten it is told it again."""

    def __init__(self, path: Path) -> None:
        self._text = path.read_text()
        self._digest = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()

    async def call(self, redis: Redis, keys: list[str], arguments: list[Any]) -> Any:
        """One call, in one round trip.

        Raises:
            RedisError: the server does not answer, or the script has failed.
        """
        (answer,) = await self.call_all(redis, [(keys, arguments)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def call_all(self, redis: Redis, calls: Sequence[Call]) -> list[Any]:
        """Several calls in one round trip; the answer of a failed one is its exception.

        Raises:
            RedisError: the server does not answer.
        """
        answers = await self._send(redis, calls)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            await redis.script_load(self._text)
            # A script that was unknown was so for all calls: none of them has run.
            answers = await self._send(redis, calls)
        return answers

    async def _send(self, redis: Redis, calls: Sequence[Call]) -> list[Any]:
        pipeline = redis.pipeline(transaction=False)
        for keys, arguments in calls:
            pipeline.evalsha(self._digest, len(keys), *keys, *arguments)
        return list(await pipeline.execute(raise_on_error=False))
