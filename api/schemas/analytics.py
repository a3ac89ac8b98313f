"""Histories of counters and rankings over days: what is asked, and how it is shown."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import Schema, fields, validate

from analysis.histories import Step
from analysis.rollups.tops import By
from api.analytics import MOST_DAYS, MOST_ROWS
from api.schemas.fields import Line, Moment, said, shown
from api.schemas.keys import Request
from api.schemas.quick import Word
from api.schemas.reads import Answered

_MOST = 1000
_ROWS = f"must be a number from 1 to {_MOST}"
_PLACES = "must be a number from 1 to 100"
_CURSOR = "must be one that an earlier page gave"
_STEP = f"must be one of {', '.join(Step)}"
_BY = f"must be one of {', '.join(By)}"
_WINDOW = f"must be a number of days such as 7d, at most {MOST_DAYS}d"
_NEXT = "What to ask for the next page with; null at the end."
_DAYS = re.compile(r"([1-9][0-9]?)d")


def _limit(most: int, message: str, default: int) -> fields.Integer:
    return fields.Integer(
        load_default=default,
        validate=validate.Range(1, most, error=message),
        error_messages={**said(message), "too_large": message},
        metadata={"description": "How many at most."},
    )


def _cursor() -> fields.String:
    return fields.String(
        load_default=None,
        error_messages=said(_CURSOR),
        metadata={"description": "`next_cursor` of the page before."},
    )


class Days(fields.String):
    """A number of days, such as ``7d``."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        found = _DAYS.fullmatch(value) if isinstance(value, str) else None
        if found is None or int(found[1]) > MOST_DAYS:
            raise self.make_error("invalid")
        return int(found[1])


class HistoryRequest(Request):
    """Which part of a history is asked for."""

    since = Moment("The first moment that counts.", data_key="from", load_default=None)
    until = Moment("The first moment that does not.", data_key="to", load_default=None)
    step = Word(
        Step,
        error_messages=said(_STEP),
        metadata={
            "description": "The last row of each such stretch (UTC, weeks from Monday); without it"
            " every row. Where nothing changed there is no row."
        },
    )
    limit = _limit(_MOST, _ROWS, 100)
    cursor = _cursor()


class TopRequest(Request):
    """Which days a ranking is over, and which posts count."""

    window = Days(
        load_default=None,
        error_messages=said(_WINDOW),
        metadata={
            "description": f"The last so many days up to `to`: `1d` to `{MOST_DAYS}d`; 7d if"
            " neither this nor `from` is there.",
            "pattern": "^[1-9][0-9]?d$",
        },
    )
    since = Moment(
        f"The first day, by UTC; at most {MOST_DAYS} days with `to`.",
        data_key="from",
        load_default=None,
    )
    until = Moment("The last day; today if it is not there.", data_key="to", load_default=None)
    country = Line(
        r"[A-Za-z]{2}",
        "must be a country's two letters, such as SE",
        "Posts uploaded in this country alone, ISO 3166-1 alpha-2; Pro and Business only.",
        load_default=None,
    )
    language = Line(
        r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}",
        "must be a language such as en",
        "Posts with captions in this language alone.",
        load_default=None,
    )
    limit = _limit(100, _PLACES, 30)
    cursor = _cursor()


class HashtagsRequest(TopRequest):
    """The same of hashtags."""

    by = Word(
        By,
        error_messages=said(_BY),
        metadata={
            "description": "What they are ranked by: the views (default) or likes that their posts"
            " gained, or posts made."
        },
    )


def _count(description: str) -> Any:
    return shown(fields.Integer, description, allow_none=True)


class VideoCounters(Schema):
    """A post's counters at one time."""

    observed_at = shown(fields.String, "When they were seen, ISO 8601 in UTC.")
    views = _count("How often it was played.")
    likes = _count("How many like it.")
    comments = _count("How many comments it has.")
    shares = _count("How often it was shared.")
    saves = _count("How often it was put among favourites.")
    reposts = _count("How often it was reposted.")
    exact = shown(fields.Boolean, "Whether all are exact; TikTok rounds some.", allow_none=True)


