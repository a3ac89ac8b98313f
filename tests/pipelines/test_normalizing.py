from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bson
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.items import Layout, RawVideo
from crawler.jobs.records import Job, Lane
from crawler.links import Target, TargetType
from pipelines.documents.mongo import from_mongo, to_mongo
from pipelines.documents.problems import find_problems
from pipelines.documents.public import metadata
from pipelines.documents.video import Video
from pipelines.normalize import normalize_video
from tests.pipelines.cases import NAMES, read_case

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ID = "7106594312292453675"
FIELDS = [(name, field) for name in NAMES for field in read_case(name).expected]
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**63, -(2**70), 1e300, 0.5, "", " ", "0", "-1", "12", "nan"),
    *("\ud83d", "\x00", "//", "http://[", "x" * 3000, "９", "99999999999999999999999"),
    *([], {}, [None], [[]], [{}], [1, "a", None], {"": None}, {"urlList": "x"}, {"id": {}}),
)


def normalize(layout: Layout = Layout.LIST, video_id: str = ID, **item: Any) -> Video:
    return normalize_video(
        RawVideo(video_id=video_id, layout=layout, data=item, observed_at=NOW, spider="test")
    )


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_a_field_of_a_case_is_as_expected(name: str, field: str) -> None:
    case = read_case(name)
    assert case.known.get(field) == case.expected[field]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_known_beyond_what_a_case_expects(name: str) -> None:
    case = read_case(name)
    assert set(case.known) == set(case.expected)


@pytest.mark.parametrize("layout", Layout)
def test_of_an_empty_post_nothing_is_known_but_its_id(layout: Layout) -> None:
    video = normalize(layout)
    known = {name: value for name, value in to_mongo(video).items() if value not in (None, [])}
    for part in ("author", "statistics", "music"):
        assert not any(known.pop(part).values())
    assert known == {
        "_id": ID,
        "type": "video",
        "url": f"https://www.tiktok.com/@_/video/{ID}",
        "created_at": datetime.fromtimestamp(int(ID) >> 32, UTC),
        "created_at_source": "id",
        "layout": layout.value,
        "spider": "test",
        "parser_version": 1,
        "schema_version": 1,
        "observed_at": NOW,
    }


def test_the_post_s_own_id_counts_more_than_the_one_that_was_asked_for() -> None:
    assert normalize(id="7300000000000000001").id == "7300000000000000001"


def test_an_author_that_is_a_plain_name_is_read_in_any_layout() -> None:
    video = normalize(author="mia.runs", nickname="Mia", authorId="6800000000000000001")
    assert (video.author.username, video.author.nickname) == ("mia.runs", "Mia")
    assert video.author.id == "6800000000000000001"


def test_an_author_object_is_read_in_the_layout_of_plain_names_too() -> None:
    video = normalize(Layout.SIGI, author={"uniqueId": "mia.runs"})
    assert video.author.username == "mia.runs"


def test_an_author_beside_the_post_stands_in_for_a_missing_one() -> None:
    assert normalize(authorInfo={"uniqueId": "mia.runs"}).author.username == "mia.runs"


def test_followers_are_read_exact_first_and_never_answered_as_zero_when_missing() -> None:
    exact, rounded = {"followerCount": "5012"}, {"followerCount": 5000}
    assert normalize(authorStatsV2=exact, authorStats=rounded).author.follower_count == 5012
    assert normalize(authorStatsV2={}, authorStats=rounded).author.follower_count == 5000
    assert normalize(author={"uniqueId": "a"}).author.follower_count is None


def test_counters_are_exact_when_the_exact_object_gives_all_of_them() -> None:
    statistics = normalize(statsV2={"playCount": "1001", "diggCount": "0"}).statistics
    assert (statistics.views, statistics.likes, statistics.saves) == (1001, 0, None)
    assert statistics.exact is True


def test_a_rounded_counter_fills_a_gap_and_is_marked() -> None:
    statistics = normalize(
        statsV2={"playCount": "1001", "diggCount": ""}, stats={"playCount": 1000, "diggCount": 90}
    ).statistics
    assert (statistics.views, statistics.likes, statistics.exact) == (1001, 90, False)


def test_hidden_counters_are_unknown() -> None:
    statistics = normalize(stats={"playCount": -1, "diggCount": "many"}).statistics
    assert (statistics.views, statistics.likes, statistics.exact) == (None, None, None)


@pytest.mark.parametrize("created_at", ["1657000000", 1657000000])
def test_the_time_is_read_as_string_and_as_number(created_at: object) -> None:
    video = normalize(createTime=created_at)
    assert video.created_at == datetime(2022, 7, 5, 5, 46, 40, tzinfo=UTC)
    assert video.created_at_source == "page"


