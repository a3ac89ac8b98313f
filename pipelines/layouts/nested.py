"""The layout of 2020: a post in four siblings, ``itemInfos`` and what belongs to it."""

from __future__ import annotations

from typing import Any

from pipelines.values import as_dict, as_list, dicts


def to_item(nested: dict[str, Any]) -> dict[str, Any]:
    """The same post as an ``itemStruct``."""
    info = as_dict(nested.get("itemInfos"))
    meta = as_dict(as_dict(info.get("video")).get("videoMeta"))
    return {
        "id": info.get("id"),
        "desc": info.get("text"),
        "createTime": info.get("createTime"),
        "author": _author(as_dict(nested.get("authorInfos")), info),
        "authorStats": nested.get("authorStats"),
        "statsV2": {key: info.get(key) for key in _COUNTERS},
        "music": _music(as_dict(nested.get("musicInfos"))),
        "challenges": [
            {"id": challenge.get("challengeId"), "title": challenge.get("challengeName")}
            for challenge in dicts(nested.get("challengeInfoList"))
        ],
        "textExtra": [
            {key[:1].lower() + key[1:]: value for key, value in extra.items() if key}
            for extra in dicts(nested.get("textExtra"))
        ],
        "duetInfo": {"duetFromId": nested.get("duetInfo")},
        "video": {
            "width": meta.get("width"),
            "height": meta.get("height"),
            "duration": meta.get("duration"),
            "playAddr": _first(as_dict(info.get("video")).get("urls")),
            "cover": _first(info.get("covers")),
            "originCover": _first(info.get("coversOrigin")),
            "dynamicCover": _first(info.get("coversDynamic")),
        },
        "secret": info.get("secret"),
        "forFriend": info.get("forFriend"),
        "officalItem": info.get("isOfficial"),
        "originalItem": info.get("isOriginal"),
        "itemCommentStatus": info.get("commentStatus"),
    }


_COUNTERS = ("playCount", "diggCount", "commentCount", "shareCount", "collectCount", "repostCount")


def _author(author: dict[str, Any], info: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": author.get("userId") or info.get("authorId"),
        "uniqueId": author.get("uniqueId"),
        "secUid": author.get("secUid"),
        "nickname": author.get("nickName"),
        "signature": author.get("signature"),
        "verified": author.get("verified"),
        "privateAccount": author.get("isSecret"),
        "avatarLarger": _first(author.get("coversLarger")),
        "avatarMedium": _first(author.get("coversMedium")),
        "avatarThumb": _first(author.get("covers")),
    }


def _music(music: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": music.get("musicId"),
        "title": music.get("musicName"),
        "authorName": music.get("authorName"),
        "original": music.get("original"),
        "playUrl": _first(music.get("playUrl")),
        "coverLarge": _first(music.get("coversLarger")),
        "coverMedium": _first(music.get("coversMedium")),
        "coverThumb": _first(music.get("covers")),
    }


def _first(values: object) -> object:
    found = as_list(values)
    return found[0] if found else None
