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
_TIKTOK_HOST = "www.tiktok.com"
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
    USER_HEADER = "user_header"
    """The profile's own page, without its posts."""
    HASHTAG_HEADER = "hashtag_header"
    MUSIC_HEADER = "music_header"

    @property
    def is_list(self) -> bool:
        """Whether it takes a browser that scrolls."""
        return self in _LISTS


_LISTS = frozenset(
    {
        TargetType.USER,
        TargetType.HASHTAG,
        TargetType.MUSIC,
        TargetType.COMMENTS,
        TargetType.SEARCH,
    }
)


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


def _quoted(name: str | None) -> str:
    return quote(name or "_", safe="")


_PATHS: dict[TargetType, Callable[[Target], str]] = {
    TargetType.VIDEO: lambda target: f"/@{_quoted(target.username)}/video/{target.value}",
    TargetType.COMMENTS: lambda target: f"/@{_quoted(target.username)}/video/{target.value}",
    TargetType.SHORT: lambda target: f"/t/{target.value}",
    TargetType.USER: lambda target: f"/@{_quoted(target.value)}",
    TargetType.USER_HEADER: lambda target: f"/@{_quoted(target.value)}",
    TargetType.LIVE: lambda target: f"/@{_quoted(target.value)}/live",
    TargetType.HASHTAG: lambda target: f"/tag/{_quoted(target.value)}",
    TargetType.HASHTAG_HEADER: lambda target: f"/tag/{_quoted(target.value)}",
    TargetType.MUSIC: lambda target: f"/music/-{target.value}",
    TargetType.MUSIC_HEADER: lambda target: f"/music/-{target.value}",
    TargetType.EFFECT: lambda target: f"/sticker/-{target.value}",
    TargetType.SEARCH: lambda target: f"/search?q={_quoted(target.value)}",
    TargetType.PLAYLIST: lambda target: f"/@{_quoted(target.username)}/playlist/-{target.value}",
    TargetType.COLLECTION: lambda target: (
        f"/@{_quoted(target.username)}/collection/-{target.value}"
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


_PAGES = frozenset(f"{prefix}tiktok.com" for prefix in ("", "www.", "m.", "us.", "lite."))
_SHARES = frozenset(f"{prefix}{domain}" for prefix in ("", "www.", "m.") for domain in _DOMAINS)
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
_FEED = re.compile(r"(?:/(?:foryou|trending|explore)?)?/*", re.ASCII | re.IGNORECASE)
_FEED_IDS = ("item_id", "shareId", "share_item_id")
_FEED_ID = re.compile(r"[0-9]{1,20}")
_SEARCH = re.compile(r"/search(?:/(?:video|user|live))?/*", re.ASCII | re.IGNORECASE)
_HOP_WALLS = tuple(
    (reason, re.compile(path + r"(?:/|$)", re.ASCII | re.IGNORECASE))
    for reason, path in (
        (Reason.LOGIN_REQUIRED, _LOCALE + "/login"),
        (Reason.CAPTCHA, _LOCALE + "/captcha"),
        (Reason.REGION_BLOCKED, "/[a-z]{2}/notfound"),
    )
)

_COMMONEST = re.compile(
    r"https://(?:www\.)?tiktok\.com/@([A-Za-z0-9_.]{1,80})/(?:video|photo)/([0-9]{1,20})/?"
    r"(?:\?[!-\[\]-~]*)?"
)
_USERNAME = re.compile(r"(?!_$)[\w.\-]{1,80}", re.ASCII)
# Languages without spaces go on right behind a link: at a sentence's mark, or behind a slash,
# which only a hashtag's name may follow in letters that are not ASCII.
_REST = r"(?:[!-~]+/(?<!/tag/)(?=[^!-~\s])|[^\s<>\"、。，；：！？）】」』》〉”’»؟،؛।]*)"
_SHARED = re.compile(rf"(?<![a-z0-9/=&?@%+])https?://{_REST}", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w.@:/=&?%\\\-])(?:[a-z0-9\-]+\.)*(?:tiktokv?|(?:ies)?douyin)\.com"
    rf"(?=[/?#]){_REST}",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)]}'*\u200b\u200e\u200f\u202c\u2060\u2069\ufeff"
_CUT_SHORT = ("…", "...")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\\]")
_FORBIDDEN_AROUND = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_HOST = re.compile(r"[A-Za-z0-9.\-]+")


def parse_link(text: str) -> Target:
    """What a link, or a share text around one, leads to.

    Lines of a share text may be parted by line feeds; any other control character is refused. A
    bare number is refused too: sounds, people and comments have ids like those of posts.

    Raises:
        LinkError: the text holds no address of TikTok's, or one of no known form.
    """
    if len(text) > _LONGEST:
        raise LinkError(f"the text is longer than {_LONGEST} characters: send the link alone")
    if match := _COMMONEST.fullmatch(text):
        name = match[1]
        return Target(type=TargetType.VIDEO, value=match[2], username=None if name == "_" else name)
    target = _classify(_split(_find_address(text)))
    if target is None:
        raise LinkError(f"the TikTok link has no known form: expected {EXPECTED_FORM}")
    return target


