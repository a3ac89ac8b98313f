"""What a photo post has in place of a video."""

from __future__ import annotations

from typing import Any

from tests.site.renditions import signature

Json = dict[str, Any]


def image_post_json(post_id: str, url: str) -> Json:
    """The ``imagePost`` object: three images, a cover and a title."""
    signed = signature()
    first, second, third, share = (
        _image(f"{url}/media/{post_id}/{name}.jpeg?{signed}") for name in ("1", "2", "3", "share")
    )
    return {
        "images": [first, second, third],
        "cover": first,
        "shareCover": share,
        "title": "Three of my favourites" if int(post_id) % 2 else "",
    }


def no_video_json(post_id: str, url: str) -> Json:
    """The ``video`` object of a photo post: no size, no length, no file."""
    return {
        "id": post_id,
        "height": 0,
        "width": 0,
        "duration": 0,
        "ratio": "",
        "cover": f"{url}/media/{post_id}/1.jpeg",
        "originCover": f"{url}/media/{post_id}/1.jpeg",
        "dynamicCover": "",
        "playAddr": "",
        "downloadAddr": "",
        "shareCover": [""],
        "reflowCover": "",
        "subtitleInfos": [],
    }


def _image(address: str) -> Json:
    return {
        "imageURL": {"urlList": [address, f"{address}&mirror=1"]},
        "imageWidth": 1080,
        "imageHeight": 1440,
    }
