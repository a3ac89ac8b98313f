"""The extraction of many videos at once: its request and its answer."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields

from api.schemas.media import Media
from api.schemas.quick import Words
from api.schemas.video import ExtractRequest, Meta, Metadata

MOST_LINKS = 100
_MUST_BE = f"must be a list of 1 to {MOST_LINKS} links, each a string"


class BatchRequest(ExtractRequest):
    """What a caller asks of many links; keys that are not known are ignored."""

    class Meta:
        """The same wishes as of one link."""

        unknown = EXCLUDE
        exclude = ("url",)

    urls = Words(
        maximum=MOST_LINKS,
        required=True,
        error_messages={"required": "is required", "null": _MUST_BE, "invalid": _MUST_BE},
        metadata={"description": "Links, each in any form that `url` of an extraction takes."},
    )


class LinkOutcome(Schema):
    """What came of a link: the keys of the answer that it would have had alone, or of its error."""

    url = fields.String(required=True, metadata={"description": "The link as it was sent."})
    status = fields.Integer(
        required=True, metadata={"description": "The HTTP status it would have had alone."}
    )
    success = fields.Boolean(
        required=True, metadata={"description": "Whether there is an answer: the status is 200."}
    )
    video_url = fields.Url(allow_none=True)
    metadata = fields.Nested(Metadata)
    meta = fields.Nested(Meta)
    media = fields.Nested(Media)
    cached = fields.Boolean()
    requests_remaining = fields.Integer()
    process_time_ms = fields.Integer()
    error = fields.String(metadata={"description": "The kind of error."})
    detail = fields.String(metadata={"description": "What is wrong, for a reader."})
    reason = fields.String(metadata={"description": "A stable word, where there is one."})
    retryable = fields.Boolean(metadata={"description": "Whether asking again can help."})
    retry_after = fields.Integer(
        metadata={"description": "Seconds to wait before asking for this link again."}
    )


class BatchAnswer(Schema):
    """An outcome for each link."""

    success = fields.Constant(True, metadata={"type": "boolean"}, required=True)
    outcomes = fields.List(
        fields.Nested(LinkOutcome),
        required=True,
        metadata={"description": "One for each link, in the order of the links."},
    )
    process_time_ms = fields.Integer(
        required=True, metadata={"description": "Milliseconds from request to answer."}
    )