def canonical_url(video_id: str, *, username: str | None = None, is_photo: bool = False) -> str:
    """The one address under which a post is stored and returned."""
    kind = "photo" if is_photo else "video"
    return f"https://{_TIKTOK_HOST}/@{_quoted(username)}/{kind}/{video_id}"


def page_url(target: Target) -> str:
    """The address at which people find a target's page."""
    return f"https://{_TIKTOK_HOST}{target.page_path}"


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
    # Looked at before they are joined, for joining drops tabs and line breaks.
    if len(location) > _LONGEST or _FORBIDDEN.search(location):
        raise ShortLinkError(Reason.SHORT_LINK_DEAD)
    try:
        came_from = _on_tiktok(at, base)
        parts = _split(_on_tiktok(urljoin(came_from, location), base))
    except ValueError:
        raise ShortLinkError(Reason.SHORT_LINK_DEAD) from None
    for reason, path in _HOP_WALLS:
        if path.match(parts.path):
            raise ShortLinkError(reason)
    target = _classify(parts)
    if target is None or target == _classify(urlsplit(came_from)):
        raise ShortLinkError(Reason.SHORT_LINK_DEAD)
    return base + target.page_path if target.type is TargetType.SHORT else target


def _on_tiktok(address: str, base: str) -> str:
    """The same address on TikTok's own host, when it is on the one that stands in for it."""
    parts, stand_in = urlsplit(address), urlsplit(base)
    if (parts.scheme, parts.netloc.lower()) != (stand_in.scheme, stand_in.netloc.lower()):
        return address
    path = parts.path.removeprefix(stand_in.path)
    return parts._replace(scheme="https", netloc=_TIKTOK_HOST, path=path).geturl()


def _find_address(text: str) -> str:
    words = text.strip(" \t\r\n")
    if _FORBIDDEN_AROUND.search(words):
        raise LinkError("the text holds control characters: send the link alone")
    found = _SHARED.search(words) or _BARE.search(words)
    if found is None:
        raise LinkError(f"expected a TikTok link such as {EXPECTED_FORM}")
    if found[0].endswith(_CUT_SHORT) and "?" not in found[0]:
        raise LinkError("the link is cut short: send all of it")
    address = found[0].rstrip(_TRAILING)
    return address if found.re is _SHARED else f"https://{address}"


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise LinkError(f"expected a TikTok link such as {EXPECTED_FORM}") from None
    # Looked at before it is lowered, for some letters that are not ASCII become ASCII by that.
    is_plain = _HOST.fullmatch(parts.netloc) and not _FORBIDDEN.search(address)
    host = parts.netloc.lower()
    if is_plain and _is_within(host, _OTHER_SITES):
        raise LinkError(
            f"douyin.com is another site: expected {EXPECTED_FORM}", reason=Reason.UNSUPPORTED_URL
        )
    if not is_plain or not _is_within(host, _DOMAINS) or parts.scheme not in {"http", "https"}:
        raise LinkError(f"the link does not lead to TikTok: expected {EXPECTED_FORM}")
    return parts._replace(netloc=host)


def _is_within(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def _classify(parts: SplitResult) -> Target | None:
    for rule in _RULES:
        if parts.netloc in rule.hosts and (match := rule.path.fullmatch(parts.path)):
            return _named(rule.type, match)
    return _asked_for(parts) if parts.query and parts.netloc in _PAGES else None


def _named(kind: TargetType, match: re.Match[str]) -> Target | None:
    """What a path names; None when its name, once decoded, is none."""
    found = match.groupdict()
    value = found["value"]
    if kind in {TargetType.USER, TargetType.HASHTAG, TargetType.LIVE}:
        value = unquote(value)
        if _FORBIDDEN.search(value):
            return None
    username = found.get("user") or ""
    is_name = _USERNAME.fullmatch(username)
    return Target(type=kind, value=value, username=username if is_name else None)


def _asked_for(parts: SplitResult) -> Target | None:
    """What a feed's or the search page's query names."""
    query = dict(parse_qsl(parts.query))
    if _FEED.fullmatch(parts.path):
        ids = (query.get(name, "") for name in _FEED_IDS)
        video_id = next(filter(_FEED_ID.fullmatch, ids), None)
        return Target(type=TargetType.VIDEO, value=video_id) if video_id else None
    words = query.get("q", "")
    if words and _SEARCH.fullmatch(parts.path) and not _FORBIDDEN.search(words):
        return Target(type=TargetType.SEARCH, value=words)
    return None
