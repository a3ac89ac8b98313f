"""What a question is: a pipeline file, what may be changed in it, and what its answer shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bson import json_util

from services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).with_name("pipelines")
_NOW = "$$NOW"
_OPTIONS = json_util.JSONOptions(tz_aware=True, tzinfo=UTC)

Pipeline = list[dict[str, Any]]
Place = tuple[str | int, ...]


class Reach(StrEnum):
    """How much a question reads."""

    ONE = "one"
    """What belongs to one post, user or hashtag."""
    WINDOW = "window"
    """All posts or days of a time."""


class Look(StrEnum):
    """How an answer is drawn."""

    LINE = "line"
    BARS = "bars"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value in the pipeline that is there to be changed."""

    name: str
    meaning: str
    places: tuple[Place, ...]
    """Where it stands in the file, as keys and places in lists."""

    @property
    def shown_place(self) -> str:
        """The first place as a path."""
        return ".".join(map(str, self.places[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What of an answer is drawn."""

    look: Look
    x: str
    y: str
    caption: str
    is_share: bool = False
    """Whether the values are shares of one, shown in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question; its pipeline is the file of its name."""

    name: str
    asks: str
    """The question in plain words."""
    collection: str
    index: str
    """The index that answers it."""
    reach: Reach
    parameters: tuple[Parameter, ...]
    columns: Mapping[str, str]
    """What each column of the answer is, in their order."""
    picture: Picture
    notes: tuple[str, ...] = ()
    """What to bear in mind, in sentences."""

    @property
    def file(self) -> Path:
        """The pipeline's file."""
        return FOLDER / f"{self.name}.json"

    @property
    def defaults(self) -> dict[str, Any]:
        """The value of each parameter as it stands in the file."""
        pipeline = _read(self.file)
        return {one.name: _at(pipeline, one.places[0]) for one in self.parameters}

    def pipeline(
        self, values: Mapping[str, Any] | None = None, *, now: datetime | None = None
    ) -> Pipeline:
        """The pipeline with other values, and with another time for ``$$NOW``.

        Raises:
            ServiceError: it has no such parameter.
        """
        pipeline: Pipeline = _changed(_read(self.file), now)
        for name, value in (values or {}).items():
            for place in self._parameter(name).places:
                _at(pipeline, place[:-1])[place[-1]] = value
        return pipeline

    def value_of(self, name: str, text: str) -> str | int:
        """A parameter's value as somebody has typed it.

        Raises:
            ServiceError: it has no such parameter, or the text is no such value.
        """
        default = _at(_read(self.file), self._parameter(name).places[0])
        if isinstance(default, str):
            return text
        try:
            return int(text)
        except ValueError:
            raise ServiceError(f"{name} of {self.name} is a number, not {text!r}") from None

    def _parameter(self, name: str) -> Parameter:
        for one in self.parameters:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.parameters)
        raise ServiceError(f"{self.name} has no parameter {name}; it has {names}")


@cache
def _read(file: Path) -> Pipeline:
    pipeline: Pipeline = json_util.loads(file.read_text(), json_options=_OPTIONS)
    return pipeline


def _changed(part: Any, now: datetime | None) -> Any:
    """A copy with another now."""
    if isinstance(part, dict):
        return {name: _changed(value, now) for name, value in part.items()}
    if isinstance(part, list):
        return [_changed(one, now) for one in part]
    return now if part == _NOW and now is not None else part


def _at(part: Any, place: Place) -> Any:
    for key in place:
        part = part[key]
    return part
