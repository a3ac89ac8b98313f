"""From a raw post, in whichever layout, to its document: one normaliser, which never raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.items import Layout
from crawler.links import canonical_url, created_at_from_id
from pipelines import media
from pipelines.captions import hashtags_of, mentions_of, title_of
from pipelines.documents.video import Session, Video
from pipelines.layouts import aweme, nested, sigi
from pipelines.normalizing.author import author_of
from pipelines.normalizing.counters import statistics_of
from pipelines.normalizing.flags import add_flags
from pipelines.normalizing.music import music_of
from pipelines.normalizing.pictures import add_pictures, images_of
from pipelines.normalizing.place import add_place
from pipelines.normalizing.relations import add_relations
from pipelines.normalizing.topics import add_topics
from pipelines.values import as_dict, dicts, to_id, to_int, to_text, to_time

if TYPE_CHECKING:
    from crawler.items import RawVideo

_ADAPTERS = {Layout.NESTED: nested.to_item, Layout.AWEME: aweme.to_item}


def normalize_video(raw: RawVideo) -> Video:
    """The document of a raw post; whatever it lacks or mangles is null."""
    adapter = _ADAPTERS.get(raw.layout, sigi.to_item)
    item = adapter(raw.data)
    video = _named(item, raw)
    _add_caption(video, item)
    add_pictures(video, item)
    _add_media(video, as_dict(item.get("video")), raw)
    _add_time(video, item)
    add_place(video, item)
    add_relations(video, item)
    add_topics(video, item)
    add_flags(video, item)
    return video


def _named(item: dict[str, Any], raw: RawVideo) -> Video:
    video_id = to_id(item.get("id")) or raw.video_id
    author = author_of(item)
    is_photo = isinstance(item.get("imagePost"), dict)
    return Video(
        id=video_id,
        type="photo" if is_photo else "video",
        url=canonical_url(video_id, username=author.username, is_photo=is_photo),
        author=author,
        statistics=statistics_of(item),
        music=music_of(item),
        images=images_of(item),
        observed_at=raw.observed_at,
        layout=raw.layout.value,
        spider=raw.spider,
        job_id=raw.job.id if raw.job else None,
    )


def _add_caption(video: Video, item: dict[str, Any]) -> None:
    parts = (to_text(part.get("desc")) for part in dicts(item.get("contents")))
    joined = "\n".join(part for part in parts if part) or None
    video.description = to_text(item.get("desc")) or joined
    title = to_text(as_dict(item.get("imagePost")).get("title"))
    video.title = title_of(title or video.description)
    video.hashtags = hashtags_of(item, video.description)
    video.mentions = mentions_of(item, video.description)


def _add_media(video: Video, file: dict[str, Any], raw: RawVideo) -> None:
    video.renditions = media.read_renditions(file)
    if video.type == "video":
        video.media = media.choose(file, video.renditions)
    if video.media is not None:
        video.width, video.height = video.media.width, video.media.height
    cookie = raw.cookies.get("tt_chain_token")
    if cookie or raw.user_agent or raw.egress:
        video.session = Session(cookie=cookie, user_agent=raw.user_agent, egress=raw.egress)
    if not (video.width and video.height):
        video.width = to_int(file.get("width")) or None
        video.height = to_int(file.get("height")) or None


def _add_time(video: Video, item: dict[str, Any]) -> None:
    video.created_at = to_time(item.get("createTime"))
    video.created_at_source = "page" if video.created_at else None
    if video.created_at is None:
        video.created_at = created_at_from_id(video.id, now=video.observed_at)
        video.created_at_source = "id" if video.created_at else None
    video.scheduled_at = to_time(item.get("scheduleTime"))
