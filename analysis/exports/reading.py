"""Reading what is to be exported, a page at a time, each behind the last one's key.

No cursor outlives its page: whoever reads slowly, stops, or comes back later holds nothing open.
What is stored meanwhile may come or not; nothing comes twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import ExecutionTimeout

from accounts.paging import older
from analysis.exports.kinds import Subject
from pipelines.collections import ANY_CASE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future

    from pymongo.collection import Collection
    from pymongo.database import Database

    from analysis.exports.order import Order
    from services.mongodb import Document

T = TypeVar("T")

Place = Any
"""Where a page ended: plain values that JSON knows, None before the first."""
Query = dict[str, Any]

AT_ONCE = 2000
"""Documents of a page: some of them are large, and all are in memory."""
ROWS_AT_ONCE = 20_000
"""Rows of statistics of a page."""
OWNERS_AT_ONCE = 500
"""Posts or users whose rows make a page."""
_RANGES = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Batch(Protocol):
    """Documents as one read brought them, in order."""

    def __len__(self) -> int:
        """How many."""

    def value(self, number: int, path: str) -> Any:
        """What one of them has at a path that its reader was told to keep."""

    def first(self: B, count: int) -> B:
        """No more than so many of them."""


B = TypeVar("B", bound=Batch)
B_co = TypeVar("B_co", bound=Batch, covariant=True)


class Reader(Protocol[B_co]):
    """Reads what one query finds."""

    def read(self, collection: Collection[Document], query: Query, **how: Any) -> B_co:
        """All that is found; ``how`` are options of ``find``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[B]):
    """Some of an export."""

    batch: B
    place: Place
    """Where the next page goes on."""


@dataclass(slots=True)
class Documents:
    """Documents as dictionaries."""

    documents: list[Document]

    def __len__(self) -> int:
        return len(self.documents)

    def value(self, number: int, path: str) -> Any:
        """What one of them has at a path."""
        value: Any = self.documents[number]
        for name in path.split("."):
            value = value.get(name) if value else None
        return value

    def first(self, count: int) -> Documents:
        """No more than so many of them."""
        return Documents(self.documents[:count])


class _Keys:
    """Reads nothing but by what pages are told apart."""

    def read(self, collection: Collection[Document], query: Query, **how: Any) -> Documents:
        return Documents(list(collection.find(query, {"_id": 1, "created_at": 1}, **how)))


def pages(
    database: Database[Document], order: Order, reader: Reader[B], place: Place = None
) -> Iterator[Page[B]]:
    """All pages from a place on.

    Raises:
        PyMongoError: MongoDB does not answer.
    """
    if order.is_of_all:
        return _of_all(database, order, reader, place)
    if order.kind.owners is None:
        return _of_documents(database, order, reader, place, at_once=AT_ONCE)
    if order.is_filtered:
        return _of_owners(database, order, reader, place)
    return _of_series(database, order, reader, place)


