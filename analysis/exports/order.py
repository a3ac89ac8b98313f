"""What is asked of an export, checked."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from analysis.exports.columns import Column, choose, columns_of
from analysis.exports.errors import ExportError
from analysis.exports.kinds import KINDS, Kind, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

FILTERS = ("hashtag", "user", "country")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which documents, and which columns of them.

    Raises:
        ExportError: there can be no such export.
    """

    subject: Subject
    fields: Sequence[str] = ()
    """Names of columns; none for the usual ones."""
    since: datetime | None = None
    until: datetime | None = None
    hashtag: str | None = None
    user: str | None = None
    """A username."""
    country: str | None = None

    def __post_init__(self) -> None:
        if self.since and self.until and self.since >= self.until:
            raise ExportError("until", "must be later than since")
        possible = self.owners.filters
        for name in FILTERS:
            if getattr(self, name) is not None and name not in possible:
                others = ", ".join(["since", "until", *possible])
                raise ExportError(
                    name, f"does not hold for {self.subject}, which are narrowed by {others}"
                )
        choose(columns_of(self.kind.document), self.fields)  # which says what is wrong with them

    @property
    def kind(self) -> Kind:
        """Where it is stored."""
        return KINDS[self.subject]

    @property
    def owners(self) -> Kind:
        """What the filters are about: of rows of statistics, whose they are."""
        return KINDS[self.kind.owners] if self.kind.owners else self.kind

    @property
    def is_filtered(self) -> bool:
        """Whether there is a filter beside the time."""
        return any(getattr(self, name) is not None for name in FILTERS)

    @property
    def is_of_all(self) -> bool:
        """Whether every document of a collection is meant, a time series apart."""
        is_series = self.kind.owners is not None
        return not (is_series or self.since or self.until or self.is_filtered)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are wanted."""
        return choose(columns_of(self.kind.document), self.fields or self.kind.usual)

    def said(self) -> dict[str, Any]:
        """The same in plain values, by which two orders can be told apart."""
        said = {name: str(value) for name, value in asdict(self).items() if value is not None}
        return said | {"fields": [column.name for column in self.columns]}
