"""The forms of an export, and what each of them must do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, Protocol, TypeVar

from analysis.exports.errors import ExportError
from analysis.exports.reading import B

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.collection import Collection

    from analysis.exports.order import Order
    from services.mongodb import Document

P = TypeVar("P")
"""A piece: what a form makes of a batch."""
P_contra = TypeVar("P_contra", contravariant=True)


class Format(StrEnum):
    """What a file is."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class Compression(StrEnum):
    """How it is compressed: the file, of Parquet the columns within."""

    GZIP = "gzip"
    ZSTD = "zstd"


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: Any, /) -> Any:
        """Take some bytes."""


class Packer(Protocol[P_contra]):
    """Writes pieces as they are delivered."""

    def add(self, piece: P_contra) -> None:
        """Write one more."""

    def close(self) -> None:
        """Write what belongs at the end; the sink stays open."""


class Form(ABC, Generic[B, P]):
    """Makes pieces of batches, keeps them on a disk, and packs them as they are delivered."""

    name: str
    """Of the format: what was kept in one is of no use to another."""
    head: P
    """The piece before all others."""

    @abstractmethod
    def read(self, collection: Collection[Document], query: dict[str, Any], **how: Any) -> B:
        """What a query finds."""

    @abstractmethod
    def piece(self, batch: B) -> P:
        """What a batch comes to."""

    @abstractmethod
    def keep(self, file: BinaryIO, piece: P) -> None:
        """Write a piece where it can be read again."""

    @abstractmethod
    def kept(self, file: BinaryIO) -> Iterator[P]:
        """All that was kept in a file, from its beginning on."""

    @abstractmethod
    def packer(self, sink: Sink) -> Packer[P]:
        """What writes pieces as they are delivered."""

    is_kept_as_delivered: bool = False
    """Whether what was kept is already what is to be delivered."""


def form_of(order: Order, form: Format, compression: Compression | None) -> Form[Any, Any]:
    """The form that is asked for.

    Raises:
        ExportError: Parquet's library is not installed.
    """
    if form is not Format.PARQUET:
        from analysis.exports.text import Text

        return Text(order, form, compression)
    try:
        from analysis.exports.parquet import Parquet
    except ImportError as error:
        raise ExportError("format", f"parquet takes {error.name}: install it") from None
    return Parquet(order, compression)
