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
    from collections.abc import Iterable
    from types import TracebackType
    from typing import TextIO

about: ContextVar[str] = ContextVar("about", default="-")
"""The id of the request or job that the running code serves."""

_COOKIES = "tt_chain_token|ttwid|msToken|sessionid"
_HEADERS = "x-api-key|x-rapidapi-proxy-secret|(?:proxy-)?authorization|(?:set-)?cookie"
_GAP = r"(?:[\\\"']*\s*[:=]|[\\\"']+\s*,)\s*b?[\\\"']*"
"""What stands between a name and its value: in a header, a dictionary, a pair, JSON in JSON."""
_SECRETS = (
    (re.compile(r"(tk|adm|whsec)_[\w\-+/=]{6,}"), r"\1_…"),
    (re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)"), "…"),
    (re.compile(rf"((?:{_COOKIES}){_GAP})[^\\\"'\s;,}}]+", re.IGNORECASE), r"\1…"),
    (re.compile(rf"(\b(?:{_HEADERS}){_GAP})[^\\\"'\r\n]+", re.IGNORECASE), r"\1…"),
    (re.compile(r"([?&](?:sig|password)=)[^&\s\"'\\]+"), r"\1…"),
)
_LEAST = 4
_known: list[str] = []


def hide(secrets: Iterable[str]) -> None:
    """Keep these words out of all lines from now on; a very short one would blot out others."""
    _known[:] = sorted({one for one in secrets if len(one) >= _LEAST}, key=len, reverse=True)


def redact(text: str) -> str:
    """The text without keys, tokens, cookies, passwords of addresses, and what is to be hidden."""
    for word in _known:
        text = text.replace(word, "…")
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


def configure(
    *, level: str, form: Form, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Send all log lines of this process to standard error, or to ``stream``; hide secrets."""
    hide(secrets)
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
