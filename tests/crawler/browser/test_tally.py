from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.browser.endpoints import call_of
from crawler.browser.envelopes import Answer, wall
from crawler.browser.found import Found
from crawler.browser.tally import Tally
from crawler.errors import Reason
from crawler.items import Kind
from crawler.jobs.lists import Bounds, StopReason
from crawler.links import TargetType

if TYPE_CHECKING:
    from collections.abc import Iterable

CALL = call_of("https://www.tiktok.com/api/post/item_list/?secUid=S", TargetType.USER)
REPLIES = call_of("https://www.tiktok.com/api/comment/list/reply/?item_id=1", TargetType.COMMENTS)


def posts(*numbers: int, pinned: bool = False) -> list[Found]:
    """Posts made in the second that is their id."""
    return [
        Found(kind=Kind.VIDEO, id=str(one), data={}, created_at=one, is_pinned=pinned)
        for one in numbers
    ]


def answer(found: Iterable[Found] = (), **parts: Any) -> Answer:
    return Answer(call=CALL, found=list(found), **parts)


def a_tally(kind: TargetType = TargetType.USER, **bounds: Any) -> Tally:
    return Tally(kind, Bounds(**bounds))


def admitted(tally: Tally, found: list[Found], known: Iterable[str] = ()) -> list[str]:
    return [one.id for one in tally.admit(tally.sift(found), known=set(known))]


def test_each_item_counts_once_wherever_it_stood() -> None:
    tally = a_tally()
    assert admitted(tally, posts(9, 8)) == ["9", "8"]
    assert [one.id for one in tally.hear(answer(posts(8, 7)))] == ["7"]
    user = Found(kind=Kind.USER, id="9", data={})
    assert tally.sift([user]) == [user]


@pytest.mark.parametrize(
    ("has_more", "stop"), [(True, StopReason.NO_PROGRESS), (False, StopReason.END)]
)
def test_three_answers_without_a_new_item_end_a_list(has_more: bool, stop: StopReason) -> None:
    tally = a_tally()
    tally.hear(answer(posts(1)))
    for _ in range(2):
        tally.hear(answer(posts(1), has_more=has_more))
    assert tally.stop is None
    tally.hear(answer(posts(2), has_more=has_more))
    for _ in range(3):
        assert tally.stop is None
        tally.hear(answer(posts(1), has_more=has_more))
    assert tally.stop is stop


def test_answers_to_replies_say_nothing_of_the_list() -> None:
    tally = a_tally(TargetType.COMMENTS)
    for _ in range(4):
        tally.hear(Answer(call=REPLIES, has_more=False, total=1))
    assert (tally.stop, tally.has_more, tally.reported_total) == (None, None, None)


def test_two_answers_without_content_end_a_list_and_one_does_not() -> None:
    tally = a_tally()
    empty = answer(reason=Reason.EMPTY_BODY)
    tally.hear(empty)
    tally.hear(answer(posts(1)))
    tally.hear(empty)
    assert tally.stop is None
    tally.hear(answer(reason=Reason.UPSTREAM_ERROR))
    assert tally.stop is StopReason.EMPTY_BODY
    assert tally.bad_answer is not None


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        (Reason.CAPTCHA, StopReason.CAPTCHA),
        (Reason.LOGIN_REQUIRED, StopReason.LOGIN_WALL),
    ],
)
def test_a_wall_ends_a_list_at_once(reason: Reason, stop: StopReason) -> None:
    tally = a_tally()
    tally.hear(wall(reason))
    assert tally.stop is stop


def test_a_limit_is_kept_to_the_item() -> None:
    tally = a_tally(limit=3)
    assert admitted(tally, posts(9, 8)) == ["9", "8"]
    assert admitted(tally, posts(7, 6, 5)) == ["7"]
    assert tally.end(tally.stop or StopReason.END).stop_reason is StopReason.LIMIT
    assert tally.collected == 3


def test_five_posts_in_a_row_that_are_too_old_end_a_profile() -> None:
    tally = a_tally(since=100)
    assert admitted(tally, posts(205, 99, 98, 97, 96, 204)) == ["205", "204"]
    assert tally.stop is None
    assert admitted(tally, posts(95, 94, 93, 92, 91, 203)) == []
    assert tally.stop is StopReason.LIMIT


def test_pinned_posts_end_nothing() -> None:
    tally = a_tally(since=100)
    assert admitted(tally, posts(1, 2, 3, 4, 5, 6, pinned=True)) == []
    assert admitted(tally, posts(205, 99, 98, 97, 96)) == ["205"]
    assert admitted(tally, posts(7, pinned=True)) == []
    assert tally.stop is None
    assert admitted(tally, posts(95)) == []
    assert tally.stop is StopReason.LIMIT


def test_dates_leave_out_and_end_nothing_where_time_is_not_the_order() -> None:
    tally = a_tally(TargetType.HASHTAG, since=100, until=200)
    assert admitted(tally, posts(*range(1, 90))) == []
    assert admitted(tally, posts(100, 150, 200, 201)) == ["100", "150", "200"]
    assert tally.stop is None


def test_an_item_without_a_time_is_wanted() -> None:
    tally = a_tally(since=100, until=200)
    found = Found(kind=Kind.VIDEO, id="1", data={})
    assert tally.admit([found]) == [found]


def test_what_is_stored_already_ends_a_profile_after_five_in_a_row() -> None:
    tally = a_tally(only_new=True)
    assert admitted(tally, posts(9, 8, 7), known="8") == ["9", "7"]
    assert tally.stop is None
    assert admitted(tally, posts(6, 5, 4, 3, 2, 1), known="654321") == []
    assert tally.stop is StopReason.LIMIT


def test_what_is_stored_already_ends_another_list_after_two_pages_of_it() -> None:
    tally = a_tally(TargetType.MUSIC, only_new=True)
    known = [str(number) for number in range(1, 61)]
    assert admitted(tally, posts(*range(1, 60)), known=known) == []
    assert tally.stop is None
    assert admitted(tally, posts(60), known=known) == []
    assert tally.stop is StopReason.LIMIT


@pytest.mark.parametrize(
    ("stop", "total", "bounds", "is_complete"),
    [
        (StopReason.END, 2, {}, True),
        (StopReason.END, None, {}, True),
        (StopReason.END, 3, {}, False),
        (StopReason.NO_PROGRESS, 2, {}, False),
        (StopReason.LIMIT, 2, {}, False),
        (StopReason.END, None, {"until": 8}, False),
    ],
)
def test_a_list_is_complete_when_it_ended_by_itself_with_all_that_was_reported(
    stop: StopReason, total: int | None, bounds: dict[str, Any], is_complete: bool
) -> None:
    tally = a_tally(**bounds)
    admitted(tally, posts(9, 8))
    tally.reported_total = total
    assert tally.end(stop).complete is is_complete
