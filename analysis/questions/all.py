"""All questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.questions import authors, contents, growth, hashtags, sounds, times
from services.errors import ServiceError

if TYPE_CHECKING:
    from analysis.questions.question import Question

QUESTIONS: tuple[Question, ...] = (
    hashtags.ENGAGEMENT,
    hashtags.RISING,
    hashtags.TOGETHER,
    hashtags.PAIRS,
    hashtags.COUNTRIES,
    times.HOURS,
    times.CADENCE,
    growth.POST,
    growth.CURVE,
    growth.RISERS,
    growth.ACCOUNTS,
    growth.FOLLOWERS,
    sounds.TAKING_OFF,
    authors.MIX,
    authors.SHARES,
    authors.POSTS,
    authors.SIZES,
    contents.LENGTHS,
    contents.DUPLICATES,
    contents.ANSWERED,
    contents.GONE,
    contents.REASONS,
)


def question(name: str) -> Question:
    """The question of a name.

    Raises:
        ServiceError: there is none.
    """
    for one in QUESTIONS:
        if one.name == name:
            return one
    raise ServiceError(f"there is no question {name!r}: `manage.py ask` lists them")
