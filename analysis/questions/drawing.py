"""An answer as a chart."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from analysis.pictures import Chart
from analysis.questions.question import Look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.questions.question import Question
    from services.mongodb import Document

_MOST_BARS = 12


def chart_of(question: Question, rows: Sequence[Document]) -> Chart:
    """What the picture of an answer shows."""
    picture = question.picture
    has_bars = picture.look is Look.BARS
    shown = rows[:_MOST_BARS] if has_bars else rows
    points = [(_x(row, picture.x, has_bars=has_bars), row[picture.y]) for row in shown]
    return Chart(
        title=question.asks,
        series={picture.y: points},
        x=picture.x,
        y=picture.caption,
        has_bars=has_bars,
        is_share=picture.is_share,
    )


def digest_of(chart: Chart) -> str:
    """What tells a chart from another; a picture bears that of its own."""
    return hashlib.sha256(repr(chart).encode()).hexdigest()


def _x(row: Document, names: str, *, has_bars: bool) -> Any:
    if not has_bars:
        return row[names]
    values = [row[name] for name in names.split("+")]
    return " + ".join("unknown" if one is None else str(one) for one in values)
