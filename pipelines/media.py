"""Which file of a post is the one to play."""

from __future__ import annotations

from typing import Any

from pipelines.documents.video import Media, Rendition
from pipelines.values import as_dict, as_list, dicts, expiry_of, first_url, to_int, to_text, to_url

_PAGE_HOST = "://www.tiktok.com/"  # answers players, but fails for downloads
_UNDECODABLE = "bytevc2"
_SOUNDLESS_PATH = "/media-video-hvc1/"


def read_renditions(video: dict[str, Any]) -> list[Rendition]:
    """All encodings that ``bitrateInfo`` names, in TikTok's order."""
    return [_rendition(info) for info in dicts(video.get("bitrateInfo"))]


def choose(video: dict[str, Any], renditions: list[Rendition]) -> Media | None:
    """The file that plays everywhere: H.264 of the largest short side, then of most bits.

    Without one: the clean ``playAddr``, any other rendition that players decode, and last the
    watermarked ``downloadAddr``.
    """
    playable = [
        (rendition, address)
        for rendition in renditions
        if rendition.codec != _UNDECODABLE
        for address in rendition.urls
        if _SOUNDLESS_PATH not in address
    ]
    good = [(rendition, address) for rendition, address in playable if _PAGE_HOST not in address]
    h264 = [(rendition, address) for rendition, address in good if rendition.codec == "h264"]
    if h264:
        return _media(*max(h264, key=_rank))
    codec = _codec(video.get("codecType"), None)
    clean = _clean_address(video)
    if clean is not None and codec != _UNDECODABLE:
        return _plain(video, clean, codec)
    if good or playable:
        return _media(*max(good or playable, key=_rank))
    marked = to_url(video.get("downloadAddr"))
    return _plain(video, marked, None, watermark=True) if marked else None


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


def _rank(found: tuple[Rendition, str]) -> tuple[int, int]:
    rendition, _ = found
    return min(rendition.width or 0, rendition.height or 0), rendition.bitrate or 0


def _media(rendition: Rendition, address: str) -> Media:
    return Media(
        url=address,
        codec=rendition.codec,
        width=rendition.width,
        height=rendition.height,
        bitrate=rendition.bitrate,
        size=rendition.size,
        expires_at=expiry_of(address),
    )


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
