"""A span around each request of the API, below the caller's own where it names one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.admissions import Admissions
from api.calls import CALL
from api.metrics import NO_ROUTE, route_of
from services import tracing

if TYPE_CHECKING:
    from aiohttp import web

    from accounts.limits import Admission
    from api.calls import Call
    from api.middlewares import Handler

_TRACED = "/api/"


def traced(handler: Handler) -> Handler:
    """Tell of requests to the API itself; probes and scrapes would only be noise."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if not request.path.startswith(_TRACED):
            return await handler(request)
        parent = request.headers.get("traceparent", "")
        with tracing.span("request", parent=parent, is_server=True) as span:
            response = await handler(request)
            _describe(span, request, response)
        return response

    return handle


class TracedAdmissions(Admissions):
    """Admissions with a span around what they ask of Redis; only a process that traces has it."""

    async def admit(self, call: Call, **wishes: Any) -> Admission:
        """Admit a call."""
        with tracing.span("admit"):
            return await super().admit(call, **wishes)

    async def settle(self, call: Call, admission: Admission, **outcome: Any) -> int:
        """Settle a call: the last thing before its answer leaves."""
        with tracing.span("answer"):
            return await super().settle(call, admission, **outcome)


def _describe(span: tracing.Span, request: web.Request, response: web.StreamResponse) -> None:
    route = route_of(request)
    resource = route.resource if route is not None else None
    path = resource.canonical if resource is not None else NO_ROUTE
    method = route.method if route is not None else NO_ROUTE
    span.update_name(f"{method} {path}")
    span.set_attribute("http.request.method", method)
    span.set_attribute("http.route", path)
    span.set_attribute("http.response.status_code", response.status)
    span.set_attribute("tiktok.request_id", request[CALL].id)
