"""A second, plain reading of recorded posts, that shares nothing with the one under test.

It trusts what the recorded files have, so it can be short; every function answers with the same
flat fields.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crawler.items import Layout

Json = dict[str, Any]


def read(layout: Layout, item: Json) -> Json:
    fields = {Layout.AWEME: _aweme, Layout.NESTED: _nested}.get(layout, _web)(item)
    return {"title": _title(fields), **fields}


def _title(fields: Json) -> str | None:
    lines = [line.strip() for line in (fields["description"] or "").strip().split("\n")]
    return lines[0][:72].strip() or None


def _time(value: Any) -> str:
    return datetime.fromtimestamp(int(value), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(value: Any) -> int | None:
    return int(value) if value is not None and value != "" and int(value) >= 0 else None


def _known(value: Any) -> Any:
    return value or None


def _without_repeats(names: list[str]) -> list[str]:
    kept: list[str] = []
    for name in names:
        if name and name.lower() not in [one.lower() for one in kept]:
            kept.append(name)
    return kept


def _in_caption_order(extras: list[Json], key: str) -> list[str]:
    by_place = sorted(extras, key=_start)
    return _without_repeats([extra.get(key, "") for extra in by_place])


def _start(extra: Json) -> int:
    return int(extra.get("start") or extra.get("Start") or 0)


def _mentions(extras: list[Json], description: str, *, user: str, name: str = "") -> list[str]:
    handles = []
    for extra in sorted(extras, key=_start):
        if extra.get(user, "") in ("", "0"):
            continue
        start, end = _start(extra), int(extra.get("end") or extra.get("End") or 0)
        units = description.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le", "replace")
        handle = extra.get(name) or (units.strip()[1:] if units.strip()[:1] == "@" else "")
        if handle and handle not in handles and all(c.isalnum() or c in "._-" for c in handle):
            handles.append(handle)
    return handles


def _web(item: Json) -> Json:
    video, music, photo = item["video"], item.get("music", {}), item.get("imagePost")
    author: Any = item["author"]
    if isinstance(author, str):
        author = {
            "id": item["authorId"],
            "uniqueId": author,
            "secUid": item["authorSecId"],
            "nickname": item["nickname"],
            "avatarThumb": item["avatarThumb"],
        }
    author_stats: Json = item.get("authorStatsV2") or item.get("authorStats") or {}
    stats, exact = item["stats"], item.get("statsV2", {})
    count = {name: _number(exact.get(name, stats.get(name))) for name in COUNTERS}
    extras = item.get("textExtra") or [
        extra for part in item.get("contents", []) for extra in part.get("textExtra", [])
    ]
    challenges = [one["title"] for one in item.get("challenges", [])]
    hashtags = _without_repeats(_in_caption_order(extras, "hashtagName") + challenges)
    if not hashtags:
        words = item["desc"].replace("#", " #").split()
        hashtags = _without_repeats([word.strip("#),") for word in words if word[0] == "#"])
    pictures = [image["imageURL"]["urlList"][0] for image in (photo or {}).get("images", [])]
    chosen, size = _file(video)
    return {
        "id": item["id"],
        "type": "photo" if photo else "video",
        "description": item["desc"] if item["desc"].strip() else None,
        "user_id": author["id"],
        "username": author["uniqueId"],
        "sec_uid": author.get("secUid"),
        "nickname": author["nickname"],
        "verified": author.get("verified"),
        "avatar": author.get("avatarLarger", author.get("avatarThumb")),
        "followers": _number(author_stats.get("followerCount")),
        "views": count["playCount"],
        "likes": count["diggCount"],
        "comments": count["commentCount"],
        "shares": count["shareCount"],
        "saves": count["collectCount"],
        "exact": bool(exact),
        "music_id": _known(music.get("id")),
        "music_title": _known(music.get("title")),
        "music_author": _known(music.get("authorName")),
        "music_duration": _known(music.get("duration")),
        "music_url": _known(music.get("playUrl")),
        "hashtags": hashtags,
        "mentions": _mentions(extras, item["desc"], user="userId", name="userUniqueId"),
        "duration": _known(video["duration"]),
        "resolution": size,
        "thumbnail": _thumbnail(video, photo),
        "created_at": _time(item["createTime"]),
        "country": item.get("locationCreated"),
        "region": author.get("region"),
        "pictures": pictures,
        "media": chosen,
        "gears": [one["GearName"] for one in video.get("bitrateInfo", [])],
        "subtitles": sorted(one["LanguageCodeName"] for one in video.get("subtitleInfos", [])),
        "labels": item.get("diversificationLabels", []),
        "screen_texts": [
            text for one in item.get("stickersOnItem", []) for text in one["stickerText"]
        ],
        "playlist_id": _known(item.get("playlistId")),
        "ad": item.get("isAd"),
    }


COUNTERS = ("playCount", "diggCount", "commentCount", "shareCount", "collectCount")


def _thumbnail(video: Json, photo: Json | None) -> str:
    if photo:
        return str(photo["cover"]["imageURL"]["urlList"][0])
    return str(video.get("originCover") or video["cover"])


def _file(video: Json) -> tuple[str | None, str | None]:
    """The address of the file to play and the size of its picture."""
    best: tuple[int, int] = (-1, -1)
    chosen, size = None, (video.get("width"), video.get("height"))
    for one in video.get("bitrateInfo", []):
        file = one["PlayAddr"]
        width, height = file.get("Width", 0), file.get("Height", 0)
        rank = (min(width, height), one["Bitrate"])
        if one["CodecType"] == "h264" and rank > best:
            best, chosen = rank, file["UrlList"][0]
            size = (width, height) if width else size
    chosen = chosen or video.get("playAddr") or None
    return chosen, f"{size[0]}x{size[1]}" if size[0] else None


def _nested(item: Json) -> Json:
    info, author, music = item["itemInfos"], item["authorInfos"], item["musicInfos"]
    extras = [{key.lower(): value for key, value in one.items()} for one in item["textExtra"]]
    named = _in_caption_order(extras, "hashtagname")
    hashtags = _without_repeats(named + [one["challengeName"] for one in item["challengeInfoList"]])
    meta = info["video"]["videoMeta"]
    return {
        "id": info["id"],
        "type": "video",
        "description": _known(info["text"]),
        "user_id": author["userId"],
        "username": author["uniqueId"],
        "sec_uid": author["secUid"],
        "nickname": author["nickName"],
        "verified": author["verified"],
        "avatar": author["coversLarger"][0],
        "followers": item["authorStats"]["followerCount"],
        "views": info["playCount"],
        "likes": info["diggCount"],
        "comments": info["commentCount"],
        "shares": info["shareCount"],
        "saves": None,
        "exact": True,
        "music_id": music["musicId"],
        "music_title": music["musicName"],
        "music_author": _known(music["authorName"]),
        "music_duration": None,
        "music_url": next(iter(music["playUrl"]), None),
        "hashtags": hashtags,
        "mentions": _mentions(item["textExtra"], info["text"], user="UserId"),
        "duration": meta["duration"],
        "resolution": f"{meta['width']}x{meta['height']}",
        "thumbnail": info["coversOrigin"][0],
        "created_at": _time(info["createTime"]),
        "country": None,
        "region": None,
        "pictures": [],
        "media": info["video"]["urls"][0],
        "gears": [],
        "subtitles": [],
        "labels": [],
        "screen_texts": [],
        "playlist_id": None,
        "ad": None,
    }


def _aweme(item: Json) -> Json:
    author, music, video = item["author"], item["music"], item["video"]
    statistics = item["statistics"]
    best = max(video["bit_rate"], key=lambda one: int(one["bit_rate"]))
    return {
        "id": item["aweme_id"],
        "type": "video",
        "description": item["desc"],
        "user_id": author["uid"],
        "username": author["unique_id"],
        "sec_uid": author["sec_uid"],
        "nickname": author["nickname"],
        "verified": author["custom_verify"] == "Verified account",
        "avatar": author["avatar_larger"]["url_list"][0],
        "followers": author["follower_count"] or None,
        "views": statistics["play_count"],
        "likes": statistics["digg_count"],
        "comments": statistics["comment_count"],
        "shares": statistics["share_count"],
        "saves": None,
        "exact": True,
        "music_id": music["id_str"],
        "music_title": music["title"],
        "music_author": music["author"],
        "music_duration": music["duration"],
        "music_url": music["play_url"]["url_list"][0],
        "hashtags": _in_caption_order(item["text_extra"], "hashtag_name"),
        "mentions": _mentions(item["text_extra"], item["desc"], user="user_id"),
        "duration": video["duration"] // 1000,
        "resolution": f"{video['width']}x{video['height']}",
        "thumbnail": video["origin_cover"]["url_list"][0],
        "created_at": _time(item["create_time"]),
        "country": item["region"],
        "region": author["region"],
        "pictures": [],
        "media": best["play_addr"]["url_list"][0],
        "gears": [one["gear_name"] for one in video["bit_rate"]],
        "subtitles": [],
        "labels": [],
        "screen_texts": [],
        "playlist_id": None,
        "ad": item.get("is_ads"),
    }
