"""Lists in a real Chromium, against a site whose lists misbehave; many are read side by side."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from crawler.browser.capture import Capture
from crawler.browser.found import Found
from crawler.browser.opening import content_of, settle
from crawler.browser.reading import Patience, Reading
from crawler.errors import Reason
from crawler.items import Kind
from crawler.jobs.lists import Bounds, StopReason
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from playwright.async_api import Browser

    from crawler.headers import Header
    from tests.site import Site

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.drill]

AT_ONCE = 5
PATIENCE = Patience(idle_s=0.25, end_scrolls=2, stuck_scrolls=4, answer_s=1.5, challenge_s=5)
POST = "6850000800000103000"
TABBED = "6850000800000103400"
SOUND = "6850000800000403000"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A list, how far it is to be read, and what is to come of it."""

    kind: TargetType
    value: str
    stop: StopReason = StopReason.END
    count: int | None = None
    """How many of its items come, from the first one on; None for all."""
    total: int | None = None
    """How many its page says there are; None when it says as many as there are."""
    bounds: dict[str, Any] = field(default_factory=dict)
    stored: int = 0
    """How many items at its end are stored already."""
    asked_to: StopReason | None = None
    """Why the job's owner stops it."""

    @property
    def key(self) -> str:
        marks = {TargetType.USER: "@", TargetType.HASHTAG: "#", TargetType.MUSIC: "music:"}
        return f"{marks[self.kind]}{self.value}"


@dataclass
class Read:
    """What came of reading a list."""

    reading: Reading
    headers: list[Header] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.found]

    @property
    def end(self) -> tuple[int, int | None, bool, StopReason]:
        stop = self.reading.tally.stop
        assert stop is not None
        end = self.reading.tally.end(stop)
        return (end.collected, end.reported_total, end.complete, end.stop_reason)


@dataclass
class Reader:
    browser: Browser
    site: Site
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def read(self, case: Case) -> Read:
        async with self.gate:
            context = await self.browser.new_context()
            try:
                return await self._read(case, await context.new_page())
            finally:
                await context.close()

    async def _read(self, case: Case, page: Any) -> Read:
        target = Target(type=case.kind, value=case.value)
        capture = Capture(target)
        await capture.attach(page)
        answer = await page.goto(self.site.url + target.page_path, wait_until="domcontentloaded")
        assert answer is not None
        response: Any = SimpleNamespace(
            body=await content_of(page), status=answer.status, url=page.url
        )
        ids = self.site.lists.ids(case.key) if case.stored else ()
        stored = set(ids[-case.stored :])

        async def known(found: Sequence[Found]) -> Collection[str]:
            return stored & {one.id for one in found}

        async def stopped() -> StopReason | None:
            return case.asked_to

        reading = Reading(
            page,
            capture,
            target=target,
            bounds=Bounds(**case.bounds),
            patience=PATIENCE,
            known=known,
            stopped=stopped,
        )
        read = Read(reading)
        shown = await settle(page, response, video_id="", patience=PATIENCE)
        async for one in reading.items(shown):
            if isinstance(one, Found):
                read.found.append(one)
            else:
                read.headers.append(one)
        return read


def user(name: str, **parts: Any) -> Case:
    return Case(kind=TargetType.USER, value=name, **parts)


def hashtag(name: str, stop: StopReason = StopReason.END, **parts: Any) -> Case:
    return Case(kind=TargetType.HASHTAG, value=name, stop=stop, **parts)


def behaving(name: str, stop: StopReason, count: int | None = 30) -> Case:
    """A hashtag of two pages that misbehaves from the second one on."""
    return hashtag(f"list_60__at_2__{name}", stop, count=count)


