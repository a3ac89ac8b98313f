"""Exports to Parquet: read as Arrow tables, for Python never to touch a value."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.exports.form import Form, Format
from analysis.exports.text import projection_of

with warnings.catch_warnings():
    # It was built with another patch of pyarrow, whose classes it uses by their methods alone.
    warnings.simplefilter("ignore", RuntimeWarning)
    from pymongoarrow.api import Schema, find_arrow_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymongo.collection import Collection

    from analysis.exports.form import Compression, Packer, Sink
    from analysis.exports.order import Order
    from services.mongodb import Document

# Arrow's own allocators keep what is freed for later: some 50 MB that nobody needs again.
pa.set_memory_pool(pa.system_memory_pool())

_GROUP_ROWS = 50_000
_GROUP_BYTES = 24 << 20
"""When a row group is full; one is in memory at a time."""
_TYPES = {
    "string": pa.string(),
    "int": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.timestamp("ms", tz="UTC"),
}


class Table:
    """Documents as a table, objects in columns of their own named by their path."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def value(self, number: int, path: str) -> Any:
        """What one of them has at a path."""
        return self.table.column(path)[number].as_py()

    def first(self, count: int) -> Table:
        """No more than so many of them."""
        return Table(self.table.slice(0, count))


class Parquet(Form[Table, pa.Table]):
    """Row groups of a Parquet file."""

    def __init__(self, order: Order, compression: Compression | None) -> None:
        self.name = Format.PARQUET.value
        columns = order.columns
        self._codec = compression.value if compression else "snappy"
        self._paths = [".".join(column.path) for column in columns]
        fields = [pa.field(column.name, _type_of(column.schema)) for column in columns]
        self._schema = pa.schema(fields)
        self._projection = projection_of(order)
        types = {path: field.type for path, field in zip(self._paths, fields, strict=True)}
        keys = {
            "_id": pa.string(),
            "created_at": _TYPES["date"],
            "meta.video_id": pa.string(),
            "meta.user_id": pa.string(),
        }
        self._read = Schema(_nested({path: (keys | types)[path] for path in self._projection}))
        self.head = self._schema.empty_table()

    def read(self, collection: Collection[Document], query: dict[str, Any], **how: Any) -> Table:
        """What a query finds."""
        table = find_arrow_all(
            collection, query, schema=self._read, projection=self._projection, **how
        )
        return Table(table.flatten())

    def piece(self, batch: Table) -> pa.Table:
        """The columns that are wanted, by their own names."""
        arrays = [batch.table.column(path) for path in self._paths]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def keep(self, file: BinaryIO, piece: pa.Table) -> None:
        """Write a table as Arrow's own stream, with its length before it."""
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(sink, self._schema, options=options) as stream:
            stream.write_table(piece)
        data = sink.getvalue()
        file.write(data.size.to_bytes(8))
        file.write(data)

    def kept(self, file: BinaryIO) -> Iterator[pa.Table]:
        """The tables of a file, one after the other."""
        while size := file.read(8):
            data = file.read(int.from_bytes(size))
            with pa.ipc.open_stream(data) as stream:
                yield stream.read_all()

    def packer(self, sink: Sink) -> Packer[pa.Table]:
        """What writes row groups."""
        return _RowGroups(pq.ParquetWriter(sink, self._schema, compression=self._codec))


class _RowGroups:
    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer
        self._waiting: list[pa.Table] = []

    def add(self, piece: pa.Table) -> None:
        self._waiting.append(piece)
        rows = sum(table.num_rows for table in self._waiting)
        size = sum(table.nbytes for table in self._waiting)
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            self._write()

    def close(self) -> None:
        self._write()
        self._writer.close()

    def _write(self) -> None:
        table = pa.concat_tables(self._waiting) if self._waiting else None
        if table is not None and table.num_rows:
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._waiting.clear()


def _nested(types: Mapping[str, pa.DataType]) -> dict[str, Any]:
    """Types by their paths, those of an object within one type for it."""
    nested: dict[str, Any] = {}
    for path, kind in types.items():
        name, _, within = path.partition(".")
        if within:
            nested.setdefault(name, {})[within] = kind
        else:
            nested[name] = kind
    return {
        name: pa.struct(list(one.items())) if isinstance(one, dict) else one
        for name, one in nested.items()
    }


def _type_of(schema: Mapping[str, Any]) -> pa.DataType:
    """The type of what MongoDB is held to."""
    (kind, *_) = schema["bsonType"]
    if kind == "array":
        return pa.list_(_type_of(schema["items"]))
    if kind == "object":
        members = schema["properties"].items()
        return pa.struct([(name, _type_of(member)) for name, member in members])
    return _TYPES[kind]
