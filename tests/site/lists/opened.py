"""The part of a page that shows a list: its markup, and what its script is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.site import notices, pages
from tests.site.addresses import Kind
from tests.site.lists.posts import list_item, post_in

if TYPE_CHECKING:
    from tests.site.lists.plans import Plan
    from tests.site.visits import Visit

Json = dict[str, Any]

_FOLDER = Path(__file__).parent
SCRIPT = (_FOLDER / "page.js").read_bytes()
_STYLE = (_FOLDER / "page.css").read_text()
_DIALOG = (
    '<div role="dialog"><button data-e2e="modal-close-inner-button">×</button>'
    "<h2>Log in to TikTok</h2></div>"
)
_INLINE = 12
_TABS = {
    "/search": ("/api/search/general/full/", "data", 12, "search_top-item"),
    "/search/video": ("/api/search/item/full/", "item_list", 12, "search_video-item"),
    "/search/user": ("/api/search/user/full/", "user_list", 10, "search-user-container"),
}


def list_body(visit: Visit, *, is_shell: bool = False) -> str:
    """The list's markup and script; a shell's script asks for the page's header first."""
    key = visit.address.key
    plan = visit.lists.plan(key)
    config = _source(visit, key) | {
        "behaviour": plan.behaviour,
        "at": plan.at,
        "inner": plan.inner,
        "tab": plan.tab,
        "byClicks": visit.address.kind is Kind.POST,
        "inlineItems": [{"desc": one} for one in visit.lists.ids(key)[:_INLINE]]
        if plan.inline and visit.address.kind is not Kind.POST
        else [],
        "others": _others(key, visit) if plan.related else [],
        "related": _related(key) if visit.address.kind is Kind.POST else None,
        "detail": _detail(visit) if is_shell else None,
        "slider": notices.SLIDER,
        "dialog": _DIALOG,
        "login": f"/login?redirect_url={quote(visit.request.path, safe='')}",
    }
    return (
        f"<style>{_STYLE}</style><nav>For You</nav>{_main(config, plan)}"
        '<script id="site-list" type="application/json">'
        f'{pages.encode(config).decode()}</script><script src="/static/lists/page.js"></script>'
    )


def inline_items(visit: Visit) -> list[Json]:
    """The first posts of the list, when the page is to carry them."""
    key = visit.address.key
    plan = visit.lists.plan(key)
    ids = visit.lists.ids(key)[:_INLINE] if plan.inline else ()
    return [
        list_item(post_in(key, one), visit.url, is_pinned=number < plan.pinned)
        for number, one in enumerate(ids)
    ]


def _main(config: Json, plan: Plan) -> str:
    kind = "inner" if plan.inner else "window"
    if not config["byClicks"]:
        return f'<main class="{kind}"><div data-e2e="{config["box"]}"></div></main>'
    return (
        f'<main class="{kind}" id="main-content-video_detail">'
        '<button data-e2e="comment-icon">💬</button><div role="tablist" hidden>'
        '<button role="tab" id="related">You may like</button>'
        '<button role="tab" id="comments">Comments</button></div>'
        f'<div data-e2e="{config["box"]}" hidden></div></main>'
    )


def _source(visit: Visit, key: str) -> Json:
    found = visit.lists.id_of(key)
    match visit.address.kind:
        case Kind.PROFILE:
            return _posts("/api/post/item_list/", {"secUid": found}, 35, "user-post-item")
        case Kind.HASHTAG:
            return _posts("/api/challenge/item_list/", {"challengeID": found}, 30, "challenge-item")
        case Kind.MUSIC:
            return _posts("/api/music/item_list/", {"musicID": found}, 30, "music-item")
        case Kind.SEARCH:
            path, name, count, marker = _TABS[visit.request.path.rstrip("/")]
            source = {"path": path, "query": {"keyword": found}, "list": name, "count": count}
            return {"source": source, "shows": "results", "marker": marker, "box": "search-list"}
        case _:
            query = {"aweme_id": found}
            source = {"path": "/api/comment/list/", "query": query, "list": "comments", "count": 20}
            return {"source": source, "shows": "comments", "marker": "", "box": "comment-list"}


def _posts(path: str, query: Json, count: int, marker: str) -> Json:
    source = {"path": path, "query": query, "list": "itemList", "count": count}
    return {"source": source, "shows": "posts", "marker": marker, "box": f"{marker}-list"}


def _others(key: str, visit: Visit) -> list[Json]:
    """The same endpoint for another list, and lists of posts that fit nothing."""
    source = _source(visit, key)["source"]
    mark = key[0] if key[0] in "@#" else ""
    stranger = visit.lists.id_of(f"{mark}list_70") if mark else "7300000000000000001"
    query = dict.fromkeys(source["query"], stranger)
    return [
        {"path": source["path"], "query": query},
        {"path": "/api/recommend/item_list/", "query": {"from_page": "user", "count": 16}},
    ]


def _related(post_id: str) -> Json:
    return {"path": "/api/related/item_list/", "query": {"itemID": post_id, "count": 16}}


def _detail(visit: Visit) -> Json:
    name, kind = visit.address.name, visit.address.kind
    path, query = {
        Kind.PROFILE: ("/api/user/detail/", "uniqueId"),
        Kind.HASHTAG: ("/api/challenge/detail/", "challengeName"),
        Kind.MUSIC: ("/api/music/detail/", "musicId"),
    }.get(kind, ("/api/item/detail/", "itemId"))
    return {"path": path, "query": {query: name}}
