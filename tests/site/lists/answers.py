"""The answers of list endpoints, good and bad."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from tests.site import notices
from tests.site.visits import html

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tests.site.lists.plans import Plan
    from tests.site.visits import Answer, Visit

    ListAnswer = Callable[["Asked"], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer's worth of a list: some of its items, and what it says of the rest."""

    start: int
    """The place of the first item."""
    ids: Sequence[str]
    cursor: str
    """What the next request is to say; the request's own when the list does not move on."""
    has_more: bool
    has_list: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for a page of a list, as the functions that answer it see it."""

    visit: Visit
    is_first_time: bool
    """Whether the opened page has not asked for just this before."""
    plan: Plan
    ids: Sequence[str]
    """Everything that the list holds."""
    start: int
    """The place of the first item that is asked for."""
    count: int
    cursor: str
    """As it was sent."""
    cursor_after: Callable[[int], str]
    """The cursor that stands behind so many items."""
    write: Callable[[Page], dict[str, Any]]

    @property
    def number(self) -> int:
        """The page's number, from 1."""
        return self.start // self.count + 1

    @property
    def page(self) -> Page:
        """The page in good order."""
        stop = min(self.start + self.count, len(self.ids))
        return Page(
            start=self.start,
            ids=self.ids[self.start : stop],
            cursor=self.cursor_after(stop),
            has_more=stop < len(self.ids),
        )

    def still(self, *, has_more: bool, has_list: bool = True) -> Page:
        """No items, and a cursor that stays where it is."""
        return Page(start=0, ids=(), cursor=self.cursor, has_more=has_more, has_list=has_list)

    def answer(self, page: Page) -> web.Response:
        """The JSON of a page."""
        return web.Response(body=orjson.dumps(self.write(page)), content_type="application/json")


async def usual(asked: Asked) -> web.StreamResponse:
    return asked.answer(asked.page)


async def repeats(asked: Asked) -> web.StreamResponse:
    first = max(asked.start - asked.count, 0)
    again = asked.ids[first : first + asked.count]
    return asked.answer(Page(start=first, ids=again, cursor=asked.cursor, has_more=True))


async def empty_pages(asked: Asked) -> web.StreamResponse:
    return asked.answer(asked.still(has_more=True))


async def false_end(asked: Asked) -> web.StreamResponse:
    return asked.answer(replace(asked.page, has_more=False))


async def absent_list(asked: Asked) -> web.StreamResponse:
    return asked.answer(asked.still(has_more=False, has_list=False))


async def absent_list_more(asked: Asked) -> web.StreamResponse:
    return asked.answer(asked.still(has_more=True, has_list=False))


async def overlaps(asked: Asked) -> web.StreamResponse:
    first = max(asked.start - asked.count // 2, 0)
    page = asked.page
    ids = (*asked.ids[first : page.start], *page.ids)
    return asked.answer(replace(page, start=first, ids=ids))


async def verify(asked: Asked) -> web.StreamResponse:
    return web.json_response(notices.VERIFY)


async def cut_json(asked: Asked) -> web.StreamResponse:
    whole = asked.answer(asked.page).body
    assert isinstance(whole, bytes)
    return web.Response(body=whole[: len(whole) // 2], content_type="application/json")


async def html_instead(asked: Asked) -> web.StreamResponse:
    return html(notices.SECURITY_CHECK)


def refused(code: int) -> ListAnswer:
    """An answer that holds nothing but a status, in both spellings."""

    async def answer(asked: Asked) -> web.StreamResponse:
        said = {"statusCode": code, "statusMsg": "", "status_code": code, "status_msg": ""}
        return web.json_response(said)

    return answer


def of_page(answer: Answer) -> ListAnswer:
    """What a page can do, for a list."""

    async def answer_list(asked: Asked) -> web.StreamResponse:
        return await answer(asked.visit)

    return answer_list


def once(answer: ListAnswer) -> ListAnswer:
    """That answer at the first time that an opened page asks, then the usual one."""

    async def answer_once(asked: Asked) -> web.StreamResponse:
        is_due = asked.is_first_time and asked.number == asked.plan.at
        return await (answer if is_due else usual)(asked)

    return answer_once
