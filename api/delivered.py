"""What crawls delivered, as callers get it: each item with its document as it is stored now."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict

import orjson

from accounts.paging import Page
from pipelines.documents import shapes
from pipelines.documents.public import timestamp
from pipelines.documents.rows import columns, flat, lines

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.items import Kind
    from crawler.jobs.crawl import Crawl, CrawlItem
    from crawler.jobs.crawls import Crawls
    from services.mongodb import Document

AT_ONCE = 50
"""How many items of a file are in memory: some milliseconds of work between two waits."""
_HEAD = ("sequence", "kind", "target", "delivered_at")


class Format(StrEnum):
    """How items are answered."""

    JSON = "json"
    """A page of them."""
    JSONL = "jsonl"
    """All of them, an object a line."""
    CSV = "csv"
    """All of them, a row each."""


class Shown(TypedDict):
    """An item as it is shown."""

    sequence: int
    kind: str
    target: int
    delivered_at: str | None
    item: dict[str, Any] | None
    """None when its document is gone since."""


class Delivered:
    """Reads what crawls delivered; ``with_country`` is for plans that have countries."""

    def __init__(self, database: AsyncDatabase[Document], crawls: Crawls) -> None:
        self._database = database
        self._crawls = crawls

    async def page(
        self, crawl: Crawl, *, limit: int, cursor: str | None, with_country: bool
    ) -> Page[Shown]:
        """Items in the order in which they were delivered.

        Raises:
            CursorError: ``cursor`` is none that an earlier page gave.
            PyMongoError: MongoDB does not answer.
        """
        page = await self._crawls.items(crawl, limit=limit, cursor=cursor)
        documents = await self._documents(page.items)
        shown = [
            _shown(one, documents.get((one.kind, one.item)), with_country=with_country)
            for one in page.items
        ]
        return Page(items=shown, cursor=page.cursor)

    async def file(
        self, crawl: Crawl, form: Format, *, cursor: str | None, with_country: bool
    ) -> AsyncGenerator[bytes]:
        """All items that are there, a piece at a time; the columns are those of their kinds.

        Raises:
            CursorError, PyMongoError: as :meth:`page`.
        """
        page = await self.page(crawl, limit=AT_ONCE, cursor=cursor, with_country=with_country)
        header: Sequence[str] = ()
        if form is Format.CSV:
            header = await self._header(crawl)
            yield lines([dict(zip(header, header, strict=True))], header)
        # A crawl that goes on has always a cursor.
        while page.items:
            yield _piece(page.items, header)
            if page.cursor is None:
                return
            page = await self.page(
                crawl, limit=AT_ONCE, cursor=page.cursor, with_country=with_country
            )

    async def _header(self, crawl: Crawl) -> list[str]:
        kinds = await self._crawls.kinds(crawl.id)
        return list(dict.fromkeys((*_HEAD, *(name for kind in kinds for name in columns(kind)))))

    async def _documents(
        self, items: Sequence[CrawlItem]
    ) -> dict[tuple[Kind, str], Mapping[str, Any]]:
        wanted: dict[Kind, list[str]] = defaultdict(list)
        for one in items:
            wanted[one.kind].append(one.item)
        found: dict[tuple[Kind, str], Mapping[str, Any]] = {}
        for kind, ids in wanted.items():
            documents = self._database[kind.collection].find(
                {"_id": {"$in": ids}}, shapes.PROJECTIONS.get(kind)
            )
            async for document in documents:
                found[kind, str(document["_id"])] = document
        return found


def _shown(one: CrawlItem, document: Mapping[str, Any] | None, *, with_country: bool) -> Shown:
    return {
        "sequence": one.sequence,
        "kind": one.kind.value,
        "target": one.target,
        "delivered_at": timestamp(one.delivered_at),
        "item": shapes.show(one.kind, document, with_country=with_country) if document else None,
    }


def _piece(items: Sequence[Shown], header: Sequence[str]) -> bytes:
    if not header:
        return b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in items)
    return lines(({**one, **dict(flat(one["item"] or {}))} for one in items), header)
