"""The pages of every layout, today's and earlier ones, around one synthetic post or user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.site import pages
from tests.site.captions import hashtag_id
from tests.site.people import exact_counts, person, rounded, user_json
from tests.site.posts import item_json
from tests.site.songs import song, song_json

if TYPE_CHECKING:
    from tests.site.posts import Post

Json = dict[str, Any]


def desktop(one: Post, url: str, **changes: object) -> bytes:
    """The desktop page of a post, with keys of its item replaced; None takes a key away."""
    item = item_json(one, url) | changes
    kept = {name: value for name, value in item.items() if value is not None}
    return pages.page(one.path, {"webapp.video-detail": pages.detail(kept, title=one.username)})


def reflow(one: Post, url: str) -> bytes:
    """The mobile page: no exact statistics, counters beside the author."""
    item = item_json(one, url)
    del item["statsV2"], item["contents"]
    scope = {
        "statusCode": 0,
        "statusMessage": "",
        "itemInfo": {"itemStruct": item},
        "shareMeta": {"title": f"TikTok · {one.username}", "desc": one.caption.text},
    }
    return pages.page(one.path, {"webapp.reflow.video.detail": scope})


def sigi(one: Post, url: str) -> bytes:
    """The page of 2021–2023: the author is a plain username, the rest of it beside."""
    item = item_json(one, url)
    author = item.pop("author")
    del item["statsV2"]
    item |= {
        "author": author["uniqueId"],
        "nickname": author["nickname"],
        "authorId": author["id"],
        "authorSecId": author["secUid"],
        "avatarThumb": author["avatarThumb"],
    }
    state = {
        "AppContext": {"appContext": {"region": "NL"}},
        "ItemList": {"video": {"list": [one.id], "statusCode": 0}},
        "ItemModule": {one.id: item},
        "UserModule": {"users": {one.username: author}, "stats": {}},
        "VideoPage": {"statusCode": 0},
    }
    return pages.script_page("SIGI_STATE", pages.encode(state))


def following(one: Post, url: str) -> bytes:
    """The page of 2020–2021: ``__NEXT_DATA__`` with today's item; ``createTime`` is a number."""
    item = item_json(one, url)
    del item["statsV2"], item["contents"], item["stats"]["collectCount"]
    item["createTime"] = one.created_at
    props = {"statusCode": 0, "itemInfo": {"itemStruct": item}}
    state = {"props": {"pageProps": props}, "page": "/share/video"}
    return pages.script_page("__NEXT_DATA__", pages.encode(state))


def user_scope(username: str, url: str, total: int | None = None) -> Json:
    """The detail scope of a user, with that many posts; they are not in it."""
    who = person(username)
    exact = exact_counts(who) | ({} if total is None else {"videoCount": total})
    info = {
        "user": user_json(who, url) | {"bioLink": {"link": "example.org", "risk": 0}},
        "stats": {name: rounded(count) for name, count in exact.items()},
        "statsV2": {name: str(count) for name, count in exact.items()},
        "itemList": [],
    }
    return {"userInfo": info, "statusCode": 0, "statusMsg": "", "needFix": False}


def hashtag_scope(name: str, total: int) -> Json:
    """The detail scope of a hashtag, with that many posts."""
    tag = {"id": hashtag_id(name), "title": name, "desc": f"All about #{name}", "isCommerce": False}
    stats = {"videoCount": total, "viewCount": 34_500_000_000}
    return {"challengeInfo": {"challenge": tag, "stats": stats}, "statusCode": 0, "statusMsg": ""}


def music_scope(song_id: str, url: str, total: int) -> Json:
    """The detail scope of a sound, with that many posts."""
    info = {"music": song_json(song(song_id), url), "stats": {"videoCount": total}}
    return {"musicInfo": info, "statusCode": 0, "statusMsg": ""}


def profile(username: str, url: str) -> bytes:
    """The page of a user, and nothing that shows posts."""
    return pages.page(f"/@{username}", {"webapp.user-detail": user_scope(username, url)})
