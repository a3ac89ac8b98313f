"""A batch: many links in one request, each admitted, counted and answered as it would be alone."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Any

import orjson

from api.errors import (
    EXPIRED_KEY,
    FORBIDDEN,
    INVALID_KEY,
    MONTH_SPENT,
    NO_COUNTRY,
    OUR_FAULT,
    RATE_EXCEEDED,
    SUSPENDED,
    ApiError,
)
from api.extraction import read
from crawler.links import Target, TargetType
from services import logs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.admissions import Admissions
    from api.answers import Wish
    from api.calls import Call
    from api.extraction import Extraction
    from crawler.errors import Reason

logger = logging.getLogger(__name__)

AT_ONCE = 32
"""How many links of a batch are looked up and crawled at the same time."""

_OF_THE_ACCOUNT = (
    *(INVALID_KEY, EXPIRED_KEY, SUSPENDED, FORBIDDEN),
    *(NO_COUNTRY, RATE_EXCEEDED, MONTH_SPENT),
)


@dataclass(slots=True, kw_only=True)
class Link:
    """A link of a batch, and what it asks for as far as that is known before it is admitted."""

    url: str
    target: Target | None = None
    led: Target | Reason | None = None
    """What a short link is known to lead to; itself when nothing is known."""
    error: ApiError | None = None
    """Why it asks for nothing."""

    @property
    def key(self) -> str | None:
        """What links have in common that ask for the same."""
        asked = self.led if isinstance(self.led, Target) else self.target
        return asked.key if asked else None


Outcome = bytes | ApiError
"""The body of a link's answer, or its error."""


class Batches:
    """Answers batches; one for each process."""

    def __init__(self, extraction: Extraction, admissions: Admissions) -> None:
        self._extraction = extraction
        self._admissions = admissions

    async def answer(self, call: Call, urls: Sequence[str], wish: Wish) -> bytes:
        """The body of the answer: an outcome for each link, in their order.

        Raises:
            ApiError: no link got an answer, for a reason that has nothing to do with the links.
        """
        links = await self._read(urls, wish)
        calls = [
            replace(call, id=f"{call.id}.{number}", standing=None)
            for number in range(1, len(links) + 1)
        ]
        outcomes = await self._answer_all(calls, links, wish)
        standings = [own.standing for own in calls if own.standing is not None]
        if standings:
            call.standing = min(standings, key=lambda standing: standing.remaining)
        if (error := _common_error(outcomes)) is not None:
            raise ApiError(OUR_FAULT, request_id=call.id) if error.status == 500 else error
        return b'{"success":true,"outcomes":[%b],"process_time_ms":%d}' % (
            b",".join(map(_written, links, outcomes)),
            int((monotonic() - call.started) * 1000),
        )

    async def _read(self, urls: Sequence[str], wish: Wish) -> list[Link]:
        links = [_link(url) for url in urls]
        shorts = {
            place: link.target
            for place, link in enumerate(links)
            if link.target and link.target.type is TargetType.SHORT
        }
        if shorts:
            known = await self._extraction.lead(list(shorts.values()), wish)
            for place, led in zip(shorts, known, strict=True):
                links[place].led = led
        return links

    async def _answer_all(
        self, calls: Sequence[Call], links: Sequence[Link], wish: Wish
    ) -> list[Outcome]:
        """Begin with every link at once: their admissions travel together, in their order."""
        turn = asyncio.Semaphore(AT_ONCE)
        firsts: dict[str, asyncio.Task[Outcome]] = {}
        tasks = []
        async with asyncio.TaskGroup() as group:
            for call, link in zip(calls, links, strict=True):
                key = link.key
                first = firsts.get(key) if key else None
                work = self._again(call, first) if first else self._first(call, link, wish, turn)
                task = group.create_task(work)
                if key:
                    firsts.setdefault(key, task)
                tasks.append(task)
        return [task.result() for task in tasks]

    async def _first(self, call: Call, link: Link, wish: Wish, turn: asyncio.Semaphore) -> Outcome:
        """What comes of a link."""
        logs.about.set(call.id)
        try:
            return await self._answer(call, link, wish, turn)
        except ApiError as error:
            refusal = await self._counted(call, error)
            level = logging.WARNING if refusal.status >= 500 else logging.INFO
            logger.log(level, "a link of a batch is answered %d", refusal.status)
            return refusal
        except Exception:
            logger.exception("a link of a batch failed")
            return ApiError(OUR_FAULT, request_id=call.id)

    async def _answer(self, call: Call, link: Link, wish: Wish, turn: asyncio.Semaphore) -> bytes:
        if link.target is None:
            raise link.error or ApiError(OUR_FAULT, request_id=call.id)
        if link.led is None:
            return await self._extraction.answer_target(call, link.target, wish, turn=turn)
        return await self._extraction.answer_led(call, link.target, link.led, wish, turn=turn)

    async def _counted(self, call: Call, error: ApiError) -> ApiError:
        try:
            await self._admissions.count_wrong(call, error)
        except ApiError as refused:
            return refused
        return error

    async def _again(self, call: Call, first: asyncio.Task[Outcome]) -> Outcome:
        """What comes of a link that an earlier one asks for too: it counts, and costs nothing."""
        try:
            await self._admissions.admit(call, cost=0)
        except ApiError as error:
            return error
        return await first


def _link(url: str) -> Link:
    try:
        return Link(url=url, target=read(url))
    except ApiError as error:
        return Link(url=url, error=error)


def _common_error(outcomes: Sequence[Outcome]) -> ApiError | None:
    """The error of the whole batch: the account's, or the service's when all links have the same.

    A client is not to find out from inside a 200 that nothing was done.
    """
    errors = [outcome for outcome in outcomes if isinstance(outcome, ApiError)]
    first = errors[0] if len(errors) == len(outcomes) else None
    if first is None:
        return None
    if all(error.problem in _OF_THE_ACCOUNT for error in errors):
        return first
    kinds = {(error.status, error.more.get("reason")) for error in errors}
    return first if first.status >= 500 and len(kinds) == 1 else None


def _written(link: Link, outcome: Outcome) -> bytes:
    url = orjson.dumps(link.url)
    if isinstance(outcome, bytes):
        return b'{"url":%b,"status":200,%b' % (url, outcome[1:])
    wait: dict[str, Any] = {}
    if "Retry-After" in outcome.headers:
        wait["retry_after"] = int(outcome.headers["Retry-After"])
    error = orjson.dumps({"status": outcome.status, **outcome.body, **wait})
    return b'{"url":%b,%b' % (url, error[1:])
