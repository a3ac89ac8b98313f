"""Reading a list to its end: the page is let scroll, and what it fetches is taken as it comes."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from playwright.async_api import Error as PlaywrightError

from crawler.browser.found import posts_in
from crawler.browser.screen import Screen
from crawler.browser.tally import Tally
from crawler.errors import Reason
from crawler.headers import owner_of, read_header
from crawler.jobs.lists import StopReason
from crawler.links import TargetType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence

    import playwright.async_api
    from scrapy.settings import BaseSettings

    from crawler.browser.capture import Capture
    from crawler.browser.envelopes import Answer
    from crawler.browser.found import Found
    from crawler.headers import Header
    from crawler.jobs.lists import Bounds
    from crawler.links import Target
    from crawler.page import Page

    Known = Callable[[Sequence[Found]], Awaitable[Collection[str]]]
    Stopped = Callable[[], Awaitable[StopReason | None]]

_LOGIN_SCROLLS = 2
_REFUSALS = {
    StopReason.CAPTCHA: Reason.CAPTCHA,
    StopReason.LOGIN_WALL: Reason.LOGIN_REQUIRED,
    StopReason.NO_PROGRESS: Reason.UPSTREAM_BLOCKED,
    StopReason.TIMEOUT: Reason.TIMEOUT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a page is waited for."""

    idle_s: float = 1.5
    """How long a page may take to ask for more once it is scrolled."""
    end_scrolls: int = 2
    """How often a list that says it has ended is scrolled on in vain before it is believed."""
    stuck_scrolls: int = 5
    """How often one that says it goes on is."""
    answer_s: float = 15.0
    """How long a call that the page has made may take."""
    challenge_s: float = 15.0
    """How long a page that checks the browser may take to pass."""
    within_s: float = 1800.0
    """How long a list may take that has no bound of its own."""

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Patience:
        """What ``TIKTOK_LIST_PATIENCE`` names, and the rest by default."""
        return cls(**settings.getdict("TIKTOK_LIST_PATIENCE"))


