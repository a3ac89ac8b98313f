"""Crawling a list of links: pages a second, and what each page costs the processor."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bench.ground import links
from bench.our_worker import our_worker
from bench.programs import OUR_PYTHON, PEER_PYTHON, ROOT, output_of, peer
from bench.table import Row, at_least, at_most, compare

if TYPE_CHECKING:
    from pathlib import Path

    from bench.ground import Ground, Server
    from bench.our_worker import OurWorker
    from bench.programs import Effort, Peer

LINKS = 1000
YTDLP_LINKS = 60
CONNECTIONS = 16
_TIKTOK = "https://www.tiktok.com"


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """Ours, the hand-written loop, Scrapy and yt-dlp in turn, without latency."""
    ours: list[Effort] = []
    loop: list[Effort] = []
    scrapy: list[float] = []
    ytdlp: list[Effort] = []
    async with AsyncExitStack() as stack:
        site = stack.enter_context(ground.site())
        worker = await stack.enter_async_context(our_worker(ground, site, connections=CONNECTIONS))
        aiohttp_loop = await stack.enter_async_context(peer("aiohttp_loop", str(CONNECTIONS)))
        extractor = await stack.enter_async_context(peer("ytdlp", site.url, python=PEER_PYTHON))
        await _warm(worker, aiohttp_loop, extractor, site)
        for _ in range(rounds):
            ours.append(await worker.crawl(LINKS))
            loop.append(await by_loop(aiohttp_loop, site, LINKS))
            scrapy.append(await _by_scrapy(ground, site))
            ytdlp.append(await _by_ytdlp(extractor))
    rates = [effort.rate for effort in ours]
    return [
        compare(
            f"processor time a page, {CONNECTIONS} connections; peer: aiohttp + orjson loop",
            [effort.cpu_ms for effort in ours],
            [effort.cpu_ms for effort in loop],
            unit=" ms",
            limit=at_most(2.2),
        ),
        compare(
            f"crawl, {CONNECTIONS} connections; peer: Scrapy's defaults, nothing stored",
            rates,
            scrapy,
            unit=" pages/s",
            limit=at_least(1.4),
        ),
        compare(
            "crawl; peer: yt-dlp -J, warm",
            rates,
            [effort.rate for effort in ytdlp],
            unit=" pages/s",
            limit=at_least(6),
        ),
    ]


async def by_loop(loop: Peer, site: Server, count: int) -> Effort:
    """The hand-written loop over new links."""
    return await loop.work({"links": links(site.url, count)}, count=count)


async def _warm(worker: OurWorker, loop: Peer, extractor: Peer, site: Server) -> None:
    await worker.crawl(LINKS)
    await by_loop(loop, site, LINKS)
    await _by_ytdlp(extractor)


async def _by_ytdlp(extractor: Peer) -> Effort:
    return await extractor.work({"links": links(_TIKTOK, YTDLP_LINKS)}, count=YTDLP_LINKS)


async def _by_scrapy(ground: Ground, site: Server) -> float:
    """Pages a second between the spider's opening and closing, as its own statistics say."""
    listed, log = ground.folder / "links.txt", ground.folder / "scrapy.log"
    listed.write_text("\n".join(links(site.url, LINKS)))
    await asyncio.to_thread(log.unlink, missing_ok=True)
    spider: list[str | Path] = [
        "runspider",
        ROOT / "bench/peers/scrapy_default.py",
        "-a",
        f"links={listed}",
    ]
    # Away from the project, whose settings Scrapy would find and use.
    await output_of([OUR_PYTHON, "-m", "scrapy", *spider, "--logfile", log], folder=ground.folder)
    said = log.read_text()
    scraped = re.search(r"'item_scraped_count': (\d+)", said)
    elapsed = re.search(r"'elapsed_time_seconds': ([\d.]+)", said)
    assert scraped, said[-1000:]
    assert elapsed, said[-1000:]
    assert int(scraped[1]) == LINKS, f"{scraped[1]} of {LINKS} came out"
    return LINKS / float(elapsed[1])
