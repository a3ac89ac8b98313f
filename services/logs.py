"""Log lines: text or JSON, each with what it is about, none with a secret in it."""

from __future__ import annotations

import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import orjson

from services import tracing

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

about: ContextVar[str] = ContextVar("about", default="-")
"""The id of the request or job that the running code serves."""

_SECRETS = (
    (re.compile(r"tk_[\w\-]{6,}"), "tk_…"),
    (re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)"), "…"),
)


def redact(text: str) -> str:
    """The text without API keys and without the passwords of addresses."""
    for secret, instead in _SECRETS:
        text = secret.sub(instead, text)
    return text


class TextFormatter(logging.Formatter):
    """One line for a reader: time, level, logger, what it is about, message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(name)s [%(about)s] %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """The time in UTC, to the millisecond."""
        return _moment(record)

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback below it."""
        record.about = about.get()
        return redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for a log collector."""

    def format(self, record: logging.LogRecord) -> str:
        """The object, with the traceback as one of its strings."""
        line = {
            "at": _moment(record) + "Z",
            "level": record.levelname,
            "logger": record.name,
            "about": about.get(),
            "message": record.getMessage(),
        }
        if trace := tracing.traceparent():
            line["trace"] = trace.split("-")[1]
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return redact(orjson.dumps(line).decode())


Form = Literal["text", "json"]


def configure(*, level: str, form: Form, stream: TextIO | None = None) -> None:
    """Send all log lines of this process to standard error, or to ``stream``."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_fault
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("asyncio").setLevel(max(root.level, logging.INFO))
    for talkative in ("pymongo", "scrapy"):
        logging.getLogger(talkative).setLevel(max(root.level, logging.WARNING))


def _log_fault(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Say what ends this process in the form that all its lines have."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    logging.getLogger(__name__).critical("this process ends", exc_info=(kind, error, traceback))


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds")
