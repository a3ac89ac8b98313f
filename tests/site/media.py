"""The site's media servers: files of the posts, for those who come as the page's player does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from tests.site.posts import post
from tests.site.renditions import renditions_of
from tests.site.visits import HTML, chain_token

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERER = "https://www.tiktok.com/"
_CHUNK = 64 * 1024
_COVER_BYTES = 20_000
_SONG_BYTES = 240_000
_DENIED = (
    "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1>"
    "You don't have permission to access this file. Reference #18.7a1f2e3d</BODY></HTML>"
)
_TYPES = {
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "json": "application/json",
}
_SPOKEN = ("So here is the plan.", "First, we & the others <wait>.\nThen we go.", "三分で終わる")


async def media(request: web.Request) -> web.StreamResponse:
    """A file or a part of it, while its signature holds; a video only for its page's visitor."""
    post_id, name = request.match_info["id"], request.match_info["name"]
    size = size_of(post_id, name)
    if size is None:
        return web.Response(status=404)
    if _has_ended(request) or (name.endswith(".mp4") and not _is_player(request, post_id)):
        return web.Response(status=403, text=_DENIED, headers={"Content-Type": HTML})
    tag = f'"{post_id}-{name}"'
    is_part = "Range" in request.headers and request.headers.get("If-Range", tag) == tag
    try:
        start, stop, _ = request.http_range.indices(size) if is_part else (0, size, 1)
    except ValueError:
        start = stop = size
    if start >= stop:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = web.StreamResponse(
        headers={
            "Content-Type": _TYPES[name.rpartition(".")[2]],
            "Content-Length": str(stop - start),
            "Accept-Ranges": "bytes",
            "ETag": tag,
        }
    )
    if is_part:
        response.set_status(206)
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    await response.prepare(request)
    if request.method != "HEAD":
        spoken = words(name)
        for chunk in [spoken[start:stop]] if spoken else content(post_id, start, stop):
            await response.write(chunk)
    await response.write_eof()
    return response


def size_of(post_id: str, name: str) -> int | None:
    """How many bytes a file has, as the post's page says; None when there is no such file."""
    gear, _, kind = name.rpartition(".")
    if spoken := words(name):
        return len(spoken)
    if kind == "mp3":
        return _SONG_BYTES
    if kind in _TYPES and kind != "mp4":
        return _COVER_BYTES
    for one in renditions_of(int(post_id)):
        if one.gear == gear:
            return one.bits_per_s * post(post_id).duration_s // 8
    return None


def words(name: str) -> bytes:
    """Subtitles in the form that the name has; empty for all other files."""
    kind = name.rpartition(".")[2]
    times = [(number * 2000, number * 2000 + 1500) for number in range(len(_SPOKEN))]
    spoken = list(zip(times, _SPOKEN, strict=True))
    if kind == "json":
        lines = [{"start_time": a, "end_time": b, "text": text} for (a, b), text in spoken]
        return orjson.dumps({"utterances": lines})
    if kind == "vtt":
        cues = [f"{_moment(a)} --> {_moment(b)}\n{text}\n" for (a, b), text in spoken]
        return "\n".join(["WEBVTT\n", *cues]).replace("&", "&amp;").replace("<", "&lt;").encode()
    if kind == "srt":
        cues = [
            f"{number}\n{_moment(a, ',')} --> {_moment(b, ',')}\n{text}\n"
            for number, ((a, b), text) in enumerate(spoken, start=1)
        ]
        return "\n".join(cues).encode()
    return b""


def content(post_id: str, start: int, stop: int) -> Iterator[bytes]:
    """The bytes from ``start`` to ``stop`` of any of a post's files: its id, again and again."""
    period = len(post_id)
    whole = post_id.encode() * (_CHUNK // period + 2)
    while start < stop:
        offset = start % period
        chunk = whole[offset : offset + min(_CHUNK, stop - start)]
        yield chunk
        start += len(chunk)


def _moment(milliseconds: int, point: str = ".") -> str:
    return f"00:00:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def _has_ended(request: web.Request) -> bool:
    ends = request.query.get("expire") or request.query.get("x-expires")
    return ends is not None and int(ends) <= time.time()


def _is_player(request: web.Request, post_id: str) -> bool:
    cookie = f'tt_chain_token="{chain_token(post_id)}"'
    headers = request.headers
    return headers.get("Cookie") == cookie and headers.get("Referer") == REFERER
