"""The paths that pages fetch their lists from, and what a request there asks for."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.site.addresses import Address, Kind
from tests.site.lists import details, envelopes
from tests.site.lists.answers import Asked
from tests.site.lists.behaviours import LIST_BEHAVIOURS
from tests.site.lists.details import DETAILS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aiohttp import web

    from tests.site.lists.answers import Page
    from tests.site.lists.memory import Lists
    from tests.site.visits import Visit

LARGEST_PAGE = 35


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path; ``query`` is the parameter that names the list."""

    path: str
    query: str
    mark: str
    """What stands before that parameter's value in the list's key."""
    count: int
    """The size of a page when the request says none."""
    write: Callable[[Visit, str, Page], dict[str, Any]]
    is_by_time: bool = False
    """Whether the cursor is a time in milliseconds, not an offset."""


_ROWS = (
    Endpoint("/api/post/item_list/", "secUid", "", 35, envelopes.posts, is_by_time=True),
    Endpoint("/api/challenge/item_list/", "challengeID", "", 30, envelopes.posts),
    Endpoint("/api/music/item_list/", "musicID", "music:", 30, envelopes.posts),
    Endpoint("/api/comment/list/", "aweme_id", "", 20, envelopes.comments),
    Endpoint("/api/comment/list/reply/", "comment_id", "replies:", 20, envelopes.replies),
    Endpoint("/api/search/general/full/", "keyword", "search:", 12, envelopes.search_top),
    Endpoint("/api/search/item/full/", "keyword", "search:", 12, envelopes.search_posts),
    Endpoint("/api/search/user/full/", "keyword", "users:", 10, envelopes.search_users),
    Endpoint("/api/related/item_list/", "itemID", "others:", 16, envelopes.others),
    Endpoint("/api/recommend/item_list/", "from_page", "others:", 16, envelopes.others),
)
ENDPOINTS = {row.path: row for row in _ROWS}


def endpoint_address(path: str, query: Mapping[str, str], lists: Lists) -> Address | None:
    """What a request asks an endpoint for; None at any other path."""
    if path in DETAILS:
        name, mark = DETAILS[path]
        key = mark + query.get(name, "")
        return Address(kind=Kind.LIST, key=f"detail:{key}", name=key)
    endpoint = ENDPOINTS.get(path)
    if endpoint is None:
        return None
    value = query.get(endpoint.query, "")
    key = endpoint.mark + value if endpoint.mark else lists.keys.get(value, value)
    return Address(kind=Kind.LIST, key=f"list:{key}", name=key)


async def list_page(visit: Visit) -> web.StreamResponse:
    """Answer a request for a page of a list, as its plan says, or for a header."""
    if visit.request.path in DETAILS:
        return details.header(visit)
    key = visit.address.name
    if not (key.startswith(("@", "#")) or key.rpartition(":")[2]):
        return envelopes.refusal(10201, "invalid entity")
    asked = _read(visit, ENDPOINTS[visit.request.path], key)
    if asked is None:
        return envelopes.refusal(10201, "invalid parameter")
    name = asked.plan.behaviour if asked.number >= asked.plan.at else "usual"
    return await LIST_BEHAVIOURS[name].answer(asked)


def _read(visit: Visit, endpoint: Endpoint, key: str) -> Asked | None:
    """The request; None when its cursor or its count makes no sense."""
    sent = visit.request.query
    cursor, count = sent.get("cursor") or "0", sent.get("count") or str(endpoint.count)
    if not (cursor.isdigit() and count.isdigit() and 0 < int(count) <= LARGEST_PAGE):
        return None
    lists = visit.lists
    ids, plan = lists.ids(key), lists.plan(key)
    by_time = _by_time(ids, plan.pinned) if endpoint.is_by_time else None
    place_of, cursor_after = by_time or (int, str)
    return Asked(
        visit=visit,
        is_first_time=visit.is_first_time,
        plan=plan,
        ids=ids,
        start=min(place_of(cursor), len(ids)),
        count=int(count),
        cursor=cursor,
        cursor_after=cursor_after,
        write=lambda page: endpoint.write(visit, key, page),
    )


def _by_time(ids: Sequence[str], pinned: int) -> tuple[Callable[[str], int], Callable[[int], str]]:
    """Cursors that are the time, in milliseconds, of the oldest post so far; 0 is the start."""
    times = [(int(post_id) >> 32) * 1000 for post_id in ids]
    times[:pinned] = times[pinned : pinned + 1] * pinned

    def place_of(cursor: str) -> int:
        return bisect_right(times, -int(cursor), key=lambda time: -time) if int(cursor) else 0

    def cursor_after(stop: int) -> str:
        return str(times[stop - 1]) if stop else "0"

    return place_of, cursor_after