@pytest.mark.parametrize("country", ["", "NLD", "1A", 5, None, "ÅÅ"])
def test_a_country_that_is_no_iso_code_is_unknown(country: object) -> None:
    assert normalize(locationCreated=country).country is None


def test_the_region_is_the_author_s_and_else_the_place_s() -> None:
    place = {"province": "California"}
    assert normalize(author={"region": "US"}, poi=place).region == "US"
    assert normalize(poi=place).region == "California"
    assert normalize(locationCreated="US").region is None


@pytest.mark.parametrize(
    ("item", "is_ai"),
    [
        ({}, None),
        ({"IsAigc": False}, False),
        ({"IsAigc": True}, True),
        ({"IsAigc": False, "aigcLabelType": 2}, True),
        ({"aigcLabelType": 0}, False),
        ({"ai_gc_label_type": 1}, True),
    ],
)
def test_the_label_of_ai_is_read_under_each_of_its_names(
    item: dict[str, Any], is_ai: bool | None
) -> None:
    assert normalize(**item).ai_generated is is_ai


def test_a_stitch_is_linked_to_its_source_and_a_duet_is_no_stitch() -> None:
    extras = [{"awemeId": "7000000000000000001", "userId": "5"}]
    stitch = normalize(textExtra=extras)
    duet = normalize(textExtra=extras, duetInfo={"duetFromId": "7000000000000000001"})
    assert (stitch.duet_of, stitch.stitch_of) == (None, "7000000000000000001")
    assert (duet.duet_of, duet.stitch_of) == ("7000000000000000001", None)


def test_the_bearer_token_beside_the_music_is_not_kept() -> None:
    assert "secret" in orjson.dumps(read_case("desktop").raw.data).decode()
    assert "secret" not in str(to_mongo(normalize_video(read_case("desktop").raw)))


def test_a_photo_post_of_the_application_has_its_pictures() -> None:
    picture = {"url_list": ["https://p16.example.net/a"], "width": 10, "height": 20}
    post = {"images": [{"display_image": picture}], "title": "Two walks"}
    video = normalize(Layout.AWEME, image_post_info=post, desc="one walk", video={"duration": 0})
    assert (video.type, video.title) == ("photo", "Two walks")
    assert [(image.url, image.width) for image in video.images] == [
        ("https://p16.example.net/a", 10)
    ]
    assert (video.duration, video.media) == (None, None)


def test_the_job_that_asked_is_named() -> None:
    job = Job(target=Target(type=TargetType.VIDEO, value=ID), lane=Lane.DEMAND)
    raw = RawVideo(
        video_id=ID, layout=Layout.LIST, data={}, observed_at=NOW, spider="test", job=job
    )
    assert normalize_video(raw).job_id == job.id


def test_the_raw_post_stays_untouched() -> None:
    for name in NAMES:
        raw = read_case(name).raw
        before = copy.deepcopy(raw.data)
        normalize_video(raw)
        assert raw.data == before


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a post with each of its keys or indices."""
    if isinstance(value, dict):
        for key in value:
            yield value, key
            yield from _places(value[key])
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield value, index
            yield from _places(part)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_post_with_keys_deleted_and_retyped_never_raises(data: st.DataObject) -> None:
    raw = read_case(data.draw(st.sampled_from(NAMES))).raw
    item = copy.deepcopy(raw.data)
    for _ in range(data.draw(st.integers(1, 12))):
        places = list(_places(item))
        if not places:
            break
        container, key = places[data.draw(st.integers(0, len(places) - 1))]
        if data.draw(st.booleans()):
            del container[key]
        else:
            container[key] = copy.deepcopy(data.draw(st.sampled_from(JUNK)))
    layout = data.draw(st.sampled_from([raw.layout, raw.layout, *Layout]))

    _all_stages_accept(normalize(layout, **item))


@pytest.mark.parametrize("name", NAMES)
def test_any_single_key_of_a_case_may_be_missing_or_of_any_type(name: str) -> None:
    raw = read_case(name).raw
    for place in range(len(list(_places(raw.data)))):
        item = copy.deepcopy(raw.data)
        container, key = list(_places(item))[place]
        container[key] = JUNK[place % len(JUNK)]
        _all_stages_accept(normalize(raw.layout, **item))


def _all_stages_accept(video: Video) -> None:
    stored = to_mongo(video)
    bson.encode(stored)
    assert from_mongo(Video, stored) == video
    orjson.dumps(metadata(video, with_country=True))
    assert set(find_problems(video)) <= {"no_id", "nothing_known"}
