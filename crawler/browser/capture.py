"""Listening to a page: the responses that it fetches for its own list, as they come."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError

from crawler.browser.endpoints import CAPTCHA_PATHS, call_of
from crawler.browser.envelopes import read_answer, wall
from crawler.errors import Reason
from crawler.walls import Verdict, verdict_of

if TYPE_CHECKING:
    from playwright.async_api import Frame, Page, Request, Response

    from crawler.browser.endpoints import Call
    from crawler.browser.envelopes import Answer
    from crawler.links import Target


class Capture:
    """What one page fetches for one target; attached before the page is opened.

    Each page has its own, so two jobs never mix; what a page fetches of other lists beside its own
    is told apart by the parameter that names the list's owner.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        self._pending: dict[Request, Call] = {}
        self._last_event_at = monotonic()
        self._page: Page | None = None
        self.count = 0
        """How many responses of lists and headers have come."""

    async def attach(self, page: Page, _request: object = None) -> None:
        """Listen to a page from now on; a page in place of a closed one begins anew."""
        if page is self._page:
            return
        self._page = page
        self._pending.clear()
        page.on("request", self._on_request)
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_failure)
        page.on("framenavigated", self._on_navigation)

    @property
    def is_waiting(self) -> bool:
        """Whether the page has asked for something that has not come yet."""
        return bool(self._pending)

    @property
    def silent_s(self) -> float:
        """Seconds since the page last asked for or got something of its list."""
        return monotonic() - self._last_event_at

    def take(self) -> Answer | None:
        """The next response that has come, if any."""
        return None if self._answers.empty() else self._answers.get_nowait()

    async def wait(self, within_s: float) -> Answer | None:
        """The next response, or None when none comes in time."""
        try:
            return await asyncio.wait_for(self._answers.get(), within_s)
        except TimeoutError:
            return None

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).path.startswith(CAPTCHA_PATHS):
            self._put(wall(Reason.CAPTCHA))
        elif call := call_of(request.url, self._target.type):
            self._last_event_at = monotonic()
            self._pending[request] = call

    async def _on_response(self, response: Response) -> None:
        call = self._pending.get(response.request)
        if call is None:
            return
        try:
            # At once, for browsers forget bodies.
            body: bytes | None = await response.body()
        except PlaywrightError:
            body = None
        self._arrive(response.request, body, status=response.status)

    def _on_failure(self, request: Request) -> None:
        self._arrive(request, None, status=0)

    def _arrive(self, request: Request, body: bytes | None, *, status: int) -> None:
        call = self._pending.pop(request, None)
        if call is not None:
            self.count += 1
            self._put(read_answer(call, body, status=status))

    def _on_navigation(self, frame: Frame) -> None:
        """Hear that the page leaves for a wall."""
        if frame.parent_frame is not None:
            return
        if urlsplit(frame.url).path.startswith(CAPTCHA_PATHS):
            self._put(wall(Reason.CAPTCHA))
        elif verdict_of(b"", status=200, url=frame.url) is Verdict.LOGIN_WALL:
            self._put(wall(Reason.LOGIN_REQUIRED))

    def _put(self, answer: Answer) -> None:
        self._last_event_at = monotonic()
        self._answers.put_nowait(answer)
