"""What the cache keeps of a post's files: what there is and until when, but not where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from pipelines.documents.video import Rendition
from pipelines.files import Choice, Kind, files_of, link_end, picked
from pipelines.media import Playable, playable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipelines.documents.video import Video
    from pipelines.files import File

    Listed = dict[str, Any]
    Address = Callable[[Choice, int, str], str]
    """The link to a file that ends at a unix second (0: not known), in a form of its own."""

_SIZES = ("width", "height")
_MEASURES = ("codec", *_SIZES, "bitrate", "size")
_ENDS = "ends"


def write_listing(video: Video) -> str:
    """JSON of all files; of each encoding of the video only what choosing takes."""
    by_kind: dict[Kind, list[File]] = {kind: [] for kind in Kind}
    for file in files_of(video):
        by_kind[file.choice.kind].append(file)
    listing = {
        "video": _first(by_kind[Kind.VIDEO], _MEASURES),
        "renditions": [_told(one.rendition, _MEASURES) for one in playable(video.renditions)],
        "music": _first(by_kind[Kind.MUSIC], ()),
        "images": [_listed(file, _SIZES) for file in by_kind[Kind.IMAGE]],
        "subtitles": [
            {**_told(file.choice, ("language", "source")), **_listed(file, ())}
            for file in by_kind[Kind.SUBTITLES]
        ],
    }
    return orjson.dumps(listing).decode()


def read_listing(listing: bytes, choice: Choice, address: Address) -> Listed:
    """The listing as callers get it: each file with its link, of the video the one chosen."""
    read: Listed = orjson.loads(listing)
    files = [Playable(Rendition(**one), "") for one in read.pop("renditions")]
    if read["video"] and (other := picked(files, choice)):
        read["video"].update(_told(other.rendition, _MEASURES))
    named = [
        (read["video"], choice),
        (read["music"], Choice(kind=Kind.MUSIC)),
        *(
            (one, Choice(kind=Kind.IMAGE, number=number))
            for number, one in enumerate(read["images"], start=1)
        ),
    ]
    for one, which in named:
        if one:
            one["url"] = address(which, one.pop(_ENDS), "")
    for one in read["subtitles"]:
        which = Choice(kind=Kind.SUBTITLES, language=one["language"], source=one["source"])
        ends = one.pop(_ENDS)
        one.update({form: address(which, ends, form) for form in ("vtt", "srt")})
        one["source"] = one["source"] or None
    return read


def _first(files: list[File], names: Iterable[str]) -> Listed | None:
    return _listed(files[0], names) if files else None


def _listed(file: File, names: Iterable[str]) -> Listed:
    return {**_told(file, names), _ENDS: link_end(file.expires_at)}


def _told(one: object, names: Iterable[str]) -> Listed:
    return {name: getattr(one, name) for name in names}
