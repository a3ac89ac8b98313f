"""Targets that were stored recently enough to be delivered without a crawl."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from crawler.items import Kind
from crawler.links import TargetType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.jobs.crawl import CrawlOptions
    from crawler.jobs.told import Item
    from crawler.links import Target
    from services.mongodb import Document

_FIELDS = {
    TargetType.VIDEO: (Kind.VIDEO, "_id"),
    TargetType.MUSIC_HEADER: (Kind.MUSIC, "_id"),
    TargetType.USER_HEADER: (Kind.USER, "username"),
    TargetType.HASHTAG_HEADER: (Kind.HASHTAG, "name"),
}
"""By which field of which kind of document a target is found."""


class Stored:
    """Looks for targets among the documents."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    async def find(
        self, targets: Sequence[Target], options: CrawlOptions
    ) -> Mapping[str, Sequence[Item]]:
        """The items of those targets that are fresh enough, by the targets' keys.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        if options.max_age is None:
            return {}
        since = datetime.now(UTC) - timedelta(seconds=options.max_age)
        found: dict[str, Sequence[Item]] = {}
        for type_, (kind, name) in _FIELDS.items():
            values = [one.value for one in targets if one.type is type_]
            if values:
                fresh = self._database[kind.collection].find(
                    {name: {"$in": values}, "observed_at": {"$gte": since}}, {name: 1}
                )
                async for document in fresh:
                    key = f"{type_.value}:{document[name]}"
                    found[key] = [(kind, str(document["_id"]))]
        return found
