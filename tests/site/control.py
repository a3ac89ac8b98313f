"""The site's own paths, under ``/_site``: behaviours, requests, posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from tests.site.behaviours import BEHAVIOURS, Behaviour
from tests.site.demo import demo_posts
from tests.site.lists.behaviours import LIST_BEHAVIOURS, ListBehaviour
from tests.site.shortlinks import KINDS

if TYPE_CHECKING:
    from tests.site.app import Site

SITE: web.AppKey[Site] = web.AppKey("SITE")


def add_control_routes(app: web.Application) -> None:
    """Add the paths under ``/_site``."""
    app.add_routes(
        [
            web.get("/_site/behaviours", list_behaviours),
            web.post("/_site/behaviour", order_behaviour),
            web.delete("/_site/behaviour", cancel_behaviours),
            web.post("/_site/list", order_list),
            web.get("/_site/requests", list_requests),
            web.delete("/_site/requests", forget_requests),
            web.get("/_site/posts", list_posts),
            web.get("/_site/shortlinks", list_shortlinks),
        ]
    )


async def list_behaviours(request: web.Request) -> web.Response:
    """Every behaviour, with a link that meets it."""
    url = request.app[SITE].url
    all_rows: list[Behaviour | ListBehaviour] = [*BEHAVIOURS.values(), *LIST_BEHAVIOURS.values()]
    rows = [
        {
            "number": row.number,
            "name": row.name,
            "sentence": row.sentence,
            "example": url + row.example,
        }
        for row in all_rows
    ]
    return web.json_response(rows)


async def order_behaviour(request: web.Request) -> web.Response:
    """Order a behaviour: ``{"id", "behaviour", "times"?, "latency_ms"?}``."""
    try:
        body = await request.json()
        request.app[SITE].behave(
            body["id"],
            body["behaviour"],
            times=body.get("times"),
            latency_ms=body.get("latency_ms"),
        )
    except (KeyError, ValueError) as error:
        return web.json_response({"error": f"missing, unknown or no JSON: {error}"}, status=400)
    return web.json_response({"ok": True})


async def order_list(request: web.Request) -> web.Response:
    """Order what a list is like: ``{"id", …}`` with fields of ``lists.plans.Plan``."""
    try:
        body = await request.json()
        request.app[SITE].plan(body.pop("id"), **body)
    except (KeyError, TypeError, ValueError) as error:
        return web.json_response({"error": f"missing, unknown or no JSON: {error}"}, status=400)
    return web.json_response({"ok": True})


async def cancel_behaviours(request: web.Request) -> web.Response:
    """Cancel every order, those of lists too."""
    request.app[SITE].orders.by_key.clear()
    request.app[SITE].lists.ordered.clear()
    return web.json_response({"ok": True})


async def list_requests(request: web.Request) -> web.Response:
    """What the site has been asked."""
    return web.json_response(request.app[SITE].requests.to_json())


async def forget_requests(request: web.Request) -> web.Response:
    """Set the counters to nothing."""
    request.app[SITE].requests.clear()
    return web.json_response({"ok": True})


async def list_posts(request: web.Request) -> web.Response:
    """The recorded posts when a folder is replayed, else a few demo posts."""
    site = request.app[SITE]
    rows = demo_posts() if site.archive is None else site.archive.posts()
    return web.json_response([row | {"link": site.url + str(row["path"])} for row in rows])


async def list_shortlinks(request: web.Request) -> web.Response:
    """The short codes that lead somewhere special, and where."""
    url = request.app[SITE].url
    return web.json_response({f"{url}/t/ZM{word}1": target for word, target in KINDS.items()})
