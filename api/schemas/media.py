"""The files of a post, as an extraction's ``media`` lists them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields


def _number(description: str) -> Any:
    return fields.Integer(allow_none=True, metadata={"description": description})


def _link(description: str) -> Any:
    return fields.Url(required=True, metadata={"description": description})


class VideoFile(Schema):
    """The video file that was chosen."""

    url = _link("The same link as `video_url`.")
    codec = fields.String(
        allow_none=True, metadata={"description": "`h264` or `h265`; null when not known."}
    )
    width = _number("Pixels.")
    height = _number("Pixels.")
    bitrate = _number("Bits a second.")
    size = _number("Bytes.")


class MusicFile(Schema):
    """The audio file of the music."""

    url = _link("A link to it, in a plain GET.")


class ImageFile(Schema):
    """A picture of a post of photos."""

    url = _link("A link to it, in a plain GET.")
    width = _number("Pixels.")
    height = _number("Pixels.")


class SubtitleFile(Schema):
    """Subtitles in one language from one source."""

    language = fields.String(
        required=True,
        metadata={"description": "TikTok's name of it, such as `eng-US`; `und` when not known."},
    )
    source = fields.String(
        allow_none=True,
        metadata={
            "description": "`LC`: the creator's own; `ASR`: recognised speech; `MT`: machine"
            " translation; null when not known."
        },
    )
    vtt = _link("A link to them as WebVTT.")
    srt = _link("A link to them as SRT.")


class Media(Schema):
    """All files of a post."""

    video = fields.Nested(VideoFile, allow_none=True, required=True)
    music = fields.Nested(MusicFile, allow_none=True, required=True)
    images = fields.List(fields.Nested(ImageFile), required=True)
    subtitles = fields.List(
        fields.Nested(SubtitleFile),
        required=True,
        metadata={"description": "Of a language the creator's own come first."},
    )
