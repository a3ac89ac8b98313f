"""Who is to be erased, and the ids of all that is theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from analysis.rollups.collections import VIDEO_DAILY
from crawler.links import Target, TargetType
from pipelines.collections import COMMENTS, MUSIC, STATISTICS, USERS, VIDEOS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

AT_ONCE = 5000
"""Ids in one query."""
_LEAST_DIGITS = 15
_NUMBER = re.compile(rb"[0-9]{5,20}")
_KEYS = rb"uniqueId|unique_id|userUniqueId|user_unique_id|owner_handle|username|author_username"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(kw_only=True)
class Subject:
    """A user, under all names and ids that are known of them."""

    user_ids: set[str] = field(default_factory=set)
    usernames: set[str] = field(default_factory=set)
    """In lower case."""
    sec_uids: set[str] = field(default_factory=set)
    video_ids: set[str] = field(default_factory=set)
    comment_ids: set[str] = field(default_factory=set)
    """Of comments that they wrote, and of those on their posts."""
    music_ids: set[str] = field(default_factory=set)
    """Of sounds that they made."""
    namesakes: set[str] = field(default_factory=set)
    """Ids of other users who had the name at another time."""
    is_stored: bool = False
    """Whether anything is stored of them."""

    @property
    def targets(self) -> Iterator[Target]:
        """All that could be asked for of them."""
        for name in self.usernames:
            for kind in (TargetType.USER, TargetType.USER_HEADER, TargetType.LIVE):
                yield Target(type=kind, value=name)
            for query in (name, f"@{name}"):
                yield Target(type=TargetType.SEARCH, value=query)
        for video_id in self.video_ids:
            yield Target(type=TargetType.VIDEO, value=video_id)
            yield Target(type=TargetType.COMMENTS, value=video_id)
        for music_id in self.music_ids:
            yield Target(type=TargetType.MUSIC, value=music_id)
            yield Target(type=TargetType.MUSIC_HEADER, value=music_id)

    def anew(self) -> Subject:
        """The same, to be looked at with what was added to it."""
        return replace(self)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of these targets."""
        return frozenset(target.key for target in self.targets)

    def has(self, target: Target) -> bool:
        """Whether a target leads to them or to something of theirs."""
        name = (target.username or "").lower()
        return name in self.usernames or f"{target.type.value}:{target.value.lower()}" in self.keys

    def is_named_in(self, content: bytes) -> bool:
        """Whether JSON names them, or one of their posts, comments or sounds, anywhere."""
        if any(found[0] in self._numbers for found in _NUMBER.finditer(content)):
            return True
        if self._name is not None and self._name.search(content):
            return True
        return any(sec_uid.encode() in content for sec_uid in self.sec_uids)

    @cached_property
    def _numbers(self) -> frozenset[bytes]:
        ids = (*self.user_ids, *self.video_ids, *self.comment_ids, *self.music_ids)
        return frozenset(one.encode() for one in ids)

    @cached_property
    def _name(self) -> re.Pattern[bytes] | None:
        """Finds a handle as a value or behind an @; short names are also keys of JSON."""
        names = b"|".join(re.escape(name.encode()) for name in sorted(self.usernames))
        if not names:
            return None
        start = rb'(?:"(?:' + _KEYS + rb')":\s*"|@)'
        return re.compile(start + rb"(?:" + names + rb")(?![a-z0-9_]|\.[a-z0-9_])", re.IGNORECASE)


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """Ids in portions that one query bears."""
    rest = iter(sorted(ids))
    while chunk := list(islice(rest, AT_ONCE)):
        yield chunk


async def find(database: AsyncDatabase[Document], who: str) -> Subject:
    """The user of a name or an id; one of whom nothing is stored is found as well.

    A name that was given up can be another user's: of several who had it, the one who was
    observed last with it is meant.

    Raises:
        PyMongoError: MongoDB does not answer.
    """
    name = who.strip().removeprefix("@").lower()
    subject = Subject()
    if name.isdecimal() and len(name) >= _LEAST_DIGITS:
        subject.user_ids.add(name)
    else:
        subject.usernames.add(name)
        await _identify(database, subject, name)
    await _add_names(database, subject)
    await _add_what_is_theirs(database, subject)
    return subject


