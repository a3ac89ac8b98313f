"""From a raw post, in whichever layout, to its document: one normaliser, which never raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.items import Layout
from crawler.links import canonical_url, created_at_from_id
from pipelines import media
from pipelines.captions import hashtags_of, mentions_of, source_of, title_of
from pipelines.documents.video import (
    Anchor,
    Author,
    Effect,
    Image,
    Music,
    Place,
    Statistics,
    Subtitle,
    Video,
)
from pipelines.layouts import aweme, nested, sigi
from pipelines.values import (
    as_dict,
    as_list,
    dicts,
    expiry_of,
    first_url,
    to_bool,
    to_float,
    to_id,
    to_int,
    to_text,
    to_time,
    to_url,
)

if TYPE_CHECKING:
    from crawler.items import RawVideo

_ADAPTERS = {Layout.NESTED: nested.to_item, Layout.AWEME: aweme.to_item}
_COUNTERS = {
    "views": "playCount",
    "likes": "diggCount",
    "comments": "commentCount",
    "shares": "shareCount",
    "saves": "collectCount",
    "reposts": "repostCount",
}
_UNKNOWN_LANGUAGES = frozenset({"un", "und"})


def normalize_video(raw: RawVideo) -> Video:
    """The document of a raw post; whatever it lacks or mangles is null."""
    adapter = _ADAPTERS.get(raw.layout, sigi.to_item)
    item = adapter(raw.data)
    video_id = to_id(item.get("id")) or raw.video_id
    description = to_text(item.get("desc")) or _joined(item)
    author = _author(item)
    file = as_dict(item.get("video"))
    post = item.get("imagePost")
    images = _images(as_dict(post))
    is_photo = isinstance(post, dict)
    video = Video(
        id=video_id,
        type="photo" if is_photo else "video",
        url=canonical_url(video_id, username=author.username, is_photo=is_photo),
        title=title_of(to_text(as_dict(post).get("title")) or description),
        description=description,
        author=author,
        statistics=_statistics(item),
        music=_music(as_dict(item.get("music"))),
        hashtags=hashtags_of(item, description),
        mentions=mentions_of(item, description),
        images=images,
        observed_at=raw.observed_at,
        layout=raw.layout.value,
        spider=raw.spider,
        job_id=raw.job.id if raw.job else None,
    )
    _add_picture(video, file, as_dict(post))
    _add_media(video, file, raw)
    _add_time(video, item)
    _add_place(video, item)
    _add_links(video, item)
    _add_labels(video, item)
    _add_flags(video, item)
    return video


def _joined(item: dict[str, Any]) -> str | None:
    parts = (to_text(part.get("desc")) for part in dicts(item.get("contents")))
    return "\n".join(part for part in parts if part) or None


def _author(item: dict[str, Any]) -> Author:
    author = as_dict(item.get("author")) or as_dict(item.get("authorInfo"))
    # The counters stand beside the author, or inside it on the mobile page.
    exact, rounded = as_dict(item.get("authorStatsV2")), as_dict(item.get("authorStats"))

    def count(*names: str) -> int | None:
        values = (to_int(holder.get(name)) for holder in (exact, rounded, author) for name in names)
        return next((value for value in values if value is not None), None)

    return Author(
        id=to_id(author.get("id")),
        sec_uid=to_id(author.get("secUid")),
        username=to_text(author.get("uniqueId")),
        nickname=to_text(author.get("nickname")),
        signature=to_text(author.get("signature")),
        verified=to_bool(author.get("verified")),
        private=to_bool(author.get("privateAccount")),
        avatar=first_url(*(author.get(f"avatar{size}") for size in ("Larger", "Medium", "Thumb"))),
        region=to_text(author.get("region")),
        created_at=to_time(author.get("createTime")),
        follower_count=count("followerCount"),
        following_count=count("followingCount"),
        heart_count=count("heartCount", "heart"),
        video_count=count("videoCount"),
        liked_count=count("diggCount"),
        friend_count=count("friendCount"),
    )


def _statistics(item: dict[str, Any]) -> Statistics:
    exact, rounded = as_dict(item.get("statsV2")), as_dict(item.get("stats"))
    statistics, is_exact, is_known = Statistics(), True, False
    for name, key in _COUNTERS.items():
        value = to_int(exact.get(key))
        if value is None:
            value = to_int(rounded.get(key))
            is_exact = is_exact and value is None
        is_known = is_known or value is not None
        setattr(statistics, name, value)
    statistics.exact = is_exact if is_known else None
    return statistics


def _music(music: dict[str, Any]) -> Music:
    author = to_text(music.get("authorName"))
    names = (author or "").replace(" & ", ", ").split(", ")
    return Music(
        id=to_id(music.get("id")),
        title=to_text(music.get("title")),
        author=author,
        artists=[name.strip() for name in names if name.strip()],
        album=to_text(music.get("album")),
        duration=to_int(music.get("duration")) or None,
        original=to_bool(music.get("original")),
        copyrighted=to_bool(music.get("isCopyrighted")),
        commerce=to_bool(music.get("is_commerce_music")),
        private=to_bool(music.get("private")),
        url=to_url(music.get("playUrl")),
        cover=first_url(*(music.get(f"cover{size}") for size in ("Large", "Medium", "Thumb"))),
    )


def _images(post: dict[str, Any]) -> list[Image]:
    images = []
    for image in dicts(post.get("images")):
        address = first_url(image.get("imageURL"))
        if address is not None:
            width, height = to_int(image.get("imageWidth")), to_int(image.get("imageHeight"))
            images.append(Image(url=address, width=width or None, height=height or None))
    return images


def _add_picture(video: Video, file: dict[str, Any], post: dict[str, Any]) -> None:
    covers = [file.get("originCover"), file.get("cover"), file.get("dynamicCover")]
    if video.type == "photo":
        first = video.images[0].url if video.images else None
        covers = [as_dict(post.get("cover")).get("imageURL"), first, *covers]
    video.thumbnail = first_url(*covers)
    video.dynamic_cover = to_url(file.get("dynamicCover"))
    video.duration = to_int(file.get("duration")) or None
    video.loudness = to_float(as_dict(file.get("volumeInfo")).get("Loudness"))
    video.vq_score = to_float(file.get("VQScore"))
    video.subtitles = _subtitles(file)


def _add_media(video: Video, file: dict[str, Any], raw: RawVideo) -> None:
    video.renditions = media.read_renditions(file)
    if video.type == "video":
        video.media = media.choose(file, video.renditions)
    if video.media is not None:
        video.media.cookie = raw.cookies.get("tt_chain_token")
        video.media.user_agent = raw.user_agent
        video.width, video.height = video.media.width, video.media.height
    if not (video.width and video.height):
        video.width = to_int(file.get("width")) or None
        video.height = to_int(file.get("height")) or None


def _subtitles(file: dict[str, Any]) -> list[Subtitle]:
    subtitles = [
        Subtitle(
            url=address,
            language=to_text(info.get("LanguageCodeName")),
            format=to_text(info.get("Format")),
            source=to_text(info.get("Source")),
            size=to_int(info.get("Size")),
            expires_at=to_time(info.get("UrlExpire")) or expiry_of(address),
        )
        for info in dicts(file.get("subtitleInfos"))
        if (address := to_url(info.get("Url")))
    ]
    known = {subtitle.url for subtitle in subtitles}
    captions = dicts(as_dict(file.get("claInfo")).get("captionInfos"))
    return subtitles + [
        Subtitle(
            url=address,
            language=to_text(info.get("language")),
            format=to_text(info.get("captionFormat")),
            source="ASR" if info.get("isAutoGen") is True else None,
            expires_at=to_time(info.get("expire")) or expiry_of(address),
        )
        for info in captions
        if (address := first_url(info.get("url"), info.get("urlList"))) and address not in known
    ]


def _add_time(video: Video, item: dict[str, Any]) -> None:
    video.created_at = to_time(item.get("createTime"))
    video.created_at_source = "page" if video.created_at else None
    if video.created_at is None:
        video.created_at = created_at_from_id(video.id, now=video.observed_at)
        video.created_at_source = "id" if video.created_at else None
    video.scheduled_at = to_time(item.get("scheduleTime"))


def _add_place(video: Video, item: dict[str, Any]) -> None:
    country = to_text(item.get("locationCreated"))
    if country is not None and len(country) == 2 and country.isascii() and country.isalpha():
        video.country = country.upper()
    poi = as_dict(item.get("poi"))
    if poi:
        video.place = Place(
            id=to_id(poi.get("id")),
            name=to_text(poi.get("name")),
            address=to_text(poi.get("address")),
            city=to_text(poi.get("city")),
            province=to_text(poi.get("province")),
            country=to_text(poi.get("country")),
            country_geoname=to_id(poi.get("countryCode")),
            category=to_text(poi.get("category")),
        )
    video.region = video.author.region or (video.place.province if video.place else None)
    video.language = _language(item.get("textLanguage"))
    spoken = as_dict(as_dict(item.get("video")).get("claInfo")).get("originalLanguageInfo")
    video.spoken_language = _language(as_dict(spoken).get("languageCode"))


def _language(value: object) -> str | None:
    language = to_text(value)
    return None if language in _UNKNOWN_LANGUAGES else language


def _add_links(video: Video, item: dict[str, Any]) -> None:
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


def _add_labels(video: Video, item: dict[str, Any]) -> None:
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


def _add_flags(video: Video, item: dict[str, Any]) -> None:
    video.ad = to_bool(item.get("isAd"))
    video.ad_authorized = to_bool(item.get("adAuthorization"))
    video.ai_generated = _is_ai_generated(item)
    video.pinned = to_bool(item.get("isPinnedItem"))
    video.official = to_bool(item.get("officalItem"))
    video.original = to_bool(item.get("originalItem"))
    video.muted = to_bool(item.get("itemMute"))
    video.duet_enabled = to_bool(item.get("duetEnabled"))
    video.stitch_enabled = to_bool(item.get("stitchEnabled"))
    video.share_enabled = to_bool(item.get("shareEnabled"))
    video.repost_enabled = to_bool(as_dict(item.get("item_control")).get("can_repost"))
    video.indexed = to_bool(item.get("indexEnabled"))
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
