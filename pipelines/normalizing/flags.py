"""Marks and permissions of a post; null where TikTok does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.values import as_dict, to_bool, to_int

if TYPE_CHECKING:
    from pipelines.documents.video import Video

_FLAGS = {
    "ad": "isAd",
    "ad_authorized": "adAuthorization",
    "pinned": "isPinnedItem",
    "official": "officalItem",  # TikTok's own spelling
    "original": "originalItem",
    "muted": "itemMute",
    "duet_enabled": "duetEnabled",
    "stitch_enabled": "stitchEnabled",
    "share_enabled": "shareEnabled",
    "indexed": "indexEnabled",
}


def add_flags(video: Video, item: dict[str, Any]) -> None:
    """Add every mark and permission."""
    for name, key in _FLAGS.items():
        setattr(video, name, to_bool(item.get(key)))
    video.ai_generated = _is_ai_generated(item)
    video.repost_enabled = to_bool(as_dict(item.get("item_control")).get("can_repost"))
    status = to_int(item.get("itemCommentStatus"))
    video.comments_limited = None if status is None else status != 0


def _is_ai_generated(item: dict[str, Any]) -> bool | None:
    label = to_int(item.get("aigcLabelType"))
    if label is None:
        label = to_int(item.get("ai_gc_label_type"))
    if label:
        return True
    marked = to_bool(item.get("IsAigc"))
    return marked if marked is not None else (None if label is None else False)
