"""What a post is linked to: other posts, a playlist, templates, products, effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.captions import source_of
from pipelines.documents.video import Anchor, Effect
from pipelines.values import as_dict, dicts, to_id, to_int, to_text

if TYPE_CHECKING:
    from pipelines.documents.video import Video


def add_relations(video: Video, item: dict[str, Any]) -> None:
    """Add the posts it answers, its playlist, anchors and effects."""
    duet = as_dict(item.get("duetInfo")).get("duetFromId")
    video.duet_of = to_id(duet) or to_id(item.get("duetFromId"))
    source = source_of(item)
    video.stitch_of = source if source != video.duet_of else None
    video.playlist_id = to_id(item.get("playlistId"))
    video.anchors = [
        Anchor(
            id=to_id(anchor.get("id")),
            type=to_int(anchor.get("type")),
            keyword=to_text(anchor.get("keyword")),
            description=to_text(anchor.get("description")),
        )
        for anchor in dicts(item.get("anchors"))
    ]
    video.effects = [
        Effect(id=to_id(effect.get("ID")), name=to_text(effect.get("name")))
        for effect in dicts(item.get("effectStickers"))
    ]
