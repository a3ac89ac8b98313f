"""A post by its id: the request's query."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema

from api.schemas.query import FlagInQuery, SecondsInQuery
from api.schemas.quick import Word
from api.schemas.video import (
    AGE_DESCRIPTION,
    AGE_MUST_BE,
    CODEC_DESCRIPTION,
    CODEC_MUST_BE,
    OLDEST_S,
    QUALITY_DESCRIPTION,
    QUALITY_MUST_BE,
)
from pipelines.media import Codec, Quality


class VideoRequest(Schema):
    """What of a post a caller asks for."""

    class Meta:
        """Newer clients may send more than this version knows."""

        unknown = EXCLUDE

    extract_country = FlagInQuery(
        load_default=False,
        error_messages={"invalid": "must be true or false"},
        metadata={
            "description": "Whether `country` and `region` are filled in; Pro and Business only."
        },
    )
    max_age = SecondsInQuery(
        maximum=OLDEST_S,
        error_messages={"invalid": AGE_MUST_BE},
        metadata={"description": AGE_DESCRIPTION},
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
