"""A small TikTok-like site: what tests, drills and benchmarks crawl instead of TikTok.

Run it as ``python -m tests.site`` or, inside a test, as ``async with Site() as site``.
"""

from tests.site.app import Site
from tests.site.posts import Post, post

__all__ = ["Post", "Site", "post"]
