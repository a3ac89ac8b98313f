"""How long questions take in a store that was filled for a year, each asked as its page says."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analysis.questions.all import QUESTIONS
from analysis.questions.asking import ask
from analysis.questions.question import Reach
from analysis.questions.windows import DAYS_AND_BEFORE
from bench.filled import PLAN, filled
from bench.rows.rankings import rankings
from bench.table import Row, at_most, bound, percentile
from pipelines.collections import STATISTICS, VIDEOS

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.questions.question import Question
    from bench.ground import Ground
    from services.mongodb import Document

SUBJECTS = 60
"""How many posts, users and hashtags are asked for one after the other."""
DAYS = 30
_DRAWN_DAYS = 40


async def measure(ground: Ground, rounds: int) -> list[Row]:
    """A row for each question and ranking, and one for the rows of statistics of a post."""
    async with filled(ground) as database:
        posts = await _subjects(database)
        of = f"of {PLAN.videos:,} posts in {PLAN.days} days"
        rows = [await _history(database, posts, rounds, of)]
        for one in QUESTIONS:
            if one.reach is Reach.ONE:
                rows.append(await _indexed(database, one, posts, rounds))
            else:
                rows.append(await _window(database, one, rounds))
        rows += await rankings(database, rounds)
    return rows


async def _history(
    database: AsyncDatabase[Document], posts: list[Document], rounds: int, of: str
) -> Row:
    async def read(post: Document) -> None:
        found = database[STATISTICS].find({"meta.video_id": post["_id"]}).sort("observed_at", 1)
        assert await found.to_list()

    times = []
    for number in range(rounds):
        taken = []
        for post in _some(posts, number):
            began = time.perf_counter()
            await read(post)
            taken.append(1000 * (time.perf_counter() - began))
        times.append(percentile(taken, 0.95))
    return bound(f"statistics of one post, {of}, p95", times, limit=at_most(20, " ms"))


async def _indexed(
    database: AsyncDatabase[Document], one: Question, posts: list[Document], rounds: int
) -> Row:
    times = []
    for number in range(rounds):
        taken = [await _took(database, one, _values(one, post)) for post in _some(posts, number)]
        assert any(rows for _, rows in taken), one.name
        times.append(1000 * percentile([took_s for took_s, _ in taken], 0.95))
    return bound(f"`{one.name}`, p95", times, limit=at_most(100, " ms"))


async def _window(database: AsyncDatabase[Document], one: Question, rounds: int) -> Row:
    values: dict[str, Any] = {}
    if DAYS_AND_BEFORE in one.parameters:
        values["days"] = DAYS // 2
    elif any(parameter.name == "days" for parameter in one.parameters):
        values["days"] = DAYS
    taken = []
    for _ in range(rounds):
        took_s, rows = await _took(database, one, values)
        assert rows, one.name
        taken.append(took_s)
    return bound(f"`{one.name}`, {DAYS} days", taken, limit=at_most(2, " s"))


async def _took(
    database: AsyncDatabase[Document], one: Question, values: dict[str, Any]
) -> tuple[float, int]:
    """The seconds of an answer and its rows."""
    began = time.perf_counter()
    rows = await ask(database, one, values, now=PLAN.until)
    return time.perf_counter() - began, len(rows)


async def _subjects(database: AsyncDatabase[Document]) -> list[Document]:
    """Posts of days of all the time, the same in each run, that bear a hashtag."""
    fields = {"author.username": 1, "hashtags": 1}
    drawn = random.Random(0)
    posts: list[Document] = []
    for _ in range(_DRAWN_DAYS):
        day = PLAN.since + timedelta(days=drawn.randrange(PLAN.days))
        of_day = {"created_at": {"$gte": day}, "hashtags.0": {"$exists": True}}
        posts += (
            await database[VIDEOS].find(of_day, fields).sort("created_at", 1).limit(50).to_list()
        )
    return posts


def _some(posts: list[Document], number: int) -> list[Document]:
    return random.Random(number).sample(posts, SUBJECTS)


def _values(one: Question, post: Document) -> dict[str, Any]:
    known = {
        "video_id": post["_id"],
        "username": post["author"]["username"],
        "hashtag": post["hashtags"][0].lower(),
        "days": DAYS,
    }
    return {each.name: known[each.name] for each in one.parameters if each.name in known}
