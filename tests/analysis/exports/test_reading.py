from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from analysis.exports import reading
from analysis.exports.form import Format
from analysis.exports.kinds import Subject
from analysis.exports.reading import count
from analysis.exports.writing import stream
from pipelines.collections import ANY_CASE, STATISTICS, VIDEOS
from tests.analysis.exports.conftest import DAY, ROWS_OF_A_VIDEO, VIDEO_COUNT, video_id

if TYPE_CHECKING:
    from tests.analysis.exports.conftest import Exported, Store


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("AT_ONCE", 3), ("ROWS_AT_ONCE", 7), ("OWNERS_AT_ONCE", 2)):
        monkeypatch.setattr(reading, name, size)


def ids_of(exported: Exported, subject: Subject, name: str = "id", **asked: Any) -> list[str]:
    file = io.BytesIO()
    stream(exported(subject, **asked), file)
    return [orjson.loads(line)[name] for line in file.getvalue().splitlines()]


def of_videos(keep: Any) -> set[str]:
    return {video_id(number) for number in range(VIDEO_COUNT) if keep(number)}


@pytest.mark.parametrize(
    ("asked", "keep"),
    [
        ({}, lambda number: True),
        ({"hashtag": "#cats"}, lambda number: number % 4 == 0),
        ({"user": "@USER1"}, lambda number: number % 3 == 1),
        ({"country": "se"}, lambda number: number % 2),
        ({"hashtag": "a", "user": "user0"}, lambda number: number % 12 == 0),
        (
            {"since": DAY + timedelta(hours=2), "until": DAY + timedelta(hours=4)},
            lambda number: number % 5 and 4 <= number < 10,
        ),
    ],
)
def test_posts_are_narrowed_and_none_comes_twice(
    asked: dict[str, Any], keep: Any, store: Store, exported: Exported
) -> None:
    found = ids_of(exported, Subject.VIDEOS, **asked)
    assert sorted(found) == sorted(of_videos(keep))
    order = exported(Subject.VIDEOS, **asked).order
    assert count(store, order, within_s=5) == len(found)


@pytest.mark.parametrize("form", [Format.JSONL, Format.PARQUET])
def test_the_rows_of_one_post_are_on_one_page(form: Format, exported: Exported) -> None:
    export = exported(Subject.STATISTICS, form, fields=("video_id",))
    pages = [
        [page.batch.value(number, "meta.video_id") for number in range(len(page.batch))]
        for page in export.pages()
    ]
    assert sum(map(len, pages)) == ROWS_OF_A_VIDEO * (VIDEO_COUNT + 1)
    assert len(pages) > VIDEO_COUNT / 2
    assert sum(len(set(page)) for page in pages) == VIDEO_COUNT + 1


def test_more_rows_of_one_post_than_a_page_has(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", ROWS_OF_A_VIDEO - 1)
    found = ids_of(exported, Subject.STATISTICS, "video_id")
    assert len(found) == ROWS_OF_A_VIDEO * (VIDEO_COUNT + 1)


def test_rows_are_narrowed_by_whose_they_are(exported: Exported) -> None:
    asked: dict[str, Any] = {"hashtag": "CATS", "since": DAY + timedelta(hours=3)}
    found = ids_of(exported, Subject.STATISTICS, "video_id", **asked)
    assert set(found) == of_videos(lambda number: number % 4 == 0)
    assert len(found) == 2 * len(set(found))
    assert ids_of(exported, Subject.USER_STATISTICS, "user_id", user="user2") == ["2"]
    assert ids_of(exported, Subject.HASHTAGS, hashtag="#Cats") == ["cats"]


def test_no_page_sorts_or_reads_more_than_it_gives(store: Store) -> None:
    newest = [("created_at", -1), ("_id", -1)]
    by_hashtag = {"$and": [{"hashtags": "cats"}, reading._behind([1, "7"])]}
    plan = store[VIDEOS].find(by_hashtag, sort=newest, collation=ANY_CASE).explain()
    assert winning(plan, "'hashtag_pages'")
    assert not winning(plan, "'SORT'")
    behind = {"meta.video_id": {"$gt": "1"}}
    plan = store[STATISTICS].find(behind, sort=[("meta.video_id", 1)]).explain()
    assert winning(plan, "'history_of_video'")
    assert not winning(plan, "'SORT'")
    assert [next(iter(stage)) for stage in plan["stages"]] == ["$cursor", "$_internalUnpackBucket"]


def winning(plan: Any, word: str) -> bool:
    """Whether a word is in the plan that was chosen."""
    planner = plan["stages"][0]["$cursor"] if "stages" in plan else plan
    return word in str(planner["queryPlanner"]["winningPlan"])
