"""A Scrapy spider as a tutorial writes it, with Scrapy's default settings; it stores nothing.

``scrapy runspider bench/peers/scrapy_default.py -a links=FILE``
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import scrapy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response


class PostSpider(scrapy.Spider):
    """One item for each link of a file."""

    name = "post"

    def __init__(self, links: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.links = Path(links).read_text().split()

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Ask for each link."""
        for link in self.links:
            yield scrapy.Request(link)

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        """Read the post from the page's data."""
        script = response.xpath('//script[@id="__UNIVERSAL_DATA_FOR_REHYDRATION__"]/text()').get()
        scope = json.loads(script or "")["__DEFAULT_SCOPE__"]["webapp.video-detail"]
        item = scope["itemInfo"]["itemStruct"]
        yield {
            "id": item["id"],
            "description": item["desc"],
            "created_at": item["createTime"],
            "username": item["author"]["uniqueId"],
            "views": item["stats"]["playCount"],
            "likes": item["stats"]["diggCount"],
            "comments": item["stats"]["commentCount"],
            "shares": item["stats"]["shareCount"],
            "music": item["music"]["title"],
            "hashtags": [hashtag["title"] for hashtag in item["challenges"]],
            "duration": item["video"]["duration"],
            "cover": item["video"]["cover"],
        }
