"""The pages of docs/analysis are what the questions answer on the sample, and how they do it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from analysis.questions.all import QUESTIONS
from analysis.questions.asking import explain
from analysis.questions.drawing import chart_of, digest_of
from analysis.questions.pages import FOLDER, PLAN, Answers, answers, pages
from analysis.sample.seeding import Seeding
from services import mongodb

if TYPE_CHECKING:
    from analysis.questions.question import Question

DATABASE = "sample"
LARGEST = 40_000


pytestmark = pytest.mark.drill


@dataclass(frozen=True, slots=True)
class Asked:
    answers: Answers
    plans: dict[str, str]
    """How MongoDB goes about each question on the sample."""
    plans_as_they_are: dict[str, str]
    """The same of the files as they are, whose windows end now."""


@pytest.fixture(scope="module")
def asked(mongodb_server: str) -> Asked:
    async def act() -> Asked:
        async with mongodb.connect(mongodb_server) as client:
            database = client.get_database(DATABASE)
            await client.drop_database(database)
            await Seeding(database, PLAN).write()
            found = await answers(database)
            plans, plans_as_they_are = [
                {one.name: str(await explain(database, one, now=now)) for one in QUESTIONS}
                for now in (PLAN.until, None)
            ]
            await client.drop_database(database)
        return Asked(found, plans, plans_as_they_are)

    return asyncio.run(act())


def test_the_pages_are_what_the_questions_make_of_them(asked: Asked) -> None:
    written = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    assert written == pages(asked.answers), "run .venv/bin/python -m analysis.questions"


@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: one.name)
def test_a_picture_shows_the_answer(one: Question, asked: Asked) -> None:
    picture = (FOLDER / "pictures" / f"{one.name}.png").read_bytes()
    assert digest_of(chart_of(one, asked.answers[one.name])).encode() in picture
    assert len(picture) < LARGEST


@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: one.name)
def test_no_question_reads_a_whole_collection(one: Question, asked: Asked) -> None:
    plan = asked.plans[one.name].partition("rejectedPlans")[0]
    assert re.findall(r"'indexName': '(\w+)'", plan) == [one.index]
    for each in (asked.plans, asked.plans_as_they_are):
        assert "COLLSCAN" not in each[one.name]
        assert "[MinKey, MaxKey]" not in each[one.name].partition("['")[0]


def test_a_sample_answers_every_question_with_more_than_one_row(asked: Asked) -> None:
    assert {name for name, rows in asked.answers.items() if len(rows) < 2} == set()
