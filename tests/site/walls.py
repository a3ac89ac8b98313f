"""The pages that stand where content should be."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from tests.site import layouts, notices, pages
from tests.site.lists.opened import list_body
from tests.site.serving import refusal, served, shell
from tests.site.visits import html, html_with_cookies

if TYPE_CHECKING:
    from tests.site.visits import Answer, Visit


def text_page(text: str) -> Answer:
    """A page of full size without a detail scope, with that text in its body."""

    async def answer(visit: Visit) -> web.StreamResponse:
        return shell(visit, body=f'<div class="css-notice"><p>{text}</p></div>')

    return answer


def refused(code: int, message: str = "") -> Answer:
    """A page whose detail scope says nothing but that status."""

    async def answer(visit: Visit) -> web.StreamResponse:
        return refusal(visit, code, message)

    return answer


def redirected(location: str) -> Answer:
    """A redirect within the site."""

    async def answer(visit: Visit) -> web.StreamResponse:
        back = quote(pages.CANONICAL_HOST + visit.request.path, safe="")
        return web.Response(status=302, headers={"Location": location.format(back=back)})

    return answer


async def waf_challenge(visit: Visit) -> web.StreamResponse:
    return html(notices.WAITING)


async def waf_passes(visit: Visit) -> web.StreamResponse:
    passed = notices.PASS_COOKIE in visit.request.cookies
    return await served(visit) if passed else html(notices.PASSABLE)


async def shell_fills(visit: Visit) -> web.StreamResponse:
    return shell(visit, body=list_body(visit, is_shell=True))


async def captcha(visit: Visit) -> web.StreamResponse:
    return html(notices.SECURITY_CHECK)


async def captcha_slider(visit: Visit) -> web.StreamResponse:
    return shell(visit, body=notices.SLIDER)


async def verify_json(visit: Visit) -> web.StreamResponse:
    return web.json_response(notices.VERIFY)


async def age_gate(visit: Visit) -> web.StreamResponse:
    body = layouts.desktop(visit.post, visit.url, isContentClassified=True, video=None)
    return html_with_cookies(body, key=visit.address.key)


async def captcha_words(visit: Visit) -> web.StreamResponse:
    words = f"{notices.SLIDER}<p>Verify to continue. Please wait... Log in to TikTok</p>"
    body = layouts.desktop(visit.post, visit.url).replace(b"</body>", words.encode() + b"</body>")
    return html_with_cookies(body, key=visit.address.key)


async def old_captcha(visit: Visit) -> web.StreamResponse:
    scope = {"statusCode": 10110, "statusMsg": "", "verifyConfig": notices.VERIFY | {"code": 10110}}
    body = pages.page(visit.request.path, {"webapp.video-detail": scope})
    return html_with_cookies(body, key=visit.address.key)


async def access_denied(visit: Visit) -> web.StreamResponse:
    return html(notices.DENIED, status=403)
