"""A database in one file: written as of one moment, checked before anything is made of it.

The file is a zstd stream, so ``zstd -dc`` unpacks it: BSON documents one behind another. The first
is the head: what the database is, and each collection with its options and indexes. Each other
holds a batch: ``collection``, and in ``documents`` the bytes of its documents, BSON again. The last
has ``counts``, how many documents each collection has. Behind the stream stands a skippable frame
of zstd with the SHA-256 of all before it: a file that is cut off, or changed, has none that fits.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any, cast

import bson
import zstandard
from bson.binary import Binary
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import WriteConcern
from pymongo.errors import BulkWriteError, OperationFailure

from services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator
    from pathlib import Path

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

VERSION = 1
LOADING = "loading"
"""The collection that is there while a file is being loaded; its document names the file."""
_SKIPPABLE = bytes.fromhex("502a4d18")
_DIGEST_BYTES = 32
_FOOTER_BYTES = len(_SKIPPABLE) + 4 + _DIGEST_BYTES
_LEVEL = 3
_PIECE = 1 << 20
_DUPLICATE_KEY = 11000
_NAMESPACE_EXISTS = 48
_TOO_OLD = frozenset({239, 246})  # SnapshotTooOld, SnapshotUnavailable
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True)


class DumpError(ServiceError):
    """A file cannot be written, or is none that can be loaded; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A collection as the head of a file names it."""

    name: str
    options: Document
    """As ``listCollections`` shows them."""
    indexes: list[Document]
    """As ``listIndexes`` shows them."""

    @property
    def is_series(self) -> bool:
        """Whether it is a time series, whose rows nothing keeps from being there twice."""
        return "timeseries" in self.options


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a file says of itself."""

    database: str
    at: datetime
    """When it was begun; with ``is_of_one_moment`` that is the moment."""
    is_of_one_moment: bool
    about: Document
    """What whoever wrote it had to say beside that."""
    sections: list[Section]
    views: list[Document]


@dataclass(slots=True, kw_only=True)
class Done:
    """How far the work is."""

    documents: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    """Documents of each collection, rows of each time series."""
    place: int = 0
    """Bytes of the file that are read; when one is loaded."""

    def count(self, name: str, more: int) -> None:
        """Count documents."""
        self.documents += more
        self.counts[name] = self.counts.get(name, 0) + more


