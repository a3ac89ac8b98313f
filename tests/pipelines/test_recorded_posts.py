from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bson
import orjson
import pytest

from crawler.items import RawVideo
from pipelines.documents.mongo import to_mongo
from pipelines.documents.problems import find_problems
from pipelines.documents.public import metadata, timestamp
from pipelines.normalize import normalize_video
from tests.pipelines import reference
from tests.pipelines.hand_read import HAND_READ
from tests.pipelines.recorded import FOLDER, Recorded, read_posts

if TYPE_CHECKING:
    from pipelines.documents.video import Video

Json = dict[str, Any]

NOW = datetime(2026, 11, 1, tzinfo=UTC)
POSTS = read_posts() if FOLDER.is_dir() else []
FILES = sorted({post.file for post in POSTS})
FIELDS = sorted(reference.read(POSTS[0].layout, POSTS[0].item)) if POSTS else []

pytestmark = pytest.mark.skipif(not POSTS, reason=f"no recorded responses in {FOLDER}")


def normalized(post: Recorded) -> Video:
    return normalize_video(
        RawVideo(
            video_id=post.id, layout=post.layout, data=post.item, observed_at=NOW, spider="test"
        )
    )


def flat(video: Video) -> Json:
    author, statistics, music = video.author, video.statistics, video.music
    return {
        "id": video.id,
        "type": video.type,
        "title": video.title,
        "description": video.description,
        "user_id": author.id,
        "username": author.username,
        "sec_uid": author.sec_uid,
        "nickname": author.nickname,
        "verified": author.verified,
        "avatar": author.avatar,
        "followers": author.follower_count,
        "views": statistics.views,
        "likes": statistics.likes,
        "comments": statistics.comments,
        "shares": statistics.shares,
        "saves": statistics.saves,
        "exact": statistics.exact,
        "music_id": music.id,
        "music_title": music.title,
        "music_author": music.author,
        "music_duration": music.duration,
        "music_url": music.url,
        "hashtags": video.hashtags,
        "mentions": [mention.username for mention in video.mentions if mention.username],
        "duration": video.duration,
        "resolution": video.resolution,
        "thumbnail": video.thumbnail,
        "created_at": timestamp(video.created_at),
        "country": video.country,
        "region": video.region,
        "pictures": [image.url for image in video.images],
        "media": video.media.url if video.media else None,
        "gears": [rendition.gear for rendition in video.renditions],
        "subtitles": sorted(subtitle.language or "" for subtitle in video.subtitles),
        "labels": video.labels,
        "screen_texts": video.screen_texts,
        "playlist_id": video.playlist_id,
        "ad": video.ad,
    }


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("file", FILES)
def test_a_field_of_every_post_of_a_file_is_what_a_second_reading_finds(
    file: str, field: str
) -> None:
    posts = [post for post in POSTS if post.file == file]
    assert posts
    found = [(post.id, flat(normalized(post))[field]) for post in posts]
    assert found == [(post.id, reference.read(post.layout, post.item)[field]) for post in posts]


@pytest.mark.parametrize("video_id", HAND_READ)
def test_a_post_is_what_a_person_reads_in_its_file(video_id: str) -> None:
    post = next(post for post in POSTS if post.id == video_id)
    found = flat(normalized(post))
    assert {name: found[name] for name in HAND_READ[video_id]} == HAND_READ[video_id]


def test_every_recorded_post_may_be_stored_and_answered() -> None:
    for post in POSTS:
        video = normalized(post)
        assert find_problems(video) == []
        bson.encode(to_mongo(video))
        orjson.dumps(metadata(video, with_country=True))
