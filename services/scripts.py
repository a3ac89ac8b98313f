"""Redis scripts that live in files of their own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from redis.asyncio import Redis

Call = tuple["Script", list[str], list[Any]]
"""A script, its keys, its arguments."""


class Script:
    """One script, called by its digest; a server that has forgotten it is told it again."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def call(self, redis: Redis, keys: list[str], arguments: list[Any]) -> Any:
        """One call, in one round trip.

        Raises:
            RedisError: the server does not answer, or the script has failed.
        """
        (answer,) = await call_all(redis, [(self, keys, arguments)])
        if isinstance(answer, Exception):
            raise answer
        return answer


async def call_all(redis: Redis, calls: Sequence[Call]) -> list[Any]:
    """Several calls in one round trip; the answer of a failed one is its exception.

    Raises:
        RedisError: the server does not answer.
    """
    answers = await _send(redis, calls)
    unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
    if unknown:
        for text in {calls[place][0].text for place in unknown}:
            await redis.script_load(text)
        again = await _send(redis, [calls[place] for place in unknown])
        for place, answer in zip(unknown, again, strict=True):
            answers[place] = answer
    return answers


async def _send(redis: Redis, calls: Sequence[Call]) -> list[Any]:
    pipeline = redis.pipeline(transaction=False)
    for script, keys, arguments in calls:
        pipeline.evalsha(script.digest, len(keys), *keys, *arguments)
    return list(await pipeline.execute(raise_on_error=False))
