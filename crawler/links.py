"""Links: any form in which people hand round a TikTok address, turned into a target.

A post is its numeric id; the name in its address is decoration. The forms are those that public
extractors (yt-dlp, gallery-dl, TikTokDownloader) and TikTok's own embed pages know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

from crawler.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

MAX_HOPS = 4
EXPECTED_FORM = "https://www.tiktok.com/@username/video/id"

_LONGEST = 2048
_TIKTOK = "https://www.tiktok.com"
_DOMAINS = ("tiktok.com", "tiktokv.com")
_OTHER_SITES = ("douyin.com", "iesdouyin.com")
_FIRST_POSSIBLE = datetime(2016, 9, 1, tzinfo=UTC)


class TargetType(StrEnum):
    """What a link leads to."""

    VIDEO = "video"
    SHORT = "short"
    USER = "user"
    HASHTAG = "hashtag"
    MUSIC = "music"
    COMMENTS = "comments"
    SEARCH = "search"
    PLAYLIST = "playlist"
    COLLECTION = "collection"
    LIVE = "live"
    EFFECT = "effect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be crawled."""

    type: TargetType
    value: str
    """A post's or sound's id, a user's name, a hashtag's name, a short link's code, a query."""
    username: str | None = None
    """The name in a post's address, when it had one; not part of the identity."""

    @property
    def key(self) -> str:
        """The identity that caches, flights and outcomes go by, such as ``video:71065…``."""
        return f"{self.type.value}:{self.value}"

    @property
    def page_path(self) -> str:
        """The path below TikTok's address at which the target is fetched.

        A post is always fetched at its ``/video/`` address: the page at ``/photo/`` may come
        without its data.
        """
        return _PATHS[self.type](self)


_PATHS: dict[TargetType, Callable[[Target], str]] = {
    TargetType.VIDEO: lambda target: f"/@{quote(target.username or '_')}/video/{target.value}",
    TargetType.COMMENTS: lambda target: f"/@{quote(target.username or '_')}/video/{target.value}",
    TargetType.SHORT: lambda target: f"/t/{target.value}",
    TargetType.USER: lambda target: f"/@{quote(target.value)}",
    TargetType.LIVE: lambda target: f"/@{quote(target.value)}/live",
    TargetType.HASHTAG: lambda target: f"/tag/{quote(target.value, safe='')}",
    TargetType.MUSIC: lambda target: f"/music/-{target.value}",
    TargetType.EFFECT: lambda target: f"/sticker/-{target.value}",
    TargetType.SEARCH: lambda target: f"/search?q={quote(target.value, safe='')}",
    TargetType.PLAYLIST: lambda target: (
        f"/@{quote(target.username or '_')}/playlist/-{target.value}"
    ),
    TargetType.COLLECTION: lambda target: (
        f"/@{quote(target.username or '_')}/collection/-{target.value}"
    ),
}