WHOLE = [
    user("list_40"),
    user("list_40__inline"),
    user("list_40__shell_fills"),
    user("list_40__waf_passes"),
    user("list_0"),
    hashtag("list_40__inner"),
    hashtag("list_40__related"),
    Case(kind=TargetType.MUSIC, value=SOUND),
]
LYING = [
    behaving("repeats", StopReason.NO_PROGRESS),
    behaving("empty_pages", StopReason.NO_PROGRESS),
    behaving("absent_list", StopReason.END),
    behaving("false_end", StopReason.END, None),
]
BROKEN = [
    behaving("no_bytes_once", StopReason.END, None),
    behaving("no_bytes", StopReason.EMPTY_BODY),
    behaving("stalls", StopReason.TIMEOUT),
    behaving("hangs_up", StopReason.EMPTY_BODY),
]
WALLED = [
    behaving("captcha_overlay", StopReason.CAPTCHA),
    behaving("captcha_leave", StopReason.CAPTCHA),
    behaving("login_leave", StopReason.LOGIN_WALL),
    behaving("login_overlay", StopReason.LOGIN_WALL),
    behaving("login_dialog", StopReason.END, None),
]
BOUNDED = [
    user("list_60__inline", stop=StopReason.LIMIT, count=7, bounds={"limit": 7}),
    user("list_61", stop=StopReason.LIMIT, count=41, bounds={"only_new": True}, stored=20),
    hashtag("list_62", StopReason.TIMEOUT, count=30, bounds={"within_s": 0.01}),
    hashtag("list_63", StopReason.CANCELLED, count=30, asked_to=StopReason.CANCELLED),
]
CASES = WHOLE + LYING + BROKEN + WALLED + BOUNDED
BARE = {"no_bytes": Reason.EMPTY_BODY, "verify": Reason.CAPTCHA}
"""What a list is refused with of which nothing comes at all."""


def at_once(name: str) -> Case:
    return hashtag(f"list_60__at_1__{name}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reads(browser: Browser, lists: Site) -> AsyncIterator[dict[str, asyncio.Task[Read]]]:
    """All lists of this file, as they are being read."""
    reader = Reader(browser, lists)
    cases = [*CASES, *map(at_once, BARE)]
    tasks = {case.value: asyncio.create_task(reader.read(case)) for case in cases}
    yield tasks
    for task in tasks.values():
        task.cancel()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.value)
async def test_a_list_is_read_to_its_named_end_and_nothing_is_lost(
    reads: dict[str, asyncio.Task[Read]], lists: Site, case: Case
) -> None:
    read = await reads[case.value]

    there = list(lists.lists.ids(case.key))
    expected = there if case.count is None else there[: case.count]
    total = len(there) if case.total is None else case.total
    is_whole = case.stop is StopReason.END and len(expected) >= total
    assert read.ids == expected
    assert read.end == (len(expected), total, is_whole, case.stop)
    assert len(read.headers) == 1


@pytest.mark.parametrize("behaviour", BARE)
async def test_a_list_of_which_nothing_comes_is_refused(
    reads: dict[str, asyncio.Task[Read]], behaviour: str
) -> None:
    read = await reads[at_once(behaviour).value]
    assert (read.found, read.reading.refusal) == ([], BARE[behaviour])


@pytest.mark.parametrize("post", [POST, TABBED])
async def test_comments_come_with_their_replies(browser: Browser, lists: Site, post: str) -> None:
    read = await Reader(browser, lists).read(Case(kind=TargetType.COMMENTS, value=post))

    total = read.reading.tally.reported_total
    assert read.end == (total, total, True, StopReason.END)
    comments = [one for one in read.found if one.data["reply_id"] == "0"]
    assert [one.id for one in comments] == list(lists.lists.ids(post))
    assert len(read.found) > len(comments)
    assert len(set(read.ids)) == len(read.ids)


async def test_a_search_gives_posts_and_users(browser: Browser, lists: Site) -> None:
    read = await Reader(browser, lists).read(Case(kind=TargetType.SEARCH, value="list_30"))

    kinds = [one.kind for one in read.found]
    assert (kinds.count(Kind.VIDEO), kinds.count(Kind.USER)) == (30, 3)
    assert read.end == (33, None, True, StopReason.END)
