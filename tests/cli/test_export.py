from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from pymongo import MongoClient

from pipelines.documents.hashtag import Hashtag
from pipelines.documents.mongo import to_mongo
from services.mongodb import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Command, JsonCommand


@pytest.fixture
def hashtags(on_servers: None, mongodb_server: str) -> Iterator[None]:
    with MongoClient[Document](mongodb_server) as client:
        database = client.get_default_database()
        seen = datetime(2026, 1, 1, tzinfo=UTC)
        database.hashtags.insert_many(
            to_mongo(Hashtag(id=name, name=f"={name}", observed_at=seen)) for name in "ab"
        )
        yield
        database.hashtags.delete_many({})


@pytest.mark.usefixtures("hashtags")
def test_the_name_of_the_file_says_how_it_is_written(
    json_command: JsonCommand, command: Command, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("a.csv.gz", "a.parquet", "odd.name")]

    said = json_command("export", "hashtags", "--out", str(files[0]), "--fields", "id,name")
    command("export", "hashtags", "--out", str(files[1]))
    shown = command("export", "hashtags", "--out", str(files[2]), "--format", "jsonl")

    assert said == {"file": str(files[0]), "documents": 2, "bytes": files[0].stat().st_size}
    assert gzip.decompress(files[0].read_bytes()) == b"id,name\r\na,'=a\r\nb,'=b\r\n"
    assert pq.read_table(files[1]).column("name").to_pylist() == ["=a", "=b"]
    assert files[2].read_text().startswith('{"id":"a",')
    assert f"2 documents are written to {files[2]}" in shown.stderr
    assert sorted(tmp_path.iterdir()) == sorted([*files, *tmp_path.glob("data")])


@pytest.mark.usefixtures("hashtags")
def test_a_file_may_go_to_stdout(command: Command) -> None:
    shown = command("export", "hashtags", "--out", "-", "--format", "csv", "--fields", "id")
    assert shown.stdout_bytes == b"id\r\na\r\nb\r\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--out", "file"), "--format: say one of csv, jsonl, parquet, or end --out with it"),
        (("--out", "file.parquet.gz"), "Parquet compresses its columns"),
        (("--out", "no/such/file.csv"), "--out there is no folder no/such"),
        (
            ("--out", "file.csv", "--fields", "nam"),
            "--fields there is no field 'nam': did you mean",
        ),
        (("--out", "file.csv", "--country", "SE"), "--country does not hold for hashtags"),
    ],
)
@pytest.mark.usefixtures("on_servers")
def test_what_is_wrong_is_said(arguments: tuple[str, ...], said: str, command: Command) -> None:
    shown = command("export", "hashtags", *arguments)
    assert shown.exit_code == 2
    assert said in shown.stderr
    assert not Path("file.csv").exists()
