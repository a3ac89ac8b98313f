"""Questions about hashtags."""

from __future__ import annotations

from analysis.questions.question import Look, Parameter, Picture, Question, Reach
from analysis.questions.windows import DAYS_AND_BEFORE, POSTS_OF_WINDOW, days, least

_LOWER = "Capitals and small letters are the same hashtag."

ENGAGEMENT = Question(
    name="engagement-by-hashtag",
    asks="With which hashtags do viewers react most?",
    collection="hashtag_daily",
    index="days",
    reach=Reach.WINDOW,
    parameters=(
        days(),
        least("views", "How many views a hashtag must have gained to be listed.", 2),
    ),
    columns={
        "hashtag": "The hashtag in lower case.",
        "posts": "How many stored posts with it were made in the window.",
        "views": "How many views all posts with it gained in the window, whenever they were made.",
        "rate": "Likes, comments and shares that they gained, for each view.",
    },
    picture=Picture(
        look=Look.BARS, x="hashtag", y="rate", caption="reactions for each view", is_share=True
    ),
    notes=("It reads the roll-up of hashtags, which counts growth between exact counters alone.",),
)
RISING = Question(
    name="hashtags-that-rise",
    asks="Which hashtags are used more than the week before?",
    collection="hashtag_daily",
    index="days",
    reach=Reach.WINDOW,
    parameters=(
        DAYS_AND_BEFORE,
        least("posts", "How many new posts a hashtag must have to be listed.", 3),
    ),
    columns={
        "hashtag": "The hashtag in lower case.",
        "posts": "How many stored posts with it were made in the last days.",
        "posts_before": "How many in as many days before.",
        "times": "How many times as many; for a new hashtag the number of its posts.",
        "views": "How many views all posts with it gained in the last days.",
    },
    picture=Picture(look=Look.BARS, x="hashtag", y="times", caption="times as many posts"),
    notes=(
        "A crawl that looked at more lists in the later week finds more posts of all hashtags:"
        " compare with the median, not with 1.",
    ),
)
TOGETHER = Question(
    name="hashtags-together",
    asks="Which hashtags stand beside a given one?",
    collection="videos",
    index="hashtag_newest",
    reach=Reach.ONE,
    parameters=(
        Parameter(
            name="hashtag",
            meaning="The hashtag as posts write it.",
            places=((0, "$match", "hashtags"),),
        ),
        days(),
    ),
    columns={
        "hashtag": "The other hashtag in lower case.",
        "posts": "How many posts bear both.",
        "share": "How many of the posts with the given one that is.",
        "views": "How many views those posts have on average.",
    },
    picture=Picture(
        look=Look.BARS, x="hashtag", y="share", caption="of its posts bear both", is_share=True
    ),
    notes=(
        "Of a hashtag that stands everywhere the newest 2,000 posts of the window are read.",
        "The given hashtag is found as it is written: for Dance and dance ask"
        ' `{"$in": ["dance", "Dance"]}`. ' + _LOWER.replace("are", "of the others are"),
    ),
)
PAIRS = Question(
    name="hashtag-pairs",
    asks="Which hashtags are used together most?",
    collection="videos",
    index="newest",
    reach=Reach.WINDOW,
    parameters=(days(),),
    columns={
        "first": "One hashtag in lower case.",
        "second": "The other one.",
        "posts": "How many posts bear both.",
    },
    picture=Picture(look=Look.BARS, x="first+second", y="posts", caption="posts with both"),
    notes=(
        POSTS_OF_WINDOW.partition(",")[0] + ".",
        "Hashtags that stand everywhere, such as fyp, are left out; their list is in the file.",
    ),
)
COUNTRIES = Question(
    name="countries-of-a-hashtag",
    asks="Where do the views of a hashtag come from?",
    collection="hashtag_daily",
    index="history_of_hashtag",
    reach=Reach.ONE,
    parameters=(
        Parameter(
            name="hashtag",
            meaning="The hashtag in lower case.",
            places=((0, "$match", "hashtag"),),
        ),
        days(),
    ),
    columns={
        "country": "Where the posts were uploaded; null where that is unknown.",
        "posts": "How many stored posts were made there in the window.",
        "views": "How many views the posts from there gained in the window.",
        "share_of_views": "How many of all its views that is.",
    },
    picture=Picture(
        look=Look.BARS, x="country", y="share_of_views", caption="of its views", is_share=True
    ),
    notes=("The country is that of the post, not of its viewers: TikTok does not tell theirs.",),
)
