from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import Reason
from crawler.items import Layout
from crawler.page import Page, read_page
from crawler.walls import Verdict
from tests.crawler.pages import ID, ITEM, UNIVERSAL, Json, detail, post, script, universal
from tests.pipelines.cases import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

OTHER_ID = "7300000000000000001"
PAGES = sorted(FOLDER.glob("*/page.html"))
NEXT = "__NEXT_DATA__"
NAMED = ITEM | {"author": "mia"}
NESTED = {"itemInfos": {"id": ID, "text": "a"}, "authorInfos": {}}


def next_page(**properties: Any) -> bytes:
    return script(NEXT, {"props": {"pageProps": properties}})


def sigi_page(items: object, **state: Any) -> bytes:
    return script("SIGI_STATE", {"ItemModule": items, **state})


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name)
def test_a_case_is_served_from_its_own_layout(path: Path) -> None:
    meta = json.loads((path.parent / "meta.json").read_text())
    page = read_page(path.read_bytes(), video_id=meta["video_id"])
    assert (page.verdict, page.layout, page.reason) == (Verdict.SERVED, meta["layout"], None)


@pytest.mark.parametrize(
    ("body", "layout"),
    [
        (post(ITEM), Layout.DESKTOP),
        (universal({"webapp.reflow.video.detail": detail(ITEM)}), Layout.REFLOW),
        (sigi_page({ID: NAMED}), Layout.SIGI),
        (
            script("sigi-persisted-data", {"ItemModule": {ID: ITEM | {"author": "mia"}}}),
            Layout.SIGI,
        ),
        (next_page(itemInfo={"itemStruct": ITEM}, statusCode=0), Layout.NEXT),
        (next_page(videoData=NESTED), Layout.NESTED),
        (post({"aweme_id": ID}), Layout.AWEME),
        (post(NAMED), Layout.SIGI),
    ],
)
@pytest.mark.parametrize("video_id", [ID, ""])
def test_a_post_is_found_in_the_layout_of_each_era(
    body: bytes, layout: Layout, video_id: str
) -> None:
    page = read_page(body, video_id=video_id)
    assert (page.verdict, page.layout, page.reason) == (Verdict.SERVED, layout, None)
    assert page.item


def test_words_of_walls_in_a_served_page_mean_nothing() -> None:
    words = "captcha-verify Log in to TikTok Please wait... SlardarWAF Access Denied Reference #18"
    body = post(ITEM | {"desc": words}).replace(b"<p>", f"<p>{words}".encode())
    page = read_page(body, status=403, url="https://www.tiktok.com/login", video_id=ID)
    assert (page.verdict, page.item) == (Verdict.SERVED, ITEM | {"desc": words})


def test_of_two_post_scopes_the_one_with_the_post_is_read() -> None:
    empty, full = detail(code=10204), detail(ITEM)
    for scopes in (
        {"webapp.video-detail": empty, "webapp.reflow.video.detail": full},
        {"webapp.reflow.video.detail": empty, "webapp.video-detail": full},
    ):
        assert read_page(universal(scopes), video_id=ID).item == ITEM


def test_of_two_post_scopes_without_a_post_the_one_with_a_reason_is_read() -> None:
    scopes = {"webapp.video-detail": detail(), "webapp.reflow.video.detail": detail(code=10216)}
    assert read_page(universal(scopes)).reason is Reason.VIDEO_PRIVATE


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        (10204, "item_privacy_authorization&status_deleted", Reason.VIDEO_DELETED),
        (10204, "status_self_see", Reason.VIDEO_PRIVATE),
        (10204, "cross_border_violation", Reason.REGION_BLOCKED),
        (10204, "", Reason.VIDEO_UNAVAILABLE),
        (10231, "", Reason.REGION_BLOCKED),
        (0, "content_classification", Reason.LOGIN_REQUIRED),
    ],
)
def test_a_refusal_is_a_served_page_with_a_reason(code: int, message: str, reason: Reason) -> None:
    page = read_page(post(None, code, message), video_id=ID)
    assert (page.verdict, page.reason, page.item) == (Verdict.SERVED, reason, None)
    assert (page.status_code, page.status_message) == (code, message)


@pytest.mark.parametrize("item", [None, {}])
def test_a_scope_with_neither_post_nor_reason_is_a_shell(item: Json | None) -> None:
    page = read_page(post(item), video_id=ID)
    assert (page.verdict, page.reason) == (Verdict.SHELL, Reason.UPSTREAM_BLOCKED)
    assert page.canonical == f"https://www.tiktok.com/@mia/photo/{ID}"


def test_a_page_without_a_detail_scope_is_a_shell_that_names_its_address() -> None:
    body = universal({"webapp.app-context": {}, "seo.abtest": {"canonical": "https://a.example"}})
    page = read_page(body, video_id=ID)
    assert (page.verdict, page.reason) == (Verdict.SHELL, Reason.UPSTREAM_BLOCKED)
    assert page.canonical == "https://a.example"


