from __future__ import annotations

import base64

import pytest

from api.cursors import Cursors
from api.errors import ApiError

CURSORS = Cursors(b"a secret")


@pytest.mark.parametrize("place", ["MTcwNTMxNDYwMDAwMC43MzAw", "12 video:730", "日本", ""])
def test_a_cursor_opens_to_the_place_that_was_sealed(place: str) -> None:
    cursor = CURSORS.seal("user:mara", place)

    assert CURSORS.open("user:mara", cursor) == place
    assert CURSORS.open("user:mara", None) is None
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "cursor",
    [
        Cursors(b"another secret").seal("user:mara", "12"),
        CURSORS.seal("user:other", "12"),
        CURSORS.seal("user:mara", "12")[:-2],
        base64.urlsafe_b64encode(b"12").decode(),
        "\udcff",
        "日本",
        "A" * 100_000,
        "=",
        "",
    ],
)
def test_a_cursor_that_no_page_of_the_list_gave_is_refused(cursor: str) -> None:
    with pytest.raises(ApiError, match="Invalid parameter") as refused:
        CURSORS.open("user:mara", cursor)

    assert "leave it out to begin with the first page" in refused.value.detail
