"""Under which names the archive keeps a post's files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines.files import Kind

if TYPE_CHECKING:
    from pipelines.documents.video import Kept, Video
    from pipelines.files import File

_LONGEST = 64
_ENDINGS = {Kind.VIDEO: "mp4", Kind.MUSIC: "mp3", Kind.IMAGE: "jpeg", Kind.SUBTITLES: "vtt"}


def name_of(file: File) -> str:
    """A file's name within its post; another encoding of the video is another file."""
    choice = file.choice
    match choice.kind:
        case Kind.VIDEO:
            size = f"{file.width}x{file.height}" if file.width and file.height else None
            parts = [file.codec, size, file.bitrate and str(file.bitrate // 1000)]
        case Kind.IMAGE:
            parts = [str(choice.number)]
        case Kind.SUBTITLES:
            parts = [choice.language, choice.source]
        case _:
            parts = []
    return "-".join(_plain(part) for part in (choice.kind.value, *parts) if part)


def path_of(video_id: str, file: File) -> str:
    """Where a file is below the archive, such as ``7106594312292453675/image-1.jpeg``."""
    is_json = file.format == "creator_caption"
    return f"{video_id}/{name_of(file)}.{'json' if is_json else _ENDINGS[file.choice.kind]}"


def kept_of(video: Video, file: File) -> Kept | None:
    """What the archive holds of a file; None when it has not got it."""
    name = name_of(file)
    return next((kept for kept in video.archive if kept.file == name), None)


def _plain(part: str) -> str:
    """Letters, digits and little else: no part of a path comes from TikTok as it is."""
    return re.sub(r"[^A-Za-z0-9-]", "_", part)[:_LONGEST]
