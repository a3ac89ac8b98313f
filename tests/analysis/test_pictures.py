from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from analysis.pictures import Chart, compact, png

DAY = datetime(2026, 6, 1, tzinfo=UTC)
CURVES = Chart(
    title="Views",
    series={
        "first": [(DAY + timedelta(days=number), 10.0**number) for number in range(6)],
        "second": [(DAY, None), (DAY + timedelta(days=2), 5)],
    },
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.25, "0.25"), (999, "999"), (1000, "1 k"), (1_250_000, "1.25 M"), (-2e9, "-2 B")],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert compact(value) == shown


@pytest.mark.parametrize(
    "chart", [CURVES, Chart(title="🍞 $x^2$ パン", series={"": [("🍞", 1)]}, has_bars=True)]
)
def test_the_same_chart_is_the_same_picture_and_bears_its_note(chart: Chart) -> None:
    picture = png(chart, note="told")
    assert picture.startswith(b"\x89PNG")
    assert b"told" in picture
    assert png(chart, note="told") == picture


def test_nothing_is_drawn_of_nothing() -> None:
    assert png(Chart(title="Empty", series={"": []})).startswith(b"\x89PNG")
    assert png(Chart(title="Empty", series={"": []}, has_bars=True)).startswith(b"\x89PNG")
