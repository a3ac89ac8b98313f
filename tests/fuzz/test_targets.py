from __future__ import annotations

import contextlib
import csv
import io
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Request

from crawler.jobs.targets import TYPES, TargetError, read_target, read_targets_csv
from tests.fuzz.depth import DEEP, QUICK
from tests.fuzz.test_links import BASE, LINKS

KINDS = st.sampled_from([kind.value for kind in TYPES])
TEXTS = st.text(max_size=30) | LINKS | LINKS.map(lambda link: f"{BASE}/{link}")
CELLS = KINDS | TEXTS | st.sampled_from(["type", "value", "", "@someone", "7106594312292453675"])
ROWS = st.lists(st.lists(CELLS, max_size=4), max_size=6)
BYTES = st.binary(max_size=300) | st.lists(
    st.sampled_from([b"type", b"value", b",", b";", b'"', b"\n", b"\r", b"\0", b"\xff", b"user",
                     b"\xef\xbb\xbf", b"a", b"\t", "é".encode()]),
    max_size=40,
).map(b"".join)  # fmt: skip


def check(kind: object, value: object) -> None:
    """A target is fetched from TikTok, has a key that MongoDB and Redis hold, and is stable."""
    with contextlib.suppress(TargetError):
        target = read_target(kind, value)
        assert urlsplit(Request(BASE + target.page_path).url).hostname == "www.tiktok.com"
        assert target.key.encode()
        assert "\0" not in target.key


def check_file(data: bytes) -> None:
    with contextlib.suppress(TargetError):
        assert read_targets_csv(data)


def written(rows: list[list[str]], parted_by: str) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=parted_by).writerows([["type", "value"], *rows])
    return file.getvalue().encode(errors="surrogatepass")


@QUICK
@given(kind=KINDS | st.text(max_size=8) | st.none() | st.integers(), value=TEXTS | st.integers())
def test_anything_is_a_target_or_refused(kind: object, value: object) -> None:
    check(kind, value)


@QUICK
@given(data=BYTES, rows=ROWS, parted_by=st.sampled_from(",;\t"))
def test_any_file_is_read_or_refused(data: bytes, rows: list[list[str]], parted_by: str) -> None:
    check_file(data)
    check_file(b"type,value\n" + data)
    check_file(written(rows, parted_by))


@QUICK
@given(value=st.text(min_size=1, max_size=60), parted_by=st.sampled_from(",;\t"))
def test_a_file_says_what_its_rows_say(value: str, parted_by: str) -> None:
    try:
        expected = read_target("search", value)
    except TargetError:
        return
    assert read_targets_csv(written([["search", value]], parted_by)) == [expected]


@pytest.mark.drill
@DEEP
@given(data=BYTES, kind=KINDS, value=TEXTS, rows=ROWS)
def test_anything_at_length(data: bytes, kind: str, value: str, rows: list[list[str]]) -> None:
    check(kind, value)
    check_file(data)
    check_file(written(rows, ","))
