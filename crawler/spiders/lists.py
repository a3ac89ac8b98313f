"""The spiders of lists, one for each kind: ``scrapy crawl user -a target=@someone``."""

from __future__ import annotations

from crawler.browser.plain import PlainListSpider
from crawler.links import TargetType


class UserSpider(PlainListSpider):
    """A user and the user's posts."""

    name = "user"
    kind = TargetType.USER


class HashtagSpider(PlainListSpider):
    """A hashtag and posts that bear it."""

    name = "hashtag"
    kind = TargetType.HASHTAG


class MusicSpider(PlainListSpider):
    """A sound and posts made with it."""

    name = "music"
    kind = TargetType.MUSIC


class CommentsSpider(PlainListSpider):
    """The comments of a post, and the replies to them."""

    name = "comments"
    kind = TargetType.COMMENTS


class SearchSpider(PlainListSpider):
    """The posts and users that a search gives."""

    name = "search"
    kind = TargetType.SEARCH
