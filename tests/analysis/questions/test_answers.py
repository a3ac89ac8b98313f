"""What each question answers on posts whose numbers were added up by hand, not by a pipeline."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from bson import json_util

from analysis.questions.all import QUESTIONS, question
from analysis.questions.asking import ask
from analysis.rollups.collections import prepare as prepare_rollups
from analysis.rollups.rolling import take_up
from pipelines.collections import prepare
from services import mongodb
from services.errors import ServiceError
from tests.analysis.questions.world import NOW, at, fill

if TYPE_CHECKING:
    from analysis.questions.question import Place, Question
    from services.mongodb import Document

DATABASE = "questions"


def day(number: int) -> datetime:
    return at(number, 0)


KNOWN: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]]]] = {
    "engagement-by-hashtag": (
        {"least_views": 1},
        [
            ("old", 0, 6_000, 0.12),
            ("dance", 3, 69_900, round((108 + 180 + 7_200 + 720) / 69_900, 4)),
            ("music", 4, 160_900, round((108 + 7_200 + 6_000) / 160_900, 4)),
            ("fyp", 1, 3_000, 0.06),
            ("night", 3, 140_000, round((6_000 + 480) / 140_000, 4)),
        ],
    ),
    "hashtags-that-rise": (
        {"least_posts": 1},
        [("night", 3, 0, 3.0, 140_000), ("music", 2, 1, 2.0, 140_000)],
    ),
    "hashtags-together": ({}, [("music", 2, 0.6667, 30_500), ("fyp", 1, 0.3333, 3_000)]),
    "hashtag-pairs": ({}, [("dance", "music", 2), ("music", "night", 2)]),
    "countries-of-a-hashtag": ({}, [("BR", 1, 66_000, 0.9442), ("US", 2, 3_900, 0.0558)]),
    "engagement-by-hour": (
        {"timezone": "+02:00"},
        [(10, 2, 4_000, 270 / 4_000), (22, 3, 200_000, 13_680 / 200_000)],
    ),
    "posting-cadence": (
        {"username": "bob", "days": 90},
        [
            (datetime(2026, 4, 20, tzinfo=UTC), 1, None, 10_000),
            (day(15), 1, 60 * 24 + 11, 60_000),
            (day(22), 1, 8 * 24, 40_000),
            (day(29), 1, 13, None),
        ],
    ),
    "growth-of-a-post": (
        {"video_id": "1"},
        [
            (day(10), 400, 400, 0, 40, 4, 4, True),
            (day(12), 900, 500, 2, 90, 9, 9, True),
            (day(20), 1_000, None, None, 100, 10, 10, False),
        ],
    ),
    "curve-of-a-user": (
        {"username": "ann"},
        [(0, 2, 700, 0.367), (2, 2, 1_950, 0.95), (10, 1, 1_000, 1.0)],
    ),
    "fastest-risers": (
        {"least_views_gained": 5_000},
        [
            ("4", "cem", "again", 100_000, 5_000, day(26)),
            ("3", "bob", "post 3", 60_000, 6_000, day(25)),
            ("5", "bob", "again", 40_000, 400, day(28)),
            ("7", "bob", "post 7", 6_000, 600, day(5)),
        ],
    ),
    "accounts-that-rise": (
        {"least_followers": 1},
        [("1", "ann", 500, 100, 0.25), ("2", "bob", 50_000, 10_000, 0.25)],
    ),
    "followers-of-a-user": (
        {"username": "bob"},
        [
            (day(3), 40_000, None, None, None, None, True),
            (day(9), 50_000, 10_000, 6, None, None, True),
            (day(12), 49_000, -1_000, 3, None, None, True),
        ],
    ),
    "music-taking-off": ({"least_posts": 1}, [("72", "Night Bus", "Lumen", 3, 1, 3.0)]),
    "country-mix": (
        {},
        [
            ("BR", 2, 106_000, 0.3333, 0.505),
            ("US", 3, 103_900, 0.5, 0.495),
            (None, 1, 0, 0.1667, 0),
        ],
    ),
    "share-of-views": (
        {},
        [
            ("bob", 2, 100_000, 0.4902, 0.4902),
            ("cem", 1, 100_000, 0.4902, 0.9804),
            ("ann", 2, 4_000, 0.0196, 1),
        ],
    ),
    "posts-of-a-user": (
        {"username": "bob"},
        [
            ("3", "post 3", at(20, 20), 60_000, 0.5455, 0.5455),
            ("5", "again", at(28, 20), 40_000, 0.3636, 0.9091),
            ("7", "post 7", at(-40, 9), 10_000, 0.0909, 1),
        ],
    ),
    "reach-by-account-size": (
        {},
        [
            (0, 2, 2_000, 4, 0.085),
            (10_000, 2, 50_000, 1, 0.066),
            (1_000_000, 1, 100_000, 0.05, 0.06),
        ],
    ),
    "length-and-reaction": (
        {},
        [(0, 1, 1_000, 0.12), (15, 2, 31_500, 0.085), (60, 2, 70_000, 0.036)],
    ),
    "duplicates": ({}, [("again", 2, 2, "4", "cem", 140_000)]),
    "answered-posts": (
        {},
        [("1", "ann", "post 1", 2, 1, 1, 160_000), ("99", None, None, 1, 1, 0, 40_000)],
    ),
    "gone-since": (
        {},
        [
            ("5", "bob", at(29), "video_private", 1, 40_000),
            ("2", "ann", at(22), "video_deleted", 10, 3_000),
        ],
    ),
    "reasons-to-go": (
        {},
        [("video_deleted", 1, 1, 10, 3_000), ("video_private", 1, 1, 1, 40_000)],
    ),
}
"""The values that a question is asked with, and the rows that it must answer."""


@pytest.fixture(scope="module")
def answered(mongodb_server: str) -> dict[str, list[Document]]:
    """Everything asked once, on a database of its own."""

    async def act() -> dict[str, list[Document]]:
        async with mongodb.connect(mongodb_server) as client:
            database = client.get_database(DATABASE)
            await client.drop_database(database)
            await prepare(database)
            await prepare_rollups(database)
            await fill(database)
            await take_up(database)
            found = {
                one.name: await ask(database, one, KNOWN[one.name][0], now=NOW) for one in QUESTIONS
            }
            await client.drop_database(database)
        return found

    return asyncio.run(act())


@pytest.mark.parametrize("name", [one.name for one in QUESTIONS])
def test_a_question_answers_what_is_known(name: str, answered: dict[str, list[Document]]) -> None:
    expected = KNOWN[name][1]
    assert [tuple(row.values()) for row in answered[name]] == expected
    assert all(tuple(row) == tuple(question(name).columns) for row in answered[name])


@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: one.name)
def test_each_value_that_may_be_changed_is_where_it_is_said_to_be(one: Question) -> None:
    for parameter in one.parameters:
        default = one.defaults[parameter.name]
        other = default + 1 if isinstance(default, int) else "another"
        changed = one.pipeline({parameter.name: other})
        for place in parameter.places:
            assert value_at(one.pipeline(), place) == default
            assert value_at(changed, place) == other
        assert value_at(one.pipeline(), parameter.places[0]) == default


def value_at(part: Any, place: Place) -> Any:
    for key in place:
        part = part[key]
    return part


@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: one.name)
def test_the_file_runs_as_it_is_and_only_its_now_is_replaced(one: Question) -> None:
    written = json.loads(one.file.read_text())
    assert json.loads(json_util.dumps(one.pipeline())) == written
    for_good = json.dumps(one.pipeline(now=NOW), default=str)
    assert "$$NOW" not in for_good


def test_values_are_read_as_what_stands_in_the_file() -> None:
    asked = question("engagement-by-hashtag")
    assert asked.value_of("days", "7") == 7
    assert question("hashtags-together").value_of("hashtag", "7") == "7"
    with pytest.raises(ServiceError, match="days of engagement-by-hashtag is a number, not 'x'"):
        asked.value_of("days", "x")
    with pytest.raises(ServiceError, match="no parameter user; it has days, least_views"):
        asked.value_of("user", "x")
    with pytest.raises(ServiceError, match="no parameter user"):
        asked.pipeline({"user": "x"})
    with pytest.raises(ServiceError, match=r"no question 'x': `manage.py ask` lists them"):
        question("x")
