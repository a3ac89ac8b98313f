"""What a report says, before it is drawn and written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from analysis.pictures import Chart


class ReportError(Exception):
    """There is nothing to report of; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads to a page of TikTok's."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Share:
    """A share of one, shown in percent."""

    value: float


Cell = Link | Share | str | int | float | None
"""A value as it is shown; None is unknown. Times are ``datetime``, which is none of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture and what it is called."""

    name: str
    """Of its file, without an ending."""
    chart: Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a title."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell | datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a page has."""

    title: str
    text: str | None = None
    """What its subject says of itself: a caption, a profile's text."""
    facts: Sequence[tuple[str, Cell | datetime]] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = field(default_factory=tuple)
    """What to know about the numbers."""
