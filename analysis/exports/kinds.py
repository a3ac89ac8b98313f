"""What can be exported, and by what each kind can be narrowed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from analysis.views.flat import OF_USER, OF_VIDEO, WORDS
from pipelines.collections import (
    COMMENTS,
    DOCUMENTS,
    HASHTAGS,
    MUSIC,
    ROWS,
    STATISTICS,
    USER_STATISTICS,
    USERS,
    VIDEOS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Subject(StrEnum):
    """What can be exported."""

    VIDEOS = "videos"
    USERS = "users"
    HASHTAGS = "hashtags"
    MUSIC = "music"
    COMMENTS = "comments"
    STATISTICS = "statistics"
    """Of posts."""
    USER_STATISTICS = "user-statistics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Where something is stored, and by what it is found there."""

    collection: str
    time: str
    """The time that ``since`` and ``until`` are about."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """The field that each other filter compares."""
    usual: tuple[str, ...] = ("all",)
    """Which fields are exported unless others are named."""
    key: str = "_id"
    """Of a time series: the id of whose rows they are."""
    owners: Subject | None = None
    """Of a time series: whose rows they are. Its filters are theirs."""

    @property
    def document(self) -> Any:
        """The dataclass of what is stored."""
        return (DOCUMENTS | ROWS)[self.collection]


def _names(view: Mapping[str, str]) -> tuple[str, ...]:
    """The fields that a flat view shows."""
    return tuple("id" if path == "_id" else path for path in view.values())


KINDS: Mapping[Subject, Kind] = {
    Subject.VIDEOS: Kind(
        collection=VIDEOS,
        time="created_at",
        usual=(*_names(OF_VIDEO), *WORDS),
        filters={"hashtag": "hashtags", "user": "author.username", "country": "country"},
    ),
    Subject.USERS: Kind(
        collection=USERS,
        time="observed_at",
        usual=_names(OF_USER),
        filters={"user": "username", "country": "region"},
    ),
    Subject.HASHTAGS: Kind(collection=HASHTAGS, time="observed_at", filters={"hashtag": "_id"}),
    Subject.MUSIC: Kind(collection=MUSIC, time="observed_at", filters={"user": "author_username"}),
    Subject.COMMENTS: Kind(
        collection=COMMENTS, time="created_at", filters={"user": "author.username"}
    ),
    Subject.STATISTICS: Kind(
        collection=STATISTICS, time="observed_at", key="meta.video_id", owners=Subject.VIDEOS
    ),
    Subject.USER_STATISTICS: Kind(
        collection=USER_STATISTICS, time="observed_at", key="meta.user_id", owners=Subject.USERS
    ),
}
