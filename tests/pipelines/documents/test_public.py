from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.documents.public import metadata, timestamp
from pipelines.documents.video import Mention, Video
from pipelines.normalize import normalize_video
from tests.pipelines.cases import read_case


@pytest.fixture
def video() -> Video:
    return normalize_video(read_case("desktop").raw)


def test_the_metadata_of_a_video_is_complete_and_in_the_promised_order(video: Video) -> None:
    promised: dict[str, Any] = {
        "video_id": "7524900000000000009",
        "title": "Morning swim 🌊🏊 with @wave.rider at #ColdWater day 9",
        "description": "Morning swim 🌊🏊 with @wave.rider at #ColdWater day 9\n"
        "#morning #SwimTok second line",
        "author": {
            "username": "lake.diary",
            "nickname": "Lake Diary 🐣",
            "verified": True,
            "follower_count": 147123,
            "avatar": "https://p16.example.net/avatar-1080.jpeg",
        },
        "statistics": {
            "views": 9400123,
            "likes": 384512,
            "comments": 1893,
            "shares": 9258,
            "saves": 13833,
        },
        "music": {
            "title": "Deep Water",
            "author": "Ada Ray & Bo Finn, Cy",
            "duration": 60,
            "url": "https://v77.example.net/deep.mp3",
        },
        "hashtags": ["ColdWater", "morning", "swimtok", "uncaptioned"],
        "mentions": ["@wave.rider"],
        "duration": 31,
        "resolution": "720x1280",
        "thumbnail": "https://p16.example.net/origin.jpeg?x-expires=1752200000",
        "created_at": "2025-07-09T02:15:12Z",
        "country": "NL",
        "region": "US",
    }
    answer = metadata(video, with_country=True)

    assert list(answer)[: len(promised)] == list(promised)
    assert {name: answer[name] for name in promised} == promised
    for name in ("author", "statistics", "music"):
        assert list(answer[name]) == list(promised[name])


def test_country_and_region_are_null_for_those_who_did_not_ask(video: Video) -> None:
    answer = metadata(video, with_country=False)
    assert (answer["country"], answer["region"]) == (None, None)


def test_what_is_unknown_is_null_in_an_answer_that_keeps_every_key(video: Video) -> None:
    empty = Video(id="7", type="video", url="", observed_at=video.observed_at)
    answer = metadata(empty, with_country=True)
    assert answer.keys() == metadata(video, with_country=True).keys()
    assert set(answer["statistics"].values()) == {None}
    assert set(answer["music"].values()) == {None}
    assert set(answer["author"].values()) == {None}
    lists = {name for name, value in answer.items() if value == []}
    assert lists == {"hashtags", "mentions", "images"}
    assert [answer[name] for name in ("title", "duration", "resolution", "created_at")] == [
        None
    ] * 4


def test_a_mention_whose_name_is_unknown_is_left_out(video: Video) -> None:
    video.mentions = [Mention(user_id="1"), Mention(user_id="2", username="mia")]
    assert metadata(video, with_country=False)["mentions"] == ["@mia"]


def test_the_pictures_of_a_photo_post_are_listed() -> None:
    answer = metadata(normalize_video(read_case("reflow-photo").raw), with_country=False)
    assert answer["type"] == "photo"
    assert answer["images"] == [
        {"url": "https://p77.example.net/one.jpeg", "width": 1080, "height": 1679},
        {"url": "https://p77.example.net/two.jpeg", "width": 1080, "height": 1650},
    ]
    assert (answer["duration"], answer["resolution"]) == (None, None)


def test_times_are_written_without_a_fraction() -> None:
    assert timestamp(datetime(2024, 1, 15, 10, 30, 0, 999999, tzinfo=UTC)) == "2024-01-15T10:30:00Z"
    assert timestamp(None) is None
