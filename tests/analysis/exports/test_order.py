from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from analysis.exports.columns import columns_of
from analysis.exports.errors import ExportError
from analysis.exports.kinds import KINDS, Subject
from analysis.exports.order import Order
from tests.analysis.exports.conftest import DAY


@pytest.mark.parametrize("subject", Subject)
def test_every_column_has_a_name_of_its_own(subject: Subject) -> None:
    names = [column.name for column in columns_of(KINDS[subject].document)]
    assert len(set(names)) == len(names)
    assert not {"snapshot_observed_at", "session_cookie"} & set(names)
    usual = [column.name for column in Order(subject=subject).columns]
    assert "observed_at" in usual
    assert set(usual) <= set(names)


def test_fields_are_chosen_by_name_by_path_and_by_object() -> None:
    order = Order(subject=Subject.VIDEOS, fields=("place.name", "id", " author_id", "id"))
    assert [column.name for column in order.columns] == ["place_name", "id", "author_id"]
    order = Order(subject=Subject.STATISTICS, fields=("video_id", "views"))
    assert [column.path for column in order.columns] == [("meta", "video_id"), ("views",)]
    names = [one.name for one in Order(subject=Subject.HASHTAGS, fields=("statistics",)).columns]
    assert names == ["statistics_views", "statistics_videos", "statistics_exact"]


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"fields": ("autor",)}, "fields", "'autor': did you mean author"),
        ({"fields": ("session",)}, "fields", "there is no field 'session'"),
        ({"fields": ("",)}, "fields", "there is no field ''"),
        ({"since": DAY, "until": DAY}, "until", "later than since"),
        ({"subject": Subject.MUSIC, "hashtag": "a"}, "hashtag", "narrowed by since, until, user"),
        ({"subject": Subject.USER_STATISTICS, "hashtag": "a"}, "hashtag", "does not hold for"),
    ],
)
def test_what_cannot_be_is_refused(asked: dict[str, Any], field: str, said: str) -> None:
    usual: dict[str, Any] = {"subject": Subject.VIDEOS, "until": DAY + timedelta(days=1)}
    with pytest.raises(ExportError) as refused:
        Order(**usual | asked)
    assert refused.value.field == field
    assert said in str(refused.value)
