"""Reading a page: from the bytes of any response to its data and a verdict.

A pure function of saved input. It looks where TikTok has put a post over the years: the
rehydration script (2023 to now), ``SIGI_STATE`` (2021 to 2023) and ``__NEXT_DATA__`` (2019 to
2021), as public readers (yt-dlp, gallery-dl, TikTok-Api, pytok) and saved pages show them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.codes import read_status, reason_of
from crawler.errors import Reason
from crawler.items import Layout
from crawler.raw_posts import hidden_reason, is_another, layout_of
from crawler.scripts import NEXT, SIGI, UNIVERSAL, parse, read_element, read_post_scope, read_scopes
from crawler.walls import BLOCKS, SERVED, Verdict, reason_at, verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_POST_SCOPES = {
    "webapp.video-detail": Layout.DESKTOP,
    "webapp.reflow.video.detail": Layout.REFLOW,
}
_OTHER_SCOPES = (
    "webapp.user-detail",
    "webapp.user-post",
    "webapp.challenge-detail",
    "webapp.music-detail",
)
_OTHER_CONTENT = ("userInfo", "challengeInfo", "musicInfo", "itemList")


@dataclass(slots=True, kw_only=True)
class Page:
    """What a response says."""

    verdict: Verdict
    layout: Layout | None = None
    """The layout of ``item`` or of ``items``."""
    item: dict[str, Any] | None = None
    """The post's own object, untouched; None when the page has none that can be shown."""
    items: list[dict[str, Any]] = field(default_factory=list)
    """The posts that a page of another kind lists, such as a profile."""
    scope: dict[str, Any] | None = None
    """The payload of the detail scope: of a post, a profile, a hashtag or a sound."""
    status_code: int = 0
    """TikTok's own code, 0 when it gave none."""
    status_message: str = ""
    reason: Reason | None = None
    """Why there is no post; None if and only if there is one, or the page is of another kind."""
    canonical: str | None = None
    """The address under which a page without a post says it lives."""
    is_cut: bool = False
    """Whether the page's data are there and cannot be read, as in a body that broke off."""

    @property
    def is_block(self) -> bool:
        """Whether it stood where content should be, so that its egress must slow down."""
        if self.verdict is Verdict.SERVED:
            return self.reason is not None and self.reason.policy.is_wall
        return self.verdict in BLOCKS and not self.is_cut

    @property
    def is_served(self) -> bool:
        """Whether TikTok said what it knows, a refusal of this one post included."""
        is_error = self.reason is Reason.UPSTREAM_ERROR
        return self.verdict in SERVED and not is_error and not self.is_block


def read_page(body: bytes, *, status: int = 200, url: str = "", video_id: str = "") -> Page:
    """Read any response to the request for a page; never raises.

    Args:
        body: the response's body, decompressed.
        status: its HTTP status.
        url: the address it came from, or the one it redirects to.
        video_id: the post that was asked for; a page of another post is not taken for it.
    """
    if found := read_post_scope(body, tuple(_POST_SCOPES)):
        name, scope = found
        page = _read_post(scope, _POST_SCOPES[name], video_id)
        if page.item is not None:
            return page
    scopes = read_scopes(body)
    read = _read_posts(scopes, video_id) or _read_other(scopes)
    read = read or _read_sigi(body, video_id) or _read_next(body, video_id)
    page = read or _read_wall(body, status=status, url=url)
    if page.item is None:
        page.canonical = _canonical(scopes)
        page.is_cut = not scopes and UNIVERSAL in body
    return page


def _read_posts(scopes: dict[str, Any], video_id: str) -> Page | None:
    """Of the post scopes that are there, the one that says most."""
    pages = [
        _read_post(scope, layout, video_id)
        for name, layout in _POST_SCOPES.items()
        if isinstance(scope := scopes.get(name), dict)
    ]
    return min(
        pages, key=lambda page: (page.item is None, page.verdict is Verdict.SHELL), default=None
    )


def _read_post(scope: dict[str, Any], layout: Layout, video_id: str) -> Page:
    page = _page_of(scope)
    info = scope.get("itemInfo")
    item = info.get("itemStruct") if isinstance(info, dict) else None
    if isinstance(item, dict) and item:
        return _with_item(page, item, layout, video_id=video_id)
    return page if page.reason else _as_shell(page)


def _page_of(scope: dict[str, Any]) -> Page:
    code, message = read_status(scope)
    return Page(
        verdict=Verdict.SERVED,
        scope=scope,
        status_code=code,
        status_message=message,
        reason=reason_of(code, message),
    )


