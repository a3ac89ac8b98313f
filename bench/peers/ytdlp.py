"""yt-dlp in one warm process, on saved bytes or against the site.

``python -m bench.peers.ytdlp PAGE_FILE`` reads the file as the answer to every request: an order is
a link and how often to extract it, unprocessed. ``python -m bench.peers.ytdlp http://HOST:PORT``
fetches TikTok's links there: an order is a list of links, each taken as ``yt-dlp -J`` does.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yt_dlp import YoutubeDL
from yt_dlp.networking import Response
from yt_dlp.networking._urllib import UrllibRH

from bench.peers.orders import answer, orders

if TYPE_CHECKING:
    from yt_dlp.networking import Request

_TIKTOK = "https://www.tiktok.com"


class SavedRH(UrllibRH):
    """Answers every request with the same bytes; no socket is opened."""

    page: bytes

    def _send(self, request: Request) -> Response:
        return Response(io.BytesIO(self.page), request.url, {"Content-Type": "text/html"})


class SiteRH(UrllibRH):
    """Sends what is meant for TikTok to the site, over a connection as yt-dlp makes it."""

    site: str

    def _send(self, request: Request) -> Response:
        asked = request.url
        request = request.copy()
        request.url = asked.replace(_TIKTOK, self.site)
        response = super()._send(request)
        response.url = asked
        return response


def downloader(handler: type[UrllibRH]) -> YoutubeDL:
    """A downloader that knows no other way to the network."""

    class OnlyOne(YoutubeDL):
        def build_request_director(self, handlers: Any, preferences: Any = None) -> Any:
            del handlers
            return super().build_request_director([handler], preferences)

    return OnlyOne({"quiet": True, "no_warnings": True})


def _check(info: dict[str, Any]) -> int:
    assert info["title"], "no title came out"
    assert info["formats"], "no formats came out"
    return 1


def _extract_saved(page: Path) -> None:
    SavedRH.page = page.read_bytes()
    with downloader(SavedRH) as ydl:
        for order in orders():
            done = 0
            for _ in range(order["times"]):
                done += _check(ydl.extract_info(order["link"], download=False, process=False))
            answer(done)


def _extract_from_site(site: str) -> None:
    SiteRH.site = site
    with downloader(SiteRH) as ydl:
        for order in orders():
            done = 0
            for link in order["links"]:
                info = ydl.extract_info(link, download=False)
                json.dumps(ydl.sanitize_info(info))
                done += _check(info)
            answer(done)


if __name__ == "__main__":
    if sys.argv[1].startswith("http"):
        _extract_from_site(sys.argv[1])
    else:
        _extract_saved(Path(sys.argv[1]))
