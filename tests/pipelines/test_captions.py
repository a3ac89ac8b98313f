from __future__ import annotations

from typing import Any

import pytest

from pipelines.captions import hashtags_of, mentions_of, source_of, title_of


def tag(name: str, start: int = 0) -> dict[str, Any]:
    return {"hashtagName": name, "type": 1, "start": start, "userId": ""}


@pytest.mark.parametrize(
    ("caption", "title"),
    [
        ("One line", "One line"),
        ("  first \nsecond", "first"),
        ("\n\nthird", "third"),
        ("a" * 72, "a" * 72),
        ("a" * 71 + " b", "a" * 71),
        ("猫" * 100, "猫" * 72),
        ("", None),
        ("  \n ", None),
        (None, None),
    ],
)
def test_the_title_is_the_first_line_cut_at_72_characters(
    caption: str | None, title: str | None
) -> None:
    assert title_of(caption) == title


def test_hashtags_keep_the_order_of_the_caption_whoever_names_them() -> None:
    item = {
        "textExtra": [tag("three", 12), tag("one", 0)],
        "challenges": [{"title": "two"}, {"title": "unseen"}],
    }
    assert hashtags_of(item, "#one #two or #three") == ["one", "two", "three", "unseen"]


def test_a_hashtag_is_not_placed_where_a_longer_one_begins() -> None:
    item = {"challenges": [{"title": "fyp"}, {"title": "fypage"}]}
    assert hashtags_of(item, "#fypage and #fyp") == ["fypage", "fyp"]


def test_a_hashtag_is_listed_once_in_the_case_of_its_first_mention() -> None:
    item = {"textExtra": [tag("Sea"), tag("sea")], "challenges": [{"title": "SEA"}]}
    assert hashtags_of(item, "#Sea #sea") == ["Sea"]


def test_hashtags_of_the_parts_of_a_caption_are_read() -> None:
    assert hashtags_of({"contents": [{"textExtra": [tag("part")]}]}, None) == ["part"]


def test_mentions_are_no_hashtags() -> None:
    assert hashtags_of({"textExtra": [{"hashtagName": "", "userId": "5"}]}, "@mia") == []


@pytest.mark.parametrize(
    ("caption", "hashtags"),
    [
        ("#a#b,#c.", ["a", "b", "c"]),
        ("#日本 ＃猫 #كلب", ["日本", "猫", "كلب"]),
        ("#wave🌊 # alone #", ["wave🌊"]),
        ("no tags", []),
        (None, []),
    ],
)
def test_the_caption_itself_is_the_last_resort(caption: str | None, hashtags: list[str]) -> None:
    assert hashtags_of({}, caption) == hashtags


def test_mentions_come_in_the_order_of_the_caption_and_once_each() -> None:
    item = {
        "textExtra": [
            {"userId": "2", "userUniqueId": "ben", "secUid": "MS2", "start": 9},
            {"userId": "1", "userUniqueId": "ann", "secUid": "", "start": 0},
            {"userId": "2", "userUniqueId": "ben", "start": 20},
            {"userId": "0", "userUniqueId": "nobody", "start": 30},
            {"userId": "", "hashtagName": "tag", "start": 40},
        ]
    }
    mentions = mentions_of(item, None)
    assert [(one.user_id, one.sec_uid, one.username) for one in mentions] == [
        ("1", None, "ann"),
        ("2", "MS2", "ben"),
    ]


@pytest.mark.parametrize(
    ("start", "end", "username"),
    [(3, 7, "ann"), (3, 8, "ann"), (4, 7, None), (3, 12, None), (7, 3, None), (3, 10**9, None)],
)
def test_a_nameless_mention_is_read_from_the_caption_by_utf16_places(
    start: int, end: int, username: str | None
) -> None:
    item = {"textExtra": [{"userId": "1", "start": start, "end": end}]}
    assert mentions_of(item, "🌊 @ann and all")[0].username == username


def test_the_source_is_the_first_post_that_the_caption_names() -> None:
    extras = [{"awemeId": ""}, {"awemeId": "0"}, {"awemeId": "7"}, {"awemeId": "8"}]
    assert source_of({"textExtra": extras}) == "7"
    assert source_of({}) is None
