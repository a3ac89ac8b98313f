"""Reading a page: from the bytes of any response to its data and a verdict.

A pure function of saved input. It looks where TikTok has put a post over the years: the
rehydration script (2023 to now), ``SIGI_STATE`` (2021 to 2023) and ``__NEXT_DATA__`` (2019 to
2021), as public readers (yt-dlp, gallery-dl, TikTok-Api, pytok) and saved pages show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crawler.codes import read_status, reason_of
from crawler.errors import Reason
from crawler.items import Layout
from crawler.scripts import NEXT, SIGI, UNIVERSAL, find_script, parse, read_element, read_scope
from crawler.walls import Verdict, verdict_of

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


@dataclass(slots=True, kw_only=True)
class Page:
    """What a response says."""

    verdict: Verdict
    layout: Layout | None = None
    """The layout of ``item``."""
    item: dict[str, Any] | None = None
    """The post's own object, untouched; None when the page has none that can be shown."""
    scope: dict[str, Any] | None = None
    """The payload of the detail scope: of a post, a profile, a hashtag or a sound."""
    status_code: int = 0
    """TikTok's own code, 0 when it gave none."""
    status_message: str = ""
    reason: Reason | None = None
    """Why there is no post; None if and only if there is one, or the page is of another kind."""
    canonical: str | None = None
    """The address under which the page says it lives."""


def read_page(body: bytes, *, status: int = 200, url: str = "", video_id: str = "") -> Page:
    """Read any response to the request for a page; never raises.

    Args:
        body: the response's body, decompressed.
        status: its HTTP status.
        url: the address it came from, or the one it redirects to.
        video_id: the post that was asked for; a page of another post is not taken for it.
    """
    span = find_script(body, UNIVERSAL)
    found = read_scope(body, span) if span else None
    if found is not None:
        name, scope = found
        return _read_post(scope, _POST_SCOPES[name], video_id)
    page = _read_universal(body, video_id) or _read_sigi(body, video_id) or _read_next(body)
    if page is not None and not page.canonical and page.item is None:
        page.canonical = _canonical(body)
    if page is not None:
        return _without_another(page, video_id)
    return _read_wall(body, status=status, url=url)


def _read_universal(body: bytes, video_id: str) -> Page | None:
    scopes = (read_element(body, UNIVERSAL) or {}).get("__DEFAULT_SCOPE__")
    if not isinstance(scopes, dict):
        return None
    for name, layout in _POST_SCOPES.items():
        if isinstance(scope := scopes.get(name), dict):
            return _read_post(scope, layout, video_id)
    for name in _OTHER_SCOPES:
        if isinstance(scope := scopes.get(name), dict):
            code, message = read_status(scope)
            return Page(
                verdict=Verdict.SERVED,
                scope=scope,
                status_code=code,
                status_message=message,
                reason=reason_of(code, message),
            )
    return None


def _read_post(scope: dict[str, Any], layout: Layout, video_id: str) -> Page:
    code, message = read_status(scope)
    page = Page(verdict=Verdict.SERVED, scope=scope, status_code=code, status_message=message)
    info = scope.get("itemInfo")
    item = info.get("itemStruct") if isinstance(info, dict) else None
    if isinstance(item, dict) and item:
        page.item, page.layout = item, _layout_of(item, layout)
        return _without_hidden(_without_another(page, video_id))
    page.reason = reason_of(code, message)
    if page.reason is None:
        page.verdict, page.reason = Verdict.SHELL, Reason.UPSTREAM_BLOCKED
    return page