@pytest.mark.parametrize(
    ("change", "reason", "verdict"),
    [
        ({"privateItem": True}, Reason.VIDEO_PRIVATE, Verdict.SERVED),
        ({"secret": True}, Reason.VIDEO_PRIVATE, Verdict.SERVED),
        ({"takeDown": 1}, Reason.VIDEO_UNAVAILABLE, Verdict.SERVED),
        ({"isContentClassified": True, "video": {}}, Reason.LOGIN_REQUIRED, Verdict.AGE_GATE),
    ],
)
def test_a_post_that_is_not_for_everybody_is_refused(
    change: Json, reason: Reason, verdict: Verdict
) -> None:
    page = read_page(post(ITEM | change), video_id=ID)
    assert (page.item, page.reason, page.verdict) == (None, reason, verdict)


@pytest.mark.parametrize(
    "change",
    [
        {"privateItem": False, "secret": False, "takeDown": 0},
        {"takeDown": "0"},
        {"isContentClassified": True},
        {"isContentClassified": True, "video": {}, "imagePost": {"images": []}, "takeDown": None},
    ],
)
def test_a_post_for_everybody_is_shown(change: Json) -> None:
    assert read_page(post(ITEM | change), video_id=ID).item == ITEM | change


def test_a_hidden_post_of_the_oldest_layout_is_refused() -> None:
    hidden = {"itemInfos": NESTED["itemInfos"] | {"secret": True}}
    assert read_page(next_page(videoData=hidden)).reason is Reason.VIDEO_PRIVATE


@pytest.mark.parametrize(
    "body",
    [
        post(ITEM),
        post({"video": {"id": ID}, "desc": "a"}),
        next_page(itemInfo={"itemStruct": ITEM}),
        next_page(videoData=NESTED),
    ],
)
def test_another_post_than_the_one_asked_for_is_not_taken_for_it(body: bytes) -> None:
    page = read_page(body, video_id=OTHER_ID)
    assert (page.item, page.reason) == (None, Reason.VIDEO_UNAVAILABLE)


def test_a_post_that_names_no_id_is_taken_for_the_one_asked_for() -> None:
    assert read_page(post({"desc": "a"}), video_id=ID).item == {"desc": "a"}


@pytest.mark.parametrize("text", ["", "{", '{"__DEFAULT_SCOPE__": {"webapp.video-detail": {"sta'])
@pytest.mark.parametrize("is_ended", [True, False])
def test_an_empty_or_truncated_element_is_a_block_and_no_missing_post(
    text: str, is_ended: bool
) -> None:
    body = script(UNIVERSAL, text)
    page = read_page(body if is_ended else body[: body.index(b"</script")], video_id=ID)
    assert (page.item, page.reason) == (None, Reason.UPSTREAM_BLOCKED)


def test_a_post_whose_caption_was_cut_within_a_character_is_read() -> None:
    page = read_page(post(ITEM | {"desc": "wave \ud83c"}), video_id=ID)
    assert page.item == ITEM | {"desc": "wave ?"}


def profile(code: int = 0, **info: Any) -> bytes:
    return universal({"webapp.user-detail": {"statusCode": code, "userInfo": info}})


def test_a_profile_is_a_served_page_of_another_kind() -> None:
    page = read_page(profile(user={"id": "5"}, itemList=[]))
    assert (page.verdict, page.item, page.items, page.reason) == (Verdict.SERVED, None, [], None)
    assert page.scope == {"statusCode": 0, "userInfo": {"user": {"id": "5"}, "itemList": []}}


def test_the_posts_that_a_profile_lists_are_found_in_all_its_scopes() -> None:
    first, second = {"id": "1"}, {"id": "2"}
    scopes = {
        "webapp.user-detail": {"userInfo": {"user": {"id": "5"}, "itemList": [first, None, {}]}},
        "webapp.user-post": {"itemList": [second]},
    }
    page = read_page(universal(scopes))
    assert (page.items, page.layout, page.reason) == ([first, second], Layout.LIST, None)


def test_a_hashtag_and_a_sound_are_served_pages() -> None:
    hashtag = {"challengeInfo": {"challenge": {"id": "1"}}, "itemList": [ITEM]}
    page = read_page(universal({"webapp.challenge-detail": hashtag}))
    assert (page.verdict, page.scope, page.items) == (Verdict.SERVED, hashtag, [ITEM])
    sound = {"musicInfo": {"music": {"id": "1"}}}
    assert read_page(universal({"webapp.music-detail": sound})).scope == sound


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (profile(10221), Reason.USER_NOT_FOUND),
        (profile(10202), Reason.NOT_FOUND),
        (profile(10222, user={"id": "5"}, stats={"videoCount": 0}), Reason.ACCOUNT_PRIVATE),
        (profile(10222, user={"id": "5"}, stats={"videoCount": 3}), None),
        (profile(10222, user={"id": "5"}, itemList=[ITEM]), None),
        (profile(-1), Reason.UPSTREAM_BLOCKED),
        (profile(0), Reason.UPSTREAM_BLOCKED),
    ],
)
def test_a_profile_says_why_it_cannot_be_seen(body: bytes, reason: Reason | None) -> None:
    assert read_page(body).reason is reason


