"""The extraction of a video: its request and its answer."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from api.schemas.media import Media
from api.schemas.quick import Flag, QuickSchema, Seconds, Word
from crawler.links import EXPECTED_FORM
from pipelines.documents.nulls import NullReason
from pipelines.media import Codec, Quality

OLDEST_S = 30 * 24 * 3600
"""The largest ``max_age``."""
AGE_MUST_BE = f"must be a whole number of seconds from 0 to {OLDEST_S}"
AGE_DESCRIPTION = (
    "Seconds: an older answer is crawled anew. 0 is a new crawl, or one that is under way; without"
    " it the service decides. More than the service's own time takes an older post from the store,"
    " while its file still plays."
)
MEDIA_DESCRIPTION = (
    "Whether the answer has `media`: links of this service to the music, the pictures and the"
    " subtitles too."
)
QUALITY_MUST_BE = "must be 'best', 'smallest' or 'default'"
QUALITY_DESCRIPTION = (
    "Which file of the video: `best` has the largest picture, `smallest` the fewest bytes. The"
    " default plays everywhere."
)
CODEC_MUST_BE = "must be 'h264', 'h265' or 'any'"
CODEC_DESCRIPTION = (
    "The codec of the file. A video that has none of that codec is linked in the one it has;"
    " `media.video.codec` tells."
)

_flag_errors: dict[str, Any] = {"invalid": "must be true or false", "null": "must be true or false"}


class ExtractRequest(QuickSchema):
    """What a caller asks for; keys that are not known are ignored."""

    class Meta:
        """Newer clients may send more than this version knows."""

        unknown = EXCLUDE

    url = fields.String(
        required=True,
        error_messages={
            "required": "is required",
            "null": "must be a string",
            "invalid": "must be a string",
        },
        metadata={
            "description": "A link to a TikTok video: canonical, short, mobile, embed or share"
            " form, with or without query parameters, or a share text around one.",
            "example": EXPECTED_FORM.replace("username", "someone").replace(
                "video/id", "video/7106594312292453675"
            ),
        },
    )
    extract_metadata = Flag(
        load_default=True,
        error_messages=_flag_errors,
        metadata={"description": "Whether the answer has `metadata`."},
    )
    extract_country = Flag(
        load_default=False,
        error_messages=_flag_errors,
        metadata={
            "description": "Whether `country` and `region` are filled in; Pro and Business only."
        },
    )
    max_age = Seconds(
        maximum=OLDEST_S,
        error_messages={"invalid": AGE_MUST_BE},
        metadata={"description": AGE_DESCRIPTION},
    )
    extract_media = Flag(
        load_default=False,
        error_messages=_flag_errors,
        metadata={"description": MEDIA_DESCRIPTION},
    )
    quality = Word(
        Quality,
        error_messages={"invalid": QUALITY_MUST_BE},
        metadata={"description": QUALITY_DESCRIPTION},
    )
    codec = Word(
        Codec,
        error_messages={"invalid": CODEC_MUST_BE},
        metadata={"description": CODEC_DESCRIPTION},
    )


def _nullable(kind: type[fields.Field[Any]], description: str) -> Any:
    return kind(allow_none=True, metadata={"description": description})


class Author(Schema):
    """Who posted the video."""

    username = _nullable(fields.String, "The name in the profile's address.")
    nickname = _nullable(fields.String, "The name that is shown.")
    verified = _nullable(fields.Boolean, "Whether TikTok verified the account.")
    follower_count = _nullable(fields.Integer, "Followers of the account.")
    avatar = _nullable(fields.Url, "Address of the profile picture.")


class Statistics(Schema):
    """Counters of the video when it was observed."""

    views = _nullable(fields.Integer, "Times played.")
    likes = _nullable(fields.Integer, "Likes.")
    comments = _nullable(fields.Integer, "Comments.")
    shares = _nullable(fields.Integer, "Shares.")
    saves = _nullable(fields.Integer, "Times saved to favourites.")


class Music(Schema):
    """The sound under the video."""

    title = _nullable(fields.String, "Title of the sound.")
    author = _nullable(fields.String, "Who made it.")
    duration = _nullable(fields.Integer, "Seconds.")
    url = _nullable(fields.Url, "Address of the audio.")


class Image(Schema):
    """A picture of a post of photos."""

    url = fields.Url(required=True, metadata={"description": "Address of the picture."})
    width = _nullable(fields.Integer, "Pixels.")
    height = _nullable(fields.Integer, "Pixels.")


class Metadata(Schema):
    """What TikTok tells about the video; null is what it does not tell."""

    video_id = fields.String(required=True, metadata={"description": "TikTok's id of the post."})
    title = _nullable(fields.String, "Title, where the post has one of its own.")
    description = _nullable(fields.String, "The caption.")
    author = fields.Nested(Author, allow_none=True)
    statistics = fields.Nested(Statistics)
    music = fields.Nested(Music, allow_none=True)
    hashtags = fields.List(
        fields.String(), metadata={"description": "Names of hashtags, without the sign."}
    )
    mentions = fields.List(
        fields.String(), metadata={"description": "Mentioned users, such as `@user1`."}
    )
    duration = _nullable(fields.Integer, "Seconds.")
    resolution = _nullable(fields.String, "Width x height, such as `1080x1920`.")
    thumbnail = _nullable(fields.Url, "Address of the cover picture.")
    created_at = _nullable(fields.String, "When it was posted, ISO 8601 in UTC.")
    country = _nullable(fields.String, "ISO 3166-1 alpha-2; only when asked for and known.")
    region = _nullable(fields.String, "Region in that country; only when asked for and known.")
    type = fields.String(
        validate=validate.OneOf(("video", "photo")),
        metadata={"description": "Whether it is a video or a series of photos."},
    )
    url = fields.Url(metadata={"description": "The post's canonical address."})
    images = fields.List(
        fields.Nested(Image), metadata={"description": "The pictures of a post of photos."}
    )


class Meta(Schema):
    """What is known of the answer itself."""

    observed_at = fields.String(
        required=True,
        metadata={"description": "When it was seen on TikTok, ISO 8601 in UTC."},
    )
    absent = fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf([reason.value for reason in NullReason])),
        metadata={
            "description": "Why a field is null, for each null of `metadata` and for `video_url`,"
            " by its path such as `author.nickname` or `images.0.width`."
        },
    )


class ExtractAnswer(Schema):
    """A video that was found."""

    success = fields.Constant(True, metadata={"type": "boolean"}, required=True)
    video_url = fields.Url(
        required=True,
        allow_none=True,
        metadata={"description": "The media, in a plain GET; null for a post of photos."},
    )
    metadata = fields.Nested(
        Metadata, metadata={"description": "Absent with `extract_metadata: false`."}
    )
    meta = fields.Nested(Meta, required=True)
    media = fields.Nested(
        Media, metadata={"description": "Links to all files; only with `extract_media: true`."}
    )
    cached = fields.Boolean(
        required=True, metadata={"description": "Whether no crawl was needed for this answer."}
    )
    requests_remaining = fields.Integer(
        required=True, metadata={"description": "What is left of the month."}
    )
    process_time_ms = fields.Integer(
        required=True, metadata={"description": "Milliseconds from request to answer."}
    )
