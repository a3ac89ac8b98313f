"""What is seen of a post: its pictures, covers and subtitles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.documents.video import Image, Subtitle
from pipelines.values import (
    as_dict,
    dicts,
    expiry_of,
    first_url,
    to_float,
    to_int,
    to_text,
    to_time,
    to_url,
)

if TYPE_CHECKING:
    from pipelines.documents.video import Video


def images_of(item: dict[str, Any]) -> list[Image]:
    """The pictures of a photo post that have an address."""
    images = []
    for image in dicts(as_dict(item.get("imagePost")).get("images")):
        address = first_url(image.get("imageURL"))
        if address is not None:
            width, height = to_int(image.get("imageWidth")), to_int(image.get("imageHeight"))
            images.append(Image(url=address, width=width or None, height=height or None))
    return images


def add_pictures(video: Video, item: dict[str, Any]) -> None:
    """Add covers, length, subtitles and what TikTok measured."""
    file = as_dict(item.get("video"))
    covers = [file.get("originCover"), file.get("cover"), file.get("dynamicCover")]
    if video.type == "photo":
        chosen = as_dict(as_dict(item.get("imagePost")).get("cover")).get("imageURL")
        covers = [chosen, *(image.url for image in video.images[:1]), *covers]
    video.thumbnail = first_url(*covers)
    video.dynamic_cover = to_url(file.get("dynamicCover"))
    video.duration = to_int(file.get("duration")) or None
    video.loudness = to_float(as_dict(file.get("volumeInfo")).get("Loudness"))
    video.vq_score = to_float(file.get("VQScore"))
    video.subtitles = _subtitles(file)


def _subtitles(file: dict[str, Any]) -> list[Subtitle]:
    """Both lists of them: the newer one repeats the older and has more."""
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