def test_the_earlier_profile_lists_its_posts() -> None:
    items = {ID: ITEM, OTHER_ID: {"id": OTHER_ID}}
    page = read_page(sigi_page(items))
    assert (page.item, page.items) == (None, list(items.values()))
    assert (page.verdict, page.layout, page.reason) == (Verdict.SERVED, Layout.SIGI, None)


@pytest.mark.parametrize("name", ["VideoPage", "UserPage"])
def test_the_earlier_page_says_why_there_is_no_post(name: str) -> None:
    page = read_page(sigi_page({}, **{name: {"statusCode": 10216}}), video_id=ID)
    assert (page.verdict, page.reason) == (Verdict.SERVED, Reason.VIDEO_PRIVATE)


def test_the_oldest_page_says_why_there_is_no_post() -> None:
    page = read_page(next_page(statusCode=10204, statusMsg="status_deleted"), video_id=ID)
    assert (page.verdict, page.reason) == (Verdict.SERVED, Reason.VIDEO_DELETED)


@pytest.mark.parametrize(
    ("answer", "verdict", "reason"),
    [
        ({"code": "10000", "type": "verify", "fp": "x"}, Verdict.CAPTCHA, Reason.CAPTCHA),
        ({"statusCode": 10110, "verifyConfig": {}}, Verdict.CAPTCHA, Reason.CAPTCHA),
        ({"code": "10000"}, Verdict.CAPTCHA, Reason.CAPTCHA),
        ({"status_code": 10201}, Verdict.SHELL, Reason.UPSTREAM_ERROR),
        ({}, Verdict.SHELL, Reason.UPSTREAM_BLOCKED),
    ],
)
def test_json_where_a_page_is_expected_is_no_page(
    answer: Json, verdict: Verdict, reason: Reason
) -> None:
    page = read_page(b"\n" + json.dumps(answer).encode())
    assert (page.verdict, page.reason, page.item) == (verdict, reason, None)


@pytest.mark.parametrize(
    ("body", "status", "path", "verdict", "reason"),
    [
        (b"", 200, "/@a/video/1", Verdict.EMPTY_BODY, Reason.UPSTREAM_BLOCKED),
        (b"<p>a</p>", 200, "/@a/video/1", Verdict.SHELL, Reason.UPSTREAM_BLOCKED),
        (b"<p>a</p>", 403, "/@a/video/1", Verdict.BLOCKED, Reason.UPSTREAM_BLOCKED),
        (b"<p>a</p>", 404, "/@a/video/1", Verdict.NOT_FOUND, Reason.NOT_FOUND),
        (b"<p>a</p>", 404, "/@a", Verdict.NOT_FOUND, Reason.USER_NOT_FOUND),
        (b"", 502, "/@a/video/1", Verdict.UPSTREAM_ERROR, Reason.UPSTREAM_ERROR),
        (b"SlardarWAF", 200, "/@a/video/1", Verdict.WAF_CHALLENGE, Reason.CHALLENGE),
        (b"<p>a</p>", 200, "/login", Verdict.LOGIN_WALL, Reason.LOGIN_REQUIRED),
    ],
)
def test_a_page_without_data_is_a_wall(
    body: bytes, status: int, path: str, verdict: Verdict, reason: Reason
) -> None:
    page = read_page(body, status=status, url=f"https://www.tiktok.com{path}")
    assert (page.verdict, page.reason) == (verdict, reason)


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = (
    *("__DEFAULT_SCOPE__", "webapp.video-detail", "webapp.user-detail", "webapp.user-post"),
    *("itemInfo", "itemStruct", "userInfo", "stats", "itemList", "statusCode", "statusMsg"),
    *("ItemModule", "VideoPage", "props", "pageProps", "videoData", "itemInfos", "seo.abtest"),
    *("canonical", "id", "video", "takeDown", "videoCount", ID),
)
STATES = st.recursive(
    JSON_VALUES,
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=4),
    max_leaves=20,
)


def _check(page: Page) -> None:
    assert page.item is None or (page.reason is None and page.layout is not None)
    assert page.reason is not None or page.item is not None or page.scope or page.items


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=300), status=st.integers(100, 599), url=st.text(max_size=30))
def test_any_bytes_are_read(body: bytes, status: int, url: str) -> None:
    _check(read_page(body, status=status, url=url, video_id=ID))


@settings(max_examples=300, deadline=None)
@given(
    element=st.sampled_from([UNIVERSAL, "SIGI_STATE", NEXT]),
    state=STATES,
    video_id=st.sampled_from(["", ID]),
)
def test_any_state_in_any_element_is_read(element: str, state: object, video_id: str) -> None:
    _check(read_page(script(element, json.dumps(state)), video_id=video_id))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_page_cut_off_or_damaged_anywhere_is_read(data: st.DataObject) -> None:
    body = data.draw(st.sampled_from(PAGES)).read_bytes()
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 200)))
    damaged = body[:start] + data.draw(st.binary(max_size=20)) + body[end:]
    _check(read_page(data.draw(st.sampled_from([damaged, body[:start]])), video_id=ID))
