"""How large a sample is, and how its numbers are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a sample is to be; everything in it follows from this."""

    until: datetime
    """Its last moment; nothing is seen later."""
    videos: int = 2_000
    days: int = 90
    """How many days before ``until`` its first post was made."""
    rows: int = 12
    """How often a post is seen at most; about as many rows of statistics it gets."""
    comments: float = 2.0
    """How many comments a post has stored, on average."""
    seed: int = 1

    @property
    def since(self) -> datetime:
        """When the first post was made."""
        return self.until - timedelta(days=self.days)

    @property
    def users(self) -> int:
        """How many users make the posts."""
        return min(10_000, max(24, self.videos // 30))

    @property
    def sounds(self) -> int:
        """How many sounds they choose from, beside their own."""
        return min(20_000, max(40, self.videos // 25))

    @property
    def rare_hashtags(self) -> int:
        """How many hashtags a topic has beside those that all know."""
        return min(400, max(8, self.videos // 250))

    def drawing(self, what: str) -> Random:
        """The numbers of one part; another part's draws do not change them."""
        return Random(f"{self.seed}:{what}")  # noqa: S311 - the same each time, on purpose


def today() -> datetime:
    """The beginning of this day (UTC)."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
