"""Questions about who makes posts, and where."""

from __future__ import annotations

from analysis.questions.question import Look, Picture, Question, Reach
from analysis.questions.windows import AUTHOR, POSTS_OF_WINDOW, days

MIX = Question(
    name="country-mix",
    asks="Where do posts and their views come from?",
    collection="country_daily",
    index="days",
    reach=Reach.WINDOW,
    parameters=(days(),),
    columns={
        "country": "Where the posts were uploaded; null where that is unknown.",
        "posts": "How many stored posts were made there in the window.",
        "views": "How many views the posts from there gained in it, whenever they were made.",
        "share_of_posts": "How many of all posts that is.",
        "share_of_views": "How many of all views.",
    },
    picture=Picture(
        look=Look.BARS, x="country", y="share_of_views", caption="of all views", is_share=True
    ),
    notes=("The country is that of the post, not of its viewers: TikTok does not tell theirs.",),
)
SHARES = Question(
    name="share-of-views",
    asks="Which share of all views do the largest users have?",
    collection="videos",
    index="newest",
    reach=Reach.WINDOW,
    parameters=(days(),),
    columns={
        "username": "The user.",
        "posts": "How many stored posts they made in the window.",
        "views": "How many views those have.",
        "share": "How many of the views of all posts of the window that is.",
        "share_so_far": "The same together with all users above.",
    },
    picture=Picture(look=Look.BARS, x="username", y="share", caption="of all views", is_share=True),
    notes=(POSTS_OF_WINDOW,),
)
POSTS = Question(
    name="posts-of-a-user",
    asks="Which posts bring a user's views?",
    collection="videos",
    index="username_pages",
    reach=Reach.ONE,
    parameters=(
        AUTHOR,
        days(),
    ),
    columns={
        "video_id": "The post.",
        "title": "Its title.",
        "created_at": "When it was made.",
        "views": "Its views.",
        "share": "How many of the views of all the user's stored posts of the window that is.",
        "share_so_far": "The same together with all posts above.",
    },
    picture=Picture(
        look=Look.BARS, x="title", y="share", caption="of the user's views", is_share=True
    ),
)
SIZES = Question(
    name="reach-by-account-size",
    asks="How many views and reactions do accounts of each size get?",
    collection="videos",
    index="newest",
    reach=Reach.WINDOW,
    parameters=(days(),),
    columns={
        "followers_from": "The least number of followers of the accounts of this row.",
        "posts": "How many posts they made.",
        "views": "How many views a post has on average.",
        "views_a_follower": "How many views for each follower, on average.",
        "rate": "Likes, comments and shares for each view, on average over posts.",
    },
    picture=Picture(
        look=Look.BARS,
        x="followers_from",
        y="views_a_follower",
        caption="views for each follower, by followers",
    ),
    notes=(POSTS_OF_WINDOW, "The followers are those of the author when the post was last seen."),
)
