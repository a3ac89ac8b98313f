"""A handful of synthetic posts to begin with."""

from __future__ import annotations

from tests.site.behaviours import BEHAVIOURS
from tests.site.posts import post

_POSTS = {
    "7106594312292453675": "a video",
    "7300000000000000001": "a video with its author's followers",
    "7300000000000000099": "a photo post",
    "7420000000000000007": "a video in landscape",
}
_SHOWN = (
    "captcha",
    "waf_challenge",
    "status_deleted",
    "status_10216",
    "status_10231",
    "layout_sigi",
)


def demo_posts() -> list[dict[str, object]]:
    """What to try first, a few behaviours among them."""
    rows: list[dict[str, object]] = [
        {"id": post_id, "path": post(post_id).path, "what": what}
        for post_id, what in _POSTS.items()
    ]
    for name in _SHOWN:
        row = BEHAVIOURS[name]
        rows.append({"id": row.example[-19:], "path": row.example, "what": row.sentence})
    return rows
