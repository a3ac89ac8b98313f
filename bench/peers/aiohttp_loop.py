"""The fastest crawl loop that one would write by hand: it stores and checks nothing.

``python -m bench.peers.aiohttp_loop CONNECTIONS``
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import uvloop

from bench.peers.orders import answer, orders

if TYPE_CHECKING:
    from collections.abc import Iterator

_ELEMENT = b'<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__" type="application/json">'


def item_of(page: bytes) -> dict[str, Any]:
    """The post's own object."""
    start = page.index(_ELEMENT) + len(_ELEMENT)
    data = orjson.loads(page[start : page.index(b"</script>", start)])
    item: dict[str, Any] = data["__DEFAULT_SCOPE__"]["webapp.video-detail"]["itemInfo"][
        "itemStruct"
    ]
    return item


async def _visit(session: aiohttp.ClientSession, links: Iterator[str]) -> int:
    done = 0
    for link in links:
        async with session.get(link) as response:
            done += item_of(await response.read())["id"] in link
    return done


async def main() -> None:
    """Crawl each order's links with as many tasks as there may be connections."""
    connections = int(sys.argv[1])
    waiting = orders()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections), headers={"User-Agent": "Mozilla/5.0"}
    ) as session:
        while (order := await asyncio.to_thread(next, waiting, None)) is not None:
            links = iter(order["links"])
            answer(sum(await asyncio.gather(*(_visit(session, links) for _ in range(connections)))))


if __name__ == "__main__":
    uvloop.run(main())
