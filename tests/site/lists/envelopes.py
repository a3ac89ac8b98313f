"""The JSON around a page of each kind of list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from aiohttp import web

from tests.site.lists import searches
from tests.site.lists.comments import comment_json
from tests.site.lists.posts import list_item, post_in
from tests.site.posts import post

if TYPE_CHECKING:
    from tests.site.lists.answers import Page
    from tests.site.visits import Visit

Json = dict[str, Any]

_LOG_ID = "20250601120000ABCDEF0123456789"


def posts(visit: Visit, key: str, page: Page) -> Json:
    """Posts of a user, hashtag or sound; the site remembers them as they are here."""
    pinned = visit.lists.plan(key).pinned
    items = []
    for number, post_id in enumerate(page.ids, page.start):
        one = visit.lists.posts[post_id] = post_in(key, post_id)
        items.append(list_item(one, visit.url, is_pinned=number < pinned))
    return {
        "statusCode": 0,
        "status_code": 0,
        "statusMsg": "",
        "cursor": page.cursor,
        "hasMore": page.has_more,
        **({"itemList": items} if page.has_list else {}),
        "extra": {"now": 1_748_000_000_000, "logid": _LOG_ID, "fatal_item_ids": []},
        "log_pb": {"impr_id": _LOG_ID},
    }


def others(visit: Visit, key: str, page: Page) -> Json:
    """Posts that have nothing to do with the page, and no cursor."""
    items = [list_item(post(post_id), visit.url) for post_id in page.ids]
    return {"statusCode": 0, "itemList": items, "hasMore": True, "log_pb": {"impr_id": _LOG_ID}}


def comments(visit: Visit, key: str, page: Page) -> Json:
    """Comments of a post."""
    rows = [comment_json(one, post_id=key, url=visit.url) for one in page.ids]
    return _commented(page, rows) | {"total": visit.lists.total(key)}


def replies(visit: Visit, key: str, page: Page) -> Json:
    """Replies to a comment."""
    post_id, parent = visit.request.query.get("item_id", ""), key.partition(":")[2]
    rows = [comment_json(one, post_id=post_id, url=visit.url, parent=parent) for one in page.ids]
    is_of_post = parent in visit.lists.ids(post_id)
    return _commented(page, rows if is_of_post else []) | {"total": len(visit.lists.ids(key))}


def search_top(visit: Visit, key: str, page: Page) -> Json:
    """Results of several types."""
    query = key.partition(":")[2]
    rows = searches.top_results(page.ids, query, visit.url, is_first=page.start == 0)
    return _found(visit, page, "data", rows)


def search_posts(visit: Visit, key: str, page: Page) -> Json:
    """Posts alone."""
    rows = [searches.search_item(post_id, visit.url) for post_id in page.ids]
    return _found(visit, page, "item_list", rows)


def search_users(visit: Visit, key: str, page: Page) -> Json:
    """Users alone."""
    rows = [searches.user_result(name, visit.url) for name in page.ids]
    return _found(visit, page, "user_list", rows)


def refusal(code: int, message: str) -> web.Response:
    """A status and nothing else."""
    return web.json_response({"statusCode": code, "statusMsg": message})


def _commented(page: Page, rows: list[Json]) -> Json:
    """``comments`` is null where there are none; ``has_more`` is a number."""
    return {
        "status_code": 0,
        "status_msg": "",
        **({"comments": rows or None} if page.has_list else {}),
        "cursor": int(page.cursor),
        "has_more": int(page.has_more),
        "alias_comment_deleted": False,
        "reply_style": 2,
    }


def _found(visit: Visit, page: Page, name: str, rows: list[Json]) -> Json:
    """The next page is asked for by ``cursor`` and by ``search_id``, which is this ``rid``."""
    search_id = f"20250601{crc32(visit.address.key.encode()):010d}"
    return {
        "status_code": 0,
        **({name: rows} if page.has_list else {}),
        "cursor": int(page.cursor),
        "has_more": int(page.has_more),
        "rid": search_id,
        "extra": {"logid": search_id},
        "log_pb": {"impr_id": search_id},
    }
