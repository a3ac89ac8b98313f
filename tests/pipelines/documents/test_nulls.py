from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from crawler.items import RawVideo
from pipelines.documents.nulls import NullReason
from pipelines.documents.public import answer, bare_answer
from pipelines.documents.video import Image, Media, Music, Video
from pipelines.normalize import normalize_video
from pipelines.publish import fields_of
from tests.pipelines.cases import NAMES, read_case
from tests.pipelines.recorded import FOLDER, read_posts

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RECORDED = read_posts() if FOLDER.is_dir() else []
FILES = sorted({post.file for post in RECORDED})


def a_video(**fields: Any) -> Video:
    return Video(id="7", type=fields.pop("type", "video"), url="", observed_at=NOW, **fields)


def nulls(value: Any, *above: str) -> Iterator[str]:
    """The paths of nulls, found in another way than the project's own."""
    if value is None:
        yield ".".join(above)
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    for name, part in parts.items() if isinstance(parts, dict) else ():
        yield from nulls(part, *above, str(name))


def check(video: Video) -> None:
    """Every null has its reason, and nothing else has one."""
    for with_country in (False, True):
        said = answer(video, with_country=with_country)
        missing = set(nulls(said["metadata"]))
        if not fields_of(video)["media"]:
            missing.add("video_url")
        assert set(said["meta"]["absent"]) == missing
        assert set(said["meta"]["absent"].values()) <= set(NullReason)


@pytest.mark.parametrize("name", NAMES)
def test_every_null_of_a_case_has_its_reason(name: str) -> None:
    check(normalize_video(read_case(name).raw))


@pytest.mark.skipif(not RECORDED, reason=f"no recorded responses in {FOLDER}")
@pytest.mark.parametrize("file", FILES)
def test_every_null_of_a_recorded_post_has_its_reason(file: str) -> None:
    for post in (post for post in RECORDED if post.file == file):
        raw = RawVideo(
            video_id=post.id, layout=post.layout, data=post.item, observed_at=NOW, spider="test"
        )
        check(normalize_video(raw))


def test_every_null_of_a_post_of_which_nothing_is_known_has_its_reason() -> None:
    check(a_video())
    check(a_video(type="photo", images=[Image(url="https://example.com/1.jpeg")]))


def reasons(video: Video, *, with_country: bool = False) -> dict[str, str]:
    absent: dict[str, str] = answer(video, with_country=with_country)["meta"]["absent"]
    return absent


def test_country_is_told_apart_from_what_tiktok_does_not_give() -> None:
    unasked, asked = reasons(a_video()), reasons(a_video(), with_country=True)

    assert (unasked["country"], unasked["region"]) == ("not_requested", "not_requested")
    assert (asked["country"], asked["region"]) == ("not_given", "not_given")
    assert "country" not in reasons(a_video(country="SE"), with_country=True)


def test_a_series_of_photos_has_neither_file_nor_its_measures() -> None:
    photos = a_video(type="photo", images=[Image(url="https://example.com/1.jpeg", width=9)])

    found = reasons(photos)

    for name in ("video_url", "duration", "resolution"):
        assert found[name] == "photo_post"
    assert found["images.0.height"] == "not_given"
    assert "images.0.width" not in found


def test_a_file_with_tiktoks_mark_is_none() -> None:
    clean = Media(url="https://example.com/v.mp4")

    assert "video_url" not in reasons(a_video(media=clean))
    marked = a_video(media=replace(clean, watermark=True))
    assert reasons(marked)["video_url"] == "watermarked_only"
    assert bare_answer(marked)["meta"]["absent"] == {"video_url": "watermarked_only"}
    assert reasons(a_video())["video_url"] == "not_given"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"music": Music(id=None, title="original sound")}, "sound_removed"),
        ({"music": Music(id="1", title="Deep Water"), "muted": True}, "sound_removed"),
        ({"music": Music(id="1", title="Deep Water")}, "not_given"),
        ({}, "not_given"),
    ],
    ids=["no id", "muted", "no address", "no sound named"],
)
def test_a_removed_sound_is_told_apart(fields: dict[str, Any], reason: str) -> None:
    assert reasons(a_video(**fields))["music.url"] == reason


def test_when_it_was_seen_is_always_said() -> None:
    for said in (answer(a_video(), with_country=False), bare_answer(a_video())):
        assert said["meta"]["observed_at"] == "2026-11-01T00:00:00Z"
