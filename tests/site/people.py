"""Synthetic users: everything about one follows from the username alone."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any
from zlib import crc32

Json = dict[str, Any]

_GIVEN = (
    "mara", "tobi", "lin", "sahar", "noor", "pim", "yuki", "dario",
    "elif", "kofi", "ines", "juno", "rafa", "wanda", "zoe", "omar",
)  # fmt: skip
_FAMILY = (
    "bakes", "paints", "runs", "cooks", "plays", "builds", "sings", "travels",
    "knits", "dances", "codes", "grows", "reads", "skates", "fixes", "films",
)  # fmt: skip
_NICKNAMES = ("{} ✨", "{} | daily", "🥘 {}", "{} さん", "{} الرسمي", "Studio {}", "{}\r", "{}")
_LARGEST_USER_ID = 7_500_000_000_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user as the site knows them; the counts are exact."""

    username: str
    user_id: str
    sec_uid: str
    nickname: str
    verified: bool
    joined_at: int
    follower_count: int
    following_count: int
    likes_received: int
    likes_given: int
    video_count: int


def username_of(rng: Random) -> str:
    """Draw one of some thirteen thousand usernames."""
    return f"{rng.choice(_GIVEN)}.{rng.choice(_FAMILY)}{rng.randrange(50):02d}"


@lru_cache(maxsize=20_000)
def person(username: str) -> Person:
    """The user of that name; the same for ever."""
    rng = Random(crc32(username.encode()))
    followers = int(10 ** rng.uniform(1.5, 7))
    videos = rng.randrange(1, 1500)
    return Person(
        username=username,
        user_id=str(rng.randrange(100_000, _LARGEST_USER_ID)),
        sec_uid="MS4wLjABAAAA" + urlsafe_b64encode(rng.randbytes(48)).decode(),
        nickname=rng.choice(_NICKNAMES).format(username.partition(".")[0].title()),
        verified=followers > 2_000_000,
        joined_at=rng.randrange(1_480_000_000, 1_600_000_000),
        follower_count=followers,
        following_count=rng.randrange(2_000),
        likes_received=followers * rng.randrange(1, 40),
        likes_given=rng.randrange(50_000),
        video_count=videos,
    )


def user_json(who: Person, url: str) -> Json:
    """The user object that pages hold, as ``author`` of a post too."""
    avatar = f"{url}/media/avatar/{who.user_id}"
    return {
        "id": who.user_id,
        "shortId": "",
        "uniqueId": who.username,
        "nickname": who.nickname,
        "avatarLarger": f"{avatar}/1080x1080.jpeg",
        "avatarMedium": f"{avatar}/720x720.jpeg",
        "avatarThumb": f"{avatar}/100x100.jpeg",
        "signature": f"Hi, it's {who.nickname}\nnew posts on Sundays 🌞",
        "createTime": who.joined_at,
        "verified": who.verified,
        "secUid": who.sec_uid,
        "ftc": False,
        "relation": 0,
        "openFavorite": False,
        "commentSetting": 0,
        "duetSetting": 0,
        "stitchSetting": 0,
        "privateAccount": False,
        "secret": False,
        "isADVirtual": False,
        "roomId": "",
        "uniqueIdModifyTime": 0,
        "ttSeller": False,
        "downloadSetting": 0,
        "recommendReason": "",
        "nickNameModifyTime": 0,
        "isEmbedBanned": False,
        "canExpPlaylist": False,
        "suggestAccountBind": False,
        "UserStoryStatus": 0,
    }


def exact_counts(who: Person) -> dict[str, int]:
    """The user's counters under TikTok's names."""
    return {
        "followerCount": who.follower_count,
        "followingCount": who.following_count,
        "heart": who.likes_received,
        "heartCount": who.likes_received,
        "videoCount": who.video_count,
        "diggCount": who.likes_given,
        "friendCount": 0,
    }


def rounded(count: int) -> int:
    """A count as TikTok shows it: to the hundred from 10,000 on, to 100,000 from a million on."""
    if count >= 1_000_000:
        return count // 100_000 * 100_000
    return count if count < 10_000 else count // 100 * 100
