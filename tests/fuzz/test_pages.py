from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.items import Layout, RawVideo
from crawler.page import read_page
from pipelines.normalize import normalize_video
from tests.fuzz.depth import DEEP, QUICK

ID = "7106594312292453675"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = [
    "id", "desc", "createTime", "author", "uniqueId", "stats", "statsV2", "playCount", "video",
    "duration", "bitrateInfo", "playAddr", "UrlList", "music", "textExtra", "hashtagName", "type",
    "challenges", "imagePost", "images", "subtitleInfos", "width", "height", "locationCreated",
]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False)
    | st.text(max_size=20) | st.sampled_from([ID, "0", "-1", "1e999", "https://[", "9" * 400]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)  # fmt: skip
ITEMS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12)
STATUSES = st.integers(100, 599)


def embed(item: Any) -> bytes:
    scope = {"webapp.video-detail": {"itemInfo": {"itemStruct": item}, "statusCode": 0}}
    return (
        b'<html><script id="__UNIVERSAL_DATA_FOR_REHYDRATION__" type="application/json">'
        + orjson.dumps({"__DEFAULT_SCOPE__": scope})
        + b"</script></html>"
    )


def check(body: bytes, status: int) -> None:
    page = read_page(body, status=status, url="https://www.tiktok.com/", video_id=ID)
    if page.item is not None:
        normalize(page.item)


def normalize(item: dict[str, Any]) -> None:
    for layout in Layout:
        raw = RawVideo(
            video_id=ID, layout=layout, data=item, observed_at=NOW, spider="video", job=None,
            cookies={}, user_agent="",
        )  # fmt: skip
        assert normalize_video(raw).id == ID


@QUICK
@given(body=st.binary(max_size=400), item=ITEMS | VALUES, status=STATUSES)
def test_any_page_is_read(body: bytes, item: Any, status: int) -> None:
    whole = embed(item)
    check(body, status)
    check(whole, status)
    check(whole[: len(body)] + body, status)


@QUICK
@given(item=ITEMS)
def test_any_post_is_normalised(item: dict[str, Any]) -> None:
    check(embed({**item, "id": ID}), 200)
    normalize({**item, "id": ID})


@pytest.mark.drill
@DEEP
@given(item=ITEMS, body=st.binary(max_size=400))
def test_any_page_at_length(item: dict[str, Any], body: bytes) -> None:
    check(embed({**item, "id": ID}), 200)
    check(body, 200)
