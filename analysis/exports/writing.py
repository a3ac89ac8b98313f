"""Writing an export: into a file that is there as a whole or not at all, or as it comes.

What was read is kept in ``FILE.part`` with a note of how far it goes in ``FILE.part.json``. Whoever
is interrupted, by a signal, an error or the loss of power, goes on behind what the note says. The
finished file is made of that at the end: neither a compressor nor a Parquet file can be gone on
with once its process has died.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from analysis.exports.errors import ExportError
from analysis.exports.reading import ahead, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database

    from analysis.exports.form import Form, Sink
    from analysis.exports.order import Order
    from analysis.exports.reading import Page, Place
    from services.mongodb import Document

    Told = Callable[[int], None]

_NOTED_S = 1.0
"""How much work may have to be done again."""


@dataclass(slots=True)
class _Note:
    """How far what is kept goes."""

    export: dict[str, Any]
    place: Place = None
    documents: int = 0
    size: int = 0
    is_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is exported, from where, in which form."""

    database: Database[Document]
    order: Order
    form: Form[Any, Any]

    def pages(self, place: Place = None) -> Iterator[Page[Any]]:
        """All pages from a place on; one is read while the last is worked on."""
        return ahead(pages(self.database, self.order, self.form, place))

    @property
    def said(self) -> dict[str, Any]:
        """What must be the same for one call to go on with what another has left."""
        return self.order.said() | {"form": self.form.name}


def stream(export: Export, sink: Sink) -> int:
    """Write all as it is read, and answer how many documents that were.

    Raises:
        PyMongoError: MongoDB does not answer.
        OSError: the sink takes no more.
    """
    packer, documents = export.form.packer(sink), 0
    packer.add(export.form.head)
    for page in export.pages():
        documents += len(page.batch)
        packer.add(export.form.piece(page.batch))
    packer.close()
    return documents


class File:
    """A file that an export is written to."""

    def __init__(self, path: Path, *, is_replaced: bool = False) -> None:
        self._path = path
        self._is_replaced = is_replaced
        self._part = path.with_name(f"{path.name}.part")
        self._note = path.with_name(f"{path.name}.part.json")
        self._new = path.with_name(f"{path.name}.new")

    def check(self) -> None:
        """Refuse a place where nothing may be written.

        Raises:
            ExportError: there is such a file, or no such folder.
        """
        if not self._path.parent.is_dir():
            raise ExportError("out", f"there is no folder {self._path.parent}")
        if self._path.exists() and not self._is_replaced:
            raise ExportError("out", f"{self._path} is there already: --force replaces it")

    def write(
        self, export: Export, told: Told, packed: Callable[[float], None] = lambda share: None
    ) -> int:
        """Write it, or go on where it was interrupted; answers how many documents it has.

        ``told`` hears how many are read so far, then ``packed`` which share of them is packed.

        Raises:
            ExportError: somebody writes it, or another export was interrupted there.
            PyMongoError: MongoDB does not answer; the same call goes on later.
            OSError: the file cannot be written.
        """
        with self._held() as part:
            note = self._begun(export, part)
            told(note.documents)
            if not note.is_all:
                self._read(export, part, note, told)
            self._deliver(export.form, part, note.size, packed)
            self._note.unlink(missing_ok=True)
            self._part.unlink(missing_ok=True)
        return note.documents

    @contextlib.contextmanager
    def _held(self) -> Iterator[BinaryIO]:
        descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        with os.fdopen(descriptor, "r+b") as part:
            try:
                fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ExportError("out", f"{self._path} is being written already") from None
            yield part

    def _begun(self, export: Export, part: BinaryIO) -> _Note:
        """What an earlier call came to, with the part behind it; else nothing yet."""
        nothing = _Note(export=export.said)
        try:
            note = _Note(**json.loads(self._note.read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            note = nothing
        if note.export != nothing.export and not self._is_replaced:
            raise ExportError(
                "out",
                f"{self._part} is what another export has left: have that go on with its own"
                " options, or begin anew with --force",
            )
        is_there = part.seek(0, os.SEEK_END) >= note.size
        if note.export != nothing.export or not is_there:
            note = nothing
        part.seek(note.size)
        part.truncate()
        if not note.size:
            export.form.keep(part, export.form.head)
        return note

    def _read(self, export: Export, part: BinaryIO, note: _Note, told: Told) -> None:
        noted_at = time.monotonic()
        try:
            for page in export.pages(note.place):
                export.form.keep(part, export.form.piece(page.batch))
                note.place, note.size = page.place, part.tell()
                note.documents += len(page.batch)
                told(note.documents)
                if time.monotonic() > noted_at + _NOTED_S:
                    self._write_note(note, part)
                    noted_at = time.monotonic()
            note.is_all, note.size = True, part.tell()
        finally:
            self._write_note(note, part)

    def _write_note(self, note: _Note, part: BinaryIO) -> None:
        part.flush()
        os.fsync(part.fileno())
        draft = self._note.with_suffix(".new")
        draft.write_text(json.dumps(asdict(note)))
        draft.replace(self._note)

    def _deliver(
        self, form: Form[Any, Any], part: BinaryIO, size: int, packed: Callable[[float], None]
    ) -> None:
        if form.is_kept_as_delivered:
            self._part.replace(self._path)
            return
        part.seek(0)
        with self._new.open("wb") as file:
            packer = form.packer(file)
            for piece in form.kept(part):
                packer.add(piece)
                packed(part.tell() / size)
            packer.close()
            file.flush()
            os.fsync(file.fileno())
        self._new.replace(self._path)
