from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError

from api.schemas.batch import BatchRequest
from api.schemas.quick import QuickSchema
from api.schemas.video import ExtractRequest

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.lists(st.text(max_size=2) | st.integers(), max_size=2),
)
NAMES = st.sampled_from(["url", "urls", "extract_metadata", "extract_country", "max_age", "more"])


class Slow(Schema):
    """Makes a schema's fields always be read by marshmallow."""

    def load(self, data: Any, **options: Any) -> Any:
        return Schema.load(self, data, **options)


class SlowRequest(Slow, ExtractRequest):
    pass


class SlowBatch(Slow, BatchRequest):
    pass


def read(schema: Schema, data: Any) -> Any:
    try:
        return schema.load(data)
    except ValidationError as error:
        return error.messages


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(NAMES, VALUES))
def test_the_short_way_gives_what_marshmallow_gives(data: dict[str, Any]) -> None:
    assert read(ExtractRequest(), data) == read(SlowRequest(), data)
    assert read(BatchRequest(), data) == read(SlowBatch(), data)


def test_a_schema_of_other_fields_has_no_short_way() -> None:
    class Other(QuickSchema):
        from marshmallow import fields

        number = fields.Integer()

    with pytest.raises(KeyError):
        Other()
