from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from analysis.exports import reading
from analysis.exports.errors import ExportError
from analysis.exports.form import Compression, Format
from analysis.exports.kinds import Subject
from analysis.exports.writing import Export, File

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.analysis.exports.conftest import Exported


class StoppedError(Exception):
    """What an interruption is here."""


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 5)


def write(path: Path, export: Export, *, is_replaced: bool = False) -> int:
    file = File(path, is_replaced=is_replaced)
    file.check()
    return file.write(export, lambda _: None)


def interrupt(path: Path, export: Export, *, at: int) -> None:
    def told(documents: int) -> None:
        if documents >= at:
            raise StoppedError

    with pytest.raises(StoppedError):
        File(path).write(export, told)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("form", "compression"),
    [
        (Format.CSV, None),
        (Format.JSONL, Compression.GZIP),
        (Format.JSONL, Compression.ZSTD),
        (Format.PARQUET, None),
    ],
)
def test_an_interrupted_export_goes_on_where_it_was(
    form: Format,
    compression: Compression | None,
    exported: Exported,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    export = exported(Subject.VIDEOS, form, compression)
    whole, path = tmp_path / "whole", tmp_path / "file"
    documents = write(whole, export)

    interrupt(path, export, at=10)
    left = json.loads((tmp_path / "file.part.json").read_text())
    with (tmp_path / "file.part").open("ab") as part:
        part.write(b"what was written when the power went")
    read: list[Any] = []

    def watched(*about: Any) -> Iterator[Any]:
        for page in reading.pages(*about):
            read.append(page)
            yield page

    monkeypatch.setattr("analysis.exports.writing.pages", watched)
    assert write(path, export) == documents

    assert path.read_bytes() == whole.read_bytes()
    assert left["documents"] == 10
    assert sum(len(page.batch) for page in read) == documents - 10
    assert names_in(tmp_path) == ["file", "whole"]


def test_a_finished_file_is_replaced_only_by_force(exported: Exported, tmp_path: Path) -> None:
    path, export = tmp_path / "file", exported(Subject.USERS)
    path.write_text("precious")
    with pytest.raises(ExportError, match="there already: --force"):
        write(path, export)
    assert path.read_text() == "precious"
    write(path, export, is_replaced=True)
    assert path.read_text().startswith("{")
    with pytest.raises(ExportError, match="no folder"):
        write(tmp_path / "none" / "file", export)


def test_what_another_export_left_is_not_gone_on_with(exported: Exported, tmp_path: Path) -> None:
    path = tmp_path / "file"
    interrupt(path, exported(Subject.VIDEOS), at=5)
    for other in (
        exported(Subject.VIDEOS, fields=("id",)),
        exported(Subject.VIDEOS, country="SE"),
        exported(Subject.VIDEOS, Format.CSV),
    ):
        with pytest.raises(ExportError, match="another export has left"):
            write(path, other)
    assert not path.exists()
    assert write(path, exported(Subject.USERS, fields=("id",)), is_replaced=True)
    assert path.read_text().startswith('{"id":"0"}')


def test_two_do_not_write_one_file(exported: Exported, tmp_path: Path) -> None:
    path, export = tmp_path / "file", exported(Subject.USERS)

    def told(_: int) -> None:
        with pytest.raises(ExportError, match="being written already"):
            write(path, export)

    File(path).write(export, told)


def test_a_note_without_its_part_is_worth_nothing(exported: Exported, tmp_path: Path) -> None:
    path, export = tmp_path / "file", exported(Subject.VIDEOS)
    documents = write(tmp_path / "whole", export)
    interrupt(path, export, at=10)
    (tmp_path / "file.part").unlink()
    assert write(path, export) == documents
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()


def test_who_watches_hears_of_reading_and_packing(exported: Exported, tmp_path: Path) -> None:
    read: list[int] = []
    packed: list[float] = []
    export = exported(Subject.VIDEOS, Format.PARQUET)
    documents = File(tmp_path / "file").write(export, read.append, packed.append)
    assert read[0] == 0
    assert read == sorted(read)
    assert (read[-1], packed[-1]) == (documents, 1.0)
