"""What TikTok and the creator say that a post is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.values import as_list, dicts, to_int, to_text

if TYPE_CHECKING:
    from pipelines.documents.video import Video


def add_topics(video: Video, item: dict[str, Any]) -> None:
    """Add labels, category, keywords, suggested searches and the texts on the picture."""
    video.labels = _texts(item.get("diversificationLabels"))
    video.category = to_int(item.get("CategoryType")) or None
    video.keywords = _texts(item.get("channelTags")) + _texts(item.get("keywordTags"))
    video.suggested_words = _texts(item.get("suggestedWords"))
    stickers = dicts(item.get("stickersOnItem"))
    video.screen_texts = [
        text for sticker in stickers for text in _texts(sticker.get("stickerText"))
    ]


def _texts(values: object) -> list[str]:
    return [text for value in as_list(values) if (text := to_text(value))]
