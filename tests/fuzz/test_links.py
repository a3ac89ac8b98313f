from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import HtmlResponse, Request

from crawler.links import LinkError, ShortLinkError, Target, follow, parse_link
from crawler.page import Page
from crawler.spiders.video import VideoSpider
from crawler.walls import Verdict
from tests.fuzz.depth import DEEP, QUICK

BASE = "https://www.tiktok.com"
PIECES = [
    "https://", "http:", "//", "/", "\\", "@", ":", "?", "#", "%2f", "%00", "%0d%0a", " ", ".",
    "..", "\r\n", "\t", "\x00", "www.tiktok.com", "vm.tiktok.com", "tiktok.com", "evil.example",
    "127.0.0.1", "[::1]", "169.254.169.254", "@user", "/video/", "/t/", "7106594312292453675",
    "ZMabcdef", "video", "tag", "music", "search?q=", "\uff0f", "\u2100", "\u212a", "user:pw@",
]  # fmt: skip
LINKS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=12).map("".join)


def goes_to(address: str) -> str | None:
    return urlsplit(Request(address).url).hostname


def check_link(link: str) -> None:
    with contextlib.suppress(LinkError):
        assert goes_to(BASE + parse_link(link).page_path) == "www.tiktok.com"


def check_hop(location: str) -> None:
    with contextlib.suppress(ShortLinkError):
        found = follow(location, at=f"{BASE}/t/ZMother01", base=BASE)
        address = BASE + found.page_path if isinstance(found, Target) else found
        assert goes_to(address) == "www.tiktok.com"


def check_page(address: str) -> None:
    """Neither a redirect of a post's page nor the address that the page names leads elsewhere."""
    spider = VideoSpider()
    spider.base = BASE
    target = parse_link(f"{BASE}/@user/video/7106594312292453675")
    request = Request(BASE + "/@_/video/7106594312292453675", meta={"target": target, "hops": 0})
    response = HtmlResponse(request.url, request=request)
    page = Page(verdict=Verdict.SHELL, canonical=address)
    for found in (spider._moved(address, response), spider._canonical_address(page, response)):
        assert found is None or goes_to(found) == "www.tiktok.com"


@QUICK
@given(link=LINKS)
def test_any_text_is_a_link_to_tiktok_or_refused(link: str) -> None:
    check_link(link)
    check_hop(link)
    check_link(f"https://www.tiktok.com/{link}")
    check_hop(f"https://www.tiktok.com/{link}")


@QUICK
@given(before=LINKS)
def test_a_page_leads_nowhere_but_to_tiktok(before: str) -> None:
    check_page(f"{before} https://www.tiktok.com/@user/video/7106594312292453675")
    check_page(f"https://www.tiktok.com/{before}")


@pytest.mark.parametrize(
    "host", ["@evil.example/", ".evil.example/", ":80@evil.example/", "//\uff0f "]
)
def test_an_address_that_continues_the_host_is_not_asked(host: str) -> None:
    check_page(f"{host} https://www.tiktok.com/@other/video/7106594312292453675")


@pytest.mark.drill
@DEEP
@given(link=LINKS)
def test_any_text_at_length(link: str) -> None:
    check_link(link)
    check_hop(link)
    check_page(f"{link} https://www.tiktok.com/@user/video/7106594312292453675")
