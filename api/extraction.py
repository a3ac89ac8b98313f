"""The way of one extraction: link, admission, cache, store, crawl, settlement, answer."""

from __future__ import annotations

import contextlib
from time import monotonic, time
from typing import TYPE_CHECKING

import orjson

from api.answers import Entry, Wish, write
from api.errors import INVALID_URL, OUR_FAULT, ApiError, refusal
from api.finding import Finder, Question
from crawler.errors import Reason
from crawler.jobs import answers
from crawler.links import LinkError, Target, TargetType, parse_link
from pipelines.listing import read_listing

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Awaitable, Callable

    from pymongo.asynchronous.collection import AsyncCollection
    from redis.asyncio import Redis

    from accounts.limits import Admission
    from api.admissions import Admissions
    from api.calls import Call
    from api.finding import Found
    from api.links import Links
    from crawler.jobs.outcomes import Outcomes
    from crawler.jobs.queue import Queue
    from pipelines.files import Choice
    from services.mongodb import Document

    Turn = contextlib.AbstractAsyncContextManager[object]
    Find = Callable[[Question], Awaitable[Found]]

LINK_S = 3600
"""How long a link is good when TikTok does not say when its own address ends."""
_AT_ONCE: Turn = contextlib.nullcontext()


class Extraction:
    """Answers extractions; one for each process."""

    def __init__(
        self,
        admissions: Admissions,
        *,
        redis: Redis,
        videos: AsyncCollection[Document],
        queue: Queue,
        outcomes: Outcomes,
        links: Links,
        timeout_s: float,
        cache_ttl_s: int,
        sources: Counter[str],
    ) -> None:
        self._admissions = admissions
        self._links = links
        self._timeout_s = timeout_s
        self._sources = sources
        self._finder = Finder(
            redis=redis,
            videos=videos,
            queue=queue,
            outcomes=outcomes,
            cache_ttl_s=cache_ttl_s,
            sources=sources,
        )

    async def answer(self, call: Call, url: str, wish: Wish) -> bytes:
        """The body of the answer.

        Raises:
            ApiError: there is no such video, or it cannot be had now, or the call is refused.
        """
        target = read(url)
        if target.type is TargetType.SHORT:
            (led,) = await self._finder.lead([target], max_age=wish.max_age)
            return await self.answer_led(call, target, led, wish)
        return await self.answer_target(call, target, wish)

    async def lead(self, targets: list[Target], wish: Wish) -> list[Target | Reason]:
        """What short links are known to lead to; see :meth:`Finder.lead`."""
        return await self._finder.lead(targets, max_age=wish.max_age)

    async def answer_led(
        self,
        call: Call,
        short: Target,
        led: Target | Reason,
        wish: Wish,
        *,
        turn: Turn = _AT_ONCE,
    ) -> bytes:
        """The answer to a short link of which that much is known.

        Raises:
            ApiError: as :meth:`answer`.
        """
        if isinstance(led, Target):
            return await self.answer_target(call, led, wish, turn=turn)
        self._sources["cache"] += 1
        if led.policy.status != 404:
            raise refusal(led)
        admission = await self._admissions.admit(call, cost=1, needs_country=wish.with_country)
        raise await self._settled(call, admission, short, refusal(led))

    async def answer_target(
        self, call: Call, target: Target, wish: Wish, *, turn: Turn = _AT_ONCE
    ) -> bytes:
        """The answer to a post, or to a short link of which nothing is known.

        What the cache does not hold is found within ``turn``.

        Raises:
            ApiError: as :meth:`answer`.
        """
        looks = target.type is TargetType.VIDEO and wish.max_age != 0
        admission = await self._admissions.admit(
            call,
            cost=1,
            cache_key=answers.cache_key(target.value) if looks else None,
            cache_fields=wish.fields if looks else (),
            max_age=wish.max_age,
            needs_country=wish.with_country,
        )
        if not admission.is_charged:
            async with turn:
                found = await self._find(call, admission, target, wish, find=self._finder.find)
            return await self._deliver(call, admission, found, wish)
        entry = Entry.of(admission.cached)
        if entry is None:
            raise RuntimeError(f"a charged answer for {target.key} holds nothing")
        self._sources["cache"] += 1
        if entry.absence is not None:
            raise _absent(entry.absence, admission.requests_remaining)
        return write(
            entry,
            video_url=self._link(target.value, entry, admission, wish),
            media=self._media(target.value, entry, admission, wish) if wish.with_media else b"",
            is_cached=True,
            requests_remaining=admission.requests_remaining,
            elapsed_ms=call.elapsed_ms,
        )

    async def answer_unless(
        self, call: Call, target: Target, wish: Wish, *, is_known: Callable[[Entry], bool]
    ) -> tuple[Entry, bytes | None]:
        """A post's entry and the answer, None when the caller has it already: that costs nothing.

        The cost is reserved until that is known, so this takes a round trip more than
        :meth:`answer`.

        Raises:
            ApiError: as :meth:`answer`.
        """
        admission = await self._admissions.admit(call, cost=1, needs_country=wish.with_country)
        found = await self._find(call, admission, target, wish, find=self._finder.look)
        if not is_known(found.entry):
            return found.entry, await self._deliver(call, admission, found, wish)
        await self._settle(call, admission, 304, found.video_id, is_cached=found.is_cached)
        return found.entry, None

    def _link(self, video_id: str, entry: Entry, admission: Admission, wish: Wish) -> bytes | None:
        if not entry.media:
            return None
        expires = link_end(entry)
        return self._links.write(
            video_id, account=admission.account_id, expires=expires, choice=wish.choice
        )

    def _media(self, video_id: str, entry: Entry, admission: Admission, wish: Wish) -> bytes:
        """All of a post's files, each with its link."""
        usual_end = int(time()) + LINK_S

        def address(choice: Choice, ends: int, form: str) -> str:
            return self._links.write(
                video_id,
                account=admission.account_id,
                expires=ends or usual_end,
                choice=choice,
                form=form,
            ).decode()

        return orjson.dumps(read_listing(entry.files, wish.choice, address))

    async def _find(
        self, call: Call, admission: Admission, target: Target, wish: Wish, *, find: Find
    ) -> Found:
        """What the admission did not bring; a refusal is settled."""
        asked_at = time() - (monotonic() - call.started)
        question = Question(
            target=target,
            fields=wish.fields,
            deadline=call.started + self._timeout_s,
            since=None if wish.max_age is None else asked_at - wish.max_age,
        )
        try:
            found = await find(question)
            if found.entry.absence is not None:
                raise refusal(found.entry.absence)
        except ApiError as error:
            raise await self._settled(call, admission, target, error) from error.__cause__
        except Exception as error:
            fault = ApiError(OUR_FAULT, request_id=call.id)
            await self._settled(call, admission, target, fault)
            raise error from None
        return found

    async def _deliver(self, call: Call, admission: Admission, found: Found, wish: Wish) -> bytes:
        """Charge what was found, and write the answer."""
        remaining, elapsed_ms = await self._settle(
            call, admission, 200, found.video_id, is_cached=found.is_cached
        )
        return write(
            found.entry,
            video_url=self._link(found.video_id, found.entry, admission, wish),
            media=self._media(found.video_id, found.entry, admission, wish)
            if wish.with_media
            else b"",
            is_cached=found.is_cached,
            requests_remaining=remaining,
            elapsed_ms=elapsed_ms,
        )

    async def _settled(
        self, call: Call, admission: Admission, target: Target, error: ApiError
    ) -> ApiError:
        """The same error once it is settled, with what is left of the month where it belongs."""
        is_erased = error.more.get("reason") == Reason.NOT_COLLECTED.value
        video_id = target.value if target.type is TargetType.VIDEO and not is_erased else None
        remaining, _ = await self._settle(call, admission, error.status, video_id, is_cached=False)
        if error.status < 500:
            error.more["requests_remaining"] = remaining
        return error

    async def _settle(
        self,
        call: Call,
        admission: Admission,
        status: int,
        video_id: str | None,
        *,
        is_cached: bool,
    ) -> tuple[int, int]:
        """End the reservation; what is left of the month, and how long the call has taken."""
        elapsed_ms = call.elapsed_ms
        remaining = await self._admissions.settle(
            call,
            admission,
            status=status,
            video_id=video_id,
            is_cached=is_cached,
            elapsed_ms=elapsed_ms,
        )
        return remaining, elapsed_ms


def read(url: str) -> Target:
    """What a caller's link leads to: a post, or a short link.

    Raises:
        ApiError: the link is none of TikTok's, or leads to something else.
    """
    try:
        target = parse_link(url)
    except LinkError as error:
        raise refusal(error.reason) if error.reason else ApiError(INVALID_URL) from None
    if target.type not in {TargetType.VIDEO, TargetType.SHORT}:
        raise refusal(Reason.UNSUPPORTED_URL)
    return target


def link_end(entry: Entry) -> int:
    """When a link to the entry's file ends, in unix seconds."""
    return int(entry.media or 0) or int(time()) + LINK_S


def _absent(reason: Reason, requests_remaining: int) -> ApiError:
    error = refusal(reason)
    error.more["requests_remaining"] = requests_remaining
    return error
