from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.items import Kind
from pipelines.documents.rows import cell, columns, flat, lines


def test_fields_inside_others_have_both_names() -> None:
    item = {"id": "1", "author": {"username": "ada", "counts": {"likes": 2}}, "tags": ["a"]}

    assert dict(flat(item)) == {
        "id": "1",
        "author_username": "ada",
        "author_counts_likes": 2,
        "tags": ["a"],
    }


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@ada", "'@ada"),
        ("-5", "'-5"),
        ("\r=1", "'\r=1"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        (-5, -5),
        ("a=b", "a=b"),
        (None, None),
        (["=1", "ä"], '["=1","ä"]'),
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00Z"),
    ],
)
def test_a_cell_is_no_formula(value: object, written: object) -> None:
    assert cell(value) == written


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_columns(kind: Kind) -> None:
    names = columns(kind)

    assert {"observed_at"} < set(names)
    assert len(set(names)) == len(names)
    assert not [name for name in names if "." in name or name.endswith("_")]


def test_a_row_has_the_columns_of_its_header() -> None:
    written = lines([{"b": 'x,"y"', "a": 1, "c": 2}, {}], ["a", "b"])

    assert written == b'1,"x,""y"""\r\n,\r\n'
