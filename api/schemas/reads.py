"""Reads of users, hashtags, sounds, their posts, comments and searches."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.fields import Line, said, shown
from api.schemas.items import CommentItem, HashtagItem, MusicItem, UserItem, VideoItem
from api.schemas.keys import PageRequest, Request
from api.schemas.query import SecondsInQuery
from api.schemas.video import AGE_MUST_BE, OLDEST_S
from crawler.jobs.crawl import CrawlState
from crawler.jobs.lists import StopReason

_LIMIT = "must be a number from 1 to 100"
_QUERY = "must be 1 to 200 characters to search for"
_PARENT = "must be the id of a comment"
_AGE = (
    "Seconds: what was observed earlier is crawled anew. 0 is a new crawl, or one that is under"
    " way; without it the service decides."
)


class EntityRequest(Request):
    """How old what is asked for may be."""

    max_age = SecondsInQuery(
        maximum=OLDEST_S, error_messages=said(AGE_MUST_BE), metadata={"description": _AGE}
    )


class ListRequest(PageRequest):
    """Which part of a list is asked for, and how old its first page may be."""

    limit = fields.Integer(
        load_default=30,
        validate=validate.Range(1, 100, error=_LIMIT),
        error_messages={**said(_LIMIT), "too_large": _LIMIT},
        metadata={
            "description": "How many at most. When it takes a crawl, this many are crawled, and"
            " charged."
        },
    )
    max_age = SecondsInQuery(
        maximum=OLDEST_S,
        error_messages=said(AGE_MUST_BE),
        metadata={"description": f"{_AGE} Of no meaning with a cursor."},
    )


class CommentsRequest(ListRequest):
    """Which of a post's comments are asked for."""

    parent_id = Line(
        r"[0-9]{1,20}",
        _PARENT,
        "Id of the comment whose replies are asked for; without it the comments at the top.",
        load_default=None,
    )


class SearchRequest(ListRequest):
    """What is searched for."""

    q = Line(
        r"[^\x00-\x1f\x7f-\x9f]{1,200}",
        _QUERY,
        "The words to search for.",
        required=True,
        error_messages={"required": "is required"},
    )


class EntityMeta(Schema):
    """What is known of the answer itself."""

    observed_at = shown(fields.String, "When it was seen on TikTok, ISO 8601 in UTC.")


class ListMeta(Schema):
    """How fresh and how whole the stored list is; null where nobody has looked at all of it."""

    observed_at = shown(
        fields.String, "When the last look at the list ended, ISO 8601 in UTC.", allow_none=True
    )
    collected = shown(fields.Integer, "Items that this look found.", allow_none=True)
    reported_total = shown(
        fields.Integer, "How many TikTok says there are, where it says so.", allow_none=True
    )
    complete = shown(
        fields.Boolean,
        "Whether the list ended by itself with no fewer than reported; a limit gives false.",
        allow_none=True,
    )
    stop_reason = shown(
        fields.String,
        "Why the look ended.",
        allow_none=True,
        validate=validate.OneOf([*(reason.value for reason in StopReason), None]),
    )


class Answered(Schema):
    """What every read's answer has."""

    success = fields.Constant(True, metadata={"type": "boolean"}, required=True)
    cached = shown(fields.Boolean, "Whether no crawl was needed for this answer.")
    requests_remaining = shown(fields.Integer, "What is left of the month.")
    process_time_ms = shown(fields.Integer, "Milliseconds from request to answer.")


class UserAnswer(Answered):
    """A user."""

    user = fields.Nested(UserItem, required=True)
    meta = fields.Nested(EntityMeta, required=True)


class HashtagAnswer(Answered):
    """A hashtag."""

    hashtag = fields.Nested(HashtagItem, required=True)
    meta = fields.Nested(EntityMeta, required=True)


class MusicAnswer(Answered):
    """A sound."""

    music = fields.Nested(MusicItem, required=True)
    meta = fields.Nested(EntityMeta, required=True)


class _Page(Answered):
    next_cursor = shown(
        fields.String,
        "What to ask for the next page with; null where what is stored ends.",
        allow_none=True,
    )
    meta = fields.Nested(ListMeta, required=True)


class VideosAnswer(_Page):
    """Posts, newest first."""

    videos = fields.List(fields.Nested(VideoItem), required=True)


class CommentsAnswer(_Page):
    """Comments, newest first."""

    comments = fields.List(fields.Nested(CommentItem), required=True)


class Result(Schema):
    """One thing that a search found."""

    kind = shown(
        fields.String,
        "Whether it is a post or a user, and the name of the field that holds it.",
        validate=validate.OneOf(("video", "user")),
    )
    video = fields.Nested(VideoItem)
    user = fields.Nested(UserItem)


class ResultsAnswer(_Page):
    """What a search found, in TikTok's order."""

    results = fields.List(fields.Nested(Result), required=True)


class StartedCrawl(Schema):
    """A crawl that goes on."""

    id = shown(fields.String, "Its id.")
    state = shown(
        fields.String,
        "How far it is.",
        validate=validate.OneOf([state.value for state in CrawlState]),
    )
    url = shown(fields.Url, "Where it can be watched; also in `Location`.")


class AcceptedAnswer(Answered):
    """The list is being crawled; the same request is answered from that."""

    crawl = fields.Nested(StartedCrawl, required=True)
    retry_after = shown(fields.Integer, "Seconds after which to ask again.")
