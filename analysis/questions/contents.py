"""Questions about what posts are: their length, copies and answers, and those that are gone."""

from __future__ import annotations

from analysis.questions.question import Look, Picture, Question, Reach
from analysis.questions.windows import POSTS_OF_WINDOW, days

_FOUND = (
    "When it was deleted nobody tells: `gone_at` is when a crawl asked for it in vain. Posts that"
    " no crawl asks for again are not found."
)

LENGTHS = Question(
    name="length-and-reaction",
    asks="Do viewers react more to short videos?",
    collection="videos",
    index="newest",
    reach=Reach.WINDOW,
    parameters=(days(),),
    columns={
        "seconds_from": "The least length of this row's videos.",
        "posts": "How many there are.",
        "views": "How many views one has on average.",
        "rate": "Likes, comments and shares for each view, on average over posts.",
    },
    picture=Picture(
        look=Look.BARS,
        x="seconds_from",
        y="rate",
        caption="reactions for each view, by seconds",
        is_share=True,
    ),
    notes=(POSTS_OF_WINDOW,),
)
DUPLICATES = Question(
    name="duplicates",
    asks="Which posts did others post again?",
    collection="videos",
    index="newest",
    reach=Reach.WINDOW,
    parameters=(days(),),
    columns={
        "description": "The caption that all of them have.",
        "posts": "How many posts have the same caption, sound and length.",
        "users": "How many users made them; those who only repeat themselves are left out.",
        "first_video_id": "The oldest of them in the window.",
        "first_username": "Its author.",
        "views": "How many views all have together.",
    },
    picture=Picture(look=Look.BARS, x="description", y="users", caption="users"),
    notes=(
        POSTS_OF_WINDOW.partition(",")[0] + ".",
        "Reposts by TikTok's own button are no posts: how many there are of a post is in its"
        " `statistics.reposts`, where TikTok tells it.",
    ),
)
ANSWERED = Question(
    name="answered-posts",
    asks="Which posts are answered by duets and stitches?",
    collection="videos",
    index="newest",
    reach=Reach.WINDOW,
    parameters=(days(),),
    columns={
        "video_id": "The post that is answered.",
        "username": "Its author; null where it is not stored.",
        "title": "Its title.",
        "answers": "How many stored posts of the window answer it.",
        "duets": "How many of them are duets.",
        "stitches": "How many are stitches.",
        "views": "How many views the answers have.",
    },
    picture=Picture(look=Look.BARS, x="title", y="answers", caption="answers"),
    notes=(POSTS_OF_WINDOW.partition(",")[0] + ".",),
)
GONE = Question(
    name="gone-since",
    asks="Which posts have been deleted lately?",
    collection="videos",
    index="gone",
    reach=Reach.ONE,
    parameters=(days(),),
    columns={
        "video_id": "The post.",
        "username": "Its author.",
        "gone_at": "When a crawl first found it gone.",
        "reason": "Why, in the words of answers: `video_deleted`, `video_private`, ….",
        "days_up": "How many days after it was made that was.",
        "views": "Its views when it was last seen.",
    },
    picture=Picture(look=Look.BARS, x="username", y="views", caption="views when last seen"),
    notes=(
        _FOUND,
        "The newest 50 are shown; take the limit away for all. Posts made private count too.",
    ),
)
REASONS = Question(
    name="reasons-to-go",
    asks="Why do posts go, and how long were they up?",
    collection="videos",
    index="gone",
    reach=Reach.WINDOW,
    parameters=(days(),),
    columns={
        "reason": "Why, in the words of answers.",
        "posts": "How many posts went for it.",
        "users": "How many users made them.",
        "days_up": "How many days they were up, on average.",
        "views": "How many views they had together.",
    },
    picture=Picture(look=Look.BARS, x="reason", y="posts", caption="posts"),
    notes=(_FOUND,),
)
