"""The posts of a sample, each with its rows of statistics."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from analysis.sample.creators import LAYOUT, SPIDER
from analysis.sample.growth import AGES, grow
from analysis.sample.words import EVERYWHERE, HOURS, TOPICS
from pipelines.absences import NOTES
from pipelines.documents.mongo import to_mongo, to_plain
from pipelines.documents.stored import StoredVideo
from pipelines.documents.video import Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from analysis.sample.creators import Cast, Creator
    from analysis.sample.plan import Plan
    from analysis.sample.sounds import Sounds
    from services.mongodb import Document

_DAY_S = 86_400
_SCRAMBLED = 2_654_435_761
"""Odd, so that the lower halves of ids are all different."""
_GONE = 0.03
_REASONS = ("video_deleted", "video_private", "user_not_found", "video_unavailable")
_PHOTO, _COPY, _DUET, _STITCH = 0.08, 0.025, 0.02, 0.015
_FOREIGN, _UNKNOWN_COUNTRY, _ODD_CASE, _RARE = 0.06, 0.05, 0.04, 0.3
_AHEAD = 4096
_REMEMBERED = 40
_SIZES = ((576, 1024), (720, 1280), (1080, 1920))
_PLACE = "https://p16-sign.tiktokcdn.example"
_HOURS = list(accumulate(HOURS))
_LENGTHS = (7, 9, 11, 13, 15, 15, 18, 22, 27, 31, 38, 45, 58, 60, 74, 92, 130, 180)
_BLANK = to_mongo(
    StoredVideo(
        id="",
        type="video",
        url="",
        created_at_source="page",
        layout=LAYOUT,
        spider=SPIDER,
        observed_at=datetime(2000, 1, 1, tzinfo=UTC),
    )
)
for _name in NOTES:
    del _BLANK[_name]  # which are there only when they say something


class Posts:
    """Makes posts in the order of the days on which they were made."""

    def __init__(self, plan: Plan, cast: Cast, sounds: Sounds) -> None:
        self._plan = plan
        self._cast = cast
        self._sounds = sounds
        self._rng = plan.drawing("posts")
        self._since_s = int(plan.since.timestamp())
        self._until_s = int(plan.until.timestamp())
        self._rare = _rare_hashtags(plan)
        self._known: list[Document] = []
        """Posts that others repeat and answer."""

    def __iter__(self) -> Iterator[tuple[Document, list[Document]]]:
        creators: list[Creator] = []
        hours: list[int] = []
        for number in range(self._plan.videos):
            if not creators:
                creators = self._cast.drawn(_AHEAD, self._rng)
                hours = self._rng.choices(range(24), cum_weights=_HOURS, k=_AHEAD)
            yield self._post(number, creators.pop(), hours.pop())

    def _post(self, number: int, creator: Creator, hour: int) -> tuple[Document, list[Document]]:
        rng = self._rng
        day = int(self._plan.days * number / self._plan.videos)
        clock = (hour - creator.country.offset) % 24
        made_s = self._since_s + day * _DAY_S + clock * 3600 + int(rng.random() * 3600)
        video_id = str((made_s << 32) | (number * _SCRAMBLED + self._plan.seed) & 0xFFFFFFFF)
        rows, gone = self._rows(video_id, made_s, creator, hour)
        seen_at = rows[-1]["observed_at"]
        statistics = {name: rows[-1][name] for name in _COUNTERS}
        post = {
            **_BLANK,
            "_id": video_id,
            "url": f"https://www.tiktok.com/@{creator.username}/video/{video_id}",
            "author": creator.author,
            "statistics": statistics,
            "created_at": _moment(made_s),
            "country": self._country(creator),
            "language": creator.country.language,
            "thumbnail": f"{_PLACE}/cover/{video_id}.jpeg",
            "observed_at": seen_at,
            "first_seen_at": rows[0]["observed_at"],
            "snapshot": {
                "statistics": statistics,
                "observed_at": seen_at,
                "commit": ObjectId(rng.randbytes(12)),
            },
            **gone,
        }
        self._fill(post, creator, day)
        return post, rows

    def _rows(
        self, video_id: str, made_s: int, creator: Creator, hour: int
    ) -> tuple[list[Document], Document]:
        """A row for each look at it that found other counters, and when it was gone."""
        rng, growth = self._rng, grow(creator, hour, self._rng)
        meta = {"video_id": video_id, "user_id": creator.id}
        end_s, gone = self._until_s, {}
        if rng.random() < _GONE:
            gone_s = made_s + int(_DAY_S * rng.uniform(1.5, 30))
            if gone_s < end_s:
                end_s = gone_s
                reason = rng.choices(_REASONS, (60, 25, 5, 10))[0]
                gone = {"gone_at": _moment(gone_s), "gone_reason": reason}
        rows: list[Document] = []
        views = -1
        for age in AGES[: self._plan.rows]:
            looked = age * (0.9 + 0.2 * rng.random())
            at_s = made_s + int(looked * _DAY_S)
            if at_s >= end_s and rows:
                break
            counters = growth.counters(looked, rng)
            if counters["views"] != views:
                views = counters["views"]
                rows.append({**counters, "observed_at": _moment(min(at_s, end_s)), "meta": meta})
        return rows, gone

    def _fill(self, post: Document, creator: Creator, day: int) -> None:
        """What the post shows: its own idea, or another's."""
        rng = self._rng
        drawn = rng.random()
        if drawn < _COPY and self._known:
            first = rng.choice(self._known)
            post.update({name: first[name] for name in _COPIED})
            return
        if drawn < _COPY + _DUET and self._known:
            post["duet_of"] = rng.choice(self._known)["_id"]
        elif drawn < _COPY + _DUET + _STITCH and self._known:
            post["stitch_of"] = rng.choice(self._known)["_id"]
        hashtags = self._hashtags(creator, day)
        caption = (
            f"{rng.choice(creator.country.openings)} {rng.choice(creator.topic.things)}"
            f" {rng.choice(_ENDINGS)}".rstrip()
        )
        post["title"] = caption
        post["description"] = f"{caption} {' '.join(f'#{tag}' for tag in hashtags)}".rstrip()
        post["hashtags"] = hashtags
        post["music"] = self._sounds.of(creator, day, rng)
        post["width"], post["height"] = rng.choice(_SIZES)
        if rng.random() < _PHOTO:
            post["type"] = "photo"
            post["images"] = _images(post["_id"], rng)
        else:
            post["duration"] = rng.choice(_LENGTHS)
        if post["statistics"]["views"] > 5000:
            if len(self._known) < _REMEMBERED:
                self._known.append(post)
            else:
                self._known[rng.randrange(_REMEMBERED)] = post

    def _hashtags(self, creator: Creator, day: int) -> list[str]:
        rng, topic = self._rng, creator.topic
        if rng.random() < 0.07:
            return []
        count = rng.choice((1, 2, 2, 3, 3, 4))
        ranked = sorted(range(len(topic.hashtags)), key=lambda place: place + 4 * rng.random())
        chosen = [topic.hashtags[place] for place in ranked[:count]]
        if rng.random() < _RARE:
            chosen.append(self._rare[topic.does][int(self._plan.rare_hashtags * rng.random() ** 3)])
        chosen += [tag for tag, share in EVERYWHERE if rng.random() < share]
        newness = day / self._plan.days - 0.67
        if newness > 0 and rng.random() < 1.5 * newness:
            chosen.append(topic.rising)
        if rng.random() < 0.06:
            other = rng.choice(TOPICS).hashtags[0]
            if other not in chosen:
                chosen.append(other)
        if rng.random() < _ODD_CASE:
            chosen[0] = chosen[0].title()
        return chosen

    def _country(self, creator: Creator) -> str | None:
        drawn = self._rng.random()
        if drawn < _UNKNOWN_COUNTRY:
            return None
        if drawn < _UNKNOWN_COUNTRY + _FOREIGN:
            return self._rng.choice(("ES", "IT", "PT", "TH", "AE"))
        return creator.country.code


_COUNTERS = ("views", "likes", "comments", "shares", "saves", "reposts", "exact")
_COPIED = (
    *("type", "title", "description", "hashtags", "music", "width", "height", "duration"),
    "images",
)
_ENDINGS = (
    *("", "✨", "(part 1)", "(part 2)", "at home", "in 30 seconds", "for beginners", "again"),
    *("| day 1", "| day 2", "| day 3", "!!", "😅", "today"),
)


_RARE_ENDINGS = (
    "tips",
    "athome",
    "daily",
    "life",
    "lovers",
    "2026",
    "ideas",
    "club",
    "time",
    "part2",
)


def _rare_hashtags(plan: Plan) -> dict[str, list[str]]:
    """Of each topic, the commonest first."""
    return {
        topic.does: [
            f"{topic.hashtags[place % 5]}{_RARE_ENDINGS[place // 5 % 10]}{place // 50 or ''}"
            for place in range(plan.rare_hashtags)
        ]
        for topic in TOPICS
    }


def _images(video_id: str, rng: Random) -> list[dict[str, Any]]:
    return [
        to_plain(Image(url=f"{_PLACE}/photo/{video_id}-{number}.jpeg", width=1080, height=1440))
        for number in range(rng.randrange(2, 7))
    ]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
