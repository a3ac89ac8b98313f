"""From a raw comment to its document; never raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.links import created_at_from_id
from pipelines.captions import mentions_of
from pipelines.documents.comment import Comment, CommentAuthor
from pipelines.layouts.aweme import camel
from pipelines.layouts.people import to_user
from pipelines.normalizing.author import AVATARS
from pipelines.normalizing.origin import origin_of
from pipelines.normalizing.place import language_of
from pipelines.values import as_dict, dicts, first_url, to_bool, to_id, to_int, to_text, to_time

if TYPE_CHECKING:
    from crawler.items import RawComment
    from pipelines.documents.video import Mention

_PICTURES = ("origin_url", "crop_url", "display_url")


def normalize_comment(raw: RawComment) -> Comment:
    """The document of a raw comment or reply; whatever it lacks or mangles is null."""
    data = raw.data
    text = to_text(data.get("text"))
    comment = Comment(
        id=to_id(data.get("cid")) or "",
        video_id=to_id(data.get("aweme_id")) or raw.video_id,
        parent_id=to_id(data.get("reply_id")) or raw.parent_id,
        reply_to_id=to_id(data.get("reply_to_reply_id")),
        author=_author(as_dict(data.get("user"))),
        text=text,
        language=language_of(data.get("comment_language")),
        likes=to_int(data.get("digg_count")),
        pinned=to_bool(data.get("author_pin")),
        liked_by_author=to_bool(data.get("is_author_digged")),
        mentions=_mentions(data, text),
        images=_images(data),
        **origin_of(raw),
    )
    if comment.parent_id is None:
        comment.reply_count = to_int(data.get("reply_comment_total"))
    _add_time(comment, data)
    return comment


def _author(data: dict[str, Any]) -> CommentAuthor:
    user, _ = to_user(data)
    return CommentAuthor(
        id=to_id(user.get("id")),
        sec_uid=to_id(user.get("secUid")),
        username=to_text(user.get("uniqueId")),
        nickname=to_text(user.get("nickname")),
        verified=to_bool(user.get("verified")),
        avatar=first_url(*(user.get(name) for name in AVATARS)),
    )


def _mentions(data: dict[str, Any], text: str | None) -> list[Mention]:
    extras = [
        {camel(key): value for key, value in extra.items() if isinstance(key, str)}
        for extra in dicts(data.get("text_extra"))
    ]
    return mentions_of({"textExtra": extras}, text)


def _images(data: dict[str, Any]) -> list[str]:
    pictures = dicts(data.get("image_list"))
    found = (first_url(*(picture.get(name) for name in _PICTURES), picture) for picture in pictures)
    return [address for address in found if address]


def _add_time(comment: Comment, data: dict[str, Any]) -> None:
    comment.created_at = to_time(data.get("create_time"))
    comment.created_at_source = "page" if comment.created_at else None
    if comment.created_at is None:
        comment.created_at = created_at_from_id(comment.id, now=comment.observed_at)
        comment.created_at_source = "id" if comment.created_at else None
