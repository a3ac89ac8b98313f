"""The ``video`` object of a post: its files in several codecs and sizes, covers, subtitles."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import md5
from typing import Any

Json = dict[str, Any]

_LIFETIME_S = 40 * 3600
_QUALITY = (
    '"{\\"v2.0\\": {\\"srv1\\": {\\"v1080\\": 94.12, \\"v960\\": 95.3, \\"v864\\": 96.01, '
    '\\"v720\\": 97.4}, \\"ori\\": {\\"v1080\\": 87.2, \\"v960\\": 90.11, \\"v864\\": 92.5}}}"'
)
_OFFSETS = (
    '{"PktOffsetMap":"[{\\"time\\": 1, \\"offset\\": 148204}, '
    '{\\"time\\": 2, \\"offset\\": 301177}]"}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One file of a post."""

    gear: str
    codec: str
    label: str
    short_side: int
    bits_per_s: int

    @property
    def long_side(self) -> int:
        return self.short_side * 16 // 9


H264 = Rendition(
    gear="normal_540_0", codec="h264", label="540p", short_side=576, bits_per_s=965_245
)
LOWEST = Rendition(
    gear="lowest_540_0", codec="h264", label="540p", short_side=576, bits_per_s=459_310
)
H265_720 = Rendition(
    gear="adapt_lower_720_1", codec="bytevc1", label="720p", short_side=720, bits_per_s=574_902
)
H265_540 = Rendition(
    gear="adapt_540_1", codec="bytevc1", label="540p", short_side=576, bits_per_s=468_013
)
H265_1080 = Rendition(
    gear="adapt_lowest_1080_1",
    codec="bytevc1",
    label="1080p",
    short_side=1080,
    bits_per_s=1_226_086,
)
H266_720 = Rendition(
    gear="comet_720_2", codec="bytevc2", label="720p", short_side=720, bits_per_s=401_555
)
_CODEC_TYPES = {"h264": "h264", "bytevc1": "h265_hvc1", "bytevc2": "h266_hvc1"}


def renditions_of(post_id: int) -> tuple[Rendition, ...]:
    """Which files a post has: H.264 and H.265 always, 1080p and H.266 for some."""
    some = (H265_1080,) if post_id % 2 else ()
    rare = (H266_720,) if post_id % 5 == 0 else ()
    return (*some, H264, H265_720, H265_540, *rare, LOWEST)


