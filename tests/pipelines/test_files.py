from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.documents.video import Image, Media, Music, Rendition, Session, Subtitle, Video
from pipelines.files import DEFAULT, Choice, File, Kind, files_of, find
from pipelines.media import Codec, Quality

V16 = "https://v16.example/"
SMALL = Rendition(codec="h264", width=576, height=1024, size=3, urls=[V16 + "small"])
LARGE = Rendition(codec="h264", width=720, height=1280, size=5, urls=[V16 + "large"])
FULL = Rendition(codec="h265", width=1080, height=1920, size=9, urls=[V16 + "full"])
TINY = Rendition(codec="h265", width=540, height=960, size=1, urls=[V16 + "tiny"])
H266 = Rendition(codec="bytevc2", width=2160, height=3840, size=0, urls=[V16 + "h266"])


def a_video(*renditions: Rendition, **changes: Any) -> Video:
    options: dict[str, Any] = {"media": Media(url=V16 + "default", codec="h264"), **changes}
    return Video(
        id="1",
        type="video",
        url="https://www.tiktok.com/@a/video/1",
        observed_at=datetime.now(UTC),
        renditions=list(renditions),
        **options,
    )


def name_of(file: File | None) -> str | None:
    return file.url.removeprefix(V16) if file else None


@pytest.mark.parametrize(
    ("quality", "codec", "name"),
    [
        ("default", "any", "default"),
        ("default", "h264", "large"),
        ("default", "h265", "full"),
        ("best", "any", "full"),
        ("best", "h264", "large"),
        ("best", "h265", "full"),
        ("smallest", "any", "tiny"),
        ("smallest", "h264", "small"),
        ("smallest", "h265", "tiny"),
    ],
)
def test_quality_and_codec_choose_among_what_players_decode(
    quality: str, codec: str, name: str
) -> None:
    video = a_video(SMALL, H266, LARGE, FULL, TINY)
    choice = Choice(quality=Quality(quality), codec=Codec(codec))
    assert name_of(find(video, choice)) == name


@pytest.mark.parametrize(("quality", "name"), [("default", "default"), ("best", "large")])
def test_a_codec_that_a_post_lacks_gives_way_to_what_it_has(quality: str, name: str) -> None:
    choice = Choice(quality=Quality(quality), codec=Codec.H265)
    assert name_of(find(a_video(SMALL, LARGE), choice)) == name


@pytest.mark.parametrize("quality", Quality)
@pytest.mark.parametrize("codec", Codec)
def test_a_post_without_renditions_has_its_one_file_for_every_wish(
    quality: Quality, codec: Codec
) -> None:
    assert name_of(find(a_video(), Choice(quality=quality, codec=codec))) == "default"


@pytest.mark.parametrize("media", [None, Media(url=V16 + "marked", watermark=True)])
@pytest.mark.parametrize("quality", Quality)
def test_a_watermarked_file_is_none(media: Media | None, quality: Quality) -> None:
    assert find(a_video(media=media), Choice(quality=quality)) is None


def test_all_files_of_a_post_are_listed_with_what_a_request_must_bear() -> None:
    session = Session(cookie="c", user_agent="a")
    video = a_video(
        FULL,
        music=Music(url=V16 + "music?expire=1764000000"),
        images=[Image(url=V16 + "1"), Image(url=V16 + "2")],
        subtitles=[
            Subtitle(url=V16 + "mt", language="eng-US", source="MT", format="webvtt"),
            Subtitle(url=V16 + "other"),
            Subtitle(url=V16 + "lc", language="eng-US", source="LC", format="creator_caption"),
            Subtitle(url=V16 + "again", language="eng-US", source="LC"),
        ],
        session=session,
    )
    files = list(files_of(video))
    assert [file.choice for file in files] == [
        DEFAULT,
        Choice(kind=Kind.MUSIC),
        Choice(kind=Kind.IMAGE, number=1),
        Choice(kind=Kind.IMAGE, number=2),
        Choice(kind=Kind.SUBTITLES, language="eng-US", source="LC"),
        Choice(kind=Kind.SUBTITLES, language="eng-US", source="MT"),
        Choice(kind=Kind.SUBTITLES, language="und"),
    ]
    assert {file.url for file in files} == {
        V16 + name for name in ("default", "music?expire=1764000000", "1", "2", "lc", "mt", "other")
    }
    assert all(file.session is session for file in files)
    assert files[1].expires_at == datetime.fromtimestamp(1764000000, UTC)
    assert [find(video, file.choice) for file in files] == files


def test_what_a_post_does_not_have_is_not_found() -> None:
    video = a_video(images=[Image(url=V16 + "1")])
    for choice in (
        Choice(kind=Kind.MUSIC),
        Choice(kind=Kind.IMAGE),
        Choice(kind=Kind.IMAGE, number=2),
        Choice(kind=Kind.SUBTITLES, language="eng-US", source="ASR"),
    ):
        assert find(video, choice) is None
