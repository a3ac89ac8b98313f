"""The shape of errors: the same three keys in each, and what some add."""

from __future__ import annotations

from marshmallow import Schema, fields

from crawler.errors import Reason


class ErrorAnswer(Schema):
    """Any error."""

    success = fields.Constant(False, required=True, metadata={"type": "boolean"})
    error = fields.String(
        required=True, metadata={"description": "The kind of error, in words that stay."}
    )
    detail = fields.String(required=True, metadata={"description": "What is wrong, for a reader."})


class ProblemAnswer(Schema):
    """What is wrong with one of many targets."""

    number = fields.Integer(
        required=True, metadata={"description": "Its place among the targets, from 1."}
    )
    line = fields.Integer(metadata={"description": "The line of the file on which it begins."})
    detail = fields.String(required=True, metadata={"description": "What is wrong with it."})


class RequestErrorAnswer(ErrorAnswer):
    """The request is wrong; it is not charged."""

    requests_remaining = fields.Integer(metadata={"description": "What is left of the month."})
    reason = fields.String(metadata={"description": "A stable word, where there is one."})
    retryable = fields.Boolean(metadata={"description": "Whether asking again can help."})
    problems = fields.List(
        fields.Nested(ProblemAnswer),
        metadata={"description": "Of many targets the wrong ones, the first hundred."},
    )


class ForbiddenAnswer(ErrorAnswer):
    """The key or the plan does not allow it."""

    current_plan = fields.String(metadata={"description": "The account's plan."})
    upgrade_url = fields.String(
        allow_none=True, metadata={"description": "Where a larger plan is sold."}
    )


class VideoNotFoundAnswer(ErrorAnswer):
    """There is no such video; an answer like any other, so it is charged."""

    reason = fields.String(
        required=True,
        metadata={
            "description": "A stable word for why.",
            "enum": [reason.value for reason in Reason if reason.policy.status == 404],
        },
    )
    retryable = fields.Boolean(
        required=True, metadata={"description": "Whether asking again can help."}
    )
    requests_remaining = fields.Integer(metadata={"description": "What is left of the month."})


class ConflictAnswer(ErrorAnswer):
    """The request meets another one; it is not charged."""

    retry_after = fields.Integer(
        metadata={"description": "Seconds after which to ask again, where that helps."}
    )


class TooManyAnswer(ErrorAnswer):
    """The minute's or the month's requests are spent."""

    retry_after = fields.Integer(
        required=True, metadata={"description": "Seconds after which a request is admitted."}
    )
    reset_at = fields.String(
        required=True, metadata={"description": "The same moment, ISO 8601 in UTC."}
    )


class OurFaultAnswer(ErrorAnswer):
    """Something went wrong on our side; it is not charged."""

    request_id = fields.String(
        required=True, metadata={"description": "The id under which the log knows the request."}
    )


class UnavailableAnswer(ErrorAnswer):
    """TikTok or a database gives no answer now; it is not charged."""

    reason = fields.String(
        required=True,
        metadata={
            "description": "A stable word for why.",
            "enum": [reason.value for reason in Reason if reason.policy.status == 503],
        },
    )
    retryable = fields.Boolean(
        required=True, metadata={"description": "Whether asking again can help."}
    )
