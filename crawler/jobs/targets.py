"""Many targets at once: pairs of a type and a value, or a CSV file of such pairs."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from crawler.jobs.crawls import MOST_TARGETS
from crawler.jobs.target import TYPES, TargetError, read_target

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.links import Target

__all__ = [
    "MOST_TARGETS",
    "TYPES",
    "Asked",
    "TargetError",
    "TargetProblem",
    "TargetsError",
    "read_csv",
    "read_target",
    "read_targets",
    "read_targets_csv",
]

MOST_PROBLEMS = 100
"""How many wrong targets are told of at once."""

_COLUMNS = ("type", "value")
_PARTED_BY = ",;\t"
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_LONGEST_HEADER = 4096
_TOO_MANY_CELLS = "more cells than the header has: put a value that has a comma in double quotes"


class Asked(NamedTuple):
    """A target as it is asked for."""

    kind: object
    value: object
    line: int | None = None
    """The line of the file on which it begins, where it is from one."""
    problem: str = ""
    """Why it is none, where that is known already."""

    def read(self) -> Target:
        """The target itself.

        Raises:
            TargetError: it is none.
        """
        if self.problem:
            raise TargetError(self.problem)
        return read_target(self.kind, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetProblem:
    """What is wrong with one of many targets."""

    number: int
    """Its place among the targets, from 1."""
    detail: str
    line: int | None = None


class TargetsError(TargetError):
    """Some of many targets are none, or there are none or too many."""

    def __init__(self, detail: str, problems: Iterable[TargetProblem] = ()) -> None:
        super().__init__(detail)
        self.problems = tuple(problems)
        """The first :data:`MOST_PROBLEMS` of the wrong ones."""


def read_targets(asked: Iterable[Asked]) -> list[Target]:
    """The targets that are asked for, each of them once.

    Raises:
        TargetsError: not all of them are targets, or there are none or too many.
    """
    targets: dict[str, Target] = {}
    problems, number = [], 0
    for number, one in enumerate(asked, start=1):
        if number > MOST_TARGETS:
            raise TargetsError(f"more than {MOST_TARGETS} targets: send them in several crawls")
        try:
            target = one.read()
            targets.setdefault(target.key, target)
        except TargetError as error:
            problems.append(TargetProblem(number=number, detail=str(error), line=one.line))
    if problems:
        raise TargetsError(_told(problems), problems[:MOST_PROBLEMS])
    if not number:
        raise TargetsError(f"there are no targets: send 1 to {MOST_TARGETS}")
    return list(targets.values())


def _told(problems: list[TargetProblem]) -> str:
    first, *others = problems
    where = f"line {first.line}" if first.line else f"target {first.number}"
    more = f"; {len(others)} more are wrong" if others else ""
    return f"{where}: {first.detail}{more}"


def read_targets_csv(data: bytes) -> list[Target]:
    """The targets in a CSV file as :func:`read_csv` takes it, each of them once.

    Raises:
        TargetsError: the file is none, or not all that it lists are targets.
    """
    return read_targets(read_csv(data))


def read_csv(data: bytes) -> Iterator[Asked]:
    """What a CSV file with the columns ``type`` and ``value`` asks for, row by row.

    A header names the columns; others are passed over, as are empty lines. Columns are parted by
    what the header is parted by: a comma, a semicolon or a tab.

    Raises:
        TargetsError: the file is none.
    """
    text = _decoded(data)
    header = text[:_LONGEST_HEADER].lstrip("\r\n").splitlines()[:1]
    parted_by = next((one for one in _PARTED_BY if header and one in header[0]), ",")
    rows = _numbered(csv.reader(io.StringIO(text, newline=""), delimiter=parted_by, strict=True))
    names = [name.strip().lower() for name in next(rows, (0, []))[1]]
    if any(names.count(column) != 1 for column in _COLUMNS):
        raise TargetsError("line 1: expected a header with the columns type,value")
    yield from _asked(rows, names)


def _decoded(data: bytes) -> str:
    if encoding := _OTHER_ENCODINGS.get(data[:2]):
        raise TargetsError(f"the file is in {encoding}: save it as CSV in UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TargetsError(f"line {line}: not in UTF-8: save the file as CSV in UTF-8") from None
    if (place := text.find("\0")) >= 0:
        line = text.count("\n", 0, place) + 1
        raise TargetsError(f"line {line}: a null character: save the file as CSV in UTF-8")
    return text


def _numbered(rows: Reader) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, with the lines on which they begin."""
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise TargetsError(f"line {line}: not CSV: {error}") from None
        if any(cell.strip() for cell in row):
            yield line, row


def _asked(rows: Iterable[tuple[int, list[str]]], names: Sequence[str]) -> Iterator[Asked]:
    places = [names.index(column) for column in _COLUMNS]
    for line, row in rows:
        cells = row + [""] * len(names)
        kind, value = (cells[place] for place in places)
        has_more = any(cell.strip() for cell in row[len(names) :])
        yield Asked(kind, value, line, _TOO_MANY_CELLS if has_more else "")
