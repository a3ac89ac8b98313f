"""Questions about when posts are made."""

from __future__ import annotations

from analysis.questions.question import Look, Parameter, Picture, Question, Reach
from analysis.questions.windows import AUTHOR, POSTS_OF_WINDOW, days

HOURS = Question(
    name="engagement-by-hour",
    asks="At which hour do posts get most reactions?",
    collection="videos",
    index="newest",
    reach=Reach.WINDOW,
    parameters=(
        days(),
        Parameter(
            name="timezone",
            meaning="Whose hours they are, such as America/Sao_Paulo.",
            places=((2, "$group", "_id", "$hour", "timezone"),),
        ),
    ),
    columns={
        "hour": "The hour in which the posts were made, 0 to 23.",
        "posts": "How many posts were made in it.",
        "views": "How many views they have together.",
        "rate": "Likes, comments and shares for each view.",
    },
    picture=Picture(
        look=Look.LINE, x="hour", y="rate", caption="reactions for each view", is_share=True
    ),
    notes=(POSTS_OF_WINDOW,),
)
CADENCE = Question(
    name="posting-cadence",
    asks="How often does a user post?",
    collection="videos",
    index="username_pages",
    reach=Reach.ONE,
    parameters=(
        AUTHOR,
        days(),
    ),
    columns={
        "week": "The Monday on which the week begins (UTC).",
        "posts": "How many stored posts were made in it.",
        "hours_apart": "How many hours they came after the one before, on average.",
        "views": "How many views they have on average.",
    },
    picture=Picture(look=Look.LINE, x="week", y="posts", caption="posts in a week"),
    notes=(
        "A week without a post has no row.",
        "It knows the posts that are stored: crawl the user's list before you ask.",
    ),
)
