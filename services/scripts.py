"""Redis scripts that live in files of their own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from redis.exceptions import NoScriptError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from redis.asyncio import Redis

Call = tuple["Script", list[str], list[Any]]
"""A script, its keys, its arguments."""
_told: WeakKeyDictionary[Redis, set[str]] = WeakKeyDictionary()
"""The digests of the scripts that each client has told its server."""


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
    """Several calls in one round trip, in their order; the answer of a failed one is its exception.

    Those that a server has forgotten, as it does when it is started again, come after the others.

    Raises:
        RedisError: the server does not answer.
    """
    answers = await _send(redis, calls)
    unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
    if unknown:
        _told[redis].clear()
        again = await _send(redis, [calls[place] for place in unknown])
        for place, answer in zip(unknown, again, strict=True):
            answers[place] = answer
    return answers


async def _send(redis: Redis, calls: Sequence[Call]) -> list[Any]:
    told = _told.setdefault(redis, set())
    new = {call[0].digest: call[0].text for call in calls if call[0].digest not in told}
    pipeline = redis.pipeline(transaction=False)
    for text in new.values():
        pipeline.script_load(text)
    for script, keys, arguments in calls:
        pipeline.evalsha(script.digest, len(keys), *keys, *arguments)
    answers = await pipeline.execute(raise_on_error=False)
    told.update(new)
    return list(answers[len(new) :])
