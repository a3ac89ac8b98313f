"""Where a short code leads: the code itself says it, so that every kind can be asked for.

``/t/v7106594312292453675`` leads to that post; ``/t/ZMphoto1`` to a photo post, ``/t/ZMloop1`` in a
circle, ``/t/ZMhops3`` over three more hops to a post (the table below lists all). Any other code
leads to a post of its own. TikTok's addresses are absolute and name its own host.
"""

from __future__ import annotations

import re
from zlib import crc32

from tests.site.posts import post

TIKTOK = "https://www.tiktok.com"
_TRACKING = "?_r=1&_t=ZM-8sample0tracking"

KINDS = {
    "photo": f"{TIKTOK}/@mara.bakes07/photo/7300000000000000099{_TRACKING}",
    "profile": f"{TIKTOK}/@mara.bakes07{_TRACKING}",
    "hashtag": f"{TIKTOK}/tag/cooking{_TRACKING}",
    "music": f"{TIKTOK}/music/Copper-Moon-6800000000000000100{_TRACKING}",
    "live": f"{TIKTOK}/@mara.bakes07/live{_TRACKING}",
    "playlist": f"{TIKTOK}/@mara.bakes07/playlist/Bread-7220000000000000001{_TRACKING}",
    "nothing": f"{TIKTOK}/?_r=1",
    "elsewhere": "https://www.tiktok.com.example.net/@mara.bakes07/video/7300000000000000001",
    "inside": "http://169.254.169.254/latest/meta-data/",
    "mobile": "https://m.tiktok.com/v/7300000000000000001.html?u_code=sample",
    "login": f"{TIKTOK}/login?redirect_url=https%3A%2F%2Fwww.tiktok.com%2F",
    "captcha": f"{TIKTOK}/captcha/verify?from=short",
    "loop": f"{TIKTOK}/t/ZMecho1/",
    "echo": f"{TIKTOK}/t/ZMloop1/",
}
"""Code ``ZM<word><digits>`` → where it leads."""

_VIDEO = re.compile(r"v(\d{19})")
_KIND = re.compile(r"ZM([a-z]+)(\d*)")


def destination(code: str) -> tuple[int, str]:
    """The redirect's status and ``Location``."""
    status = 301 if crc32(code.encode()) % 2 else 302
    if found := _VIDEO.fullmatch(code):
        return status, TIKTOK + post(found[1]).path + _TRACKING
    if found := _KIND.fullmatch(code):
        word, number = found[1], int(found[2] or 0)
        if word == "hops" and number:
            return status, f"https://vm.tiktok.com/ZMhops{number - 1}/"
        if word in KINDS:
            return status, KINDS[word]
    return status, TIKTOK + post(post_id_of(code)).path + _TRACKING


def post_id_of(code: str) -> str:
    """The post that an ordinary code leads to."""
    return str(7_300_000_000_000_000_000 + crc32(code.encode()) * 1000 + 1)
