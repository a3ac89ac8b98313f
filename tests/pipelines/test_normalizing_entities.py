from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import bson
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.items import (
    Kind,
    Layout,
    RawComment,
    RawHashtag,
    RawItem,
    RawList,
    RawMusic,
    RawUser,
)
from crawler.jobs.lists import ListEnd, StopReason
from crawler.links import Target, TargetType
from pipelines.documents.mongo import from_mongo, to_mongo
from pipelines.documents.problems import find_entity_problems
from pipelines.documents.shapes import show
from pipelines.normalize import NormalizePipeline, normalize_entity
from pipelines.normalizing.comment import normalize_comment
from pipelines.normalizing.hashtag import normalize_hashtag
from pipelines.normalizing.sound import normalize_music
from pipelines.normalizing.user import normalize_user
from tests.pipelines.cases import ENTITIES, RAW_TYPES, read_entity
from tests.pipelines.test_normalizing import JUNK, _places

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ABOUT: dict[str, Any] = {"layout": Layout.LIST, "observed_at": NOW, "spider": "test"}
FIELDS = [(name, field) for name in ENTITIES for field in read_entity(name).expected]


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_a_field_of_a_case_is_as_expected(name: str, field: str) -> None:
    case = read_entity(name)
    assert case.known.get(field) == case.expected[field]


@pytest.mark.parametrize("name", ENTITIES)
def test_a_case_is_sound_and_nothing_is_known_beyond_what_it_expects(name: str) -> None:
    case = read_entity(name)
    assert set(case.known) == set(case.expected)
    assert find_entity_problems(normalize_entity(case.raw)) == []


@pytest.mark.parametrize("kind", RAW_TYPES)
def test_what_has_no_id_is_no_document(kind: Kind) -> None:
    document = normalize_entity(RAW_TYPES[kind](data={}, **ABOUT))
    assert "no_id" in find_entity_problems(document)


def test_a_user_without_any_name_is_no_document() -> None:
    user = normalize_user(RawUser(data={"id": "107955"}, **ABOUT))
    assert find_entity_problems(user) == ["nothing_known"]


def test_counters_inside_the_user_are_read() -> None:
    inside = {"id": "107955", "uniqueId": "tiktok", "followerCount": 5, "heart": 7}
    statistics = normalize_user(RawUser(data=inside, **ABOUT)).statistics
    assert (statistics.followers, statistics.likes, statistics.exact) == (5, 7, False)


def test_users_of_a_search_s_top_results_are_read_in_their_wrapping() -> None:
    user = {"uid": "107955", "unique_id": "TikTok"}
    wrapped = RawUser(data={"type": 4, "user_list": [{"user_info": user}]}, **ABOUT)
    assert normalize_user(wrapped).username == "tiktok"


@pytest.mark.parametrize("name", ["bread", "#bread", " bread ", "Bread", "BREAD"])
def test_a_hashtag_is_the_same_in_any_case(name: str) -> None:
    assert normalize_hashtag(RawHashtag(data={"title": name}, **ABOUT)).id == "bread"


@pytest.mark.parametrize(("views", "videos"), [(0, 0), (5, None), (None, 0)])
def test_no_posts_beside_views_are_unknown(views: int | None, videos: int | None) -> None:
    stats = {"viewCount": views, "videoCount": 0}
    data = {"challenge": {"title": "bread"}, "stats": stats}
    assert normalize_hashtag(RawHashtag(data=data, **ABOUT)).statistics.videos == videos


def test_a_removed_sound_is_no_document() -> None:
    sound = normalize_music(RawMusic(data={"id": "0", "title": "gone"}, **ABOUT))
    assert find_entity_problems(sound) == ["no_id"]


def test_a_reply_found_inside_a_comment_knows_its_place() -> None:
    reply = RawComment(data={"cid": "2"}, video_id="7", parent_id="1", **ABOUT)
    comment = normalize_comment(reply)
    assert (comment.video_id, comment.parent_id, comment.reply_count) == ("7", "1", None)


async def test_the_end_of_a_list_passes_as_it_came() -> None:
    target = Target(type=TargetType.USER, value="ada")
    end = ListEnd.of(StopReason.END, collected=3, reported_total=3)
    item = RawList(target=target, end=end, observed_at=NOW, spider="test")
    passed = NormalizePipeline().process_item(item)
    assert await passed is item  # type: ignore[misc]
    assert item.end == end


def test_the_raw_item_stays_untouched() -> None:
    for name in ENTITIES:
        raw = read_entity(name).raw
        before = copy.deepcopy(raw.data)
        normalize_entity(raw)
        assert raw.data == before


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_an_item_with_keys_deleted_and_retyped_never_raises(data: st.DataObject) -> None:
    case = read_entity(data.draw(st.sampled_from(ENTITIES)))
    item = copy.deepcopy(case.raw.data)
    for _ in range(data.draw(st.integers(1, 8))):
        places = list(_places(item))
        if not places:
            break
        container, key = places[data.draw(st.integers(0, len(places) - 1))]
        if data.draw(st.booleans()):
            del container[key]
        else:
            container[key] = copy.deepcopy(data.draw(st.sampled_from(JUNK)))
    kind = data.draw(st.sampled_from([case.raw.kind, case.raw.kind, *RAW_TYPES]))

    _all_stages_accept(RAW_TYPES[kind](data=item, **ABOUT))


@pytest.mark.parametrize("name", ENTITIES)
def test_any_single_key_of_a_case_may_be_missing_or_of_any_type(name: str) -> None:
    raw = read_entity(name).raw
    for place in range(len(list(_places(raw.data)))):
        for junk in (JUNK[place % len(JUNK)], None):
            item = copy.deepcopy(raw.data)
            container, key = list(_places(item))[place]
            container[key] = junk
            _all_stages_accept(RAW_TYPES[raw.kind](data=item, **ABOUT))


def _all_stages_accept(raw: RawItem) -> None:
    document = normalize_entity(raw)
    stored = to_mongo(document)
    bson.encode(stored)
    assert from_mongo(type(document), stored) == document
    orjson.dumps(show(raw.kind.value, stored))
    assert set(find_entity_problems(document)) <= {"no_id", "nothing_known"}