def _with_item(page: Page, item: dict[str, Any], layout: Layout, *, video_id: str) -> Page:
    another = Reason.VIDEO_UNAVAILABLE if is_another(item, video_id) else None
    page.reason = another or hidden_reason(item)
    if page.reason is None:
        page.item, page.layout = item, layout_of(item, layout)
    elif page.reason is Reason.LOGIN_REQUIRED:
        page.verdict = Verdict.AGE_GATE
    return page


def _as_shell(page: Page) -> Page:
    page.verdict, page.reason = Verdict.SHELL, Reason.UPSTREAM_BLOCKED
    return page


def _read_other(scopes: dict[str, Any]) -> Page | None:
    found = [scope for name in _OTHER_SCOPES if isinstance(scope := scopes.get(name), dict)]
    if not found:
        return None
    page = _page_of(found[0])
    page.items = [item for scope in found for item in _listed(scope)]
    page.layout = Layout.LIST if page.items else None
    if page.reason is Reason.ACCOUNT_PRIVATE and (page.items or _shows_videos(found[0])):
        page.reason = None
    has_content = any(scope.get(name) for scope in found for name in _OTHER_CONTENT)
    return page if page.reason or has_content else _as_shell(page)


def _listed(scope: dict[str, Any]) -> list[dict[str, Any]]:
    holders = (scope, scope.get("userInfo"))
    lists = [holder.get("itemList") for holder in holders if isinstance(holder, dict)]
    return [post for found in lists if isinstance(found, list) for post in _posts_of(found)]


def _posts_of(values: Iterable[object]) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict) and value]


def _shows_videos(scope: dict[str, Any]) -> bool:
    """The code of a private account is also sent for accounts whose posts can be seen."""
    info = scope.get("userInfo")
    counters = info.get("stats") if isinstance(info, dict) else None
    count = counters.get("videoCount") if isinstance(counters, dict) else None
    return isinstance(count, int) and count > 0


def _read_sigi(body: bytes, video_id: str) -> Page | None:
    state = read_element(body, *SIGI) or {}
    module = state.get("ItemModule")
    items = module if isinstance(module, dict) else {}
    posts = _posts_of(items.values())
    item = items.get(video_id) if video_id else (posts[0] if len(posts) == 1 else None)
    if isinstance(item, dict) and item:
        return _with_item(Page(verdict=Verdict.SERVED), item, Layout.SIGI, video_id=video_id)
    scopes = (state.get(name) for name in ("VideoPage", "UserPage"))
    pages = (_page_of(scope) for scope in scopes if isinstance(scope, dict))
    refused = next((page for page in pages if page.reason), None)
    if refused is None and posts and not video_id:
        return Page(verdict=Verdict.SERVED, layout=Layout.SIGI, items=posts)
    return refused


def _read_next(body: bytes, video_id: str) -> Page | None:
    properties = (read_element(body, *NEXT) or {}).get("props")
    scope = properties.get("pageProps") if isinstance(properties, dict) else None
    if not isinstance(scope, dict):
        return None
    nested = scope.get("videoData")
    if isinstance(nested, dict) and nested.get("itemInfos"):
        return _with_item(_page_of(scope), nested, Layout.NESTED, video_id=video_id)
    if isinstance(scope.get("itemInfo"), dict) or scope.get("statusCode"):
        return _read_post(scope, Layout.NEXT, video_id)
    return None


def _read_wall(body: bytes, *, status: int, url: str) -> Page:
    if body.lstrip()[:1] == b"{" and (answer := parse(body)) is not None:
        return _read_answer(answer)
    verdict = verdict_of(body, status=status, url=url)
    return Page(verdict=verdict, reason=reason_at(url, verdict))


def _read_answer(answer: dict[str, Any]) -> Page:
    """JSON where HTML is expected: as a rule the demand of a captcha."""
    page = _page_of(answer)
    if answer.get("type") == "verify" or "verifyConfig" in answer:
        page.reason = Reason.CAPTCHA
    is_captcha = page.reason is Reason.CAPTCHA
    page.verdict = Verdict.CAPTCHA if is_captcha else Verdict.SHELL
    page.reason = page.reason or Reason.UPSTREAM_BLOCKED
    page.scope = None
    return page


def _canonical(scopes: dict[str, Any]) -> str | None:
    experiments = scopes.get("seo.abtest")
    found = experiments.get("canonical") if isinstance(experiments, dict) else None
    return found if isinstance(found, str) else None
