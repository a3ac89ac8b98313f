"""Drawing curves and bars as PNG: the one place that knows the plotting library."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_SIZE = (6.4, 3.4)
"""Inches."""
_DPI = 84
_COLOURS = ("#1f6f8b", "#e07a5f", "#3d9970", "#8e6c8a", "#b08900", "#5c677d")
_LONGEST = 28
"""Letters of a bar's name."""

Point = tuple[Any, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is to be drawn."""

    title: str
    series: Mapping[str, Sequence[Point]]
    """Points by the name of their curve; only bars have names for their first values."""
    x: str = ""
    y: str = ""
    """What the axes show."""
    has_bars: bool = False
    """Whether the values are bars, one below the other, instead of curves."""
    is_share: bool = False
    """Whether the values are shares of one, shown in percent."""


def png(chart: Chart, *, note: str = "") -> bytes:
    """The chart as a PNG; ``note`` is kept in it as its description."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(_drawable(chart.title), fontsize=10, loc="left")
    (_draw_bars if chart.has_bars else _draw_curves)(axes, chart)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8)
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None, "Description": note})
    return written.getvalue()


def _draw_curves(axes: Axes, chart: Chart) -> None:
    for place, (name, points) in enumerate(chart.series.items()):
        known = [(x, y) for x, y in points if y is not None]
        axes.plot(
            [x for x, _ in known],
            [y for _, y in known],
            color=_COLOURS[place % len(_COLOURS)],
            marker="o" if len(known) < 40 else None,
            markersize=3,
            linewidth=1.5,
            label=_drawable(name),
        )
        if any(isinstance(x, datetime) for x, _ in known):
            _show_dates(axes.xaxis)
    axes.set_xlabel(chart.x, fontsize=8)
    axes.set_ylabel(chart.y, fontsize=8)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    _show_numbers(axes.yaxis, chart)
    if len(chart.series) > 1:
        axes.legend(fontsize=8, frameon=False)


def _draw_bars(axes: Axes, chart: Chart) -> None:
    ((_, points),) = chart.series.items()
    known = [(_short(_drawable(str(x))), y) for x, y in points if y is not None]
    axes.barh(range(len(known)), [y for _, y in known], color=_COLOURS[0])
    axes.set_yticks(range(len(known)), [x for x, _ in known])
    axes.invert_yaxis()
    axes.set_xlabel(chart.y, fontsize=8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    _show_numbers(axes.xaxis, chart)


def _show_numbers(axis: Axis, chart: Chart) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

    values = [y for points in chart.series.values() for _, y in points if y is not None]
    are_counts = all(isinstance(value, int) for value in values) and not chart.is_share
    axis.set_major_locator(MaxNLocator(nbins=7, integer=are_counts))
    shown = PercentFormatter(1.0) if chart.is_share else FuncFormatter(lambda y, _: compact(y))
    axis.set_major_formatter(shown)


def compact(value: float) -> str:
    """A number with few digits, such as 1.2 M."""
    for least, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= least:
            return f"{value / least:.3g} {letter}"
    return f"{value:.3g}"


def _show_dates(axis: Axis) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axis.set_major_formatter(formatter)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"


def _drawable(text: str) -> str:
    """The text without what the font has no picture of, such as emoji."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))
    kept = "".join(one for one in text if font.get_char_index(ord(one)))
    # A dollar would begin a formula.
    return " ".join(kept.split()).replace("$", r"\$")
