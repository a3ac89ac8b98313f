"""How a post's counters grow, and when they are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log1p
from typing import TYPE_CHECKING

from analysis.sample.creators import rounded
from analysis.sample.words import REACTIONS

if TYPE_CHECKING:
    from random import Random

    from analysis.sample.creators import Creator
    from services.mongodb import Document

AGES = (
    *(0.08, 0.4, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 20.0, 27.0, 40.0, 60.0, 90.0, 120.0),
    *(150.0, 180.0, 210.0, 240.0, 270.0, 300.0, 330.0, 360.0),
)
"""How many days after it was made a post is looked at: often at first, then each month."""
_SLEEPER, _HIT = 0.04, 0.012
_ROUNDED = 0.07
_MOST = 900_000_000


@dataclass(slots=True, kw_only=True)
class Growth:
    """A post's way to its views, and how its viewers react."""

    views: float
    pace: float
    """Days; a quick post has most of its views after one."""
    wakes: float | None
    """The day on which a post that nobody saw is found."""
    likes: float
    comments: float
    shares: float
    saves: float
    """Of a hundred percent of views."""

    def counters(self, age: float, rng: Random) -> Document:
        """The counters at an age in days; now and then as a list of TikTok's rounds them."""
        views = int(self.views * self._reached(age))
        counts = (
            views,
            int(views * self.likes),
            int(views * self.comments),
            int(views * self.shares),
            int(views * self.saves),
        )
        is_exact = True
        if views >= 10_000 and rng.random() < _ROUNDED:
            counts, is_exact = tuple(map(rounded, counts)), False  # type: ignore[assignment]
        return {
            "views": counts[0],
            "likes": counts[1],
            "comments": counts[2],
            "shares": counts[3],
            "saves": counts[4],
            "reposts": None,
            "exact": is_exact,
        }

    def _reached(self, age: float) -> float:
        tail = 0.015 * log1p(age)
        if self.wakes is None:
            return 1 - exp(-age / self.pace) + tail
        return 0.02 + 1 / (1 + exp((self.wakes - age) / self.pace)) + tail


def grow(creator: Creator, hour: int, rng: Random) -> Growth:
    """How a creator's new post will fare; ``hour`` is that of its viewers' clocks."""
    views = 40 + creator.followers**0.72 * rng.lognormvariate(0.9, 1.25)
    drawn = rng.random()
    if drawn < _HIT:
        views *= rng.uniform(15, 60)
    is_sleeper = _HIT <= drawn < _HIT + _SLEEPER
    likes = creator.topic.likes * creator.reaction * REACTIONS[hour] * rng.lognormvariate(0, 0.3)
    return Growth(
        views=min(views * (8 if is_sleeper else 1), _MOST),
        pace=rng.lognormvariate(0.4, 0.6),
        wakes=rng.uniform(6, 40) if is_sleeper else None,
        likes=min(likes, 0.5),
        comments=likes * 0.05 * rng.lognormvariate(0, 0.5),
        shares=likes * 0.09 * rng.lognormvariate(0, 0.7),
        saves=likes * 0.12 * rng.lognormvariate(0, 0.6),
    )
