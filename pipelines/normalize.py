"""The first stage: a raw post becomes a document."""

from __future__ import annotations

from itemadapter import ItemAdapter

from crawler.items import RawVideo
from crawler.jobs.stages import stage
from pipelines.normalizing.post import normalize_video
from pipelines.posts import Post

__all__ = ["NormalizePipeline", "normalize_video"]


class NormalizePipeline:
    """Normalises raw posts, be they dataclasses or dicts with the same keys."""

    def process_item(self, item: object) -> Post:
        """The raw post together with its document.

        Raises:
            TypeError: the item lacks what every raw post has.
        """
        raw = item if isinstance(item, RawVideo) else RawVideo(**ItemAdapter(item).asdict())
        with stage("normalize", raw.job):
            return Post(raw=raw, video=normalize_video(raw))