class LinkError(ValueError):
    """A text holds no TikTok link; the message says what one looks like."""

    def __init__(self, message: str, *, reason: Reason | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        """``unsupported_url`` for a sister site, else None."""


class ShortLinkError(Exception):
    """A short link leads nowhere that can be answered."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Rule:
    type: TargetType
    path: re.Pattern[str]
    hosts: frozenset[str]


def _rule(kind: TargetType, path: str, hosts: frozenset[str]) -> _Rule:
    return _Rule(kind, re.compile(path + r"/*", re.ASCII | re.IGNORECASE), hosts)


_PAGES = frozenset({"tiktok.com", "www.tiktok.com", "m.tiktok.com", "us.tiktok.com"})
_PAGES |= {"lite.tiktok.com"}
_SHARES = frozenset(
    f"{prefix}{domain}" for prefix in ("", "www.", "m.") for domain in ("tiktok.com", "tiktokv.com")
) - {"tiktok.com", "www.tiktok.com"}
_SHORT_HOSTS = frozenset(
    f"{prefix}{host}.tiktok.com" for prefix in ("", "www.") for host in ("vm", "vt")
)
_SHORT_PATH_HOSTS = frozenset({"tiktok.com", "www.tiktok.com", "m.tiktok.com"})
_LOCALE = r"(?:/[a-z]{2}(?:-[a-z]{2,4})?)?"
_NAME = r"[\w.\-%]"
_POST_ID = r"(?P<value>\d{1,20})"
_CODE = r"(?P<value>[a-z0-9_\-]{5,20})"
_SLUG = r"(?:[^/]*-)?"

_RULES = (
    _rule(TargetType.VIDEO, rf"{_LOCALE}/@(?P<user>{_NAME}*)/(?:video|photo)/{_POST_ID}", _PAGES),
    _rule(TargetType.SHORT, rf"/(?:t/)?{_CODE}", _SHORT_HOSTS),
    _rule(TargetType.SHORT, rf"/t/{_CODE}", _SHORT_PATH_HOSTS),
    _rule(TargetType.VIDEO, rf"/share/(?:video|photo)/{_POST_ID}", _SHARES),
    _rule(TargetType.VIDEO, rf"/(?:v|embed(?:/v[23])?|player/v1)/{_POST_ID}(?:\.html)?", _PAGES),
    _rule(TargetType.VIDEO, rf"/video/{_POST_ID}", _PAGES),
    _rule(TargetType.USER, rf"{_LOCALE}(?:/embed)?/@(?P<value>{_NAME}{{1,80}})", _PAGES),
    _rule(TargetType.HASHTAG, r"(?:/embed)?/tag/(?P<value>[^/]+)", _PAGES),
    _rule(TargetType.MUSIC, rf"(?:/embed)?/music/{_SLUG}(?P<value>\d{{5,20}})", _PAGES),
    _rule(
        TargetType.PLAYLIST,
        rf"/@(?P<user>{_NAME}+)/playlist/{_SLUG}(?P<value>\d{{10,20}})",
        _PAGES,
    ),
    _rule(
        TargetType.COLLECTION,
        rf"/@(?P<user>{_NAME}+)/collection/{_SLUG}(?P<value>\d{{10,20}})",
        _PAGES,
    ),
    _rule(TargetType.LIVE, rf"/@(?P<value>{_NAME}+)/live", _PAGES),
    _rule(TargetType.LIVE, r"/share/live/(?P<value>\d{1,20})", frozenset({"m.tiktok.com"})),
    _rule(TargetType.EFFECT, rf"/(?:sticker|effect)/{_SLUG}(?P<value>\d{{1,20}})", _PAGES),
)
_FEED = re.compile(r"/(?:foryou|trending|explore)?/?", re.IGNORECASE)
_FEED_IDS = ("item_id", "shareId", "share_item_id")
_SEARCH = re.compile(r"/search(?:/(?:video|user|live))?/*", re.IGNORECASE)

_COMMONEST = re.compile(
    r"https://(?:www\.)?tiktok\.com/@([A-Za-z0-9_.]{1,80})/(?:video|photo)/([0-9]{1,20})/?"
    r"(?:\?[!-~]*)?"
)
_SHARED = re.compile(r"https?://\S+", re.IGNORECASE)
_BARE = re.compile(r"(?:[a-z0-9\-]+\.)*(?:tiktokv?|douyin)\.com(?:/\S*)?", re.IGNORECASE)
_TRAILING = ".,;:!?)]}>'\"…»”’、。，；：！？）】」』》"
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_AUTHORITY = re.compile(r"[A-Za-z0-9.\-]+")


def parse_link(text: str) -> Target:
    """What a link, or a share text around one, leads to.

    Raises:
        LinkError: the text holds no address of TikTok's, or one of no known form.
    """
    match = _COMMONEST.fullmatch(text)
    if match is not None and len(text) <= _LONGEST:
        return Target(type=TargetType.VIDEO, value=match[2], username=match[1])
    parts = _split(_find_address(text))
    target = _classify(parts)
    if target is None:
        raise LinkError(f"the TikTok link has no known form: expected {EXPECTED_FORM}")
    return target


def canonical_url(video_id: str, *, username: str | None = None, is_photo: bool = False) -> str:
    """The one address under which a post is stored and returned."""
    kind = "photo" if is_photo else "video"
    return f"{_TIKTOK}/@{quote(username or '_')}/{kind}/{video_id}"


def created_at_from_id(video_id: str, *, now: datetime) -> datetime | None:
    """When a post was made, from the upper half of its id; None outside TikTok's lifetime.

    Drafts and scheduled posts can be hours off, so this stands in only for a missing time.
    """
    if not (video_id.isascii() and video_id.isdigit()) or len(video_id) > 20:
        return None
    seconds = int(video_id) >> 32
    latest = now + timedelta(days=1)
    if not _FIRST_POSSIBLE.timestamp() <= seconds <= latest.timestamp():
        return None
    return datetime.fromtimestamp(seconds, UTC)


def follow(location: str, *, at: str, base: str) -> Target | str:
    """One hop of a short link: the target it leads to, or the next address to ask.

    ``location`` is the header as it came, ``at`` the address that sent it, ``base`` where pages
    are fetched; addresses of TikTok's are asked at ``base``, so a test site is never left.

    Raises:
        ShortLinkError: the hop leads to nothing, out of TikTok, in a circle, or to a wall.
    """
    if len(location) > _LONGEST or _FORBIDDEN.search(location):
        raise ShortLinkError(Reason.SHORT_LINK_DEAD)
    try:
        address = _on_tiktok(urljoin(_on_tiktok(at, base), location), base)
        parts = _split(address)
    except (LinkError, ValueError):
        raise ShortLinkError(Reason.SHORT_LINK_DEAD) from None
    if re.match(r"/login(?:/|$)", parts.path):
        raise ShortLinkError(Reason.LOGIN_REQUIRED)
    target = _classify(parts)
    if target is None:
        raise ShortLinkError(Reason.SHORT_LINK_DEAD)
    if target.type is not TargetType.SHORT:
        return target
    came_from = _classify(_split(_on_tiktok(at, base)))
    if came_from is not None and came_from.key == target.key:
        raise ShortLinkError(Reason.SHORT_LINK_DEAD)
    return base + target.page_path


def _on_tiktok(address: str, base: str) -> str:
    """The same address on TikTok's own host, when it is on the one that stands in for it."""
    if address == base or address.startswith((base + "/", base + "?")):
        return _TIKTOK + address.removeprefix(base)
    return address


def _find_address(text: str) -> str:
    stripped = text.strip()
    if len(text) > _LONGEST or not stripped:
        raise LinkError(f"expected a TikTok link such as {EXPECTED_FORM}")
    if _FORBIDDEN.search(stripped) or "\\" in stripped:
        raise LinkError("the link holds characters that no address has")
    shared = _SHARED.search(stripped)
    if shared is not None:
        return shared[0].rstrip(_TRAILING)
    bare = next((word for word in stripped.split() if _BARE.fullmatch(word.rstrip(_TRAILING))), "")
    if not bare:
        raise LinkError(f"expected a TikTok link such as {EXPECTED_FORM}")
    return "https://" + bare.rstrip(_TRAILING)


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise LinkError("the link is no address") from None
    host = parts.netloc.lower()
    if not _AUTHORITY.fullmatch(host):
        raise LinkError("a TikTok link has neither a port nor a user name before its host")
    if _is_within(host, _OTHER_SITES):
        raise LinkError("douyin.com is another site", reason=Reason.UNSUPPORTED_URL)
    if not _is_within(host, _DOMAINS):
        raise LinkError(f"the link does not lead to TikTok: expected {EXPECTED_FORM}")
    return parts._replace(netloc=host)


def _is_within(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def _classify(parts: SplitResult) -> Target | None:
    for rule in _RULES:
        if parts.netloc in rule.hosts and (match := rule.path.fullmatch(parts.path)):
            return _target(rule.type, match)
    if parts.netloc not in _PAGES:
        return None
    query = dict(parse_qsl(parts.query, max_num_fields=100)) if parts.query else {}
    if _FEED.fullmatch(parts.path):
        for name in _FEED_IDS:
            video_id = query.get(name, "")
            if video_id.isascii() and video_id.isdigit() and len(video_id) <= 20:
                return Target(type=TargetType.VIDEO, value=video_id)
    if _SEARCH.fullmatch(parts.path) and query.get("q"):
        return Target(type=TargetType.SEARCH, value=query["q"])
    return None


def _target(kind: TargetType, match: re.Match[str]) -> Target:
    found = match.groupdict()
    value = found["value"]
    if kind in {TargetType.USER, TargetType.HASHTAG, TargetType.LIVE}:
        value = unquote(value)
    username = unquote(found.get("user") or "") or None
    return Target(type=kind, value=value, username=None if username == "_" else username)
