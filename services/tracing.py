"""Traces: what one request made happen, in whichever processes, told by OpenTelemetry's protocol.

Off unless an endpoint is set; then nothing of OpenTelemetry is imported, and a span costs a look
at one variable. Spans bear what is named here by their callers and no more: neither the text of an
exception nor an address, for both may hold what is secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from time import time_ns
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

    Value = str | int | float | bool

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_EXPORT_S = 2.0
"""How long the collector may take, tries again included; also at the end of the process."""


class Span(Protocol):
    """What a caller may do with a span."""

    def set_attribute(self, key: str, value: Value) -> None:
        """Say more about it."""

    def update_name(self, name: str) -> None:
        """Give it a better name."""


class _Silence:
    """Takes whatever it is told, and tells nobody."""

    def set_attribute(self, key: str, value: Value) -> None:
        pass

    def update_name(self, name: str) -> None:
        pass


SILENCE = _Silence()
"""The span of a process that does not trace."""
_tracer: Tracer | None = None


def is_on() -> bool:
    """Whether this process traces."""
    return _tracer is not None


@contextlib.asynccontextmanager
async def tracing(endpoint: str | None, *, process: str) -> AsyncIterator[None]:
    """Trace for as long as this context is entered, if an endpoint is given; then tell the rest."""
    global _tracer  # noqa: PLW0603 - a process traces or does not
    if endpoint is None:
        yield
        return
    provider = _provider(endpoint, process)
    _tracer = provider.get_tracer("tiktok")
    try:
        yield
    finally:
        _tracer = None
        await asyncio.to_thread(provider.shutdown)


@contextlib.contextmanager
def span(
    name: str, *, parent: str = "", is_server: bool = False, **attributes: Value
) -> Iterator[Span]:
    """A span around what is done in this context, below the current one or below ``parent``.

    An attribute ``job_id`` is called ``tiktok.job_id``. An exception leaves its type's name.
    """
    if _tracer is None:
        yield SILENCE
        return
    from opentelemetry.trace import SpanKind, StatusCode

    with _tracer.start_as_current_span(
        name,
        context=_context(parent),
        kind=SpanKind.SERVER if is_server else SpanKind.INTERNAL,
        attributes=_named(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except BaseException as error:
            current.set_attribute("error.type", type(error).__name__)
            current.set_status(StatusCode.ERROR)
            raise


def tell(name: str, *, parent: str, began_at: float, **attributes: Value) -> None:
    """Tell of something that began at a time (Unix seconds) in another process and ends now."""
    if _tracer is None or not parent:
        return
    began_ns = min(int(began_at * 1e9), time_ns())
    _tracer.start_span(
        name, context=_context(parent), attributes=_named(attributes), start_time=began_ns
    ).end()


def traceparent() -> str:
    """The current span as W3C's ``traceparent``; empty when there is none."""
    if _tracer is None:
        return ""
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def _named(attributes: dict[str, Value]) -> dict[str, Value]:
    return {f"tiktok.{name}": value for name, value in attributes.items() if value != ""}


def _context(parent: str) -> Context | None:
    """The context of a parent that was named; None, the current one, without a valid name."""
    if not _TRACEPARENT.fullmatch(parent):
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": parent})


def _provider(endpoint: str, process: str) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": f"tiktok-{process}"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    return provider
