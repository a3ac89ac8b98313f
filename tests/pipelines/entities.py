"""Users and hashtags on their way through the last stages, as seen at some moment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.items import Layout, RawHashtag, RawUser
from crawler.jobs.records import Job, Lane
from crawler.links import Target, TargetType
from pipelines.documents.hashtag import Hashtag, HashtagStatistics
from pipelines.documents.user import User, UserStatistics
from pipelines.entities import Entity
from pipelines.normalize import normalize_entity
from tests.pipelines.cases import read_entity
from tests.pipelines.posts import START

if TYPE_CHECKING:
    from datetime import datetime

USER_ID = "6801000000000000101"
AGAIN = Job(
    target=Target(type=TargetType.USER_HEADER, value="ada.bakes"), lane=Lane.DEMAND, tries=1
)


def an_entity(case: str) -> Entity:
    """The entity of a recorded case."""
    raw = read_entity(case).raw
    return Entity(raw=raw, document=normalize_entity(raw))


def a_user(
    user_id: str = USER_ID,
    *,
    followers: int | None = 100,
    following: int | None = 5,
    minute: int = 0,
    nickname: str | None = "Ada",
    job: Job | None = None,
) -> Entity:
    """A user with these counters, seen ``minute`` minutes after the start."""
    observed_at = _at(minute)
    raw = RawUser(
        layout=Layout.DESKTOP, data={"id": user_id}, observed_at=observed_at, spider="jobs", job=job
    )
    document = User(
        id=user_id,
        username="ada.bakes",
        nickname=nickname,
        statistics=UserStatistics(followers=followers, following=following),
        observed_at=observed_at,
    )
    return Entity(raw=raw, document=document)


def a_hashtag(*, views: int | None = 100, minute: int = 0) -> Entity:
    """A hashtag with ``views``."""
    observed_at = _at(minute)
    raw = RawHashtag(
        layout=Layout.DESKTOP, data={"title": "bread"}, observed_at=observed_at, spider="jobs"
    )
    statistics = HashtagStatistics(views=views)
    document = Hashtag(id="bread", name="bread", statistics=statistics, observed_at=observed_at)
    return Entity(raw=raw, document=document)


def _at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)
