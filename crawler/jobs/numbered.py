"""Lists whose members are numbered, a page at a time."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING

from accounts.errors import CursorError
from accounts.paging import Page
from crawler.jobs.crawl import target_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.asynchronous.collection import AsyncCollection

    from services.mongodb import Document


async def read_numbered(
    collection: AsyncCollection[Document],
    query: Mapping[str, Any],
    *,
    by: str,
    limit: int,
    cursor: str | None,
    ids_of: str | None = None,
    is_dense: bool = False,
) -> Page[Document]:
    """The documents after a cursor, by their number ``by``.

    With ``ids_of`` they are found by their ids, which are that crawl's and go as the numbers do.

    A list ``is_dense`` while it grows: a page ends before the first number that is missing, for
    that is still to come, and has a cursor even when nothing is behind it yet.

    Raises:
        CursorError: the cursor is none that an earlier page gave.
    """
    last = 0 if cursor is None else _read(cursor)
    if ids_of is None:
        query, by_what = {**query, by: {"$gt": last}}, by
    else:
        after = {"$gt": target_id(ids_of, last), "$lt": f"{ids_of};"}
        query, by_what = {**query, "_id": after}, "_id"
    documents = await collection.find(query).sort(by_what, ASCENDING).limit(limit + 1).to_list()
    page = documents[:limit]
    if is_dense:
        page = [one for place, one in enumerate(page, start=last + 1) if one[by] == place]
    reached = page[-1][by] if page else last
    has_more = is_dense or len(documents) > limit
    return Page(items=page, cursor=_write(reached) if has_more else None)


def _write(number: int) -> str:
    return base64.urlsafe_b64encode(b"n%d" % number).decode()


def _read(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
        if not (text.startswith("n") and text[1:].isascii() and text[1:].isdigit()):
            raise ValueError(text)
        number = int(text[1:])
    except ValueError:
        raise CursorError("the cursor is none that an earlier page gave") from None
    if number > 2**53:
        raise CursorError("the cursor is none that an earlier page gave")
    return number
