"""The users of a sample: a few large accounts and many small ones, with their history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from math import exp
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from analysis.sample.words import COUNTRIES, GIVEN, TOPICS
from pipelines.documents.mongo import to_mongo, to_plain
from pipelines.documents.stored import (
    StoredUser,
    UserMeta,
    UserRow,
    UserSnapshot,
)
from pipelines.documents.user import UserStatistics
from pipelines.documents.video import Author

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from analysis.sample.plan import Plan
    from analysis.sample.words import Country, Topic
    from services.mongodb import Document

SPIDER = "sample"
"""The spider that all documents of a sample name."""
LAYOUT = "desktop"
_FIRST_ID = 6_800_000_000_000_000_000
_LARGEST = 90_000_000
_OBSERVATIONS = 30
_VERIFIED_FROM = 1_500_000
_PLACE = "https://p16-sign.tiktokcdn.example"


@dataclass(slots=True, kw_only=True, eq=False)
class Creator:
    """A user who makes posts."""

    id: str
    username: str
    topic: Topic
    country: Country
    followers: int
    diligence: float
    """How many posts they make, beside others."""
    reaction: float
    """How ready their viewers are to react, beside others'."""
    author: Document
    """The user as each of their posts shows them."""
    own_sound: str
    """The id of the sound that they record themselves."""


class Cast:
    """All creators, drawn once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        rng = plan.drawing("creators")
        shares = list(accumulate(country.share for country in COUNTRIES))
        countries = rng.choices(COUNTRIES, cum_weights=shares, k=plan.users)
        self.creators = [
            _creator(plan, number, country, rng) for number, country in enumerate(countries)
        ]
        self._cumulated = list(accumulate(one.diligence for one in self.creators))

    def drawn(self, count: int, rng: Random) -> list[Creator]:
        """So many creators, the diligent ones often."""
        return rng.choices(self.creators, cum_weights=self._cumulated, k=count)

    def users(self) -> Iterator[tuple[Document, list[Document]]]:
        """The document of each and their rows of statistics, oldest first."""
        rng = self._plan.drawing("users")
        for one in self.creators:
            rows = _rows(self._plan, one, rng)
            yield _document(self._plan, one, rows, rng), rows


def _creator(plan: Plan, number: int, country: Country, rng: Random) -> Creator:
    topic = TOPICS[number % len(TOPICS)]
    turn = number // len(TOPICS)
    username = f"{GIVEN[turn % len(GIVEN)]}.{topic.does}{turn // len(GIVEN):02d}"
    followers = min(_LARGEST, int(900 * rng.paretovariate(0.5)))
    user_id = str(_FIRST_ID + rng.getrandbits(56))
    author = Author(
        id=user_id,
        sec_uid=f"MS4wLjABAAAA{rng.randbytes(24).hex()}",
        username=username,
        nickname=f"{username.partition('.')[0].title()} {topic.does}",
        signature=f"{topic.hashtags[0]} · {topic.things[0]}",
        verified=followers >= _VERIFIED_FROM,
        private=False,
        avatar=f"{_PLACE}/avatar/{user_id}.jpeg",
        created_at=plan.since - timedelta(days=rng.randrange(100, 2000)),
        follower_count=followers,
        following_count=int(rng.lognormvariate(5, 1)),
        heart_count=int(followers * rng.uniform(3, 40)),
        video_count=rng.randrange(40, 900),
    )
    return Creator(
        id=user_id,
        username=username,
        topic=topic,
        country=country,
        followers=followers,
        diligence=min(6.0, rng.paretovariate(1.1)),
        reaction=rng.lognormvariate(0, 0.25),
        author=to_plain(author),
        own_sound=str(_FIRST_ID + rng.getrandbits(56)),
    )


def _rows(plan: Plan, one: Creator, rng: Random) -> list[Document]:
    """How the account's counters stood, each time that it was looked at."""
    step = max(1, plan.days // _OBSERVATIONS)
    gained = rng.betavariate(1.2, 9) if rng.random() > 0.04 else rng.uniform(0.5, 0.9)
    turn, width = rng.uniform(0.1, 0.95), rng.uniform(0.04, 0.4)
    after, before = (1 / (1 + exp(-(moment - turn) / width)) for moment in (1.0, 0.0))
    meta = UserMeta(user_id=one.id)
    rows: list[Document] = []
    last: UserStatistics | None = None
    for day in range(0, plan.days, step):
        at = plan.since + timedelta(days=day, hours=rng.randrange(24), minutes=rng.randrange(60))
        share = day / max(1, plan.days - step)
        risen = (1 / (1 + exp(-(share - turn) / width)) - before) / (after - before)
        statistics = _statistics(one, 1 - gained * (1 - risen), rng)
        if statistics != last:
            row = UserRow(observed_at=at, meta=meta, **to_plain(statistics))
            rows.append(to_plain(row))
        last = statistics
    return rows


def _statistics(one: Creator, reached: float, rng: Random) -> UserStatistics:
    """The counters when a share of today's is reached; now and then as a list rounds them."""
    is_exact = rng.random() > 0.06
    followers = int(one.followers * reached)
    likes = int(one.author["heart_count"] * reached)
    return UserStatistics(
        followers=followers if is_exact else rounded(followers),
        following=one.author["following_count"],
        likes=likes if is_exact else rounded(likes),
        videos=int(one.author["video_count"] * (0.7 + 0.3 * reached)),
        exact=is_exact or (followers == rounded(followers) and likes == rounded(likes)),
    )


def _document(plan: Plan, one: Creator, rows: list[Document], rng: Random) -> Document:
    last = rows[-1]
    counters = {name: last[name] for name in to_plain(UserStatistics())}
    seen_at = last["observed_at"]
    statistics = UserStatistics(**counters)
    author: dict[str, Any] = one.author
    shared = ("sec_uid", "username", "nickname", "signature", "verified", "private", "avatar")
    return to_mongo(
        StoredUser(
            id=one.id,
            **{name: author[name] for name in shared},
            url=f"https://www.tiktok.com/@{one.username}",
            organization=False,
            seller=rng.random() < 0.08,
            commerce=rng.random() < 0.15,
            language=one.country.language,
            created_at=author["created_at"],
            statistics=statistics,
            layout=LAYOUT,
            spider=SPIDER,
            observed_at=seen_at,
            first_seen_at=rows[0]["observed_at"],
            snapshot=UserSnapshot(
                statistics=statistics, observed_at=seen_at, commit=ObjectId(rng.randbytes(12))
            ),
        )
    )


def rounded(count: int) -> int:
    """A counter as TikTok rounds it: three digits from ten thousand on."""
    return count if count < 10_000 else round(count, 3 - len(str(count)))