class Reading:
    """One list, read through one page."""

    def __init__(
        self,
        page: playwright.async_api.Page,
        capture: Capture,
        *,
        target: Target,
        bounds: Bounds,
        patience: Patience,
        known: Known,
        stopped: Stopped,
    ) -> None:
        self._screen = Screen(page)
        self._capture = capture
        self._target = target
        self._bounds = bounds
        self._patience = patience
        self._known = known
        self._stopped = stopped
        self._owner = owner_of(target)
        self._held: list[Answer] = []
        self._idle = 0
        self._until = monotonic() + min(bounds.within_s or patience.within_s, patience.within_s)
        self.tally = Tally(target.type, bounds)
        self._has_header = False

    @property
    def refusal(self) -> Reason | None:
        """Why nothing of the list came at all; None when something did, or when it is empty."""
        stop = self.tally.stop
        if stop is None or not self.tally.is_bare:
            return None
        bad = self.tally.bad_answer
        if bad is not None and stop in {StopReason.EMPTY_BODY, StopReason.NO_PROGRESS}:
            return bad.reason
        return _REFUSALS.get(stop)

    @property
    def message(self) -> str:
        """What TikTok said itself when it last refused."""
        bad = self.tally.bad_answer
        return bad.message if bad is not None else ""

    @property
    def wall(self) -> Reason | None:
        """The wall that ended the list, so that its egress has to slow down."""
        stop, bad = self.tally.stop, self.tally.bad_answer
        if stop is StopReason.EMPTY_BODY and bad and bad.reason:
            return bad.reason if bad.reason.policy.is_wall else None
        is_wall = stop in {StopReason.CAPTCHA, StopReason.LOGIN_WALL}
        return _REFUSALS[stop] if stop and is_wall else None

    async def items(self, opened: Page) -> AsyncIterator[Found | Header]:
        """Everything within the bounds, each once, as it comes; then ``tally.stop`` says why.

        The header comes first, unless the page has to ask for it. ``opened`` is the page as it was
        when it was opened, with what it carried itself.
        """
        if opened.scope is not None and (header := self._meet_header(opened.scope)):
            yield header
        async for found in self._admit(self.tally.sift(posts_in(opened.items))):
            yield found
        await self._open()
        while self.tally.stop is None:
            answer = self._take() or await self._next()
            if answer is not None:
                self._idle = 0
                async for one in self._hear(answer):
                    yield one
            elif self.tally.stop is None:
                await self._after_idle()
            self.tally.stop = self.tally.stop or await self._asked_to_stop()

    async def _open(self) -> None:
        """Do what the list waits for; a dialog over the page is closed, a captcha left alone."""
        sight = await self._screen.look()
        if sight.is_captcha:
            self.tally.stop = StopReason.CAPTCHA
            return
        if sight.is_dialog:
            await self._screen.dismiss()
        if self._target.type is not TargetType.COMMENTS:
            return
        try:
            await self._screen.open_comments()
        except PlaywrightError:
            return  # without them nothing comes, which is told as such
        if not await self._has_begun():
            await self._screen.open_comments_tab()

    async def _has_begun(self) -> bool:
        answer = await self._capture.wait(self._patience.idle_s)
        if answer is not None:
            self._held.append(answer)
        return answer is not None or self._capture.is_waiting

    def _take(self) -> Answer | None:
        return self._held.pop() if self._held else self._capture.take()

    async def _next(self) -> Answer | None:
        """Scroll, and wait for what comes of it; None when nothing does."""
        if self._target.type is TargetType.COMMENTS:
            await self._screen.open_replies()
        await (self._screen.nudge() if self._idle else self._screen.scroll())
        answer = await self._capture.wait(self._patience.idle_s)
        while answer is None and self._is_awaited() and self.tally.stop is None:
            answer = await self._capture.wait(self._patience.idle_s)
            self.tally.stop = await self._asked_to_stop()
        return answer

    def _is_awaited(self) -> bool:
        is_late = self._capture.silent_s > self._patience.answer_s or monotonic() > self._until
        return self._capture.is_waiting and not is_late

    async def _hear(self, answer: Answer) -> AsyncIterator[Found | Header]:
        if answer.header is not None:
            if header := self._meet_header(answer.header):
                yield header
        elif self._is_ours(answer):
            async for found in self._admit(self.tally.hear(answer)):
                yield found

    async def _admit(self, fresh: list[Found]) -> AsyncIterator[Found]:
        known = await self._known(fresh) if fresh and self._bounds.only_new else ()
        for found in self.tally.admit(fresh, known=known):
            yield found

    def _is_ours(self, answer: Answer) -> bool:
        """Whether it is of the target's own list: pages fetch other lists beside it."""
        if answer.call is None or answer.wall or answer.call.endpoint.is_header:
            return answer.reason is not None
        if self._owner:
            return answer.call.owner == self._owner
        return any(_is_by(found, self._target) for found in answer.found[:1])

    def _meet_header(self, scope: dict[str, object]) -> Header | None:
        """The header, if it is the first one."""
        header = read_header(self._target, scope)
        if header is None or self._has_header:
            return None
        self._has_header = True
        self._owner = self._owner or header.owner
        self.tally.reported_total = header.total
        return header

    async def _after_idle(self) -> None:
        self._idle += 1
        if self._capture.is_waiting:
            self.tally.stop = StopReason.TIMEOUT
            return
        sight = await self._screen.look()
        if sight.is_captcha:
            self.tally.stop = StopReason.CAPTCHA
        elif sight.is_login and self._idle > _LOGIN_SCROLLS and self._goes_on:
            self.tally.stop = StopReason.LOGIN_WALL
        elif sight.is_dialog or sight.is_login:
            await self._screen.dismiss()
        self.tally.stop = self.tally.stop or self._given_up()

    @property
    def _goes_on(self) -> bool:
        """Whether there should be more, by what the list or the page says."""
        has_more = self.tally.has_more
        return self.tally.reported_total != 0 if has_more is None else has_more

    def _given_up(self) -> StopReason | None:
        if self._goes_on:
            is_stuck = self._idle >= self._patience.stuck_scrolls
            is_refused = self.tally.bad_answer is not None
            stop = StopReason.EMPTY_BODY if is_refused else StopReason.NO_PROGRESS
            return stop if is_stuck else None
        return StopReason.END if self._idle >= self._patience.end_scrolls else None

    async def _asked_to_stop(self) -> StopReason | None:
        return StopReason.TIMEOUT if monotonic() > self._until else await self._stopped()


def _is_by(found: Found, target: Target) -> bool:
    """Whether an item shows by itself that it is of the target's list."""
    if target.type is TargetType.USER:
        author = found.data.get("author")
        name = author.get("uniqueId") if isinstance(author, dict) else author
        return isinstance(name, str) and name.lower() == target.value.lower()
    topics = found.data.get("challenges")
    titles = [one.get("title") for one in topics or () if isinstance(one, dict)]
    return target.value.lower() in (str(title).lower() for title in titles)
