"""Questions about sounds."""

from __future__ import annotations

from analysis.questions.question import Look, Picture, Question, Reach
from analysis.questions.windows import DAYS_AND_BEFORE, least

TAKING_OFF = Question(
    name="music-taking-off",
    asks="Which sounds are taking off?",
    collection="music_daily",
    index="made",
    reach=Reach.WINDOW,
    parameters=(
        DAYS_AND_BEFORE,
        least("posts", "How many new posts a sound must have to be listed.", 3),
    ),
    columns={
        "music_id": "The sound.",
        "title": "Its title.",
        "author": "Its author as TikTok writes it.",
        "posts": "How many stored posts with it were made in the last days.",
        "posts_before": "How many in as many days before.",
        "times": "How many times as many; for a new sound the number of its posts.",
    },
    picture=Picture(look=Look.BARS, x="title", y="times", caption="times as many posts"),
    notes=(
        "Only stored posts count: how many use a sound on all of TikTok is in `music`, as"
        " `statistics.videos`.",
    ),
)