def ahead(read: Iterator[T]) -> Iterator[T]:
    """The same, each read while whoever asks is at work on the one before."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, read, None)
        while (found := coming.result()) is not None:
            coming = thread.submit(next, read, None)
            yield found


def count(database: Database[Document], order: Order, *, within_s: float) -> int | None:
    """About how many documents there are; None where that takes too long to find out."""
    collection = database[order.kind.collection]
    try:
        if order.is_of_all:
            return collection.estimated_document_count()
        if order.kind.owners is not None and order.is_filtered:
            return None
        options: dict[str, Any] = {"collation": ANY_CASE} if _is_by_hashtag(order) else {}
        milliseconds = int(1000 * within_s)
        return collection.count_documents(_wanted(order), maxTimeMS=milliseconds, **options)
    except ExecutionTimeout:
        return None


def _of_all(
    database: Database[Document], order: Order, reader: Reader[B], place: Place
) -> Iterator[Page[B]]:
    """Every document by ranges of ids, for MongoDB to look for one while another is decoded."""
    collection, sort = database[order.kind.collection], [("_id", ASCENDING)]
    reading: deque[Future[B]] = deque()

    def read(after: Place, last: Place) -> B:
        bounds = {"$gt": after, "$lte": last}
        known = {name: value for name, value in bounds.items() if value is not None}
        return reader.read(collection, {"_id": known} if known else {}, sort=sort)

    with ThreadPoolExecutor(_RANGES) as threads:
        is_end = False
        while not is_end or reading:
            if not is_end and len(reading) < _RANGES:
                last = _end_of_range(collection, place)
                reading.append(threads.submit(read, place, last))
                place, is_end = last, last is None
                continue
            found = reading.popleft().result()
            if len(found):
                yield Page(batch=found, place=found.value(len(found) - 1, "_id"))


def _end_of_range(collection: Collection[Document], place: Place) -> Place:
    """The last id of so many as make a page; None where there are not so many."""
    ids = collection.find(_behind(place), {"_id": 1}, sort=[("_id", ASCENDING)])
    found = next(ids.skip(AT_ONCE - 1).limit(1), None)
    return None if found is None else found["_id"]


def _of_documents(
    database: Database[Document], order: Order, reader: Reader[B], place: Place, *, at_once: int
) -> Iterator[Page[B]]:
    collection, query = database[order.kind.collection], _wanted(order)
    # The posts of a user or hashtag lie in the order of their own index, all others by their ids.
    is_newest_first = order.subject is Subject.VIDEOS and bool(order.user or order.hashtag)
    how: dict[str, Any] = {"sort": [("_id", ASCENDING)], "limit": at_once}
    if is_newest_first:
        how["sort"] = [("created_at", DESCENDING), ("_id", DESCENDING)]
    if _is_by_hashtag(order):
        how["collation"] = ANY_CASE
    while True:
        batch = reader.read(collection, _both(query, _behind(place)), **how)
        if len(batch):
            last = len(batch) - 1
            place = batch.value(last, "_id")
            if is_newest_first:
                place = [_milliseconds(batch.value(last, "created_at")), place]
            yield Page(batch=batch, place=place)
        if len(batch) < at_once:
            return


def _of_series(
    database: Database[Document], order: Order, reader: Reader[B], place: Place
) -> Iterator[Page[B]]:
    """Rows of a time series, those of one post or user never on two pages."""
    collection, key, times = database[order.kind.collection], order.kind.key, _times(order)
    while True:
        behind = {} if place is None else {key: {"$gt": place}}
        how = {"sort": [(key, ASCENDING)], "limit": ROWS_AT_ONCE}
        batch = reader.read(collection, _both(times, behind), **how)
        size = len(batch)
        if not size:
            return
        place = batch.value(size - 1, key)
        if size == ROWS_AT_ONCE:
            batch, place = _whole(batch, place, key) or (
                reader.read(collection, _both(times, {key: place})),
                place,
            )
        yield Page(batch=batch, place=place)
        if size < ROWS_AT_ONCE:
            return


def _whole(batch: B, last: str, key: str) -> tuple[B, str] | None:
    """A full page without the rows of its last owner, which may go on; None if it has no other."""
    rows = bisect_left(range(len(batch)), last, key=lambda number: batch.value(number, key))
    return (batch.first(rows), batch.value(rows - 1, key)) if rows else None


def _of_owners(
    database: Database[Document], order: Order, reader: Reader[B], place: Place
) -> Iterator[Page[B]]:
    """Rows of the posts or users that the filters leave."""
    collection, key = database[order.kind.collection], order.kind.key
    assert order.kind.owners is not None  # noqa: S101 - what the caller has seen
    theirs = replace(order, subject=order.kind.owners, fields=(), since=None, until=None)
    for page in _of_documents(database, theirs, _Keys(), place, at_once=OWNERS_AT_ONCE):
        ids = [one["_id"] for one in page.batch.documents]
        found = reader.read(collection, _both(_times(order), {key: {"$in": ids}}))
        yield Page(batch=found, place=page.place)


def _wanted(order: Order) -> Query:
    """What the filters come to, as stored documents have it."""
    query = _times(order)
    fields = order.kind.filters
    if order.user is not None:
        query[fields["user"]] = order.user.removeprefix("@").lower()
    if order.country is not None:
        query[fields["country"]] = order.country.upper()
    if order.hashtag is not None:
        name = order.hashtag.removeprefix("#")
        query[fields["hashtag"]] = name if _is_by_hashtag(order) else name.lower()
    return query


def _is_by_hashtag(order: Order) -> bool:
    return order.subject is Subject.VIDEOS and order.hashtag is not None


def _times(order: Order) -> Query:
    bounds = {"$gte": order.since, "$lte": order.until}
    known = {name: at for name, at in bounds.items() if at is not None}
    return {order.kind.time: known} if known else {}


def _behind(place: Place) -> Query:
    if place is None:
        return {}
    if isinstance(place, str):
        return {"_id": {"$gt": place}}
    milliseconds, last_id = place
    at = None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)
    return older("created_at", at, last_id)


def _both(one: Query, other: Mapping[str, Any]) -> Query:
    return {"$and": [one, other]} if one and other else {**one, **other}


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // timedelta(milliseconds=1)
