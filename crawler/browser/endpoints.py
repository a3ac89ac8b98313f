"""The addresses from which TikTok's pages fetch their lists, and whose list each call is for.

No such call is ever made by us: the page makes it, and its address tells which list it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from crawler.browser.found import comments_in, posts_in, results_in, users_in
from crawler.links import TargetType

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.browser.found import Found

CAPTCHA_PATHS = ("/captcha/get", "/captcha/verify")
"""What a page calls when it is about to ask for a captcha."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path of the site."""

    path: str
    query: str
    """The parameter that says whose list it is."""
    name: str
    """The key of the list, or of the header, in the answer."""
    read: Callable[[object], list[Found]] = posts_in
    is_side: bool = False
    """Whether it lists what hangs below single items, such as replies."""
    is_header: bool = False
    """Whether it holds what the page says of its target, and no list."""


_HEADERS = {
    TargetType.USER: Endpoint(
        path="/api/user/detail/", query="uniqueId", name="userInfo", is_header=True
    ),
    TargetType.HASHTAG: Endpoint(
        path="/api/challenge/detail/", query="challengeName", name="challengeInfo", is_header=True
    ),
    TargetType.MUSIC: Endpoint(
        path="/api/music/detail/", query="musicId", name="musicInfo", is_header=True
    ),
    TargetType.COMMENTS: Endpoint(
        path="/api/item/detail/", query="itemId", name="itemInfo", is_header=True
    ),
}
_LISTS = {
    TargetType.USER: (
        Endpoint(path="/api/post/item_list/", query="secUid", name="itemList"),
        Endpoint(path="/api/creator/item_list/", query="secUid", name="itemList"),
    ),
    TargetType.HASHTAG: (
        Endpoint(path="/api/challenge/item_list/", query="challengeID", name="itemList"),
    ),
    TargetType.MUSIC: (Endpoint(path="/api/music/item_list/", query="musicID", name="itemList"),),
    TargetType.COMMENTS: (
        Endpoint(path="/api/comment/list/", query="aweme_id", name="comments", read=comments_in),
        Endpoint(
            path="/api/comment/list/reply/",
            query="item_id",
            name="comments",
            read=comments_in,
            is_side=True,
        ),
    ),
    TargetType.SEARCH: (
        Endpoint(path="/api/search/general/full/", query="keyword", name="data", read=results_in),
        Endpoint(path="/api/search/item/full/", query="keyword", name="item_list"),
        Endpoint(path="/api/search/user/full/", query="keyword", name="user_list", read=users_in),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that a page makes for a list or a header of its kind."""

    endpoint: Endpoint
    owner: str
    """Whose list it asks for, as the parameter says: an id, a secUid, a query."""


def header_of(kind: TargetType) -> Endpoint | None:
    """Where pages of this kind fetch their header when they come without it."""
    return _HEADERS.get(kind)


def call_of(address: str, kind: TargetType) -> Call | None:
    """What a page of this kind asks for at this address; None when it is none of its lists."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    header = header_of(kind)
    for endpoint in (*_LISTS.get(kind, ()), *((header,) if header else ())):
        if parts.path.rstrip("/") == endpoint.path.rstrip("/"):
            owners = parse_qs(parts.query, keep_blank_values=True).get(endpoint.query, [""])
            return Call(endpoint=endpoint, owner=owners[0])
    return None
