"""What answers of lists say, with all that TikTok sends in their place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.browser.endpoints import Call, call_of
from crawler.browser.envelopes import read_answer
from crawler.errors import Reason
from crawler.items import Kind
from crawler.links import TargetType

SITE = "https://www.tiktok.com"


def a_call(path: str, kind: TargetType) -> Call:
    call = call_of(SITE + path, kind)
    assert call is not None
    return call


POSTS = a_call("/api/post/item_list/?secUid=S", TargetType.USER)
COMMENTS = a_call("/api/comment/list/?aweme_id=1", TargetType.COMMENTS)
SEARCH = a_call("/api/search/general/full/?keyword=bread", TargetType.SEARCH)
USERS = a_call("/api/search/user/full/?keyword=bread", TargetType.SEARCH)
HEADER = a_call("/api/user/detail/?uniqueId=ada", TargetType.USER)
CALLS = (POSTS, COMMENTS, SEARCH, USERS, HEADER)
NAMES = (
    *("id", "cid", "uid", "item", "itemInfos", "user_list", "user_info", "userInfo", "user"),
    *("createTime", "create_time", "reply_comment", "isPinnedItem", "privateItem", "takeDown"),
    *("statusCode", "status_code", "statusMsg", "type", "total", "hasMore", "has_more"),
)


def written(**data: Any) -> bytes:
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (None, 0, Reason.UPSTREAM_ERROR),
        (b"{}", 500, Reason.UPSTREAM_ERROR),
        (b"{}", 403, Reason.UPSTREAM_BLOCKED),
        (b"{}", 429, Reason.UPSTREAM_BLOCKED),
        (b"", 200, Reason.EMPTY_BODY),
        (b" \n", 200, Reason.EMPTY_BODY),
        (b'{"itemList": [', 200, Reason.UPSTREAM_ERROR),
        (b"[1]", 200, Reason.UPSTREAM_ERROR),
        (b"<html><body>A page</body></html>", 200, Reason.UPSTREAM_ERROR),
        (b'<html><div id="captcha_container"></div></html>', 200, Reason.CAPTCHA),
        (written(code="10000", type="verify", subtype="slide"), 200, Reason.CAPTCHA),
        (written(statusCode=10101, itemList=[]), 200, Reason.LOGIN_REQUIRED),
    ],
)
def test_what_is_no_list_has_a_reason(body: bytes | None, status: int, reason: Reason) -> None:
    answer = read_answer(POSTS, body, status=status)
    assert (answer.reason, answer.found) == (reason, [])


@pytest.mark.parametrize(
    ("said", "has_more"),
    [
        ({"hasMore": True}, True),
        ({"hasMore": False}, False),
        ({"has_more": 1}, True),
        ({"has_more": 0}, False),
        ({"hasMorePrevious": True}, True),
        ({}, False),
    ],
)
def test_more_is_announced_in_several_words(said: dict[str, object], has_more: bool) -> None:
    answer = read_answer(POSTS, written(itemList=[{"id": "1"}], **said))
    assert (answer.reason, answer.has_more) == (None, has_more)


def test_posts_are_found_whatever_stands_among_them() -> None:
    rows = [
        {"id": "1", "createTime": "1700000000", "isPinnedItem": True},
        {"id": 2, "createTime": 1700000001},
        {"id": "3", "privateItem": True},
        {"desc": "no id"},
        None,
        "x",
    ]
    found = read_answer(POSTS, written(itemList=rows)).found
    assert [(one.id, one.created_at, one.is_pinned) for one in found] == [
        ("1", 1700000000, True),
        ("2", 1700000001, False),
    ]


@pytest.mark.parametrize("rows", [None, {}, "x"])
def test_a_list_may_be_absent(rows: object) -> None:
    data = {"itemList": rows} if rows is not None else {}
    assert read_answer(POSTS, written(hasMore=True, **data)).found == []


def test_comments_come_with_the_replies_inside_them() -> None:
    rows = [{"cid": "1", "reply_comment": [{"cid": "2"}]}, {"cid": "3", "reply_comment": None}]
    answer = read_answer(COMMENTS, written(comments=rows, has_more=0, total=3))
    assert [(one.kind, one.id, one.parent_id) for one in answer.found] == [
        (Kind.COMMENT, "1", None),
        (Kind.COMMENT, "2", "1"),
        (Kind.COMMENT, "3", None),
    ]
    assert answer.total == 3
    assert read_answer(COMMENTS, written(comments=None, has_more=0)).reason is None


def test_a_search_gives_posts_and_users_and_skips_the_rest() -> None:
    rows = [
        {"type": 1, "item": {"id": "1"}},
        {"type": 4, "user_list": [{"user_info": {"uid": "7", "unique_id": "ada"}}]},
        {"type": 61, "live_info": {"raw_data": "{}"}},
    ]
    found = read_answer(SEARCH, written(data=rows, has_more=1)).found
    assert [(one.kind, one.id) for one in found] == [(Kind.VIDEO, "1"), (Kind.USER, "7")]


@pytest.mark.parametrize(
    ("path", "kind", "owner"),
    [
        ("/api/post/item_list/?secUid=S&count=35", TargetType.USER, "S"),
        ("/api/creator/item_list/?secUid=S", TargetType.USER, "S"),
        ("/api/challenge/item_list/?challengeID=9", TargetType.HASHTAG, "9"),
        ("/api/music/item_list?musicID=8", TargetType.MUSIC, "8"),
        ("/api/comment/list/?aweme_id=1", TargetType.COMMENTS, "1"),
        ("/api/comment/list/reply/?item_id=1&comment_id=2", TargetType.COMMENTS, "1"),
        ("/api/search/general/full/?keyword=rye%20bread", TargetType.SEARCH, "rye bread"),
        ("/api/user/detail/?uniqueId=ada", TargetType.USER, "ada"),
        ("/api/post/item_list/", TargetType.USER, ""),
    ],
)
def test_a_call_names_its_owner(path: str, kind: TargetType, owner: str) -> None:
    assert a_call(path, kind).owner == owner


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/post/item_list/?secUid=S", TargetType.HASHTAG),
        ("/api/related/item_list/?itemID=1", TargetType.COMMENTS),
        ("/api/post/item_list/more?secUid=S", TargetType.USER),
        ("/@ada", TargetType.USER),
    ],
)
def test_other_calls_are_none_of_the_list(path: str, kind: TargetType) -> None:
    assert call_of(SITE + path, kind) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(call=st.sampled_from(CALLS), rows=JSON, rest=st.dictionaries(st.sampled_from(NAMES), JSON))
def test_no_answer_is_too_odd(call: Call, rows: object, rest: dict[str, object]) -> None:
    answer = read_answer(call, json.dumps(rest | {call.endpoint.name: rows}).encode())
    assert all(one.id for one in answer.found)


@given(call=st.sampled_from(CALLS), body=st.binary(max_size=200), status=st.integers(200, 599))
def test_no_body_is_too_odd(call: Call, body: bytes, status: int) -> None:
    read_answer(call, body, status=status)
