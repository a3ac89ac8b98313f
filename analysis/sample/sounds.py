"""The sounds of a sample: a few that everybody uses, some that take off, each user's own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from analysis.sample.creators import LAYOUT, SPIDER
from analysis.sample.words import SOUND_AUTHORS, SOUND_TITLES
from pipelines.documents.mongo import to_mongo, to_plain
from pipelines.documents.music import Music, MusicStatistics
from pipelines.documents.video import Music as MusicOfPost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from analysis.sample.creators import Creator
    from analysis.sample.plan import Plan
    from services.mongodb import Document

_FIRST_ID = 7_000_000_000_000_000_000
_TAKEN_OFF_FOR_DAYS, _KNOWN_AFTER_DAYS = 24, 8
_EACH_DAYS = 9
"""Every so many days another sound takes off."""
_OWN, _HOT, _NONE = 0.4, 0.2, 0.02
"""Which of all posts use their author's own sound, one that takes off, one that was removed."""
_AHEAD = 4096
_PLACE = "https://p16-sign.tiktokcdn.example"


@dataclass(slots=True, kw_only=True)
class Rise:
    """When a sound takes off."""

    music: Document
    day: float


class Sounds:
    """What posts are set to."""

    def __init__(self, plan: Plan, creators: list[Creator]) -> None:
        self._plan = plan
        rng = plan.drawing("sounds")
        self._common = [_sound(number, rng) for number in range(plan.sounds)]
        self._cumulated = list(accumulate(1 / (place + 2) for place in range(plan.sounds)))
        self._own = {one.own_sound: _own_sound(one) for one in creators}
        self._rises = [
            Rise(music=_sound(plan.sounds + number, rng), day=day + rng.uniform(0, 5))
            for number, day in enumerate(range(-_TAKEN_OFF_FOR_DAYS, plan.days, _EACH_DAYS))
        ]
        self._rising: dict[int, list[Rise]] = {}
        self._ahead: list[Document] = []

    def of(self, creator: Creator, day: int, rng: Random) -> Document:
        """The sound of a post that is made on a day of the sample."""
        drawn = rng.random()
        if drawn < _NONE:
            return _REMOVED
        if drawn < _NONE + _OWN:
            return self._own[creator.own_sound]
        if drawn < _NONE + _OWN + _HOT and (hot := self._hot(day, rng)) is not None:
            return hot
        if not self._ahead:
            self._ahead = rng.choices(self._common, cum_weights=self._cumulated, k=_AHEAD)
        return self._ahead.pop()

    def documents(self) -> Iterator[Document]:
        """The document of each."""
        rng = self._plan.drawing("music")
        rising = [rise.music for rise in self._rises]
        for music in (*self._common, *rising, *self._own.values()):
            yield _document(self._plan, music, rng)

    def _hot(self, day: int, rng: Random) -> Document | None:
        """One of those that take off, the likelier the longer it has been known."""
        if day not in self._rising:
            self._rising[day] = [
                rise for rise in self._rises if 0 <= day - rise.day < _TAKEN_OFF_FOR_DAYS
            ]
        rise = rng.choice(self._rising[day])
        return rise.music if rng.random() < (day - rise.day) / _KNOWN_AFTER_DAYS else None


_REMOVED = to_plain(MusicOfPost(title="Sound removed"))


def _sound(number: int, rng: Random) -> Document:
    title = SOUND_TITLES[number % len(SOUND_TITLES)]
    turn = number // len(SOUND_TITLES)
    author = rng.choice(SOUND_AUTHORS)
    music_id = str(_FIRST_ID + rng.getrandbits(57))
    return to_plain(
        MusicOfPost(
            id=music_id,
            title=f"{title} {turn + 1}" if turn else title,
            author=author,
            artists=[author],
            duration=rng.choice((15, 20, 30, 45, 60)),
            original=False,
            copyrighted=rng.random() < 0.3,
            commerce=rng.random() < 0.2,
            private=False,
            cover=f"{_PLACE}/music/{music_id}.jpeg",
        )
    )


def _own_sound(creator: Creator) -> Document:
    return to_plain(
        MusicOfPost(
            id=creator.own_sound,
            title=f"original sound - {creator.author['nickname']}",
            author=creator.author["nickname"],
            artists=[creator.author["nickname"]],
            duration=30,
            original=True,
            copyrighted=False,
            commerce=False,
            private=False,
            cover=creator.author["avatar"],
        )
    )


def _document(plan: Plan, music: dict[str, Any], rng: Random) -> Document:
    return to_mongo(
        Music(
            **music,
            page_url=f"https://www.tiktok.com/music/-{music['id']}",
            statistics=MusicStatistics(videos=int(20 * rng.paretovariate(0.6)) % 40_000_000),
            layout=LAYOUT,
            spider=SPIDER,
            observed_at=plan.until,
            first_seen_at=plan.since,
        )
    )
