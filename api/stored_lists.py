"""Lists as MongoDB holds them: how the last look at one ended, and its items page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accounts.errors import CursorError
from accounts.paging import Page, read_page
from api.storage import storage
from crawler.links import TargetType
from pipelines.collections import ANY_CASE, COMMENTS, LISTS, SEARCH_RESULTS, USERS, VIDEOS
from pipelines.documents.crawled import CrawledList, SearchResults
from pipelines.documents.mongo import from_mongo
from pipelines.documents.shapes import PROJECTIONS, show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.links import Target
    from pipelines.documents.crawled import Hit
    from services.mongodb import Document

Item = dict[str, Any]

_OF_VIDEOS = {
    TargetType.USER: "author.username",
    TargetType.HASHTAG: "hashtags",
    TargetType.MUSIC: "music.id",
}
"""By which field the posts of a list are found."""
_COLLECTIONS = {"video": VIDEOS, "user": USERS}


class StoredLists:
    """Reads lists; nothing is crawled."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    async def state(self, target: Target) -> CrawledList | None:
        """How the last look at a list ended; None when there was none.

        Raises:
            ApiError: MongoDB does not answer.
        """
        async with storage():
            document = await self._database[LISTS].find_one({"_id": target.key})
        return None if document is None else from_mongo(CrawledList, document)

    async def page(
        self, target: Target, *, parent_id: str | None, limit: int, place: str | None
    ) -> Page[Item]:
        """Items of a list from a place on: newest first, of a search in TikTok's order.

        Of comments those below ``parent_id``; None for those at the top.

        Raises:
            ApiError: MongoDB does not answer.
        """
        if target.type is TargetType.SEARCH:
            return await self._results(target, limit=limit, place=place)
        if target.type is TargetType.COMMENTS:
            query: dict[str, Any] = {"video_id": target.value, "parent_id": parent_id}
            found = await self._read(COMMENTS, query, limit=limit, cursor=place)
            return found.of(lambda one: show("comment", one))
        options: dict[str, Any] = {"projection": PROJECTIONS["video"]}
        if target.type is TargetType.HASHTAG:
            options["collation"] = ANY_CASE
        query = {_OF_VIDEOS[target.type]: target.value}
        found = await self._read(VIDEOS, query, limit=limit, cursor=place, **options)
        return found.of(lambda one: show("video", one))

    async def _read(self, collection: str, query: dict[str, Any], **how: Any) -> Page[Document]:
        async with storage():
            try:
                return await read_page(self._database[collection], query, by="created_at", **how)
            except CursorError as error:
                raise RuntimeError("a place that was sealed here is none") from error

    async def _results(self, target: Target, *, limit: int, place: str | None) -> Page[Item]:
        """Results from behind the one that was last on the page before."""
        async with storage():
            stored = await self._database[SEARCH_RESULTS].find_one({"_id": target.key})
        results = from_mongo(SearchResults, stored).results if stored else []
        start = _start(results, place)
        hits = results[start : start + limit]
        shown = {
            **await self._shown("video", hits),
            **await self._shown("user", hits),
        }
        names = [_name(hit) for hit in hits]
        is_end = start + limit >= len(results)
        return Page(
            items=[shown[name] for name in names if name in shown],
            cursor=None if is_end else f"{start + limit} {names[-1]}",
        )

    async def _shown(self, kind: str, hits: Iterable[Hit]) -> dict[str, Item]:
        ids = [hit.id for hit in hits if hit.kind == kind]
        if not ids:
            return {}
        async with storage():
            found = await (
                self._database[_COLLECTIONS[kind]]
                .find({"_id": {"$in": ids}}, PROJECTIONS.get(kind))
                .to_list()
            )
        return {f"{kind}:{one['_id']}": {"kind": kind, kind: show(kind, one)} for one in found}


def _name(hit: Hit) -> str:
    return f"{hit.kind}:{hit.id}"


def _start(results: list[Hit], place: str | None) -> int:
    """Where a page begins: results may have been replaced by those of another look since."""
    if place is None:
        return 0
    number, _, last = place.partition(" ")
    names = [_name(hit) for hit in results]
    return names.index(last) + 1 if last in names else int(number)
