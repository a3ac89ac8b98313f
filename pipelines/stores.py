"""Scrapy's stores of files, as the archive uses them."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.pipelines.files import FSFilesStore, S3FilesStore
from scrapy.utils.asyncio import run_in_thread

if TYPE_CHECKING:
    from io import BytesIO

    from scrapy.pipelines.files import StatInfo
    from scrapy.pipelines.media import MediaPipeline
    from twisted.internet.defer import Deferred


class FolderStore(FSFilesStore):
    """A folder in which a file is there whole or not at all, even after a power cut."""

    def persist_file(
        self, path: str | os.PathLike[str], buf: BytesIO, *_: object, **__: object
    ) -> Any:
        """Write a file beside its place and move it there."""
        return run_in_thread(_write, self._get_filesystem_path(path), buf)

    def stat_file(self, path: str | os.PathLike[str], info: MediaPipeline.SpiderInfo) -> StatInfo:
        """When a file was written; its bytes are not read for that."""
        try:
            return {"last_modified": Path(self._get_filesystem_path(path)).stat().st_mtime}
        except OSError:
            return {}


class BucketStore(S3FilesStore):
    """A bucket whose objects have the type that their names tell."""

    def persist_file(
        self,
        path: str,
        buf: BytesIO,
        info: MediaPipeline.SpiderInfo,
        meta: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Deferred[Any]:
        """Put an object into the bucket."""
        kind, _ = mimetypes.guess_type(path)
        told = {"Content-Type": kind} if kind else {}
        return super().persist_file(path, buf, info, meta, {**told, **(headers or {})})


def _write(place: Path, content: BytesIO) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    # One worker has a post in hand at a time, so what a dead one left is overwritten.
    part = place.with_name(f"{place.name}.part")
    with part.open("wb") as file:
        file.write(content.getvalue())  # which is shared, where a view would be of a copy
        file.flush()
        os.fsync(file.fileno())
    part.replace(place)
