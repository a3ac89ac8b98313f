"""The health of the service."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.errors import ErrorAnswer

HEALTH_WORDS = ("healthy", "unhealthy")


def _word(*words: str, description: str) -> fields.String:
    return fields.String(
        required=True, validate=validate.OneOf(words), metadata={"description": description}
    )


class ServicesAnswer(Schema):
    """What the service stands on."""

    mongodb = _word(*HEALTH_WORDS, description="Whether MongoDB answers.")
    redis = _word(*HEALTH_WORDS, description="Whether Redis answers.")
    tiktok_api = _word("operational", "degraded", "down", description="Judged from recent crawls.")


class HealthAnswer(Schema):
    """Whether the service can answer."""

    status = _word(*HEALTH_WORDS, description="`healthy` while both databases answer.")
    version = fields.String(required=True)
    uptime = fields.Float(
        required=True,
        metadata={"description": "Percentage of the last 30 days in which it was healthy."},
    )
    services = fields.Nested(ServicesAnswer, required=True)
    timestamp = fields.String(required=True, metadata={"description": "ISO 8601 in UTC."})


class AliveAnswer(Schema):
    """That the process runs."""

    status = _word("alive", description="Always `alive`.")


class ReadyAnswer(Schema):
    """That requests may be sent."""

    status = _word("ready", description="Always `ready`.")


class NotReadyAnswer(ErrorAnswer):
    """That requests should be sent elsewhere."""

    reason = _word("draining", "mongodb", "redis", description="What keeps it from answering.")
