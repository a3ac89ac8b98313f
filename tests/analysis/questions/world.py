"""A few posts whose numbers can be added up in the head: what questions answer on them is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.collections import MUSIC, STATISTICS, USER_STATISTICS, USERS, VIDEOS
from pipelines.documents.mongo import to_mongo, to_plain
from pipelines.documents.music import Music
from pipelines.documents.stored import StoredUser, UserMeta, UserRow, VideoMeta, VideoRow
from pipelines.documents.video import Author, Statistics, Video
from pipelines.documents.video import Music as MusicOfPost

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

NOW = datetime(2026, 7, 1, tzinfo=UTC)
FOLLOWERS = {"ann": 500, "bob": 50_000, "cem": 2_000_000}
IDS = {"ann": "1", "bob": "2", "cem": "3"}


def at(day: int, hour: int = 12) -> datetime:
    """A moment of June 2026; a day below 1 is in May."""
    return datetime(2026, 6, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def a_post(
    number: int,
    who: str,
    made: datetime,
    views: int | None,
    reactions: tuple[int, int, int] = (0, 0, 0),
    *,
    tags: tuple[str, ...] = (),
    music: str | None = None,
    gone: tuple[datetime, str] | None = None,
    text: str | None = None,
    **more: Any,
) -> Document:
    """A post of somebody with its views, likes, comments and shares."""
    likes, comments, shares = reactions
    document = to_mongo(
        Video(
            id=str(number),
            type="video",
            url="",
            title=text or f"post {number}",
            description=text or f"post {number}",
            author=Author(id=IDS[who], username=who, follower_count=FOLLOWERS[who]),
            statistics=Statistics(
                views=views, likes=likes, comments=comments, shares=shares, exact=True
            ),
            music=MusicOfPost(id=music),
            hashtags=list(tags),
            created_at=made,
            observed_at=NOW,
            **more,
        )
    )
    return document | ({"gone_at": gone[0], "gone_reason": gone[1]} if gone else {})


def a_row(
    number: int, who: str, seen: datetime, views: int, likes: int = 0, *, exact: bool = True
) -> Document:
    """A row of statistics; a tenth of the likes are comments, a tenth shares."""
    meta = VideoMeta(video_id=str(number), user_id=IDS[who])
    tenth = likes // 10
    counters = {"views": views, "likes": likes, "comments": tenth, "shares": tenth}
    return to_plain(VideoRow(observed_at=seen, meta=meta, exact=exact, **counters))


def a_look(who: str, seen: datetime, followers: int) -> Document:
    """A row of a user's statistics."""
    meta = UserMeta(user_id=IDS[who])
    return to_plain(UserRow(observed_at=seen, meta=meta, followers=followers, exact=True))


POSTS = [
    a_post(
        1, "ann", at(10, 8), 1000, (100, 10, 10),
        tags=("dance", "Music"), music="71", country="US", language="en", duration=9,
    ),
    a_post(
        2, "ann", at(12, 8), 3000, (150, 0, 0),
        tags=("dance", "fyp"), music="71", country="US", language="en", duration=20,
        gone=(at(22), "video_deleted"),
    ),
    a_post(
        3, "bob", at(20, 20), 60_000, (6000, 600, 600),
        tags=("Dance", "music", "dance"), music="72", country="BR", language="pt", duration=20,
        duet_of="1",
    ),
    a_post(
        4, "cem", at(26, 20), 100_000, (5000, 500, 500),
        tags=("music", "night"), music="72", country="US", language="en", duration=90,
        text="again", stitch_of="1",
    ),
    a_post(
        5, "bob", at(28, 20), 40_000, (400, 40, 40),
        tags=("night",), music="72", country="BR", language="pt", duration=90,
        text="again", duet_of="99", gone=(at(29), "video_private"),
    ),
    a_post(6, "bob", at(29, 9), None, tags=("night", "music"), music="72", duration=None),
    # Before every window of thirty days:
    a_post(
        7, "bob", at(-40, 9), 10_000, (1000, 0, 0),
        tags=("dance", "old"), music="71", country="BR", language="pt", duration=5,
        gone=(at(-3), "video_deleted"),
    ),
]  # fmt: skip
ROWS = [
    a_row(1, "ann", at(10, 10), 400, 40),
    a_row(1, "ann", at(12, 10), 900, 90),
    a_row(1, "ann", at(20, 10), 1000, 100, exact=False),
    a_row(2, "ann", at(12, 12), 1000, 50),
    a_row(2, "ann", at(14, 12), 3000, 150),
    a_row(3, "bob", at(20, 22), 20_000, 2000),
    a_row(3, "bob", at(25, 12), 60_000, 6000),
    a_row(4, "cem", at(26, 22), 100_000, 5000),
    a_row(5, "bob", at(28, 22), 40_000, 400),
    a_row(7, "bob", at(-40, 12), 4000, 400),
    a_row(7, "bob", at(5, 12), 10_000, 1000),
]
LOOKS = [
    a_look("ann", at(2), 400),
    a_look("ann", at(20), 500),
    a_look("bob", at(3), 40_000),
    a_look("bob", at(9), 50_000),
    a_look("bob", at(12), 49_000),
    a_look("cem", at(-10), 1_000_000),
    a_look("cem", at(-5), 2_000_000),
]


async def fill(database: AsyncDatabase[Document]) -> None:
    """Write all of it."""
    await database[VIDEOS].insert_many([dict(one) for one in POSTS])
    await database[STATISTICS].insert_many([dict(one) for one in ROWS])
    await database[USER_STATISTICS].insert_many([dict(one) for one in LOOKS])
    await database[USERS].insert_many(
        to_mongo(StoredUser(id=IDS[name], username=name, observed_at=NOW)) for name in IDS
    )
    await database[MUSIC].insert_one(
        to_mongo(Music(id="72", title="Night Bus", author="Lumen", observed_at=NOW))
    )