@contextlib.contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner may read, which has its name once it is whole.

    Raises:
        DumpError: there is a file of this name.
        OSError: it cannot be written; nothing is left of it.
    """
    if path.exists():
        raise DumpError(f"{path} is there already: name another file, or move it away")
    part = path.with_name(f"{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


async def size(database: AsyncDatabase[Document]) -> int:
    """About how many documents there are to write."""
    sections, _ = await _shape(database)
    return sum(
        [
            await database[one.name].count_documents({})
            if one.is_series
            else await database[one.name].estimated_document_count()
            for one in sections
        ]
    )


async def dump(
    database: AsyncDatabase[Document],
    file: IO[bytes],
    *,
    about: Document,
    is_of_one_moment: bool = True,
) -> AsyncIterator[Done]:
    """Write a database, and tell again and again how far that is.

    Raises:
        DumpError: MongoDB does not keep the moment for so long.
        PyMongoError: it does not answer.
        OSError: the file cannot be written.
    """
    sections, views = await _shape(database)
    done = Done()
    hashed = _Hashed(file)
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    with compressor.stream_writer(cast("IO[bytes]", hashed), closefd=False) as out:
        out.write(bson.encode(_head(database.name, sections, views, about, is_of_one_moment)))
        async with database.client.start_session(snapshot=is_of_one_moment) as session:
            for section in sections:
                done.counts[section.name] = 0
                async for batch in _batches(database[section.name], session):
                    out.write(bson.encode({"collection": section.name, "documents": Binary(batch)}))
                    done.count(section.name, sum(1 for _ in _lengths(batch)))
                    yield done
        out.write(bson.encode({"counts": done.counts}))
    file.write(_SKIPPABLE + _DIGEST_BYTES.to_bytes(4, "little") + hashed.digest.digest())


def check(path: Path) -> tuple[Head, str]:
    """Read a file whole, and answer its head and its digest when nothing is wrong with it.

    Raises:
        DumpError: it is no such file, or was cut off or changed.
        OSError: it cannot be read.
    """
    digest = _checked_digest(path)
    with _opened(path) as records:
        return _read_head(next(records, {}), path), digest


async def load(
    database: AsyncDatabase[Document], path: Path, head: Head, digest: str
) -> AsyncIterator[Done]:
    """Bring a checked file into a database, and tell again and again how far that is.

    What is there already stays, but for time series, which are begun anew: interrupted, it may be
    done again.

    Raises:
        DumpError: the file is not what it was when it was checked.
        PyMongoError: MongoDB does not answer, or refuses something.
    """
    done = Done()
    await database[LOADING].update_one({"_id": digest}, {"$set": {"at": _now()}}, upsert=True)
    sections = {one.name: one for one in head.sections}
    for section in head.sections:
        if section.is_series:
            await database.drop_collection(section.name)
        await _create(database, section.name, section.options)
        done.counts[section.name] = 0
    counts: Document | None = None
    with path.open("rb") as file, _records(file) as records:
        next(records)
        for record in records:
            if "counts" in record:
                counts = record["counts"]
                break
            section = sections[record["collection"]]
            documents = bson.decode_all(record["documents"], _RAW)
            await _insert(database[section.name], documents)
            done.count(section.name, len(documents))
            done.place = file.tell()
            yield done
    if counts != done.counts:
        raise DumpError(f"{path} has changed since it was checked: restore it again")
    for section in head.sections:
        await _index(database, section)
    for view in head.views:
        await _create(database, view["name"], view["options"])


async def loading(database: AsyncDatabase[Document]) -> str | None:
    """The digest of the file whose loading was interrupted."""
    document = await database[LOADING].find_one({})
    return str(document["_id"]) if document is not None else None


async def loaded(database: AsyncDatabase[Document]) -> None:
    """Say that nothing is being loaded any more."""
    await database.drop_collection(LOADING)


async def holds_documents(database: AsyncDatabase[Document]) -> list[str]:
    """The collections that are not empty."""
    sections, _ = await _shape(database)
    return [one.name for one in sections if await database[one.name].find_one({}, {"_id": 1})]


async def clear(database: AsyncDatabase[Document], *, keep: Collection[str] = frozenset()) -> None:
    """Drop all collections and views, but those to keep."""
    sections, views = await _shape(database)
    for name in (*(view["name"] for view in views), *(one.name for one in sections), LOADING):
        if name not in keep:
            await database.drop_collection(name)


class _Hashed:
    """A file whose bytes are hashed as they are written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


async def _shape(database: AsyncDatabase[Document]) -> tuple[list[Section], list[Document]]:
    """All collections of ours and others', and the views."""
    sections, views = [], []
    found = await (await database.list_collections()).to_list()
    for one in sorted(found, key=lambda one: str(one["name"])):
        name, options = one["name"], one["options"]
        if name.startswith("system.") or name == LOADING:
            continue
        if one["type"] == "view":
            views.append({"name": name, "options": options})
            continue
        indexes = await (await database[name].list_indexes()).to_list()
        shown = [dict(index) for index in indexes]
        sections.append(Section(name=name, options=options, indexes=shown))
    return sections, views


def _head(
    name: str,
    sections: list[Section],
    views: list[Document],
    about: Document,
    is_of_one_moment: bool,
) -> Document:
    return {
        "dump": VERSION,
        "database": name,
        "at": _now(),
        "is_of_one_moment": is_of_one_moment,
        "about": about,
        "collections": [
            {"name": one.name, "options": one.options, "indexes": one.indexes} for one in sections
        ],
        "views": views,
    }


