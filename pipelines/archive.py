"""Keeping the files of posts: Scrapy's files pipeline, fed with what a stored post names."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from scrapy import Request
from scrapy.exceptions import DownloadCancelledError
from scrapy.http.request import NO_CALLBACK
from scrapy.pipelines.files import FilesPipeline
from scrapy.pipelines.media import FileException

from crawler.egress.names import proxy_of
from crawler.hosts import HostRefusedError
from pipelines.collections import VIDEOS
from pipelines.documents.mongo import from_mongo, to_plain
from pipelines.documents.video import Kept, Video
from pipelines.files import Kind, files_of, headers_for
from pipelines.kept import kept_of, name_of, path_of
from pipelines.stores import BucketStore, FolderStore
from services import mongodb

if TYPE_CHECKING:
    from os import PathLike

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.pipelines.media import FileInfo, FileInfoOrError
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from crawler.jobs.backlog import Due
    from pipelines.files import File
    from settings.env import Environment

logger = logging.getLogger(__name__)

# What fails is said by our own lines, once and without a stack or a signed address.
for _name in ("scrapy.pipelines.files", "scrapy.pipelines.media"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


_PAGES = frozenset({"text/html", "application/xml", "text/xml"})
_TEXTS = frozenset({"application/json", "text/plain"})


class HopelessError(FileException):
    """The file will not be had at another time either."""


@dataclass(slots=True, kw_only=True)
class Keep:
    """A post on its way through the files pipeline."""

    due: Due
    video: Video
    kept: list[Kept] = field(default_factory=list)


class ArchivePipeline(FilesPipeline):
    """Keeps every file that a post names and the archive lacks, and notes it in the document."""

    STORE_SCHEMES: ClassVar[dict[str, Any]] = {
        **FilesPipeline.STORE_SCHEMES,
        "": FolderStore,
        "file": FolderStore,
        "s3": BucketStore,
    }

    def __init__(self, store_uri: str | PathLike[str], *, crawler: Crawler) -> None:
        super().__init__(store_uri, crawler=crawler)
        environment: Environment = crawler.settings["TIKTOK_ENVIRONMENT"]
        uri = environment.mongodb_uri or ""
        self._proxy_urls = environment.proxy_urls
        self._client = mongodb.connect(uri)
        self._videos = mongodb.database(self._client, uri)[VIDEOS]

    async def close_spider(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def process_item(self, item: Due) -> Due:  # type: ignore[override]  # its spider is gone
        """Keep a post's files; what could not be kept and may be later is in its problems."""
        document = await self._videos.find_one({"_id": item.video_id})
        if document is not None:
            keep = Keep(due=item, video=from_mongo(Video, document))
            await super().process_item(keep)
            await self._note(keep)
        return item

    def get_media_requests(self, item: Keep, info: FilesPipeline.SpiderInfo) -> list[Request]:
        """A request for each file, as the page's own player sends it."""
        return [
            Request(
                file.url,
                headers=headers_for(file),
                callback=NO_CALLBACK,
                meta={
                    "file": file,
                    "path": path_of(item.video.id, file),
                    "proxy": self._proxy(file),
                },
                dont_filter=True,
            )
            for file in files_of(item.video)
        ]

    def file_path(self, request: Request, *_: Any, **__: Any) -> str:
        """Where a file is below the archive."""
        path: str = request.meta["path"]
        return path

    def media_to_download(
        self, request: Request, info: FilesPipeline.SpiderInfo, *, item: Keep | None = None
    ) -> Deferred[FileInfo | None] | None:
        """Fetch what is not noted in the document, or is noted and not there any more."""
        if item is None or kept_of(item.video, request.meta["file"]) is None:
            return None
        return super().media_to_download(request, info, item=item)

    async def media_downloaded(
        self,
        response: Response,
        request: Request,
        info: FilesPipeline.SpiderInfo,
        *,
        item: Keep | None = None,
    ) -> FileInfo:
        """Store a file, unless what came is no file."""
        told = (response.headers.get("Content-Type") or b"").decode("latin-1")
        kind = told.partition(";")[0].strip().lower()
        is_text = request.meta["file"].choice.kind is Kind.SUBTITLES
        is_page = kind in _PAGES or (kind in _TEXTS and not is_text)
        if response.status != 200 or is_page:
            is_gone = response.status in {404, 410}
            raise (HopelessError if is_gone else FileException)(
                f"answered {response.status} {kind}"
            )
        stored = await super().media_downloaded(response, request, info, item=item)
        if item is not None:
            item.kept.append(
                Kept(
                    file=name_of(request.meta["file"]),
                    path=stored["path"],
                    size=len(response.body),
                    checksum=stored["checksum"] or "",
                    content_type=kind or None,
                    archived_at=datetime.now(UTC),
                )
            )
        return stored

    def media_failed(
        self, failure: Failure, request: Request, info: FilesPipeline.SpiderInfo
    ) -> NoReturn:
        """Say which file is not kept, and why."""
        error = failure.value
        is_final = isinstance(error, DownloadCancelledError | HostRefusedError | HopelessError)
        kind = HopelessError if is_final else FileException
        raise kind(f"{name_of(request.meta['file'])}: {error}") from error

    def item_completed(
        self, results: list[FileInfoOrError], item: Keep, info: FilesPipeline.SpiderInfo
    ) -> Keep:
        """Count and log what came of each file."""
        # Scrapy remembers every request's result, which in an endless run is a leak.
        info.downloaded.clear()
        self._count("kept", len(item.kept))
        self._count("kept_bytes", sum(kept.size for kept in item.kept))
        for is_kept, result in results:
            if is_kept:
                continue
            error = result.value  # type: ignore[union-attr]
            logger.warning("post %s is not archived whole: %s", item.video.id, error)
            if isinstance(error, HopelessError):
                self._count("refused")
            else:
                self._count("failed")
                item.due.problems.append(str(error))
        return item

    def _proxy(self, file: File) -> str | None:
        return proxy_of(file.session.egress if file.session else None, self._proxy_urls)

    async def _note(self, keep: Keep) -> None:
        if keep.kept:
            names = {kept.file for kept in keep.kept}
            before = [kept for kept in keep.video.archive if kept.file not in names]
            archive = [to_plain(kept) for kept in (*before, *keep.kept)]
            await self._videos.update_one({"_id": keep.video.id}, {"$set": {"archive": archive}})

    def _count(self, what: str, number: int = 1) -> None:
        if number and self.crawler.stats is not None:
            self.crawler.stats.inc_value(f"tiktok/archive/{what}", number)
