"""What a post's own object says about itself, in whichever layout it stands."""

from __future__ import annotations

from typing import Any

from crawler.errors import Reason
from crawler.items import Layout


def layout_of(item: dict[str, Any], layout: Layout) -> Layout:
    """The layout that an object shows by itself, wherever it stood."""
    if "aweme_id" in item:
        return Layout.AWEME
    if "itemInfos" in item:
        return Layout.NESTED
    return Layout.SIGI if isinstance(item.get("author"), str) else layout


def is_another(item: dict[str, Any], video_id: str) -> bool:
    """Whether it is not the post that was asked for: a removed or reposted one can lead there."""
    post = _post(item)
    video = post.get("video")
    found = post.get("id") or post.get("aweme_id")
    if not found and isinstance(video, dict):
        found = video.get("id")
    return bool(video_id and found) and str(found) != video_id


def hidden_reason(item: dict[str, Any]) -> Reason | None:
    """Why the post must not be shown although it was sent, or None when it may."""
    post = _post(item)
    if post.get("privateItem") is True or post.get("secret") is True:
        return Reason.VIDEO_PRIVATE
    if post.get("takeDown") and post["takeDown"] != "0":
        return Reason.VIDEO_UNAVAILABLE
    has_content = post.get("video") or post.get("imagePost")
    if post.get("isContentClassified") is True and not has_content:
        return Reason.LOGIN_REQUIRED
    return None


def _post(item: dict[str, Any]) -> dict[str, Any]:
    inner = item.get("itemInfos")
    return inner if isinstance(inner, dict) else item
