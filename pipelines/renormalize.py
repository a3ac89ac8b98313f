"""Reading kept raw items again with the parser of now, merged as the store merges them.

Only documents that are there are changed: what was erased or has gone by its age stays gone, and
an older response never goes over a newer one. Rows of statistics stay as they were observed, and
with them the snapshot that a document keeps of its last row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.items import Kind, RawVideo
from pipelines.collections import RAW_ITEMS
from pipelines.documents.mongo import to_mongo
from pipelines.documents.problems import find_entity_problems, find_problems
from pipelines.documents.video import PARSER_VERSION
from pipelines.entities import Entity
from pipelines.erased import is_of_erased, without_erased
from pipelines.merging import PARTS, merged
from pipelines.normalize import normalize_entity, normalize_video
from pipelines.posts import Post
from pipelines.raw_items import UnreadableError, read_raw
from pipelines.writes import send
from services.positions import POSITIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.items import RawItem
    from crawler.jobs.erasures.erasures import Erasures
    from services.mongodb import Document

_NAME = "renormalize"
_AT_ONCE = 500
_MOST_NAMED = 100


@dataclass(slots=True, kw_only=True)
class Progress:
    """What has come of the raw items so far."""

    read: int = 0
    renewed: int = 0
    """Documents that now say what the parser of now reads."""
    passed: int = 0
    """Raw items whose document is newer, or gone, and those that nothing is kept of."""
    failed: int = 0
    """Raw items that cannot be read."""
    problems: list[str] = field(default_factory=list)
    """What is wrong with the first of these, each with its id."""
    after: str = ""
    """The id of the last raw item that is done."""

    def fail(self, item_id: str, problem: object) -> None:
        """Count one that cannot be read, and name it."""
        self.failed += 1
        if len(self.problems) < _MOST_NAMED:
            self.problems.append(f"{item_id}: {problem}")


class Renormalizing:
    """One reading of the raw items of some kinds, since some time."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        *,
        kinds: Collection[Kind] = (),
        since: datetime | None = None,
        erasures: Erasures | None = None,
        at_once: int = _AT_ONCE,
    ) -> None:
        self._database = database
        self._erasures = erasures
        self._positions = database[POSITIONS]
        self._at_once = at_once
        self._query: Document = {}
        if kinds:
            self._query["kind"] = {"$in": sorted(kind.value for kind in kinds)}
        if since is not None:
            self._query["observed_at"] = {"$gte": since}
        self._asked = {
            "kinds": sorted(kind.value for kind in kinds),
            "since": since,
            "parser_version": PARSER_VERSION,
        }

    async def count(self) -> int:
        """How many raw items there are to read."""
        return await self._database[RAW_ITEMS].count_documents(self._query)

    async def interrupted(self) -> Progress | None:
        """How far the same reading had come when it was interrupted; None when it was not."""
        document = await self._positions.find_one({"_id": _NAME, "asked": self._asked})
        return Progress(**document["progress"]) if document is not None else None

    async def run(self, progress: Progress | None = None) -> AsyncIterator[Progress]:
        """Read what is left, and tell again and again how far it is.

        Raises:
            ServiceError: users were erased with another key.
            PyMongoError: MongoDB does not answer; to run it again goes on from there.
        """
        if self._erasures is not None:
            await self._erasures.refresh()
        progress = progress or Progress()
        while items := await self._next(progress.after):
            await self._renew(items, progress)
            progress.read += len(items)
            progress.after = items[-1]["_id"]
            await self._keep(progress)
            yield progress
        await self._positions.delete_one({"_id": _NAME, "asked": self._asked})

    async def _next(self, after: str) -> list[Document]:
        query = self._query | {"_id": {"$gt": after}}
        return await self._database[RAW_ITEMS].find(query).sort("_id", 1).to_list(self._at_once)

    async def _renew(self, items: Iterable[Document], progress: Progress) -> None:
        updates: dict[Kind, list[tuple[str, Document]]] = {}
        for item in items:
            try:
                raw = read_raw(item)
                update = update_of(raw, self._erasures) if raw.data else None
            except Exception as problem:  # whatever is wrong with one, others go on
                progress.fail(item["_id"], problem)
                continue
            if update is None:
                progress.passed += 1
            else:
                updates.setdefault(raw.kind, []).append((item["_id"], update))
        for kind, named in updates.items():
            written = await send(self._database, kind.collection, [update for _, update in named])
            for place, error in written.errors.items():
                progress.fail(named[place][0], error)
            progress.renewed += written.applied
            progress.passed += len(named) - written.applied - len(written.errors)

    async def _keep(self, progress: Progress) -> None:
        about = {"asked": self._asked, "progress": asdict(progress), "at": datetime.now(UTC)}
        await self._positions.update_one({"_id": _NAME}, {"$set": about}, upsert=True)


def update_of(raw: RawItem, erasures: Erasures | None = None) -> Document | None:
    """The update of the document that a raw item is of, when that is there and not newer.

    None for what is of somebody who was erased; what only names them does not any more.

    Raises:
        UnreadableError: the parser of now makes no document of it.
    """
    item: Post | Entity
    if isinstance(raw, RawVideo):
        item = Post(raw=raw, video=normalize_video(raw))
        document: Any = item.video
        problems = find_problems(document)
    else:
        item = Entity(raw=raw, document=normalize_entity(raw))
        document = item.document
        problems = find_entity_problems(document)
    if problems:
        raise UnreadableError(", ".join(problems))
    if erasures:
        if is_of_erased(item, erasures):
            return None
        without_erased(item, erasures)
    update = merged(to_mongo(document), parts=PARTS[raw.kind])
    return {"q": update["q"], "u": {"$set": update["u"]["$set"]}}
