"""A simulated day: when jobs come, how long they wait, and which part holds them up.

Each minute so many jobs come; each part then takes on what it can, in order, and the rest waits
before it. Nothing is random, so the same day is always the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MINUTES = 1440
ON_THE_HOUR = 0.25
"""The share of jobs that schedules ask for at each full hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What became of a day's jobs."""

    done: float
    left: float
    """Jobs that were still waiting at midnight."""
    longest_wait_min: float
    """How long the last job of the longest queue waits, in minutes."""
    busy: dict[str, float] = field(default_factory=dict)
    """The share of its capacity that each part used."""
    held_up_by: str | None = None
    """The part before which most jobs waited at one time; None when none ever did."""


def demand(posts_a_day: int) -> list[float]:
    """Jobs that come in each minute: a wave with its top in the evening, and each hour a burst."""
    wave = [1 - 0.4 * cos(2 * pi * (minute / MINUTES - 20 / 24 + 0.5)) for minute in range(MINUTES)]
    steady = (1 - ON_THE_HOUR) * posts_a_day / sum(wave)
    jobs = [steady * height for height in wave]
    for hour in range(24):
        jobs[hour * 60] += ON_THE_HOUR * posts_a_day / 24
    return jobs


def simulate(jobs: Sequence[float], parts: Mapping[str, float]) -> Day:
    """Send each minute's jobs through ``parts``, which take so many pages a second, in order."""
    waiting = dict.fromkeys(parts, 0.0)
    most = dict.fromkeys(parts, 0.0)
    taken = dict.fromkeys(parts, 0.0)
    done = longest = 0.0
    for coming in jobs:
        passing = coming
        for part, rate in parts.items():
            waiting[part] += passing
            passing = min(waiting[part], rate * 60)
            waiting[part] -= passing
            taken[part] += passing
            most[part] = max(most[part], waiting[part])
            longest = max(longest, waiting[part] / (rate * 60))
        done += passing
    return Day(
        done=done,
        left=sum(waiting.values()),
        longest_wait_min=longest,
        busy={part: taken[part] / (rate * 60 * len(jobs)) for part, rate in parts.items()},
        held_up_by=max(most, key=lambda part: most[part]) if any(most.values()) else None,
    )
