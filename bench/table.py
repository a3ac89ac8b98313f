"""The table of results: rows, and when a row has reached what it must."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD = ("what", "ours", "peer", "ratio (median, min–max)", "must reach", "reached?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a measured value must not pass."""

    value: float
    is_floor: bool = False
    unit: str = ""

    def is_kept(self, value: float) -> bool:
        """Whether a value lies on the right side."""
        return value >= self.value if self.is_floor else value <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.is_floor else '≤'} {number(self.value)}{self.unit}"


def at_least(value: float, unit: str = "") -> Limit:
    """A limit from below."""
    return Limit(value=value, is_floor=True, unit=unit)


def at_most(value: float, unit: str = "") -> Limit:
    """A limit from above."""
    return Limit(value=value, unit=unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One promise, what was seen, and whether it is kept."""

    what: str
    ours: str
    peer: str
    ratio: str
    limit: str
    is_reached: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """The row's cells, in the order of the table's head."""
        reached = "–" if self.limit == "–" else "yes" if self.is_reached else "**no**"
        return (self.what, self.ours, self.peer, self.ratio, self.limit, reached)


def compare(
    what: str,
    ours: Sequence[float],
    peer: Sequence[float],
    *,
    unit: str,
    limit: Limit | None,
    is_inverse: bool = False,
) -> Row:
    """A row whose limit holds for ours divided by the peer's, or the inverse, round by round.

    Without a limit it says only what was seen.
    """
    pairs = list(zip(ours, peer, strict=True))
    ratios = [theirs / own if is_inverse else own / theirs for own, theirs in pairs]
    return Row(
        what=what,
        ours=_middle(ours) + unit,
        peer=_middle(peer) + unit,
        ratio=_spread(ratios),
        limit=f"{limit} ×" if limit else "–",
        is_reached=limit is None or limit.is_kept(median(ratios)),
    )


def bound(what: str, values: Sequence[float], *, limit: Limit) -> Row:
    """A row whose limit holds for what was measured itself."""
    return Row(
        what=what,
        ours=f"{_spread(values)}{limit.unit}",
        peer="–",
        ratio="–",
        limit=str(limit),
        is_reached=limit.is_kept(median(values)),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all values do not pass (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def number(value: float) -> str:
    """A figure with three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def to_markdown(rows: Sequence[Row]) -> str:
    """The whole table."""
    lines = [_HEAD, ("---",) * len(_HEAD), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _middle(values: Sequence[float]) -> str:
    return number(median(values))


def _spread(values: Sequence[float]) -> str:
    return f"{_middle(values)} ({number(min(values))}–{number(max(values))})"
