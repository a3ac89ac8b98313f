"""Two shapes that are older than ``itemStruct``: nested records of 2020, and the app's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.site import pages
from tests.site.captions import hashtag_id
from tests.site.people import person

if TYPE_CHECKING:
    from tests.site.posts import Post


def nested(one: Post, url: str) -> bytes:
    """The page of 2020: ``videoData`` with one record for the post and one for each part of it."""
    who = person(one.username)
    media = f"{url}/media/{one.id}"
    data = {
        "itemInfos": {
            "id": one.id,
            "text": one.caption.text,
            "createTime": str(one.created_at),
            "authorId": who.user_id,
            "musicId": one.song.id,
            "covers": [f"{media}/cover.jpeg"],
            "coversOrigin": [f"{media}/origin.jpeg"],
            "coversDynamic": [f"{media}/dynamic.webp"],
            "playCount": one.views,
            "diggCount": one.likes,
            "commentCount": one.comments,
            "shareCount": one.shares,
            "isOfficial": False,
            "secret": False,
            "video": {
                "urls": [f"{media}/normal_540_0.mp4"],
                "videoMeta": {
                    "width": 576,
                    "height": 1024,
                    "ratio": 14,
                    "duration": one.duration_s,
                },
            },
        },
        "authorInfos": {
            "userId": who.user_id,
            "uniqueId": who.username,
            "nickName": who.nickname,
            "secUid": who.sec_uid,
            "verified": who.verified,
            "signature": "",
            "covers": [f"{url}/media/avatar/{who.user_id}/100x100.jpeg"],
        },
        "authorStats": {"followerCount": who.follower_count, "heartCount": str(who.likes_received)},
        "musicInfos": {
            "musicId": one.song.id,
            "musicName": one.song.title,
            "authorName": one.song.author,
            "original": one.song.original,
            "playUrl": [f"{url}/media/music/{one.song.id}/sound.mp3"],
            "covers": [],
        },
        "challengeInfoList": [
            {"challengeId": hashtag_id(name), "challengeName": name, "text": "", "covers": []}
            for name in one.caption.hashtags
        ],
        "duetInfo": "0",
        "textExtra": [],
    }
    state = {"props": {"pageProps": {"statusCode": 0, "videoData": data}}}
    return pages.script_page("__NEXT_DATA__", pages.encode(state))


def aweme(one: Post, url: str) -> bytes:
    """A desktop page that holds the app's record: snake_case, milliseconds."""
    who = person(one.username)
    address = {"uri": one.id, "url_list": [f"{url}/media/{one.id}/normal_540_0.mp4"]}
    cover = {"uri": one.id, "url_list": [f"{url}/media/{one.id}/cover.jpeg"]}
    sizes = {"width": 576, "height": 1024}
    item = {
        "aweme_id": one.id,
        "desc": one.caption.text,
        "create_time": one.created_at,
        "author": {
            "uid": who.user_id,
            "unique_id": who.username,
            "nickname": who.nickname,
            "sec_uid": who.sec_uid,
            "follower_count": who.follower_count,
        },
        "statistics": {
            "aweme_id": one.id,
            "play_count": one.views,
            "digg_count": one.likes,
            "comment_count": one.comments,
            "share_count": one.shares,
        },
        "video": {
            "play_addr": address | sizes,
            "cover": cover | sizes,
            "duration": one.duration_s * 1000,
            "ratio": "540p",
            **sizes,
        },
        "music": {"id_str": one.song.id, "title": one.song.title, "author": one.song.author},
        "text_extra": [
            {"type": 1, "hashtag_name": name, "hashtag_id": hashtag_id(name)}
            for name in one.caption.hashtags
        ],
        "region": one.country,
    }
    scope = {"itemInfo": {"itemStruct": item}, "statusCode": 0, "statusMsg": ""}
    return pages.page(one.path, {"webapp.video-detail": scope})
