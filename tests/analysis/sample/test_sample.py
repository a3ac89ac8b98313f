"""What a sample is like, before it is written anywhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from analysis.sample.comments import Comments
from analysis.sample.creators import Cast
from analysis.sample.plan import Plan
from analysis.sample.posts import Posts
from analysis.sample.sounds import Sounds
from pipelines.documents.mongo import from_mongo
from pipelines.documents.stored import StoredVideo, UserRow, VideoRow

if TYPE_CHECKING:
    from services.mongodb import Document

PLAN = Plan(until=datetime(2026, 7, 1, tzinfo=UTC), videos=1500, days=60)


def made_by(plan: Plan) -> list[tuple[Document, list[Document]]]:
    cast = Cast(plan)
    return list(Posts(plan, cast, Sounds(plan, cast.creators)))


@pytest.fixture(scope="module")
def made() -> list[tuple[Document, list[Document]]]:
    return made_by(PLAN)


@pytest.fixture(scope="module")
def posts(made: list[tuple[Document, list[Document]]]) -> list[Document]:
    return [post for post, _ in made]


def test_the_same_plan_makes_the_same_and_another_seed_another(
    made: list[tuple[Document, list[Document]]],
) -> None:
    assert made_by(PLAN) == made
    other = {post["_id"] for post, _ in made_by(replace(PLAN, seed=2))}
    assert not other & {post["_id"] for post, _ in made}


def test_posts_and_rows_have_the_fields_of_their_dataclasses(
    made: list[tuple[Document, list[Document]]],
) -> None:
    known = {field.name for field in fields(StoredVideo)} - {"id", "gone_at", "gone_reason"}
    for post, rows in made:
        assert set(post) - {"gone_at", "gone_reason"} == known | {"_id"}
        assert from_mongo(StoredVideo, post).id == post["_id"]
        for row in rows:
            assert set(row) == {field.name for field in fields(VideoRow)}
    for user, rows in Cast(PLAN).users():
        assert rows[-1]["followers"] == user["statistics"]["followers"]
        assert all(set(row) == {field.name for field in fields(UserRow)} for row in rows)


def test_a_post_is_as_its_last_row_says(made: list[tuple[Document, list[Document]]]) -> None:
    for post, rows in made:
        last = rows[-1]
        assert post["snapshot"]["observed_at"] == post["observed_at"] == last["observed_at"]
        counters = {name: last[name] for name in post["statistics"]}
        assert post["snapshot"]["statistics"] == post["statistics"] == counters
        assert {(row["meta"]["video_id"], row["meta"]["user_id"]) for row in rows} == {
            (post["_id"], post["author"]["id"])
        }
        seen = [row["observed_at"] for row in rows]
        assert seen == sorted(set(seen))
        assert post["created_at"] <= seen[0] == post["first_seen_at"]
        assert seen[-1] <= PLAN.until
        exact = [row["views"] for row in rows if row["exact"]]
        assert exact == sorted(exact)


def test_a_sample_has_what_questions_are_about(
    made: list[tuple[Document, list[Document]]], posts: list[Document]
) -> None:
    views = sorted((post["statistics"]["views"] for post in posts), reverse=True)
    assert sum(views[: len(views) // 20]) > sum(views) / 2
    assert any(not row["exact"] for _, rows in made for row in rows)
    assert {post["type"] for post in posts} == {"video", "photo"}
    assert len({post["country"] for post in posts}) > 10
    assert any(post["duet_of"] for post in posts)
    assert any(post["stitch_of"] for post in posts)
    authors: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for post in posts:
        about = (post["description"], post["music"]["id"], post["duration"])
        authors[about].add(post["author"]["id"])
    assert sum(len(one) > 1 for one in authors.values()) > 10
    together = Counter(
        tag for post in posts if "baking" in post["hashtags"] for tag in post["hashtags"]
    )
    assert together["bread"] > together["skate"]


def test_a_sound_takes_off(posts: list[Document]) -> None:
    middle = PLAN.until - timedelta(days=14)
    now, before = (
        Counter(post["music"]["id"] for post in posts if (post["created_at"] > middle) is is_late)
        for is_late in (True, False)
    )
    assert any(count > 5 and count > 3 * before[music] for music, count in now.items())


def test_a_post_that_is_gone_was_not_seen_after_that(
    made: list[tuple[Document, list[Document]]],
) -> None:
    gone = [(post, rows) for post, rows in made if "gone_at" in post]
    assert 0.005 < len(gone) / len(made) < 0.04
    for post, rows in gone:
        assert rows[-1]["observed_at"] <= post["gone_at"] <= PLAN.until
    assert {post["gone_reason"] for post, _ in gone} > {"video_deleted", "video_private"}


def test_comments_are_written_between_a_post_and_its_last_sight(posts: list[Document]) -> None:
    comments = Comments(PLAN, Cast(PLAN))
    ids = set()
    for post in posts[:300]:
        written = list(comments.of(post))
        tops = {one["_id"] for one in written if one["parent_id"] is None}
        for one in written:
            ids.add(one["_id"])
            assert one["video_id"] == post["_id"]
            assert one["parent_id"] is None or one["parent_id"] in tops
            assert post["created_at"] <= one["created_at"] <= post["observed_at"]
    assert len(ids) > 300
