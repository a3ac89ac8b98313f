from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.documents.video import Kept, Media, Subtitle, Video
from pipelines.files import Choice, File, Kind, files_of
from pipelines.kept import kept_of, name_of, path_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_file(kind: Kind = Kind.VIDEO, **fields: object) -> File:
    named = {name: fields.pop(name) for name in ("number", "language", "source") if name in fields}
    return File(choice=Choice(kind=kind, **named), url="https://example.com/", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "path"),
    [
        (
            a_file(codec="h264", width=576, height=1024, bitrate=965_432),
            "video-h264-576x1024-965.mp4",
        ),
        (a_file(codec="h264"), "video-h264.mp4"),
        (a_file(), "video.mp4"),
        (a_file(Kind.MUSIC), "music.mp3"),
        (a_file(Kind.IMAGE, number=3, width=1080, height=1920), "image-3.jpeg"),
        (a_file(Kind.SUBTITLES, language="eng-US", source="ASR"), "subtitles-eng-US-ASR.vtt"),
        (a_file(Kind.SUBTITLES, language="und", format="creator_caption"), "subtitles-und.json"),
    ],
)
def test_a_file_has_a_natural_path(file: File, path: str) -> None:
    assert path_of("7106594312292453675", file) == f"7106594312292453675/{path}"


@pytest.mark.parametrize("word", ["../../etc/passwd", "a/b", "a\\b", "\0", "ä", "x" * 500])
def test_no_word_of_tiktoks_leads_elsewhere(word: str) -> None:
    name = name_of(a_file(Kind.SUBTITLES, language=word, source=word))
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    assert len(name) < 200


def test_what_is_kept_is_found_by_the_files_name() -> None:
    video = Video(id="1", type="video", url="", observed_at=NOW)
    video.media = Media(url="https://example.com/v", codec="h264")
    video.subtitles = [Subtitle(url="https://example.com/s", language="eng-US", source="ASR")]
    kept = Kept(file="video-h264", path="1/video-h264.mp4", size=1, checksum="", archived_at=NOW)
    video.archive = [kept]

    assert [kept_of(video, file) for file in files_of(video)] == [kept, None]
