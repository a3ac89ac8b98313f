"""Storing how the last look at a list ended, and what a search gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from crawler.items import Kind, RawList
from pipelines.collections import LISTS, SEARCH_RESULTS
from pipelines.documents.crawled import CrawledList, Hit, SearchResults
from pipelines.documents.mongo import to_mongo
from pipelines.merging import replaced
from pipelines.writes import send

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.items import RawSearch
    from services.mongodb import Document


_HITS: dict[Kind, Literal["video", "user"]] = {Kind.VIDEO: "video", Kind.USER: "user"}


class ListStore:
    """Writes the last state of lists; an earlier look never replaces a later one."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    async def store(self, item: RawList | RawSearch) -> None:
        """Return once it is stored; a look that dates have cut says nothing of the list and is not.

        Raises:
            WriteRefusedError: MongoDB refuses it.
        """
        if item.job is not None and item.job.bounds.is_dated:
            return
        if isinstance(item, RawList):
            collection, document = LISTS, to_mongo(state_of(item))
        else:
            collection, document = SEARCH_RESULTS, to_mongo(results_of(item))
        updated = await send(self._database, collection, [replaced(document)])
        for error in updated.errors.values():
            raise error


def state_of(item: RawList) -> CrawledList:
    """The document of a list that has ended."""
    job, target, end = item.job, item.target, item.end
    return CrawledList(
        id=target.key,
        type=target.type.value,
        value=target.value,
        run=job.run if job else None,
        collected=end.collected,
        reported_total=end.reported_total,
        complete=end.complete,
        stop_reason=end.stop_reason.value,
        spider=item.spider,
        job_id=job.id if job else None,
        observed_at=item.observed_at,
    )


def results_of(item: RawSearch) -> SearchResults:
    """The document of what a search gave; more than posts and users is not kept."""
    return SearchResults(
        id=item.target.key,
        query=item.target.value,
        results=[Hit(kind=_HITS[kind], id=found) for kind, found in item.found if kind in _HITS],
        spider=item.spider,
        job_id=item.job.id if item.job else None,
        observed_at=item.observed_at,
    )
