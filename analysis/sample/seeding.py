"""Writing a sample into MongoDB."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import analysis.rollups.collections
import pipelines.collections
from analysis.rollups.rolling import Step, take_up
from analysis.sample.comments import Comments
from analysis.sample.creators import SPIDER, Cast
from analysis.sample.hashtags import hashtag_documents
from analysis.sample.posts import Posts
from analysis.sample.sounds import Sounds
from analysis.views.all import VIEWS
from analysis.views.view import make
from pipelines.collections import (
    COMMENTS,
    HASHTAGS,
    MUSIC,
    STATISTICS,
    USER_STATISTICS,
    USERS,
    VIDEOS,
)
from services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.rollups.rolling import Tell
    from analysis.sample.plan import Plan
    from services.mongodb import Document

_POSTS_AT_ONCE = 1000
_USERS_AT_ONCE = 200
_OTHERS_AT_ONCE = 5000
_COLLECTED = (VIDEOS, USERS, HASHTAGS, MUSIC, COMMENTS)


class Seeding:
    """One sample on its way into a database."""

    def __init__(self, database: AsyncDatabase[Document], plan: Plan) -> None:
        self._database = database
        self._plan = plan
        self._cast = Cast(plan)
        self._written: Counter[str] = Counter()

    async def check(self, *, among: bool) -> None:
        """Refuse a database in which a sample would do harm.

        Raises:
            ServiceError: other documents are there, or this very sample is.
        """
        first = self._cast.creators[0].id
        if await self._database[USERS].find_one({"_id": first, "spider": SPIDER}, {"_id": 1}):
            raise ServiceError(
                f"this sample is in the database {self._database.name} already: take another"
                " --seed, or a database of its own by DATA_DIR or MONGODB_URI"
            )
        if among:
            return
        for name in _COLLECTED:
            if await self._database[name].find_one({}, {"_id": 1}):
                raise ServiceError(
                    f"the database {self._database.name} holds {name} already, and a sample cannot"
                    " be taken out of it again: give it a database of its own by DATA_DIR or"
                    " MONGODB_URI, or say --among"
                )

    async def write(self, tell: Tell = lambda step: None) -> dict[str, int]:
        """Write everything, roll it up, and answer how many documents of each collection.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        await pipelines.collections.prepare(self._database)
        await analysis.rollups.collections.prepare(self._database)
        await make(self._database, VIEWS)
        sounds = Sounds(self._plan, self._cast.creators)
        await self._write_users()
        borne = await self._write_posts(Posts(self._plan, self._cast, sounds), tell)
        await self._insert_all(MUSIC, sounds.documents())
        await self._insert_all(HASHTAGS, hashtag_documents(self._plan, borne))
        await take_up(self._database, tell)
        return dict(self._written)

    async def _write_users(self) -> None:
        users = self._cast.users()
        while batch := list(islice(users, _USERS_AT_ONCE)):
            await asyncio.gather(
                self._insert(USERS, [document for document, _ in batch]),
                self._insert(USER_STATISTICS, [row for _, rows in batch for row in rows]),
            )

    async def _write_posts(self, posts: Posts, tell: Tell) -> Counter[str]:
        """Write posts with their rows and comments; answers how many bear each hashtag."""
        comments = Comments(self._plan, self._cast)
        borne: Counter[str] = Counter()
        made = iter(posts)
        while batch := list(islice(made, _POSTS_AT_ONCE)):
            documents = [document for document, _ in batch]
            for one in documents:
                borne.update(tag.lower() for tag in one["hashtags"])
            middle = len(batch) // 2
            # In halves: the server takes a time series up on one core for each command.
            halves = [
                [row for _, rows in half for row in rows]
                for half in (batch[:middle], batch[middle:])
            ]
            written = [remark for one in documents for remark in comments.of(one)]
            await asyncio.gather(
                self._insert(VIDEOS, documents),
                *(self._insert(STATISTICS, half) for half in halves),
                self._insert(COMMENTS, written),
            )
            tell(Step(what=VIDEOS, done=self._written[VIDEOS], of=self._plan.videos))
        return borne

    async def _insert_all(self, name: str, documents: Iterable[Document]) -> None:
        left = iter(documents)
        while batch := list(islice(left, _OTHERS_AT_ONCE)):
            await self._insert(name, batch)

    async def _insert(self, name: str, documents: Sequence[Document]) -> None:
        if documents:
            await self._database[name].insert_many(documents, ordered=False)
            self._written[name] += len(documents)
