from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import zstandard

from crawler.items import Layout, RawComment, RawMusic
from crawler.jobs.erasures.erasures import Erasures
from pipelines.documents.comment import Comment, CommentAuthor
from pipelines.documents.music import Music
from pipelines.documents.user import User
from pipelines.documents.video import Mention
from pipelines.entities import Entity
from pipelines.erased import is_of_erased, unnamed, without_erased
from pipelines.raw_items import raw_update
from tests.pipelines.entities import USER_ID, a_hashtag, a_user
from tests.pipelines.posts import START, a_post

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from pipelines.posts import Post
    from services.mongodb import Document

NAME, VIDEO = "ada.bakes", "7300000000000000009"


@pytest.fixture
async def erasures(database: AsyncDatabase[Document]) -> Erasures:
    erasures = Erasures(database, lambda: b"a key")
    await erasures.add(user_ids=[USER_ID], usernames=[NAME], video_ids=[VIDEO])
    await erasures.refresh()
    return erasures


def a_comment(*, video_id: str = "7", author: str = "5", text: str = "") -> Entity:
    fields = {"layout": Layout.LIST, "observed_at": START, "spider": "jobs"}
    raw = RawComment(data={}, **fields)  # type: ignore[arg-type]
    document = Comment(
        id="1",
        video_id=video_id,
        author=CommentAuthor(id=author),
        text=text,
        mentions=[Mention(user_id=USER_ID, username=NAME)] if text else [],
        observed_at=START,
    )
    return Entity(raw=raw, document=document)


def a_sound(author_id: str) -> Entity:
    raw = RawMusic(layout=Layout.DESKTOP, data={}, observed_at=START, spider="jobs")
    return Entity(raw=raw, document=Music(id="68", author_id=author_id, observed_at=START))


def by(user_id: str | None, username: str | None) -> Post:
    post = a_post()
    post.video.author.id, post.video.author.username = user_id, username
    return post


async def test_what_is_theirs_is_told_from_what_is_not(erasures: Erasures) -> None:
    theirs: list[Post | Entity] = [
        by(USER_ID, "renamed"),
        by(None, "Ada.Bakes"),
        a_post(VIDEO),
        a_user(),
        a_comment(author=USER_ID),
        a_comment(video_id=VIDEO),
        a_sound(USER_ID),
    ]
    assert [is_of_erased(one, erasures) for one in theirs] == [True] * len(theirs)
    others: list[Post | Entity] = [
        by("1", "ada"),
        a_comment(text="hello @ada.bakes"),
        a_sound("1"),
        a_hashtag(),
    ]
    assert [is_of_erased(one, erasures) for one in others] == [False] * len(others)


async def test_others_do_not_name_them_any_more(erasures: Erasures) -> None:
    post = a_post(title="with @Ada.Bakes")
    post.video.description = "with @Ada.Bakes and @ada.bakes2, says @ada.bakes."
    other = Mention(user_id="2", username="ada.bakes2")
    post.video.mentions = [Mention(user_id=USER_ID, username=NAME), other]
    post.video.duet_of, post.video.stitch_of = VIDEO, "7"
    without_erased(post, erasures)

    assert post.video.description == "with @… and @ada.bakes2, says @…."
    assert post.video.title == "with @…"
    assert post.video.mentions == [other]
    assert [post.video.duet_of, post.video.stitch_of] == [None, "7"]

    comment = a_comment(text="hello @ada.bakes")
    without_erased(comment, erasures)
    assert isinstance(comment.document, Comment)
    assert (comment.document.text, comment.document.mentions) == ("hello @…", [])
    assert [one.raw.is_kept for one in (post, comment)] == [False, False]
    assert unnamed(None, NAME) is None

    told = a_post(title="by @ada.bakes")  # with no mention of TikTok's own
    without_erased(told, erasures)
    assert (told.video.title, told.raw.is_kept) == ("by @…", False)
    bystander = a_user("1")
    assert isinstance(bystander.document, User)
    bystander.document.signature = "friend of @bob. and @ada"
    without_erased(bystander, erasures)
    assert (bystander.document.signature, bystander.raw.is_kept) == (
        "friend of @bob. and @ada",
        True,
    )
    kept = raw_update(post.raw, post.id, ttl=timedelta(days=1))["u"]["data"]
    assert zstandard.decompress(kept) == b"{}"
