"""Which files a post has and where TikTok keeps each: what links name and what may be archived."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pipelines.media import Codec, Quality, pick, playable
from pipelines.values import expiry_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pipelines.documents.video import Kept, Session, Subtitle, Video
    from pipelines.media import Playable

UNKNOWN_LANGUAGE = "und"
_LINK_MARGIN_S = 60
_SOURCES = ("LC", "ASR", "MT")  # the creator's own are better than recognised, than translated


class Kind(StrEnum):
    """What a file is."""

    VIDEO = "video"
    MUSIC = "music"
    IMAGE = "image"
    SUBTITLES = "subtitles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Names one file of a post, whatever its address is today."""

    kind: Kind = Kind.VIDEO
    quality: Quality = Quality.DEFAULT
    codec: Codec = Codec.ANY
    number: int = 0
    """Which picture of a photo post, from 1."""
    language: str = ""
    source: str = ""
    """Whose subtitles: ``LC``, ``ASR``, ``MT`` or nothing, as :class:`Subtitle` has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Where a file is now, and what a request for it must bear."""

    choice: Choice
    url: str
    expires_at: datetime | None = None
    format: str | None = None
    """Of subtitles: ``webvtt``, ``srt`` or ``creator_caption``."""
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    bitrate: int | None = None
    size: int | None = None
    session: Session | None = field(default=None, repr=False)
    kept: Kept | None = None
    """What the archive holds of it."""


def link_end(expires_at: datetime | None) -> int:
    """When links to a file end, in unix seconds, before its own address does; 0 when unknown."""
    return int(expires_at.timestamp()) - _LINK_MARGIN_S if expires_at else 0


DEFAULT = Choice()
"""The file that ``video_url`` leads to unless another was asked for."""


def find(video: Video, choice: Choice) -> File | None:
    """The file that is meant, or None when the post has no such file."""
    if choice.kind is Kind.VIDEO:
        return _video(video, choice)
    return next((file for file in files_of(video) if file.choice == choice), None)


def files_of(video: Video) -> Iterator[File]:
    """All files of a post; of its video the default one alone."""
    if (default := _video(video, DEFAULT)) is not None:
        yield default
    if url := video.music.url:
        choice = Choice(kind=Kind.MUSIC)
        yield File(choice=choice, url=url, expires_at=expiry_of(url), session=video.session)
    for number, image in enumerate(video.images, start=1):
        yield File(
            choice=Choice(kind=Kind.IMAGE, number=number),
            url=image.url,
            width=image.width,
            height=image.height,
            expires_at=expiry_of(image.url),
            session=video.session,
        )
    yield from _subtitles(video)


def _video(video: Video, choice: Choice) -> File | None:
    """A file of the video; the one that bears TikTok's mark is none."""
    default = video.media
    if default is None or default.watermark:
        return None
    other = picked(playable(video.renditions), choice)
    found = other.media if other else default
    return File(
        choice=choice,
        url=found.url,
        codec=found.codec,
        width=found.width,
        height=found.height,
        bitrate=found.bitrate,
        size=found.size,
        expires_at=found.expires_at,
        session=video.session,
    )


def picked(files: list[Playable], choice: Choice) -> Playable | None:
    """The file that is meant, or None when the default one is.

    A codec that the post does not have gives way to what it has.
    """
    quality, codec = choice.quality, choice.codec
    if codec is not Codec.ANY and (found := pick(files, quality, codec)):
        return found
    return None if quality is Quality.DEFAULT else pick(files, quality, Codec.ANY)


def _subtitles(video: Video) -> Iterator[File]:
    """One file for each language and source, the best source of a language first."""
    seen = set()
    for subtitle in sorted(video.subtitles, key=_rank):
        choice = Choice(
            kind=Kind.SUBTITLES,
            language=subtitle.language or UNKNOWN_LANGUAGE,
            source=subtitle.source or "",
        )
        if choice not in seen:
            seen.add(choice)
            yield File(
                choice=choice,
                url=subtitle.url,
                format=subtitle.format,
                size=subtitle.size,
                expires_at=subtitle.expires_at,
                session=video.session,
            )


def _rank(subtitle: Subtitle) -> int:
    source = subtitle.source or ""
    return _SOURCES.index(source) if source in _SOURCES else len(_SOURCES)


def headers_for(file: File) -> dict[str, str]:
    """What a request for a file bears when the page's own player sends it.

    The cookie's token goes as it came, in its quotes.
    """
    session = file.session
    cookie, user_agent = (session.cookie, session.user_agent) if session else (None, None)
    return {
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Referer": "https://www.tiktok.com/",
        **({"User-Agent": user_agent} if user_agent else {}),
        **({"Cookie": f"tt_chain_token={cookie}"} if cookie else {}),
    }
