"""Synthetic posts: any numeric id is a post, and everything about it follows from the id."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from tests.site.captions import Caption, draw_caption, hashtag_json
from tests.site.people import exact_counts, person, rounded, user_json, username_of
from tests.site.photos import image_post_json, no_video_json
from tests.site.renditions import video_json
from tests.site.songs import Song, draw_song, song_json

Json = dict[str, Any]

_FIRST_POST_AT = 1_472_706_000
_DAY_S = 24 * 3600
_COUNTRIES = ("US", "VN", "BR", "JP", "IQ", "DE", "KR", "ID", "MX", "FR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as the site knows it; the statistics are exact."""

    id: str
    username: str
    caption: Caption
    song: Song
    created_at: int
    duration_s: int
    views: int
    likes: int
    comments: int
    shares: int
    saves: int
    country: str
    is_photo: bool

    @property
    def path(self) -> str:
        """The canonical path."""
        return f"/@{self.username}/{'photo' if self.is_photo else 'video'}/{self.id}"


@lru_cache(maxsize=20_000)
def post(post_id: str) -> Post:
    """The post of that id; ids that end in 99 are photo posts."""
    rng = Random(int(post_id))
    username = username_of(rng)
    views = int(10 ** rng.uniform(2, 7.6))
    return Post(
        id=post_id,
        username=username,
        caption=draw_caption(rng),
        song=draw_song(rng, username=username),
        created_at=created_at(int(post_id)),
        duration_s=rng.randrange(5, 180),
        views=views,
        likes=int(views * rng.uniform(0.02, 0.2)),
        comments=int(views * rng.uniform(0.0005, 0.01)),
        shares=int(views * rng.uniform(0.0005, 0.02)),
        saves=int(views * rng.uniform(0.001, 0.03)),
        country=rng.choice(_COUNTRIES),
        is_photo=post_id.endswith("99"),
    )


def created_at(post_id: int) -> int:
    """Unix seconds in the id's upper half, or some time in 2021–2023 when they make no sense."""
    seconds = post_id >> 32
    if _FIRST_POST_AT <= seconds <= time.time() + _DAY_S:
        return seconds
    return 1_610_000_000 + post_id % 90_000_000


def item_json(one: Post, url: str) -> Json:
    """The post as the ``itemStruct`` of a desktop page."""
    who = person(one.username)
    text = one.caption.text
    spans = one.caption.text_extra
    exact = _statistics(one)
    item: Json = {
        "id": one.id,
        "desc": text,
        "createTime": str(one.created_at),
        "scheduleTime": 0,
        "video": no_video_json(one.id, url)
        if one.is_photo
        else video_json(one.id, url, duration_s=one.duration_s),
        "author": user_json(who, url),
        "music": song_json(one.song, url),
        "challenges": [hashtag_json(name) for name in one.caption.hashtags],
        "stats": {name: rounded(count) for name, count in exact.items()}
        | {"collectCount": str(rounded(one.saves))},
        "statsV2": {name: str(count) for name, count in exact.items()} | {"repostCount": "0"},
        "warnInfo": [],
        "originalItem": False,
        "officalItem": False,
        "textExtra": spans,
        "secret": False,
        "forFriend": False,
        "digged": False,
        "itemCommentStatus": 0,
        "takeDown": 0,
        "effectStickers": [],
        "privateItem": False,
        "duetEnabled": True,
        "stitchEnabled": True,
        "stickersOnItem": [],
        "isAd": False,
        "shareEnabled": True,
        "comments": [],
        "duetDisplay": 0,
        "stitchDisplay": 0,
        "indexEnabled": True,
        "diversificationLabels": ["Home & Garden", "Lifestyle"],
        "locationCreated": one.country,
        "suggestedWords": ["how to", "step by step", "part two"],
        "contents": [{"desc": text, "textExtra": spans}],
        "diversificationId": 10017,
        "collected": False,
        "channelTags": [],
        "item_control": {"can_repost": True},
        "IsAigc": False,
        "AIGCDescription": "",
        "backendSourceEventTracking": "",
        "CategoryType": 106,
        "textLanguage": "en",
        "textTranslatable": True,
        "isReviewing": False,
    }
    if one.is_photo:
        item["imagePost"] = image_post_json(one.id, url)
    if int(one.id) % 3 == 0:
        counts = exact_counts(who)
        item["authorStats"] = {name: rounded(count) for name, count in counts.items()}
        item["authorStatsV2"] = {name: str(count) for name, count in counts.items()}
    return item


def _statistics(one: Post) -> dict[str, int]:
    return {
        "diggCount": one.likes,
        "shareCount": one.shares,
        "commentCount": one.comments,
        "playCount": one.views,
        "collectCount": one.saves,
    }
