"""The post spider: one link in, one raw post out."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider, DownloadTimeoutError

from crawler.egress.names import egresses_of
from crawler.errors import Reason
from crawler.headers import HEADERS, header_in
from crawler.items import Layout, RawAbsence, RawVideo
from crawler.jobs import stages
from crawler.jobs.records import Outcome
from crawler.links import (
    MAX_HOPS,
    LinkError,
    ShortLinkError,
    Target,
    TargetType,
    follow,
    parse_link,
)
from crawler.page import read_page
from crawler.raw import Common, raw_header
from crawler.walls import Verdict
from settings.env import TIKTOK_URL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.egress.gate import Passage
    from crawler.jobs.records import Job
    from crawler.page import Page
    from settings.env import Environment

KEPT_COOKIES = frozenset({"tt_chain_token"})
"""What media addresses demand beside the page's User-Agent."""


class VideoSpider(Spider):
    """``scrapy crawl video -a url=LINK``: any form of link to a post, short links included."""

    name = "video"

    def __init__(self, url: str | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.url = url

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Read the settings that the spider needs."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        environment: Environment = crawler.settings["TIKTOK_ENVIRONMENT"]
        spider.base = environment.tiktok_url
        spider.egresses = egresses_of(environment.proxy_urls)
        spider.backoff_s = ceil(environment.backoff_first_s)
        return spider

    base: str
    egresses: dict[str, str | None]
    backoff_s: int

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the post that the argument names."""
        try:
            target = parse_link(self.url or "")
        except LinkError as error:
            raise CloseSpider(f"-a url=… {error}") from error
        yield self.request(target, egress=random.choice(list(self.egresses)))  # noqa: S311

    def request(
        self,
        target: Target,
        *,
        egress: str,
        job: Job | None = None,
        passage: Passage | None = None,
    ) -> Request:
        """The first request for a target; all others for it leave through the same egress."""
        if job is not None:
            stages.begin(job)
        meta = {
            "target": target,
            "job": job,
            "passage": passage,
            "proxy": self.egresses[egress],
            "download_slot": egress,
            "hops": 0,
            "handle_httpstatus_all": True,
            # A job's tries are counted on the queue, where they outlive this process.
            "dont_retry": job is not None,
        }
        return self._ask(self.base + target.page_path, meta)

    def _ask(self, url: str, meta: dict[str, Any]) -> Request:
        kind = meta["target"].type
        is_short = kind is TargetType.SHORT
        is_header = kind in HEADERS
        callback = (
            self.parse_hop if is_short else self.parse_header if is_header else self.parse_post
        )
        return Request(url, callback=callback, errback=self.failed, meta=meta, dont_filter=True)

    async def parse_post(self, response: Response) -> AsyncIterator[Any]:
        """Read a post's page into a raw item, or end the target with its reason."""
        target: Target = response.meta["target"]
        address = self._redirection(response)
        moved = self._moved(address, response) if address else None
        if moved is not None:
            yield self._ask(moved, {**response.meta, "hops": response.meta["hops"] + 1})
            return
        page = read_page(
            response.body,
            status=response.status,
            url=address or response.url,
            video_id=target.value,
        )
        self._count(f"tiktok/verdict/{page.verdict.value}", response.meta["job"])
        if page.item is not None:
            await self.judge(page, response)
            self.has_fetched(response.meta)
            yield self._raw_video(page, response)
        elif canonical := self._canonical_address(page, response):
            yield self._ask(canonical, {**response.meta, "is_canonical": True})
        elif (absence := await self.refuse(page, response)) is not None:
            yield absence

    async def parse_header(self, response: Response) -> AsyncIterator[Any]:
        """Read what a page says of its user, hashtag or sound, or end the target."""
        target: Target = response.meta["target"]
        url = self._redirection(response) or response.url
        page = read_page(response.body, status=response.status, url=url)
        self._count(f"tiktok/verdict/{page.verdict.value}", response.meta["job"])
        if (header := header_in(page, target)) is not None:
            await self.judge(page, response)
            self.has_fetched(response.meta)
            yield raw_header(header, target, self._common(response))
        else:
            await self.refuse(page, response)

    async def parse_hop(self, response: Response) -> AsyncIterator[Any]:
        """Follow one hop of a short link."""
        meta = response.meta
        location = response.headers.get("Location")
        if location is None:
            page = read_page(response.body, status=response.status, url=response.url)
            page.reason = page.reason or Reason.SHORT_LINK_DEAD
            await self.refuse(page, response)
            return
        try:
            found = follow(location.decode("utf-8", "replace"), at=response.url, base=self.base)
        except ShortLinkError as error:
            await self.end(meta, self._outcome(meta, error.reason, response))
            return
        if isinstance(found, Target):
            if found.type is TargetType.VIDEO:
                yield self._ask(self.base + found.page_path, {**meta, "target": found})
            else:
                await self.end(meta, self._outcome(meta, Reason.UNSUPPORTED_URL, response))
        elif meta["hops"] + 1 >= MAX_HOPS:
            await self.end(meta, self._outcome(meta, Reason.SHORT_LINK_DEAD, response))
        else:
            yield self._ask(found, {**meta, "hops": meta["hops"] + 1})

    async def failed(self, failure: Failure) -> None:
        """End a target whose page did not arrive."""
        meta = failure.request.meta  # type: ignore[attr-defined]
        stages.name_in_log(meta["job"])
        is_late = isinstance(failure.value, DownloadTimeoutError)
        reason = Reason.TIMEOUT if is_late else Reason.UPSTREAM_ERROR
        self._count(f"tiktok/verdict/{reason.value}", meta["job"])
        self._count(f"tiktok/reason/{reason.value}", meta["job"])
        outcome = Outcome(
            key=self._key(meta), reason=reason, upstream_message=failure.getErrorMessage()
        )
        await self.end(meta, outcome)

    async def judge(self, page: Page, response: Response) -> None:
        """Hear what a page says of its egress; the worker's spider tells the others."""

    def has_fetched(self, meta: dict[str, Any]) -> None:
        """Hear that a target needs no more pages; the worker's spider frees its slot."""

    async def end(self, meta: dict[str, Any], outcome: Outcome) -> None:
        """Say why there is no post; the worker's spider ends the job instead."""
        reason = outcome.reason.value if outcome.reason else "done"
        self.logger.warning("%s: %s %s", outcome.key, reason, outcome.upstream_message or "")

    async def refuse(self, page: Page, response: Response) -> RawAbsence | None:
        """End a target whose page does not show it; the worker's spider may know another way.

        Returns:
            What is to be stored of a post that is gone; its job ends behind that.
        """
        await self.judge(page, response)
        outcome = self._refusal(page, response)
        if not (outcome.is_absence and page.is_served):
            await self.end(response.meta, outcome)
            return None
        self.has_fetched(response.meta)
        return RawAbsence(
            video_id=outcome.video_id or "",
            outcome=outcome,
            observed_at=datetime.now(UTC),
            spider=self.name,
            job=response.meta["job"],
        )

    def _redirection(self, response: Response) -> str | None:
        """The address that the response redirects to."""
        location = response.headers.get("Location")
        if location is None or not 300 <= response.status < 400:
            return None
        try:
            return urljoin(response.url, location.decode("utf-8", "replace"))
        except ValueError:
            return None

    def _moved(self, address: str, response: Response) -> str | None:
        """Where to ask when a redirect leads to another address of the same post."""
        if response.meta["hops"] + 1 >= MAX_HOPS:
            return None
        if address.startswith(f"{self.base}/"):
            address = TIKTOK_URL + address.removeprefix(self.base)
        try:
            found = parse_link(address)
        except LinkError:
            return None
        moved = self._below_base(address)
        is_new = found.key == response.meta["target"].key and moved != response.url
        return moved if is_new else None

    def _canonical_address(self, page: Page, response: Response) -> str | None:
        """Where the page says that the same post lives, when that was not asked yet.

        A photo post's page can come without its data and name its ``/photo/`` address, which has
        it. An address of another post is not followed: reposts and removals lead there.
        """
        if page.verdict is not Verdict.SHELL or response.meta.get("is_canonical"):
            return None
        try:
            found = parse_link(page.canonical or "")
        except LinkError:
            return None
        address = self._below_base(page.canonical or "")
        is_new = found.key == response.meta["target"].key and address != response.url
        return address if is_new else None

    def _below_base(self, address: str) -> str | None:
        """The address's path where pages are fetched: never on another host; None without one.

        A path without its slash would go on right behind the host's name, and make another of it.
        """
        try:
            path = urlsplit(address).path
        except ValueError:
            return None
        return f"{self.base}/{path.removeprefix('/')}"

    def _raw_video(self, page: Page, response: Response) -> RawVideo:
        fields = self._common(response).fields(page.item or {}, page.layout or Layout.DESKTOP)
        return RawVideo(video_id=response.meta["target"].value, **fields)

    def _common(self, response: Response) -> Common:
        return Common(
            observed_at=datetime.now(UTC),
            spider=self.name,
            job=response.meta["job"],
            cookies=dict(_cookies(response)),
            user_agent=self.settings["USER_AGENT"],
            egress=response.meta["download_slot"],
        )

    def _refusal(self, page: Page, response: Response) -> Outcome:
        outcome = self._outcome(response.meta, page.reason or Reason.UPSTREAM_BLOCKED, response)
        code, message = page.status_code, page.status_message
        if outcome.reason is Reason.UPSTREAM_ERROR and code:
            self.logger.error("unknown code %s (%s) at %s", code, message, response.url)
        return outcome.saying(code, message)

    def _outcome(self, meta: dict[str, Any], reason: Reason, response: Response) -> Outcome:
        self._count(f"tiktok/reason/{reason.value}", meta["job"])
        target: Target = meta["target"]
        return Outcome(
            key=self._key(meta),
            video_id=target.value if target.type is TargetType.VIDEO else None,
            reason=reason,
            retry_after_s=named_s(response) or (self.backoff_s if reason.policy.is_wall else None),
        )

    def _key(self, meta: dict[str, Any]) -> str:
        job: Job | None = meta["job"]
        target: Target = job.target if job else meta["target"]
        return target.key

    def _count(self, stat: str, job: Job | None, number: int = 1) -> None:
        """Count for the worker, and for the crawl that the job is of."""
        if self.crawler.stats is not None:
            self.crawler.stats.inc_value(stat, number)
        if job is not None:
            job.counted[stat] += number


def named_s(response: Response) -> int | None:
    """For how long TikTok itself asks to wait."""
    header = response.headers.get("Retry-After") or b""
    return int(header) if header.isdigit() else None


def _cookies(response: Response) -> list[tuple[str, str]]:
    """The kept cookies as they were set: their values are sent back untouched."""
    pairs = []
    for header in response.headers.getlist("Set-Cookie"):
        name, _, value = header.split(b";", 1)[0].partition(b"=")
        if name.strip().decode("latin-1") in KEPT_COOKIES:
            pairs.append((name.strip().decode("latin-1"), value.strip().decode("latin-1")))
    return pairs
