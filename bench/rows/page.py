"""Reading and normalising one page, without any network."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp

from bench.ground import links
from bench.programs import PEER_PYTHON, peer
from bench.table import Row, at_least, at_most, bound, compare
from crawler.items import RawVideo
from crawler.page import read_page
from pipelines.documents.mongo import to_mongo
from pipelines.normalize import normalize_video

if TYPE_CHECKING:
    from bench.ground import Ground
    from bench.programs import Peer

OUR_TIMES = 300
PEER_TIMES = 60
_TIKTOK = "https://www.tiktok.com"


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """Ours and yt-dlp's parser in turn over the same bytes."""
    path = links("", 1)[0]
    with ground.site() as site:
        page = await _fetch(site.url + path)
    saved = ground.folder / "page.html"
    saved.write_bytes(page)
    ours: list[float] = []
    theirs: list[float] = []
    async with peer("ytdlp", str(saved), python=PEER_PYTHON) as ytdlp:
        _ours(page, path)
        await _theirs(ytdlp, path)
        for _ in range(rounds):
            ours.append(_ours(page, path))
            theirs.append(await _theirs(ytdlp, path))
    what = f"read and normalise a page of {len(page) / 1000:.0f} kB, processor time"
    return [
        bound(what, ours, limit=at_most(1.0, " ms")),
        compare(
            f"{what}; peer: yt-dlp's extraction of the same bytes",
            ours,
            theirs,
            unit=" ms",
            limit=at_least(7),
            is_inverse=True,
        ),
    ]


async def _fetch(address: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return await answer.read()


def _ours(page: bytes, path: str) -> float:
    """Milliseconds for each time."""
    video_id = path.rpartition("/")[2]
    began = time.process_time()
    for _ in range(OUR_TIMES):
        document = _document(page, path, video_id)
    spent = time.process_time() - began
    assert document["_id"] == video_id
    assert document["description"]
    assert document["renditions"]
    return spent * 1000 / OUR_TIMES


def _document(page: bytes, path: str, video_id: str) -> dict[str, object]:
    read = read_page(page, url=_TIKTOK + path, video_id=video_id)
    assert read.item is not None
    assert read.layout is not None
    raw = RawVideo(
        video_id=video_id,
        layout=read.layout,
        data=read.item,
        observed_at=datetime.now(UTC),
        spider="bench",
    )
    return to_mongo(normalize_video(raw))


async def _theirs(ytdlp: Peer, path: str) -> float:
    order = {"link": _TIKTOK + path, "times": PEER_TIMES}
    return (await ytdlp.work(order, count=PEER_TIMES)).cpu_ms
