from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.documents.mongo import to_mongo
from pipelines.documents.public import metadata
from pipelines.documents.shapes import PROJECTIONS, show
from tests.api.conftest import a_video

SEEN_AT = datetime(2024, 1, 16, 8, tzinfo=UTC)
STORED: dict[str, dict[str, Any]] = {
    "user": {
        "_id": "5831967",
        "username": "mara",
        "statistics": {"followers": 12},
        "signature": "I cook",
    },
    "hashtag": {
        "_id": "日本 a/b",
        "hashtag_id": "5424",
        "name": "日本 A/b",
        "statistics": {"views": 9},
    },
    "music": {
        "_id": "7106594312292453600",
        "title": "original sound",
        "statistics": {"videos": 3},
    },
    "comment": {"_id": "7106594312292453601", "video_id": "7", "text": "☀", "likes": 2},
}


def test_a_post_is_shown_as_in_an_extraction_without_what_is_not_read_for_it() -> None:
    stored = to_mongo(a_video(observed_at=SEEN_AT))
    read = {name: value for name, value in stored.items() if name not in PROJECTIONS["video"]}

    shown = show("video", read)

    expected = metadata(a_video(observed_at=SEEN_AT), with_country=False)
    assert shown == {**expected, "observed_at": "2024-01-16T08:00:00Z"}
    assert shown["country"] is None
    assert show("video", read, with_country=True)["country"] == "SE"
    assert len(read) < len(stored)


@pytest.mark.parametrize("kind", STORED)
def test_what_tiktok_does_not_tell_is_null(kind: str) -> None:
    bare = show(kind, {"_id": "1", "observed_at": SEEN_AT})
    full = show(kind, {**STORED[kind], "observed_at": SEEN_AT})

    assert bare.keys() == full.keys()
    assert bare.pop("observed_at") == "2024-01-16T08:00:00Z"
    given = {name for name, value in bare.items() if value not in (None, [])}
    assert given <= {f"{kind}_id", "url", "author", "statistics"}
    assert set(bare["statistics"].values()) == {None}


def test_what_is_known_is_shown() -> None:
    user, hashtag, music, comment = (
        show(kind, {**stored, "observed_at": SEEN_AT}) for kind, stored in STORED.items()
    )

    assert (user["user_id"], user["url"]) == ("5831967", "https://www.tiktok.com/@mara")
    assert (user["bio"], user["statistics"]["followers"]) == ("I cook", 12)
    assert hashtag["hashtag_id"] == "5424"
    assert hashtag["url"] == "https://www.tiktok.com/tag/%E6%97%A5%E6%9C%AC%20A%2Fb"
    assert hashtag["statistics"] == {"videos": None, "views": 9}
    assert music["statistics"] == {"videos": 3}
    assert (comment["text"], comment["statistics"]["likes"]) == ("☀", 2)
    assert (comment["parent_id"], comment["author"]["username"]) == (None, None)
