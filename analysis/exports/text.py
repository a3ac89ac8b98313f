"""Exports of text: CSV and JSON lines."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from analysis.exports.form import Compression, Form, Format
from analysis.exports.reading import Documents
from pipelines.documents.rows import JSON, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pymongo.collection import Collection

    from analysis.exports.columns import Column
    from analysis.exports.form import Packer, Sink
    from analysis.exports.order import Order
    from services.mongodb import Document

    Value = Callable[[Mapping[str, Any]], Any]

_CHUNK = 1 << 20
_GZIP_BITS = 31
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3
_NOTHING: Mapping[str, Any] = {}


class Text(Form[Documents, bytes]):
    """Lines of text, each a document."""

    def __init__(self, order: Order, form: Format, compression: Compression | None) -> None:
        self.name = form.value
        self._names = [column.name for column in order.columns]
        self._values = [_value_of(column) for column in order.columns]
        self._projection = projection_of(order)
        self._is_csv = form is Format.CSV
        self._compression = compression
        self.is_kept_as_delivered = compression is None
        header = dict(zip(self._names, self._names, strict=True))
        self.head = lines([header], self._names) if self._is_csv else b""

    def read(
        self, collection: Collection[Document], query: dict[str, Any], **how: Any
    ) -> Documents:
        """What a query finds."""
        return Documents(list(collection.find(query, self._projection, **how)))

    def piece(self, batch: Documents) -> bytes:
        """The lines of a batch."""
        rows = (
            dict(zip(self._names, [value(one) for value in self._values], strict=True))
            for one in batch.documents
        )
        if self._is_csv:
            return lines(rows, self._names)
        return b"".join(orjson.dumps(row, option=JSON | orjson.OPT_APPEND_NEWLINE) for row in rows)

    def keep(self, file: BinaryIO, piece: bytes) -> None:
        """Write lines as they are."""
        file.write(piece)

    def kept(self, file: BinaryIO) -> Iterator[bytes]:
        """The lines of a file, some at a time."""
        while chunk := file.read(_CHUNK):
            yield chunk

    def packer(self, sink: Sink) -> Packer[bytes]:
        """What compresses lines, or passes them on."""
        match self._compression:
            case None:
                return _Plain(sink)
            case Compression.GZIP:
                return _Compressed(sink, zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_BITS))
            case Compression.ZSTD:
                import zstandard

                # One frame, for some readers stop at the end of the first.
                return _Compressed(sink, zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj())


class _Plain:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def add(self, piece: bytes) -> None:
        self._sink.write(piece)

    def close(self) -> None:
        """Nothing is left."""


class _Compressed:
    def __init__(self, sink: Sink, compressor: Any) -> None:
        self._sink = sink
        self._compressor = compressor

    def add(self, piece: bytes) -> None:
        self._sink.write(self._compressor.compress(piece))

    def close(self) -> None:
        self._sink.write(self._compressor.flush())


def projection_of(order: Order) -> dict[str, int]:
    """What must be read of the documents: the columns, and by what pages are told apart."""
    columns = {".".join(column.path): 1 for column in order.columns}
    keys = ("_id", "created_at") if order.kind.owners is None else (order.kind.key,)
    return columns | dict.fromkeys(keys, 1)


def _value_of(column: Column) -> Value:
    """What reads a column's value from a document."""
    shape = _shape_of(column.schema)
    name, *within = column.path

    def value(document: Mapping[str, Any]) -> Any:
        return document.get(name)

    def value_within(document: Mapping[str, Any]) -> Any:
        return (document.get(name) or _NOTHING).get(within[0])

    read = value_within if within else value
    return read if shape is None else lambda document: shape(read(document))


def _shape_of(schema: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    """What gives objects in a list all their names, and no others; None for other values."""
    names = tuple(schema.get("items", _NOTHING).get("properties", ()))
    if not names:
        return None
    return lambda value: value and [{name: one.get(name) for name in names} for one in value]
