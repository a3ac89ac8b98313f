from __future__ import annotations

import click
import pytest

from cli.durations import Duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("0", 0), ("90", 90), ("90s", 90), ("30m", 1800), ("24h", 86400), (" 7d ", 604800)],
)
def test_a_length_of_time_is_read(written: str, seconds: int) -> None:
    assert Duration().convert(written, None, None) == seconds


@pytest.mark.parametrize("written", ["", "h", "-1h", "1.5h", "1w", "1 h", "9" * 10])
def test_what_is_none_is_said_so(written: str) -> None:
    with pytest.raises(click.BadParameter, match="is no length of time: expected such as 90s"):
        Duration().convert(written, None, None)
