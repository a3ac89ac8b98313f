"""The record of TikTok's application: snake_case, lengths in milliseconds."""

from __future__ import annotations

from typing import Any

from pipelines.values import as_dict, dicts, first_url, to_int

_NO_SIZE = 720


def to_item(aweme: dict[str, Any]) -> dict[str, Any]:
    """The same post as an ``itemStruct``."""
    status = as_dict(aweme.get("status"))
    control = as_dict(aweme.get("video_control"))
    return {
        "id": aweme.get("aweme_id"),
        "desc": aweme.get("desc"),
        "createTime": aweme.get("create_time"),
        "author": to_author(as_dict(aweme.get("author"))),
        "authorStats": author_statistics(as_dict(aweme.get("author"))),
        "statsV2": _statistics(as_dict(aweme.get("statistics"))),
        "music": to_music(as_dict(aweme.get("music"))),
        "challenges": [
            {"id": challenge.get("cid"), "title": challenge.get("cha_name")}
            for challenge in dicts(aweme.get("cha_list"))
        ],
        "textExtra": [
            {camel(key): value for key, value in extra.items()}
            for extra in dicts(aweme.get("text_extra"))
        ],
        "video": _video(as_dict(aweme.get("video"))),
        "imagePost": _images(as_dict(aweme.get("image_post_info"))),
        "locationCreated": aweme.get("region"),
        "textLanguage": aweme.get("desc_language"),
        "privateItem": bool(status.get("is_private")),
        "isAd": aweme.get("is_ads"),
        "duetEnabled": control.get("allow_duet"),
        "stitchEnabled": control.get("allow_stitch"),
        "shareEnabled": status.get("allow_share"),
        "isPinnedItem": aweme.get("is_top"),
    }


def camel(key: str) -> str:
    """A key as today's pages write it."""
    head, *rest = key.split("_")
    return head + "".join(part.capitalize() for part in rest)


def to_author(author: dict[str, Any]) -> dict[str, Any]:
    """A user as today's pages write one."""
    return {
        "id": author.get("uid"),
        "uniqueId": author.get("unique_id"),
        "secUid": author.get("sec_uid"),
        "nickname": author.get("nickname"),
        "signature": author.get("signature"),
        "verified": _is_verified(author),
        "avatarLarger": first_url(author.get("avatar_larger")),
        "avatarMedium": first_url(author.get("avatar_medium")),
        "avatarThumb": first_url(author.get("avatar_thumb")),
        "region": author.get("region"),
        "privateAccount": author.get("secret"),
    }


def _is_verified(author: dict[str, Any]) -> bool | None:
    if "custom_verify" in author or "enterprise_verify_reason" in author:
        return bool(author.get("custom_verify") or author.get("enterprise_verify_reason"))
    return None


def author_statistics(author: dict[str, Any]) -> dict[str, Any]:
    """Lists of the application fill the author's counters with zeros that mean unknown."""
    counters = {
        "followerCount": author.get("follower_count"),
        "followingCount": author.get("following_count"),
        "heartCount": author.get("total_favorited"),
        "videoCount": author.get("aweme_count"),
        "diggCount": author.get("favoriting_count"),
    }
    return {key: value for key, value in counters.items() if value}


def _statistics(statistics: dict[str, Any]) -> dict[str, Any]:
    return {
        "playCount": statistics.get("play_count"),
        "diggCount": statistics.get("digg_count"),
        "commentCount": statistics.get("comment_count"),
        "shareCount": statistics.get("share_count"),
        "collectCount": statistics.get("collect_count"),
        "repostCount": statistics.get("repost_count"),
    }


def to_music(music: dict[str, Any]) -> dict[str, Any]:
    """A sound as today's pages write one."""
    return {
        "id": music.get("id_str") or music.get("mid"),
        "title": music.get("title"),
        "authorName": music.get("author"),
        "album": music.get("album"),
        "duration": music.get("duration"),
        "original": music.get("is_original_sound"),
        "is_commerce_music": music.get("is_commerce_music"),
        "playUrl": first_url(music.get("play_url")),
        "coverLarge": first_url(music.get("cover_large")),
        "coverMedium": first_url(music.get("cover_medium")),
        "coverThumb": first_url(music.get("cover_thumb")),
    }


def _video(video: dict[str, Any]) -> dict[str, Any]:
    milliseconds = to_int(video.get("duration"))
    return {
        "id": as_dict(video.get("play_addr")).get("uri"),
        "width": video.get("width"),
        "height": video.get("height"),
        "duration": milliseconds // 1000 if milliseconds is not None else None,
        "playAddr": first_url(video.get("play_addr")),
        "downloadAddr": first_url(video.get("download_addr")),
        "cover": first_url(video.get("cover")),
        "originCover": first_url(video.get("origin_cover")),
        "dynamicCover": first_url(video.get("dynamic_cover")),
        "codecType": "h265_hvc1" if video.get("is_h265") or video.get("is_bytevc1") else "h264",
        "bitrateInfo": [_rendition(one) for one in dicts(video.get("bit_rate"))],
    }


def _rendition(rendition: dict[str, Any]) -> dict[str, Any]:
    address = as_dict(rendition.get("play_addr"))
    is_h265 = rendition.get("is_h265") or rendition.get("is_bytevc1")
    return {
        "GearName": rendition.get("gear_name"),
        "QualityType": rendition.get("quality_type"),
        "Bitrate": rendition.get("bit_rate"),
        "CodecType": "h265_hvc1" if is_h265 else "h264",
        "PlayAddr": {
            "UrlList": address.get("url_list"),
            "UrlKey": address.get("url_key"),
            "DataSize": address.get("data_size"),
            **_size(address),
        },
    }


def _size(address: dict[str, Any]) -> dict[str, Any]:
    """Every address can say 720 x 720, covers and sounds too: that is nobody's size."""
    width, height = address.get("width"), address.get("height")
    return {} if width == height == _NO_SIZE else {"Width": width, "Height": height}


def _images(post: dict[str, Any]) -> dict[str, Any] | None:
    images = [
        {
            "imageURL": {"urlList": as_dict(image.get("display_image")).get("url_list")},
            "imageWidth": as_dict(image.get("display_image")).get("width"),
            "imageHeight": as_dict(image.get("display_image")).get("height"),
        }
        for image in dicts(post.get("images"))
    ]
    return {"images": images, "title": post.get("title")} if images else None
