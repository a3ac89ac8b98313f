from __future__ import annotations

import pytest

from crawler.scripts import NEXT, SIGI, find_script, read_element, read_post_scope, read_scopes
from tests.crawler.pages import ITEM, UNIVERSAL, detail, script, universal

NAMES = ("webapp.video-detail", "webapp.reflow.video.detail")
TAGS = [
    '<script id="{}" type="application/json">',
    "<script id='{}' type='application/json'>",
    '<script type="application/json" nonce="a" id="{}" crossorigin="anonymous">',
    "<script type=application/json id={}>",
    '<script\n  id = "{}"\n  defer>',
    '<SCRIPT ID="{}">',
    '<script data-note="a > b" id="{}">',
]


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("element_id", ["SIGI_STATE", "sigi-persisted-data"])
def test_an_element_is_found_whatever_its_tag_looks_like(tag: str, element_id: str) -> None:
    assert read_element(script(element_id, {"a": "b/c"}, tag=tag), *SIGI) == {"a": "b/c"}


@pytest.mark.parametrize("tag", TAGS[:5])
def test_the_quick_search_sees_through_the_tags_that_pages_have(tag: str) -> None:
    body = script(UNIVERSAL, {"a": 1}, tag=tag)
    span = find_script(body, UNIVERSAL.encode())
    assert span is not None
    assert body[span[0] : span[1]] == b'{"a": 1}'


def test_a_mention_of_the_id_is_not_taken_for_the_element() -> None:
    decoys = b'<p>SIGI_STATE</p><script>get("SIGI_STATE")</script><div id="SIGI_STATE">{}</div>'
    assert read_element(decoys + script("SIGI_STATE", {"a": 1}), *SIGI) == {"a": 1}
    assert read_element(decoys, *SIGI) is None


@pytest.mark.parametrize("text", ["", " ", "{", '{"a": 1', "[]", "5", "null", "not json"])
def test_an_element_without_an_object_is_none(text: str) -> None:
    assert read_element(script("__NEXT_DATA__", text), *NEXT) is None


def test_the_second_element_is_read_when_the_first_is_broken() -> None:
    body = script("SIGI_STATE", "{") + script("sigi-persisted-data", {"a": 1})
    assert read_element(body, *SIGI) == {"a": 1}


def test_an_element_that_never_ends_is_none() -> None:
    assert read_element(b'<script id="__NEXT_DATA__">{"a": 1, "b": ', *NEXT) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"wave \\ud83c"', "wave ?"),
        ('"wave \\ud83c\\udf0a"', "wave 🌊"),
        ('"\\u003c\\u002fscript>"', "</script>"),
        ("1" + "0" * 30, 1e30),
    ],
)
def test_texts_that_strict_parsers_refuse_are_mended(text: str, value: object) -> None:
    assert read_element(script("SIGI_STATE", f'{{"a": {text}}}'), *SIGI) == {"a": value}


def test_bytes_that_are_no_text_are_replaced() -> None:
    body = script("SIGI_STATE", {"a": "X"}).replace(b"X", b"\xff\xfe")
    assert read_element(body, *SIGI) == {"a": "��"}


def test_nesting_without_end_is_none() -> None:
    assert read_element(script("SIGI_STATE", '{"a":' * 200_000), *SIGI) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("following", [{}, {"webapp.a-b": {}}, {"webapp.a-b": {}, "x": 1}])
def test_a_post_scope_is_cut_out_of_the_element(name: str, following: dict[str, object]) -> None:
    body = universal({"webapp.app-context": {"a": 1}, name: detail(ITEM), **following})
    compact = body.replace(b", ", b",").replace(b": ", b":")
    assert read_post_scope(compact, NAMES) == (name, detail(ITEM))
    assert read_scopes(compact)[name] == detail(ITEM)


@pytest.mark.parametrize(
    "scopes",
    [
        {"webapp.video-detail": detail(ITEM), "seo.abtest": {}},
        {"webapp.a-b": {"text": '"webapp.video-detail":{}'}},
        {"webapp.video-detail": None},
        {"webapp.user-detail": {}},
    ],
)
def test_a_cut_that_is_no_whole_scope_is_left_to_the_full_reading(
    scopes: dict[str, object],
) -> None:
    body = universal(scopes).replace(b", ", b",").replace(b": ", b":")
    assert read_post_scope(body, NAMES) is None
    assert read_scopes(body) == scopes
