"""The first stage: a raw item becomes a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itemadapter import ItemAdapter

from crawler.items import (
    RawAbsence,
    RawComment,
    RawHashtag,
    RawItem,
    RawList,
    RawMusic,
    RawSearch,
    RawUser,
    RawVideo,
)
from crawler.jobs.stages import stage
from pipelines.entities import Document, Entity
from pipelines.normalizing.comment import normalize_comment
from pipelines.normalizing.hashtag import normalize_hashtag
from pipelines.normalizing.post import normalize_video
from pipelines.normalizing.sound import normalize_music
from pipelines.normalizing.user import normalize_user
from pipelines.posts import Post

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from crawler.jobs.records import Job

__all__ = ["NormalizePipeline", "normalize_entity", "normalize_video"]


class NormalizePipeline:
    """Normalises raw items; posts may be dicts with the same keys.

    Items of a list are counted, for its job ends behind all of them: see :class:`RawList`.
    """

    def process_item(
        self, item: object
    ) -> Post | Entity | RawAbsence | RawSearch | Awaitable[RawList] | RawList:
        """The raw item together with its document.

        Raises:
            TypeError: the item lacks what every raw post has.
        """
        if isinstance(item, RawVideo):
            return _post(item)
        if isinstance(item, RawList):
            return _last(item)
        if isinstance(item, RawAbsence):
            return item
        if isinstance(item, RawSearch):
            _enter(item.job)
            return item
        if isinstance(item, RawItem):
            _enter(item.job)
            with stage("normalize", item.job):
                return Entity(raw=item, document=normalize_entity(item))
        return _post(RawVideo(**ItemAdapter(item).asdict()))


def normalize_entity(raw: RawItem) -> Document:
    """The document of a raw item that is no post; never raises for what TikTok sends."""
    match raw:
        case RawUser():
            return normalize_user(raw)
        case RawHashtag():
            return normalize_hashtag(raw)
        case RawMusic():
            return normalize_music(raw)
        case RawComment():
            return normalize_comment(raw)
    raise TypeError(f"{type(raw).__name__} has no normaliser")


def _post(raw: RawVideo) -> Post:
    _enter(raw.job)
    with stage("normalize", raw.job):
        return Post(raw=raw, video=normalize_video(raw))


def _enter(job: Job | None) -> None:
    if job is not None and job.target.type.is_list:
        job.item_enters()


async def _last(item: RawList) -> RawList:
    """The end of a list, once all of its items are published or lost."""
    underway = item.job.underway if item.job is not None else None
    if underway is not None:
        await underway.until_empty()
        item.end = item.end.without(underway.lost)
    return item
