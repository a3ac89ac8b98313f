"""Subtitles in the two forms that players read, made of the three that TikTok has."""

from __future__ import annotations

import html
import io

import orjson
import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

MAX_BYTES = 2 * 1024 * 1024
"""More than hours of speech take."""
TYPES = {"vtt": "text/vtt; charset=utf-8", "srt": "application/x-subrip; charset=utf-8"}


class UnreadableError(ValueError):
    """What came are no subtitles."""


def convert(body: bytes, given: str | None, wanted: str) -> bytes:
    """Subtitles in the form ``vtt`` or ``srt``, from whatever TikTok sent as ``given``.

    Raises:
        UnreadableError: it is not what it is called.
    """
    text = body.decode("utf-8-sig", "replace").replace("\0", "")
    try:
        captions = _READERS.get(given or "", _read_either)(text)
        if _FORMS.get(given or "") == wanted:
            return text.encode()
        if wanted == "vtt":
            return captions.content.encode()
        buffer = io.StringIO()
        captions.write(buffer, format="srt")
    except (
        MalformedFileError,
        MalformedCaptionError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
    ) as error:
        raise UnreadableError(str(error)) from error
    return html.unescape(buffer.getvalue()).encode()


def _read_vtt(text: str) -> webvtt.WebVTT:
    return webvtt.from_string(text)


def _read_srt(text: str) -> webvtt.WebVTT:
    return _unarrowed(webvtt.WebVTT.from_buffer(io.StringIO(text), format="srt"))


def _read_either(text: str) -> webvtt.WebVTT:
    return (_read_vtt if text.lstrip().startswith("WEBVTT") else _read_srt)(text)


def _read_creators(text: str) -> webvtt.WebVTT:
    """TikTok's own JSON: ``utterances`` with their times in milliseconds."""
    captions = webvtt.WebVTT()
    for line in orjson.loads(text)["utterances"]:
        said = [html.escape(row.strip(), quote=False) for row in line["text"].splitlines()]
        if any(said):
            times = (_moment(line["start_time"]), _moment(line["end_time"]))
            captions.captions.append(webvtt.Caption(*times, [row for row in said if row]))
    return _unarrowed(captions)


def _unarrowed(captions: webvtt.WebVTT) -> webvtt.WebVTT:
    """The same without the arrow that in WebVTT stands between times alone."""
    for caption in captions.captions:
        caption.lines = [line.replace("-->", "->") for line in caption.lines]
    return captions


def _moment(milliseconds: int) -> str:
    minutes, rest = divmod(int(milliseconds), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


_FORMS = {"webvtt": "vtt", "srt": "srt"}
_READERS = {"webvtt": _read_vtt, "srt": _read_srt, "creator_caption": _read_creators}
