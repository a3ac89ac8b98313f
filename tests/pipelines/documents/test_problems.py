from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.documents.problems import find_problems
from pipelines.documents.video import Author, Image, Statistics, Video

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def video(identity: str = "7106594312292453675", **fields: Any) -> Video:
    return Video(id=identity, type="video", url="", observed_at=NOW, **fields)


@pytest.mark.parametrize(
    "known",
    [
        {"description": "a"},
        {"thumbnail": "https://p16.example"},
        {"images": [Image(url="https://p16.example")]},
        {"author": Author(username="mia")},
        {"author": Author(id="5")},
        {"statistics": Statistics(views=0)},
    ],
)
def test_a_post_of_which_anything_is_known_may_be_stored(known: dict[str, Any]) -> None:
    assert find_problems(video(**known)) == []


def test_a_post_of_which_only_the_id_is_known_is_dropped() -> None:
    assert find_problems(video()) == ["nothing_known"]


@pytest.mark.parametrize("identity", ["", "abc", "12a", "٣", "1" * 21, "-1"])
def test_a_post_without_a_numeric_id_is_dropped(identity: str) -> None:
    assert find_problems(video(identity, description="a")) == ["no_id"]