async def _identify(database: AsyncDatabase[Document], subject: Subject, name: str) -> None:
    seen = await _holders(database, name)
    if seen:
        meant = max(seen, key=lambda user_id: seen[user_id])
        subject.user_ids.add(meant)
        subject.namesakes = set(seen) - {meant}


async def _holders(database: AsyncDatabase[Document], name: str) -> dict[str, datetime]:
    """The ids of all who were seen with a name, and when last."""
    seen: dict[str, datetime] = {}
    users = database[USERS].find({"username": name}, {"observed_at": 1})
    async for one in users:
        seen[one["_id"]] = one["observed_at"]
    posts = database[VIDEOS].find(
        {"author.username": name, "author.id": {"$ne": None}}, {"author.id": 1, "observed_at": 1}
    )
    async for one in posts:
        user_id = one["author"]["id"]
        seen[user_id] = max(seen.get(user_id, _BEGINNING), one["observed_at"])
    return seen


async def _add_names(database: AsyncDatabase[Document], subject: Subject) -> None:
    """The names by which they are known; one that is another's by now is that one's."""
    ids = {"$in": sorted(subject.user_ids)}
    names: set[str] = set()
    async for user in database[USERS].find({"_id": ids}, {"username": 1, "sec_uid": 1}):
        subject.is_stored = True
        names |= _known(user, "username")
        subject.sec_uids |= _known(user, "sec_uid")
    async for post in database[VIDEOS].find({"author.id": ids}, {"author": 1}):
        names |= _known(post["author"], "username")
        subject.sec_uids |= _known(post["author"], "sec_uid")
    for name in names - subject.usernames:
        seen = await _holders(database, name)
        if max(seen, key=lambda user_id: seen[user_id], default=None) in subject.user_ids:
            subject.usernames.add(name)
            subject.namesakes |= set(seen) - subject.user_ids


async def _add_what_is_theirs(database: AsyncDatabase[Document], subject: Subject) -> None:
    ids, names = sorted(subject.user_ids), sorted(subject.usernames)
    posts = {
        "$or": [
            {"author.id": {"$in": ids}},
            {"author.username": {"$in": names}, "author.id": None},
        ]
    }
    made = {"$or": [{"author_id": {"$in": ids}}, {"author_username": {"$in": names}}]}
    subject.video_ids |= await _ids(database, VIDEOS, posts)
    subject.comment_ids |= await _ids(database, COMMENTS, posts)
    subject.music_ids |= await _ids(database, MUSIC, made)
    # Posts whose documents have gone by their age have rows still.
    rows = await database[STATISTICS].aggregate(
        [{"$match": {"meta.user_id": {"$in": ids}}}, {"$group": {"_id": "$meta.video_id"}}]
    )
    subject.video_ids |= {one["_id"] async for one in rows}
    days = await database[VIDEO_DAILY].aggregate(
        [{"$match": {"user_id": {"$in": ids}}}, {"$group": {"_id": "$video_id"}}]
    )
    subject.video_ids |= {one["_id"] async for one in days}
    subject.is_stored |= bool(subject.video_ids or subject.comment_ids or subject.music_ids)
    for chunk in chunks(subject.video_ids):
        subject.comment_ids |= await _ids(database, COMMENTS, {"video_id": {"$in": chunk}})


async def _ids(database: AsyncDatabase[Document], name: str, query: Document) -> set[str]:
    return {one["_id"] async for one in database[name].find(query, {"_id": 1})}


def _known(document: dict[str, Any], name: str) -> set[str]:
    value = document.get(name)
    if not value:
        return set()
    return {value.lower()} if name == "username" else {value}