def video_json(post_id: str, url: str, *, duration_s: int) -> Json:
    """The ``video`` object, its addresses on the site itself."""
    wide = int(post_id) % 7 == 0
    signed = signature()
    media = f"{url}/media/{post_id}"
    infos = [
        _rendition_json(post_id, url, one, duration_s=duration_s, wide=wide, signed=signed)
        for one in renditions_of(int(post_id))
    ]
    return {
        "id": post_id,
        "height": H264.short_side if wide else H264.long_side,
        "width": H264.long_side if wide else H264.short_side,
        "duration": duration_s,
        "ratio": "540p",
        "cover": f"{media}/cover.jpeg?{signed}",
        "originCover": f"{media}/origin.jpeg?{signed}",
        "dynamicCover": f"{media}/dynamic.webp?{signed}",
        "playAddr": _file(url, post_id, H264, signed=signed),
        "downloadAddr": f"{media}/watermarked.mp4?{signed}&tk=tt_chain_token",
        "shareCover": [""],
        "reflowCover": "",
        "bitrate": H264.bits_per_s,
        "encodedType": "normal",
        "format": "mp4",
        "videoQuality": "normal",
        "encodeUserTag": "",
        "codecType": "h264",
        "definition": "540p",
        "subtitleInfos": _subtitles(media, signed=signed),
        "zoomCover": {
            side: f"{media}/cover-{side}.jpeg?{signed}" for side in ("240", "480", "720", "960")
        },
        "volumeInfo": {"Loudness": -17.4, "Peak": 0.79433},
        "bitrateInfo": infos,
        "size": str(H264.bits_per_s * duration_s // 8),
        "VQScore": "67.03",
        "claInfo": _captions(media, signed=signed),
        "videoID": _uri(post_id),
        "PlayAddrStruct": next(info["PlayAddr"] for info in infos if info["GearName"] == H264.gear),
    }


def signature() -> str:
    """What ends an address: the same for an hour, good for forty."""
    expires_at = int(time.time()) // 3600 * 3600 + _LIFETIME_S
    issued_at = time.strftime("%Y%m%d%H0000", time.gmtime(expires_at - _LIFETIME_S))
    return f"expire={expires_at}&x-expires={expires_at}&l={issued_at}0B7C&policy=2"


def _uri(post_id: str) -> str:
    return f"v15044gf0000{int(post_id) % 10**18:018d}"


def _file(url: str, post_id: str, one: Rendition, *, signed: str) -> str:
    return (
        f"{url}/media/{post_id}/{one.gear}.mp4?{signed}&mime_type=video_mp4"
        f"&br={one.bits_per_s // 1000}&tk=tt_chain_token"
    )


def _rendition_json(
    post_id: str, url: str, one: Rendition, *, duration_s: int, wide: bool, signed: str
) -> Json:
    uri = _uri(post_id)
    first = _file(url, post_id, one, signed=signed)
    file_hash = md5(f"{post_id}{one.gear}".encode(), usedforsecurity=False).hexdigest()
    return {
        "Bitrate": one.bits_per_s,
        "QualityType": 20,
        "BitrateFPS": 30,
        "GearName": one.gear,
        "PlayAddr": {
            "DataSize": str(one.bits_per_s * duration_s // 8),
            "Width": one.long_side if wide else one.short_side,
            "Height": one.short_side if wide else one.long_side,
            "Uri": uri,
            "UrlList": [
                first,
                f"{first}&mirror=1",
                f"{url}/aweme/v1/play/?item_id={post_id}&ratio={one.label}&line=0",
            ],
            "UrlKey": f"{uri}_{one.codec}_{one.label}_{one.bits_per_s}",
            "FileHash": file_hash,
            "FileCs": "c:0-21077-8a1f",
        },
        "CodecType": _CODEC_TYPES[one.codec],
        "MVMAF": _QUALITY,
        "Format": "mp4",
        "VideoExtra": _OFFSETS,
    }


_SPOKEN = (
    ("eng-US", "webvtt", "ASR", "vtt"),
    ("deu-DE", "srt", "MT", "srt"),
    ("jpn-JP", "creator_caption", "LC", "json"),
)


def _subtitles(media: str, *, signed: str) -> list[Json]:
    return [
        {
            "UrlExpire": signed.partition("&")[0].removeprefix("expire="),
            "Size": "748",
            "LanguageID": str(number),
            "LanguageCodeName": language,
            "Url": f"{media}/{language}.{ending}?{signed}",
            "Format": form,
            "Version": "1:whisper_lid",
            "Source": source,
        }
        for number, (language, form, source, ending) in enumerate(_SPOKEN, start=2)
    ]


def _captions(media: str, *, signed: str) -> Json:
    return {
        "hasOriginalAudio": True,
        "enableAutoCaption": True,
        "originalLanguageInfo": {
            "language": "eng-US",
            "languageID": "2",
            "languageCode": "en",
            "canTranslateRealTimeNoCheck": True,
        },
        "captionInfos": [
            {
                "language": "eng-US",
                "languageID": "2",
                "languageCode": "en",
                "url": f"{media}/eng-US.vtt?{signed}",
                "urlList": [f"{media}/eng-US.vtt?{signed}"],
                "expire": signed.partition("&")[0].removeprefix("expire="),
                "captionFormat": "webvtt",
                "isAutoGen": True,
                "isOriginalCaption": True,
                "variant": "whisper_lid",
                "subtitleType": "1",
                "translationType": "0",
            }
        ],
        "captionsType": "2",
        "noCaptionReason": None,
    }
