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
) -> Page[Document]:
    """The documents after a cursor, by their time ``by``, then by their id.

    Raises:
        CursorError: the cursor is none that an earlier page gave.
    """
    if cursor is not None:
        at, last_id = _read(cursor)
        older = {"$or": [{by: {"$lt": at}}, {by: at, "_id": {"$lt": last_id}}]}
        query = {"$and": [query, older]}
    found = collection.find(query).sort([(by, DESCENDING), ("_id", DESCENDING)]).limit(limit + 1)
    documents = await found.to_list()
    page = documents[:limit]
    return Page(items=page, cursor=_write(page[-1], by) if len(documents) > limit else None)


def _write(document: Document, by: str) -> str:
    milliseconds = (document[by] - _EPOCH) // timedelta(milliseconds=1)
    return base64.urlsafe_b64encode(f"{milliseconds}.{document['_id']}".encode()).decode()


def _read(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
        milliseconds, _, last_id = text.partition(".")
        return _EPOCH + timedelta(milliseconds=int(milliseconds)), last_id
    except (ValueError, OverflowError):
        raise CursorError("the cursor is none that an earlier page gave") from None
