"""Which file of a post is the one to play."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines.documents.video import Media, Rendition
from pipelines.values import as_dict, as_list, dicts, expiry_of, first_url, to_int, to_text, to_url

if TYPE_CHECKING:
    from collections.abc import Iterable

_PAGE_HOST = "://www.tiktok.com/"  # answers players, but fails for downloads
_UNDECODABLE = "bytevc2"
_SOUNDLESS_PATH = "/media-video-hvc1/"


class Quality(StrEnum):
    """Which of several files of a video is meant."""

    DEFAULT = "default"
    """The one that plays everywhere."""
    BEST = "best"
    SMALLEST = "smallest"


class Codec(StrEnum):
    """Codecs that players decode."""

    ANY = "any"
    H264 = "h264"
    H265 = "h265"


def read_renditions(video: dict[str, Any]) -> list[Rendition]:
    """All encodings that ``bitrateInfo`` names, in TikTok's order."""
    return [_rendition(info) for info in dicts(video.get("bitrateInfo"))]


def choose(video: dict[str, Any], renditions: list[Rendition]) -> Media | None:
    """The file that plays everywhere: H.264 of the largest short side, then of most bits.

    Without one: the clean ``playAddr``, any other rendition that players decode, and last the
    watermarked ``downloadAddr``.
    """
    known = playable(renditions)
    good = [one for one in known if not _is_last_resort(one.url)]
    if h264 := pick(good, Quality.DEFAULT, Codec.H264):
        return h264.media
    codec = _codec(video.get("codecType"), None)
    clean = _clean_address(video)
    if clean is not None and codec != _UNDECODABLE:
        return _plain(video, clean, codec)
    if found := pick(known, Quality.DEFAULT, Codec.ANY):
        return found.media
    marked = to_url(video.get("downloadAddr"))
    return _plain(video, marked, None, watermark=True) if marked else None


class Playable(NamedTuple):
    """A rendition that players decode, with sound, and the best of its addresses."""

    rendition: Rendition
    url: str

    @property
    def media(self) -> Media:
        """The file to play."""
        one = self.rendition
        return Media(
            url=self.url,
            codec=one.codec,
            width=one.width,
            height=one.height,
            bitrate=one.bitrate,
            size=one.size,
            expires_at=expiry_of(self.url),
        )


def playable(renditions: Iterable[Rendition]) -> list[Playable]:
    """What players decode, with sound; files of the page's own host if there are no others."""
    found = [
        Playable(one, min(addresses, key=_is_last_resort))
        for one in renditions
        if one.codec != _UNDECODABLE
        and (addresses := [url for url in one.urls if _SOUNDLESS_PATH not in url])
    ]
    return [one for one in found if not _is_last_resort(one.url)] or found


def pick(files: Iterable[Playable], quality: Quality, codec: Codec) -> Playable | None:
    """The file of that codec with the largest short side, then most bits; or the one of least size.

    None when there is none of that codec.
    """
    fitting = [one for one in files if codec in {Codec.ANY, one.rendition.codec}]
    if quality is Quality.SMALLEST:
        return min(fitting, key=_weight, default=None)
    return max(fitting, key=_rank, default=None)


def _rendition(info: dict[str, Any]) -> Rendition:
    file = as_dict(info.get("PlayAddr"))
    addresses = (to_url(address) for address in as_list(file.get("UrlList")))
    return Rendition(
        gear=to_text(info.get("GearName")),
        codec=_codec(info.get("CodecType"), file.get("UrlKey")),
        width=to_int(file.get("Width")) or None,
        height=to_int(file.get("Height")) or None,
        bitrate=to_int(info.get("Bitrate")) or None,
        fps=to_int(info.get("BitrateFPS")) or None,
        size=to_int(file.get("DataSize")) or None,
        format=to_text(info.get("Format")),
        urls=[address for address in addresses if address],
    )


def _codec(name: object, url_key: object) -> str | None:
    """``bytevc2`` is ByteDance's own H.266, which no player decodes; ``bytevc1`` is H.265."""
    words = f"{name} {url_key}".lower()
    if "bytevc2" in words or "h266" in words:
        return _UNDECODABLE
    if "h265" in words or "bytevc1" in words or "hvc1" in words:
        return "h265"
    return "h264" if "h264" in words else None


def _is_last_resort(address: str) -> bool:
    return _PAGE_HOST in address


def _rank(file: Playable) -> tuple[int, int]:
    one = file.rendition
    return min(one.width or 0, one.height or 0), one.bitrate or 0


def _weight(file: Playable) -> tuple[float, float]:
    one = file.rendition
    return one.size or math.inf, one.bitrate or math.inf


def _plain(
    video: dict[str, Any], address: str, codec: str | None, *, watermark: bool = False
) -> Media:
    return Media(
        url=address,
        codec=codec,
        width=to_int(video.get("width")) or None,
        height=to_int(video.get("height")) or None,
        bitrate=to_int(video.get("bitrate")) or None,
        size=to_int(video.get("size")) or None,
        watermark=watermark,
        expires_at=expiry_of(address),
    )


def _clean_address(video: dict[str, Any]) -> str | None:
    """``playAddr``: an address; in older shapes a list of ``{src}``, in newer ones a structure."""
    given = video.get("playAddr")
    sources = [as_dict(one).get("src") for one in given] if isinstance(given, list) else []
    address = first_url(given, *sources, video.get("PlayAddrStruct"))
    return None if address is None or _SOUNDLESS_PATH in address else address
