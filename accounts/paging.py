"""Long lists a page at a time, newest first, none twice and none left out while more are added."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pymongo import DESCENDING

from accounts.errors import CursorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pymongo.asynchronous.collection import AsyncCollection

    from services.mongodb import Document

T = TypeVar("T")
U = TypeVar("U")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some of a list, and where the rest begins."""

    items: list[T]
    cursor: str | None
    """What to ask the next page with; None at the end."""

    def of(self, read: Callable[[T], U]) -> Page[U]:
        """The same page of what the items mean."""
        return Page(items=[read(item) for item in self.items], cursor=self.cursor)


async def read_page(
    collection: AsyncCollection[Document],
    query: Mapping[str, Any],
    *,
    by: str,
    limit: int,
    cursor: str | None,
    **options: Any,
) -> Page[Document]:
    """The documents after a cursor, by their time ``by``, those without last, then by their id.

    ``options`` are those of ``find``, such as its projection.

    Raises:
        CursorError: the cursor is none that an earlier page gave.
    """
    if cursor is not None:
        query = {"$and": [query, older(by, *_read(cursor))]}
    found = collection.find(query, **options)
    found = found.sort([(by, DESCENDING), ("_id", DESCENDING)]).limit(limit + 1)
    documents = await found.to_list()
    page = documents[:limit]
    return Page(items=page, cursor=_write(page[-1], by) if len(documents) > limit else None)


def older(by: str, at: datetime | None, last_id: str) -> dict[str, Any]:
    """What comes after a document in that order, as one range of an index."""
    if at is None:
        return {by: None, "_id": {"$lt": last_id}}
    return {by: {"$not": {"$gt": at}}, "$nor": [{by: at, "_id": {"$gte": last_id}}]}


def _write(document: Document, by: str) -> str:
    at = document[by]
    milliseconds = "" if at is None else (at - _EPOCH) // timedelta(milliseconds=1)
    return base64.urlsafe_b64encode(f"{milliseconds}.{document['_id']}".encode()).decode()


def _read(cursor: str) -> tuple[datetime | None, str]:
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
        milliseconds, last_id = text.split(".", 1)
        at = _EPOCH + timedelta(milliseconds=int(milliseconds)) if milliseconds else None
        return at, last_id
    except (ValueError, OverflowError):
        raise CursorError("the cursor is none that an earlier page gave") from None
