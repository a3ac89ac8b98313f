from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.values import (
    dicts,
    expiry_of,
    first_url,
    to_bool,
    to_float,
    to_id,
    to_int,
    to_text,
    to_time,
    to_url,
    to_utf8,
)

EXPIRY = datetime(2025, 8, 5, 11, 47, 30, tzinfo=UTC)
NO_COUNTERS: tuple[object, ...] = (
    *("", " ", "1.2M", "-3", "٣", "1_0", str(2**63), "9" * 40),
    *(-1, 0.5, 2**63, 1e30, float("nan"), float("inf"), True, False, None, [], {}),
)
NO_MEASURES: tuple[object, ...] = ("", "nan", "inf", True, 10**400, None, [])
NO_IDS: tuple[object, ...] = ("", "0", 0, -1, True, None, [], 1.5)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (5, 5),
        ("4001943", 4001943),
        (" 12 ", 12),
        (7.0, 7),
        (2**63 - 1, 2**63 - 1),
        (str(2**63 - 1), 2**63 - 1),
        *((wrong, None) for wrong in NO_COUNTERS),
    ],
)
def test_a_counter_is_read_from_every_spelling(value: object, number: int | None) -> None:
    assert to_int(value) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (-22.8, -22.8),
        ("67.03", 67.03),
        (3, 3.0),
        *((wrong, None) for wrong in NO_MEASURES),
    ],
)
def test_a_measure_is_a_finite_number(value: object, number: float | None) -> None:
    assert to_float(value) == number


@pytest.mark.parametrize(
    ("value", "truth"),
    [(True, True), (False, False), (1, True), (0, False), (2, None), ("true", None), (None, None)],
)
def test_only_true_false_one_and_zero_are_truths(value: object, truth: bool | None) -> None:
    assert to_bool(value) is truth


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (" a ", " a "), ("", None), (" \n", None), (5, None), ("a\ud83d", "a?")],
)
def test_a_text_has_something_in_it(value: object, text: str | None) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("value", "identity"),
    [
        ("7106594312292453675", "7106594312292453675"),
        (7106594312292453675, "7106594312292453675"),
        *((none, None) for none in NO_IDS),
    ],
)
def test_an_id_is_a_string_whatever_it_came_as(value: object, identity: str | None) -> None:
    assert to_id(value) == identity


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://a.example/b", "https://a.example/b"),
        ("http://a.example", "http://a.example"),
        ("//a.example/b", "https://a.example/b"),
        (" https://a.example/?x=1\\u0026y=2", "https://a.example/?x=1&y=2"),
        *[(wrong, None) for wrong in ("", "a.example", "javascript:alert(1)", "data:,x", 5, None)],
    ],
)
def test_an_address_is_http_or_https(value: object, address: str | None) -> None:
    assert to_url(value) == address


def test_the_first_address_is_found_in_texts_lists_and_objects_of_lists() -> None:
    assert first_url(None, "", [], ["", "//a.example"]) == "https://a.example"
    for key in ("urlList", "url_list", "UrlList"):
        assert first_url({key: ["", "https://b.example"]}) == "https://b.example"
    assert first_url({"other": ["https://b.example"]}, 5, None) is None


@pytest.mark.parametrize("value", [1754394450, "1754394450"])
def test_a_moment_is_read_from_unix_seconds(value: object) -> None:
    assert to_time(value) == EXPIRY


@pytest.mark.parametrize("value", [0, "0", -5, "", None, 10**18, "soon"])
def test_what_is_no_moment_is_none(value: object) -> None:
    assert to_time(value) is None


@pytest.mark.parametrize(
    ("address", "expiry"),
    [
        ("https://v16.example/a?expire=1754394450&l=2025", EXPIRY),
        ("https://p16.example/a?x-expires=1754394450&x-signature=b", EXPIRY),
        (f"https://v77.example/{'0a' * 16}/6891ef52/video", EXPIRY),
        ("https://v16.example/a?expire=soon", None),
        ("https://v16.example/a", None),
        ("https://[v16.example/a?expire=1754394450", None),
        ("https://v16.example/?" + "a=1&" * 300, None),
        (None, None),
    ],
)
def test_an_expiry_is_read_from_the_address(address: str | None, expiry: datetime | None) -> None:
    assert expiry_of(address) == expiry


def test_one_object_stands_for_a_list_of_one_and_other_things_are_left_out() -> None:
    assert dicts({"a": 1}) == [{"a": 1}]
    assert dicts([{"a": 1}, None, "b", []]) == [{"a": 1}]
    assert dicts("ab") == []


def test_halves_of_characters_are_replaced() -> None:
    assert to_utf8("🌊") == "🌊"
    assert to_utf8("wave \ud83c") == "wave ?"