class UserCounters(Schema):
    """A user's counters at one time; null is what the response of that time did not tell."""

    observed_at = shown(fields.String, "When they were seen, ISO 8601 in UTC.")
    followers = _count("How many follow the account.")
    following = _count("How many accounts it follows.")
    likes = _count("How many likes all its posts have.")
    videos = _count("How many posts it has.")
    exact = shown(fields.Boolean, "Whether all are exact; TikTok rounds some.", allow_none=True)


class _History(Answered):
    step = shown(
        fields.String,
        "The step that was asked for.",
        allow_none=True,
        validate=validate.OneOf([*Step, None]),
    )
    next_cursor = shown(fields.String, _NEXT, allow_none=True)


class VideoHistoryAnswer(_History):
    """A post's counters over time, the oldest first."""

    video_id = shown(fields.String, "The post.")
    statistics = fields.List(fields.Nested(VideoCounters), required=True)


class UserHistoryAnswer(_History):
    """A user's counters over time, the oldest first."""

    username = shown(fields.String, "The handle that was asked for.")
    user_id = shown(fields.String, "The user.")
    statistics = fields.List(fields.Nested(UserCounters), required=True)


TopMeta = Schema.from_dict(
    {
        "from": shown(fields.String, "The first day that counts, by UTC."),
        "to": shown(fields.String, "The last one."),
        "reaches_at": shown(
            fields.String,
            "What was stored before is counted, ISO 8601 in UTC; null where nothing is yet.",
            allow_none=True,
        ),
    },
    name="TopMeta",
)


class _Top(Answered):
    next_cursor = shown(
        fields.String, f"{_NEXT} A ranking has {MOST_ROWS} places.", allow_none=True
    )
    meta = fields.Nested(TopMeta, required=True)


class _Place(Schema):
    rank = shown(fields.Integer, "Its place, from 1.")


class TopHashtag(_Place):
    """A hashtag and what its posts came to in the window."""

    hashtag = shown(fields.String, "In lower case, without #.")
    posts = shown(fields.Integer, "Stored posts that were made with it in the window.")
    views_gained = shown(fields.Integer, "Views that all stored posts with it gained.")
    likes_gained = shown(fields.Integer, "Likes that they gained.")


class RisingVideo(_Place):
    """A post and what it gained in the window."""

    video_id = shown(fields.String, "The post.")
    url = shown(fields.String, "Its address on TikTok.", allow_none=True)
    title = shown(fields.String, "First line of its caption.", allow_none=True)
    username = shown(fields.String, "Its author.", allow_none=True)
    music_id = shown(fields.String, "Its sound.", allow_none=True)
    created_at = shown(fields.String, "When it was made.", allow_none=True)
    views_gained = shown(fields.Integer, "Views that it gained.")
    likes_gained = shown(fields.Integer, "Likes that it gained.")
    comments_gained = shown(fields.Integer, "Comments that it gained.")
    shares_gained = shown(fields.Integer, "Shares that it gained.")
    saves_gained = shown(fields.Integer, "Favourites that it gained.")


class RisingSound(_Place):
    """A sound and how much more it was used than before."""

    music_id = shown(fields.String, "The sound.")
    title = shown(fields.String, "Its title.", allow_none=True)
    author = shown(fields.String, "Its author.", allow_none=True)
    url = shown(fields.String, "Its address on TikTok.")
    posts = shown(fields.Integer, "Stored posts that were made with it in the window.")
    posts_before = shown(fields.Integer, "Those made in as many days before.")
    rise = shown(fields.Integer, "How many more that is.")
    views_gained = shown(fields.Integer, "Views that all its posts gained in the window.")


class TopHashtagsAnswer(_Top):
    """The hashtags that lead, the first first."""

    hashtags = fields.List(fields.Nested(TopHashtag), required=True)


class RisingVideosAnswer(_Top):
    """The posts that gained most views, the first first."""

    videos = fields.List(fields.Nested(RisingVideo), required=True)


class RisingMusicAnswer(_Top):
    """The sounds whose use has risen most, the first first."""

    music = fields.List(fields.Nested(RisingSound), required=True)
