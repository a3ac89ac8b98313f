"""What MongoDB holds of a user: documents, rows, lists, raw items, and where others name them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import zstandard

from analysis.erasing.subject import chunks
from analysis.rollups.collections import MUSIC_DAILY, USER_DAILY, VIDEO_DAILY
from pipelines.collections import (
    ANY_CASE,
    COMMENTS,
    LISTS,
    MUSIC,
    RAW_ITEMS,
    SEARCH_RESULTS,
    STATISTICS,
    USER_STATISTICS,
    USERS,
    VIDEOS,
)
from pipelines.erased import handle_of, unnamed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.erasing.subject import Subject
    from services.mongodb import Document

_AT_ONCE = 500
_TEXTS = {VIDEOS: ("title", "description"), COMMENTS: ("text",), USERS: ("signature",)}
"""Texts of others in which somebody can be named."""
_OF_SOUNDS = ("title", "author", "album", "url", "cover")
_BY_ID = {VIDEOS: "video_ids", USERS: "user_ids", COMMENTS: "comment_ids", MUSIC: "music_ids"}


async def delete_rows(database: AsyncDatabase[Document], subject: Subject) -> Counter[str]:
    """Delete their rows of statistics and roll-ups, and those of their posts and sounds.

    Sums of days over many, such as those of a hashtag, stay: they tell nothing of anybody.
    """
    counts: Counter[str] = Counter()
    ways = (
        (subject.user_ids, {STATISTICS: "meta.user_id", USER_STATISTICS: "meta.user_id"}),
        (subject.user_ids, {VIDEO_DAILY: "user_id", USER_DAILY: "user_id"}),
        (subject.video_ids, {STATISTICS: "meta.video_id", VIDEO_DAILY: "video_id"}),
        (subject.music_ids, {MUSIC_DAILY: "music_id"}),
    )
    for ids, fields in ways:
        for chunk in chunks(ids):
            for name, field in fields.items():
                counts[name] += await _delete(database[name], {field: {"$in": chunk}})
    return counts


async def delete_raw_items(database: AsyncDatabase[Document], subject: Subject) -> int:
    """Delete every raw item that names them, whosever it is: all of them are looked into."""
    raw_items = database[RAW_ITEMS]
    decompressor = zstandard.ZstdDecompressor()
    count, found = 0, []
    async for item in raw_items.find({}, {"data": 1}).batch_size(_AT_ONCE):
        try:
            content = decompressor.decompress(item["data"])
        except zstandard.ZstdError:
            continue
        if subject.is_named_in(content):
            found.append(item["_id"])
        if len(found) == _AT_ONCE:
            count += await _delete(raw_items, {"_id": {"$in": found}})
            found = []
    return count + await _delete(raw_items, {"_id": {"$in": found}})


async def delete_lists(database: AsyncDatabase[Document], subject: Subject) -> int:
    """Delete how lists of theirs ended, and take them out of what searches found."""
    count = 0
    results = database[SEARCH_RESULTS]
    for chunk in chunks(subject.keys):
        for collection in (database[LISTS], results):
            gone = await collection.delete_many({"_id": {"$in": chunk}}, collation=ANY_CASE)
            count += gone.deleted_count
    for chunk in chunks(subject.video_ids | subject.user_ids):
        hits = {"id": {"$in": chunk}}
        changed = await results.update_many(
            {"results.id": hits["id"]}, {"$pull": {"results": hits}}
        )
        count += changed.modified_count
    return count


async def delete_documents(database: AsyncDatabase[Document], subject: Subject) -> dict[str, int]:
    """Delete their posts, comments, sounds and themselves: last, for by these all else is found."""
    counts = {}
    for name in (COMMENTS, MUSIC, VIDEOS, USERS):
        counts[name] = 0
        for chunk in chunks(getattr(subject, _BY_ID[name])):
            counts[name] += await _delete(database[name], {"_id": {"$in": chunk}})
    return counts


async def blank_in_others(database: AsyncDatabase[Document], subject: Subject) -> int:
    """Have nobody else's documents name them: mentions, texts, duets, sounds that they made.

    Reads all posts, comments and users once.
    """
    count = 0
    for name, texts in _TEXTS.items():
        own = getattr(subject, _BY_ID[name])
        found = database[name].find(
            _naming(subject, texts), dict.fromkeys((*texts, "mentions", "duet_of", "stitch_of"), 1)
        )
        async for document in found:
            if document["_id"] in own:
                continue
            changed = _without(document, subject, texts)
            if changed:
                await database[name].update_one({"_id": document["_id"]}, {"$set": changed})
                count += 1
    for chunk in chunks(subject.music_ids):
        gone: Document = {f"music.{name}": None for name in _OF_SOUNDS} | {"music.artists": []}
        changed_many = await database[VIDEOS].update_many(
            {"music.id": {"$in": chunk}, "author.id": {"$nin": sorted(subject.user_ids)}},
            {"$set": gone},
        )
        count += changed_many.modified_count
    return count + await _blank_namesakes(database, subject)


async def _blank_namesakes(database: AsyncDatabase[Document], subject: Subject) -> int:
    """Take the name off others who had it before: it is not theirs any more."""
    names, others = {"$in": sorted(subject.usernames)}, {"$in": sorted(subject.namesakes)}
    await database[USER_DAILY].update_many(
        {"user_id": others, "username": names}, {"$set": {"username": None}}
    )
    users = await database[USERS].update_many(
        {"_id": others, "username": names}, {"$set": {"username": None, "url": None}}
    )
    address = {"$concat": ["https://www.tiktok.com/@_/", "$type", "/", "$_id"]}
    posts = await database[VIDEOS].update_many(
        {"author.id": others, "author.username": names},
        [{"$set": {"author.username": None, "url": address}}],
    )
    return users.modified_count + posts.modified_count


def _naming(subject: Subject, texts: Iterable[str]) -> Document:
    """What finds documents that name them, roughly; what is not theirs is left in peace later."""
    ids, names = sorted(subject.user_ids), sorted(subject.usernames)
    ways: list[Document] = [
        {"mentions.user_id": {"$in": ids}},
        {"mentions.username": {"$in": names}},
        {"duet_of": {"$ne": None}},
        {"stitch_of": {"$ne": None}},
    ]
    ways += [
        {text: {"$regex": handle_of(name).pattern, "$options": "i"}}
        for text in texts
        for name in names
    ]
    return {"$or": ways}


def _without(document: Document, subject: Subject, texts: Iterable[str]) -> Document:
    """What is to be changed of a document so that it does not name them."""
    changed: dict[str, Any] = {}
    mentions = document.get("mentions") or []
    left = [one for one in mentions if not _is_of(one, subject)]
    if len(left) < len(mentions):
        changed["mentions"] = left
    for text in texts:
        now = was = document.get(text)
        for name in subject.usernames:
            now = unnamed(now, name)
        if now != was:
            changed[text] = now
    for name in ("duet_of", "stitch_of"):
        if document.get(name) in subject.video_ids:
            changed[name] = None
    return changed


def _is_of(mention: Document, subject: Subject) -> bool:
    name = (mention.get("username") or "").lower()
    return mention.get("user_id") in subject.user_ids or name in subject.usernames


async def _delete(collection: AsyncCollection[Document], query: Document) -> int:
    return (await collection.delete_many(query)).deleted_count