def _read_sigi(body: bytes, video_id: str) -> Page | None:
    state = read_element(body, *SIGI)
    if state is None:
        return None
    items = state.get("ItemModule")
    if isinstance(items, dict) and items:
        item = items.get(video_id) if video_id else next(iter(items.values()))
        if isinstance(item, dict):
            page = Page(verdict=Verdict.SERVED, item=item, layout=_layout_of(item, Layout.SIGI))
            return _without_hidden(page)
    for name in ("VideoPage", "UserPage"):
        scope = state.get(name)
        if isinstance(scope, dict):
            code, message = read_status(scope)
            reason = reason_of(code, message)
            if reason is not None:
                return Page(
                    verdict=Verdict.SERVED,
                    scope=scope,
                    status_code=code,
                    status_message=message,
                    reason=reason,
                )
    return None


def _read_next(body: bytes) -> Page | None:
    data = read_element(body, *NEXT) or {}
    properties = data.get("props")
    scope = properties.get("pageProps") if isinstance(properties, dict) else None
    if not isinstance(scope, dict):
        return None
    nested = scope.get("videoData")
    if isinstance(nested, dict) and nested.get("itemInfos"):
        page = Page(verdict=Verdict.SERVED, scope=scope, item=nested, layout=Layout.NESTED)
        return _without_hidden(page)
    if isinstance(scope.get("itemInfo"), dict) or scope.get("statusCode"):
        return _read_post(scope, Layout.NEXT, "")
    return None


def _read_wall(body: bytes, *, status: int, url: str) -> Page:
    if body[:1] == b"{" and (answer := parse(body)) is not None:
        return _read_answer(answer)
    verdict = verdict_of(body, status=status, url=url)
    return Page(verdict=verdict, reason=verdict.reason, canonical=_canonical(body))


def _read_answer(answer: dict[str, Any]) -> Page:
    """JSON where HTML is expected: as a rule the demand of a captcha."""
    code, message = read_status(answer)
    is_captcha = answer.get("type") == "verify" or "verifyConfig" in answer
    reason = Reason.CAPTCHA if is_captcha else reason_of(code, message)
    verdict = Verdict.CAPTCHA if reason is Reason.CAPTCHA else Verdict.SHELL
    return Page(
        verdict=verdict,
        status_code=code,
        status_message=message,
        reason=reason or Reason.UPSTREAM_BLOCKED,
    )


def _layout_of(item: dict[str, Any], layout: Layout) -> Layout:
    """The layout that an object shows by itself, wherever it stood."""
    if "aweme_id" in item:
        return Layout.AWEME
    if "itemInfos" in item:
        return Layout.NESTED
    return Layout.SIGI if isinstance(item.get("author"), str) else layout


def _id_of(item: dict[str, Any]) -> str:
    inner = item.get("itemInfos")
    holder = inner if isinstance(inner, dict) else item
    video = holder.get("video")
    found = holder.get("id") or holder.get("aweme_id")
    if not found and isinstance(video, dict):
        found = video.get("id")
    return str(found or "")


def _without_another(page: Page, video_id: str) -> Page:
    """Refuse the item of another post: a removed or reposted one can lead there."""
    if page.item is not None and video_id and _id_of(page.item) not in {"", video_id}:
        page.item, page.reason = None, Reason.VIDEO_UNAVAILABLE
    return page


def _without_hidden(page: Page) -> Page:
    """Refuse an item that is marked as not for everybody, or that is shown after a login only."""
    item = page.item
    if item is None:
        return page
    if item.get("privateItem") is True or item.get("secret") is True:
        page.item, page.reason = None, Reason.VIDEO_PRIVATE
    elif item.get("takeDown") and item["takeDown"] != "0":
        page.item, page.reason = None, Reason.VIDEO_UNAVAILABLE
    elif item.get("isContentClassified") is True and not item.get("video"):
        page.item, page.reason = None, Reason.LOGIN_REQUIRED
        page.verdict = Verdict.AGE_GATE
    return page


def _canonical(body: bytes) -> str | None:
    scopes = (read_element(body, UNIVERSAL) or {}).get("__DEFAULT_SCOPE__")
    experiments = scopes.get("seo.abtest") if isinstance(scopes, dict) else None
    found = experiments.get("canonical") if isinstance(experiments, dict) else None
    return found if isinstance(found, str) else None
