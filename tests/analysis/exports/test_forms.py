from __future__ import annotations

import csv
import gzip
import io
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from analysis.exports.form import Compression, Format
from analysis.exports.kinds import KINDS, Subject
from analysis.exports.writing import stream
from pipelines.documents.rows import JSON

if TYPE_CHECKING:
    from analysis.exports.columns import Column
    from tests.analysis.exports.conftest import Exported, Store

KEYS = {Subject.STATISTICS: "meta.video_id", Subject.USER_STATISTICS: "meta.user_id"}


def expected(store: Store, subject: Subject, columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    """The rows as a plain look at MongoDB has them."""
    kind = KINDS[subject]
    found = store[kind.collection].find().sort([(kind.key, 1), (kind.time, 1)])
    return [{one.name: at(document, one) for one in columns} for document in found]


def at(document: Any, column: Column) -> Any:
    for name in column.path:
        document = (document or {}).get(name)
    members = column.schema.get("items", {}).get("properties")
    if members and document:
        return [{name: one.get(name) for name in members} for one in document]
    return document


def written(value: Any) -> Any:
    """A value as JSON has it."""
    return orjson.loads(orjson.dumps(value, option=JSON))


def in_cell(value: Any) -> str:
    """What a cell of CSV says of a value."""
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else str(value)
    if isinstance(value, datetime):
        return str(written(value))
    return orjson.dumps(value, option=JSON).decode()


def unguarded(cell: str) -> str:
    """A cell without the apostrophe that keeps it from being a formula."""
    return cell[1:] if re.match(r"'+[=+\-@\t\r]", cell) else cell


def sorted_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(list(row.values())))


@pytest.mark.parametrize("subject", Subject)
def test_every_kind_survives_every_form(subject: Subject, store: Store, exported: Exported) -> None:
    asked = {form: exported(subject, form, fields=("all",)) for form in Format}
    files = {form: io.BytesIO() for form in Format}
    wanted = expected(store, subject, asked[Format.CSV].order.columns)

    counts = {form: stream(asked[form], files[form]) for form in Format}

    assert set(counts.values()) == {len(wanted)}
    in_jsonl = [orjson.loads(line) for line in files[Format.JSONL].getvalue().splitlines()]
    assert sorted_rows(in_jsonl) == sorted_rows(written(wanted))
    text = io.StringIO(files[Format.CSV].getvalue().decode(), newline="")
    in_csv = [{name: unguarded(cell) for name, cell in row.items()} for row in csv.DictReader(text)]
    said = [{name: in_cell(value) for name, value in row.items()} for row in wanted]
    assert sorted_rows(in_csv) == sorted_rows(said)
    assert sorted_rows(pq.read_table(files[Format.PARQUET]).to_pylist()) == sorted_rows(wanted)


def test_no_cell_is_a_formula(exported: Exported) -> None:
    file = io.BytesIO()
    stream(exported(Subject.VIDEOS, Format.CSV), file)
    text = io.StringIO(file.getvalue().decode(), newline="")
    cells = [cell for row in csv.reader(text) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))] == []
    assert "'@ada" in cells


def test_nothing_of_ours_is_exported(exported: Exported) -> None:
    file = io.BytesIO()
    stream(exported(Subject.VIDEOS, fields=("all",)), file)
    assert b"a secret" not in file.getvalue()


def test_files_are_compressed_in_one_piece(exported: Exported) -> None:
    plain, packed, zipped = io.BytesIO(), io.BytesIO(), io.BytesIO()
    stream(exported(Subject.COMMENTS), plain)
    stream(exported(Subject.COMMENTS, Format.JSONL, Compression.ZSTD), packed)
    stream(exported(Subject.COMMENTS, Format.JSONL, Compression.GZIP), zipped)
    frame = zstandard.get_frame_parameters(packed.getvalue())
    assert frame.window_size
    unpacked = zstandard.ZstdDecompressor().decompressobj().decompress(packed.getvalue())
    assert unpacked == gzip.decompress(zipped.getvalue()) == plain.getvalue()


def test_parquet_is_typed(exported: Exported) -> None:
    file = io.BytesIO()
    stream(exported(Subject.VIDEOS, Format.PARQUET, Compression.ZSTD), file)
    schema = pq.read_schema(file)
    assert schema.field("id").type == pa.string()
    assert schema.field("statistics_views").type == pa.int64()
    assert schema.field("created_at").type == pa.timestamp("ms", tz="UTC")
    assert schema.field("hashtags").type == pa.list_(pa.string())
    assert pq.ParquetFile(file).metadata.row_group(0).column(0).compression == "ZSTD"


def test_an_export_of_nothing_says_its_columns(exported: Exported) -> None:
    for form in Format:
        file = io.BytesIO()
        assert stream(exported(Subject.VIDEOS, form, user="nobody", fields=("id",)), file) == 0
        if form is Format.PARQUET:
            assert pq.read_table(file).column_names == ["id"]
        else:
            assert file.getvalue() == {Format.CSV: b"id\r\n", Format.JSONL: b""}[form]
