"""What questions over windows have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.questions.question import Parameter

if TYPE_CHECKING:
    from analysis.questions.question import Place

_AMOUNT: Place = ("$dateSubtract", "amount")
_BEGIN: Place = ("$match", "$expr", "$gte", 1, *_AMOUNT)

POSTS_OF_WINDOW = (
    "It reads every post that was made in the window, with the counters that it has now: young"
    " posts have fewer views than they will have."
)


def days(*, stage: int = 0) -> Parameter:
    """How long the window is, which ends now."""
    return Parameter(
        name="days", meaning="How many days back the window begins.", places=((stage, *_BEGIN),)
    )


USER = "The user, in lower case without @."
AUTHOR = Parameter(name="username", meaning=USER, places=((0, "$match", "author.username"),))
DAYS_AND_BEFORE = Parameter(
    name="days",
    meaning="How many days are compared with as many days before them.",
    places=(
        (1, "$set", "is_new", "$gte", 1, *_AMOUNT),
        (0, *_BEGIN, "$multiply", 1),
    ),
)


def least(name: str, meaning: str, stage: int, *, operator: str = "$gte") -> Parameter:
    """From which value on a row is shown."""
    return Parameter(
        name=f"least_{name}", meaning=meaning, places=((stage, "$match", name, operator),)
    )
