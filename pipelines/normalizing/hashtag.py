"""From a raw hashtag, in whichever layout, to its document; never raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.links import Target, TargetType, page_url
from pipelines.documents.hashtag import Hashtag, HashtagStatistics
from pipelines.normalizing.counters import count
from pipelines.normalizing.origin import origin_of
from pipelines.values import as_dict, first_url, to_bool, to_id, to_text

if TYPE_CHECKING:
    from crawler.items import RawHashtag

_COUNTERS = {"views": "viewCount", "videos": "videoCount"}
_NAMES = ("title", "cha_name", "challengeName")
_IDS = ("id", "cid", "challengeId")
_COVERS = ("coverLarger", "coverMedium", "coverThumb", "profileLarger", "profileThumb")
_OLDER_COVERS = ("coversLarger", "coversMedium", "covers", "hashtag_profile")


def normalize_hashtag(raw: RawHashtag) -> Hashtag:
    """The document of a raw hashtag; whatever it lacks or mangles is null."""
    info = as_dict(raw.data.get("challengeInfo")) or as_dict(raw.data.get("ch_info")) or raw.data
    challenge = as_dict(info.get("challenge")) or info
    name = _name(challenge)
    is_commerce = challenge.get("isCommerce", challenge.get("is_commerce"))
    return Hashtag(
        id=name.lower(),
        hashtag_id=next((found for key in _IDS if (found := to_id(challenge.get(key)))), None),
        name=name,
        description=to_text(challenge.get("desc")) or to_text(challenge.get("text")),
        url=page_url(Target(type=TargetType.HASHTAG, value=name)) if name else None,
        cover=first_url(*(_first(challenge.get(key)) for key in (*_COVERS, *_OLDER_COVERS))),
        commerce=to_bool(is_commerce),
        statistics=_statistics(info, challenge),
        **origin_of(raw),
    )


def _name(challenge: dict[str, Any]) -> str:
    named = (to_text(challenge.get(key)) for key in _NAMES)
    return next((name for one in named if one and (name := one.strip().lstrip("#＃"))), "")


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _statistics(info: dict[str, Any], challenge: dict[str, Any]) -> HashtagStatistics:
    """The counters; TikTok has given 0 posts for hashtags with billions of views."""
    holders = (info, challenge)
    exact, rounded = (
        next((held for one in holders if (held := as_dict(one.get(key)))), {})
        for key in ("statsV2", "stats")
    )
    if "view_count" in challenge:
        rounded = {"viewCount": challenge["view_count"]} | rounded
    statistics = HashtagStatistics()
    count(statistics, _COUNTERS, exact, rounded)
    if statistics.views and statistics.videos == 0:
        statistics.videos = None
    return statistics