async def _batches(
    collection: AsyncCollection[Document], session: AsyncClientSession
) -> AsyncIterator[bytes]:
    try:
        async for batch in collection.find_raw_batches({}, session=session):
            if batch:
                yield cast("bytes", batch)
    except OperationFailure as error:
        if error.code in _TOO_OLD:
            raise DumpError(
                "MongoDB did not keep the moment for as long as this takes: raise its parameter"
                " minSnapshotHistoryWindowInSeconds (300 by default), or use --live"
            ) from error
        raise


def _lengths(batch: bytes) -> Iterator[int]:
    place = 0
    while place < len(batch):
        length = int.from_bytes(batch[place : place + 4], "little")
        yield length
        place += length


def _checked_digest(path: Path) -> str:
    with path.open("rb") as file:
        left = os.fstat(file.fileno()).st_size - _FOOTER_BYTES
        digest = sha256()
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            digest.update(piece)
            left -= len(piece)
        footer = file.read(_FOOTER_BYTES)
    start = _SKIPPABLE + _DIGEST_BYTES.to_bytes(4, "little")
    if left < 0 or footer[: len(start)] != start:
        raise DumpError(f"{path} is no backup, or was cut off: nothing is restored from it")
    if footer[len(start) :] != digest.digest():
        raise DumpError(f"{path} was changed since it was written: nothing is restored from it")
    return digest.hexdigest()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Iterator[Document]]:
    with path.open("rb") as file, _records(file) as records:
        yield records


@contextlib.contextmanager
def _records(file: IO[bytes]) -> Iterator[Iterator[Document]]:
    """The documents of the stream, one after another."""
    with zstandard.ZstdDecompressor().stream_reader(file, closefd=False) as stream:
        yield _documents(stream)


def _documents(stream: Any) -> Iterator[Document]:
    while start := stream.read(4):
        length = int.from_bytes(start, "little")
        yield bson.decode(start + _exactly(stream, length - len(start)), _AWARE)


def _exactly(stream: Any, length: int) -> bytes:
    pieces = []
    while length > 0:
        piece = stream.read(length)
        if not piece:
            raise DumpError("the file ends within a document")
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _read_head(record: Document, path: Path) -> Head:
    if record.get("dump") != VERSION:
        raise DumpError(
            f"{path} has the form {record.get('dump')}, and this version reads {VERSION}"
        )
    return Head(
        database=record["database"],
        at=record["at"],
        is_of_one_moment=record["is_of_one_moment"],
        about=record["about"],
        sections=[Section(**one) for one in record["collections"]],
        views=record["views"],
    )


async def _create(database: AsyncDatabase[Document], name: str, options: Document) -> None:
    try:
        await database.command({"create": name, **options})
    except OperationFailure as error:
        if error.code != _NAMESPACE_EXISTS:
            raise


async def _insert(collection: AsyncCollection[Document], documents: list[RawBSONDocument]) -> None:
    quick = collection.with_options(write_concern=WriteConcern(w=1))
    try:
        await quick.insert_many(documents, ordered=False, bypass_document_validation=True)
    except BulkWriteError as error:
        # An interrupted loading has brought these already.
        if any(one["code"] != _DUPLICATE_KEY for one in error.details["writeErrors"]):
            raise


async def _index(database: AsyncDatabase[Document], section: Section) -> None:
    # In the order in which the driver writes them: of a time series MongoDB keeps the words of who
    # made an index, and takes the same in another order for a conflict.
    indexes = [
        {"name": one["name"]}
        | {name: value for name, value in one.items() if name not in {"v", "key", "name"}}
        | {"key": one["key"]}
        for one in section.indexes
        if one["name"] != "_id_"
    ]
    if indexes:
        await database.command({"createIndexes": section.name, "indexes": indexes})


def _now() -> datetime:
    return datetime.now(UTC)
