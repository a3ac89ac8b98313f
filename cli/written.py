"""Documents of a crawl's items in a file: lines of JSON, or CSV."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import orjson

from crawler.items import Kind
from pipelines.collections import DOCUMENTS
from pipelines.documents.mongo import from_mongo, to_plain
from pipelines.documents.public import metadata
from pipelines.documents.rows import JSON, cell, flat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.crawl import Crawl
    from crawler.jobs.crawls import Crawls
    from services.mongodb import Document

FORMATS = (".jsonl", ".csv")
_AT_ONCE = 1000
_OURS = {"layout", "spider", "job_id", "parser_version", "schema_version", "snapshot"}
"""What documents tell of how they came to be."""


async def write_items(
    crawl: Crawl, crawls: Crawls, database: AsyncDatabase[Document], out: Path
) -> int:
    """Write the documents of all items that a crawl delivered, and answer how many they are."""
    rows = [row async for row in _rows(crawl, crawls, database)]
    with out.open("w", newline="") as file:
        if out.suffix == ".csv":
            _write_csv(rows, file)
        else:
            file.writelines(orjson.dumps(row, option=JSON).decode() + "\n" for row in rows)
    return len(rows)


async def _rows(
    crawl: Crawl, crawls: Crawls, database: AsyncDatabase[Document]
) -> AsyncIterator[dict[str, Any]]:
    cursor = None
    while True:
        page = await crawls.items(crawl, limit=_AT_ONCE, cursor=cursor)
        for kind in Kind:
            ids = [one.item for one in page.items if one.kind is kind]
            if ids:
                found = database[kind.collection].find({"_id": {"$in": ids}})
                stored = {str(one["_id"]): one async for one in found}
                for one in ids:
                    if one in stored:
                        yield _row(kind, stored[one])
        cursor = page.cursor
        if cursor is None:
            return


def _row(kind: Kind, stored: Document) -> dict[str, Any]:
    document: Any = from_mongo(DOCUMENTS[kind.collection], stored)
    if kind is Kind.VIDEO:
        return {"kind": kind.value, **metadata(document, with_country=True)}
    plain = to_plain(document)
    return {"kind": kind.value} | {name: plain[name] for name in plain if name not in _OURS}


def _write_csv(rows: list[dict[str, Any]], file: Any) -> None:
    """Write a column for each field that any of the rows has."""
    rows = [dict(flat(row)) for row in rows]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
