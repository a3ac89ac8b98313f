"""Questions about how posts and accounts grow."""

from __future__ import annotations

from analysis.questions.question import Look, Parameter, Picture, Question, Reach
from analysis.questions.windows import AUTHOR, USER, days, least

POST = Question(
    name="growth-of-a-post",
    asks="How did a post grow?",
    collection="video_daily",
    index="history_of_video",
    reach=Reach.ONE,
    parameters=(
        Parameter(name="video_id", meaning="The post's id.", places=((0, "$match", "video_id"),)),
    ),
    columns={
        "day": "A day on which its counters were seen to have changed (UTC).",
        "views": "Its views at that day's end.",
        "views_gained": "How many more than on the row before; null unless both are exact.",
        "days": "Over how many days they came.",
        "likes": "Its likes at that day's end.",
        "comments": "Its comments.",
        "shares": "How often it was shared.",
        "exact": "Whether the counters are exact; else TikTok has rounded them.",
    },
    picture=Picture(look=Look.LINE, x="day", y="views", caption="views"),
    notes=("Every single observation is in `video_statistics`; this is one row a day.",),
)
CURVE = Question(
    name="curve-of-a-user",
    asks="How fast do a user's posts get their views?",
    collection="videos",
    index="username_pages",
    reach=Reach.ONE,
    parameters=(
        AUTHOR,
        days(),
    ),
    columns={
        "age": "Days after a post was made.",
        "posts": "How many of the user's newest 50 posts were seen at that age.",
        "views": "How many views those had then, on average.",
        "share": "How many of the views that each has now, on average.",
    },
    picture=Picture(
        look=Look.LINE, x="age", y="share", caption="of the views they have now", is_share=True
    ),
    notes=(
        "Not every post is seen at every age, so `views` can fall from one age to the next;"
        " `share` compares each post with itself.",
    ),
)
RISERS = Question(
    name="fastest-risers",
    asks="Which posts gained most views?",
    collection="video_daily",
    index="risers",
    reach=Reach.WINDOW,
    parameters=(
        days(),
        least("views_gained", "How many views a post must gain on a day for it to count.", 0),
    ),
    columns={
        "video_id": "The post.",
        "username": "Its author.",
        "title": "Its title.",
        "gained": "How many views it gained in the window.",
        "likes_gained": "How many likes.",
        "best_day": "The day on which most of the views came.",
    },
    picture=Picture(look=Look.BARS, x="title", y="gained", caption="views gained"),
    notes=(
        "Days with fewer views than the least are left out, which keeps the question quick: with"
        " 10,000 it reads one row in thirty.",
        "Views that came over several unseen days stand on the last of them.",
    ),
)
ACCOUNTS = Question(
    name="accounts-that-rise",
    asks="Which accounts grow fastest?",
    collection="user_daily",
    index="risers",
    reach=Reach.WINDOW,
    parameters=(
        days(),
        Parameter(
            name="least_followers",
            meaning="How many followers an account must have to be listed.",
            places=((2, "$match", "last.followers", "$gte"),),
        ),
    ),
    columns={
        "user_id": "The user.",
        "username": "Their handle.",
        "followers": "How many followed them when they were last seen to gain some.",
        "gained": "How many of those came in the window.",
        "grown_by": "By which part the account has grown.",
    },
    picture=Picture(
        look=Look.BARS, x="username", y="grown_by", caption="more followers", is_share=True
    ),
    notes=("Days on which an account lost followers are not subtracted.",),
)
FOLLOWERS = Question(
    name="followers-of-a-user",
    asks="How did a user's followers change?",
    collection="users",
    index="username",
    reach=Reach.ONE,
    parameters=(Parameter(name="username", meaning=USER, places=((0, "$match", "username"),)),),
    columns={
        "day": "A day on which the counters were seen to have changed (UTC).",
        "followers": "How many followed at that day's end.",
        "followers_gained": "How many more than on the row before; null unless both are exact.",
        "days": "Over how many days they came.",
        "likes": "How many likes all posts have received.",
        "videos": "How many posts the account says to have.",
        "exact": "Whether the counters are exact; else TikTok has rounded them.",
    },
    picture=Picture(look=Look.LINE, x="day", y="followers", caption="followers"),
    notes=("A name that was given up can be another user's: the one seen last counts.",),
)
