"""From a raw user, in whichever layout, to its document; never raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.links import Target, TargetType, page_url
from pipelines.documents.user import User, UserStatistics
from pipelines.layouts.people import Counts, to_user
from pipelines.normalizing.author import AVATARS
from pipelines.normalizing.counters import count, first_count
from pipelines.normalizing.origin import origin_of
from pipelines.values import as_dict, first_url, to_bool, to_id, to_text, to_time

if TYPE_CHECKING:
    from crawler.items import RawUser

_COUNTERS = {
    "followers": "followerCount",
    "following": "followingCount",
    "likes": "heartCount",
    "videos": "videoCount",
    "liked": "diggCount",
    "friends": "friendCount",
}


def normalize_user(raw: RawUser) -> User:
    """The document of a raw user; whatever it lacks or mangles is null."""
    data, counts = to_user(raw.data)
    username = username_of(data)
    user = User(
        id=to_id(data.get("id")) or "",
        sec_uid=to_id(data.get("secUid")),
        username=username,
        nickname=to_text(data.get("nickname")),
        signature=to_text(data.get("signature")),
        url=_url(username),
        link=to_text(as_dict(data.get("bioLink")).get("link")),
        avatar=first_url(*(data.get(name) for name in AVATARS)),
        region=to_text(data.get("region")),
        language=to_text(data.get("language")),
        created_at=to_time(data.get("createTime")),
        username_changed_at=to_time(data.get("uniqueIdModifyTime")),
        nickname_changed_at=to_time(data.get("nickNameModifyTime")),
        statistics=_statistics(counts),
        **origin_of(raw),
    )
    _add_marks(user, data)
    return user


def username_of(user: dict[str, Any]) -> str | None:
    """The handle in lower case: TikTok does not tell capitals from small letters."""
    username = to_text(user.get("uniqueId"))
    return username.lower() if username else None


def _url(username: str | None) -> str | None:
    return page_url(Target(type=TargetType.USER, value=username)) if username else None


def _statistics(counts: Counts) -> UserStatistics:
    exact, rounded = ({**one, "heartCount": _hearts(one)} for one in counts)
    statistics = UserStatistics()
    count(statistics, _COUNTERS, exact, rounded)
    return statistics


def _hearts(counters: dict[str, Any]) -> int | None:
    """Likes received: either name of them can overflow and show a negative number."""
    return first_count([counters], "heartCount", "heart")


def _add_marks(user: User, data: dict[str, Any]) -> None:
    commerce = as_dict(data.get("commerceUserInfo"))
    banned = to_bool(data.get("isEmbedBanned"))
    user.verified = to_bool(data.get("verified"))
    user.private = to_bool(data.get("privateAccount"))
    user.organization = to_bool(data.get("isOrganization"))
    user.seller = to_bool(data.get("ttSeller"))
    user.commerce = to_bool(commerce.get("commerceUser"))
    user.category = to_text(commerce.get("category"))
    user.embeddable = None if banned is None else not banned
    user.live_room_id = to_id(data.get("roomId"))
