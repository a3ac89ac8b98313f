from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from analysis.questions.all import QUESTIONS
from services.mongodb import Document
from tests.analysis.questions.world import NOW, POSTS

if TYPE_CHECKING:
    from tests.cli.conftest import Command, JsonCommand

ASK = ("ask", "posts-of-a-user", "--param", "username=bob", "--now", f"{NOW:%Y-%m-%d}")


@pytest.fixture
def posts(on_servers: None, mongodb_server: str) -> None:
    with MongoClient[Document](mongodb_server) as client:
        client.get_default_database().videos.insert_many([dict(one) for one in POSTS])


@pytest.mark.usefixtures("posts")
def test_an_answer_is_a_table_csv_or_json(command: Command, json_command: JsonCommand) -> None:
    rows = json_command(*ASK)
    assert [row["video_id"] for row in rows] == ["3", "5", "7"]
    assert rows[0]["created_at"] == "2026-06-20T20:00:00Z"
    assert "post 3" in command(*ASK).stdout

    table = list(csv.DictReader(io.StringIO(command(*ASK, "--csv").stdout)))
    assert [(row["video_id"], row["share"]) for row in table] == [
        ("3", "0.5455"),
        ("5", "0.3636"),
        ("7", "0.0909"),
    ]


@pytest.mark.usefixtures("posts")
def test_a_window_ends_when_one_says(json_command: JsonCommand) -> None:
    window = ("ask", "share-of-views", "--param", "days=3")
    rows = json_command(*window, "--now", f"{NOW:%Y-%m-%d}")
    assert [(row["username"], row["views"]) for row in rows] == [("bob", 40_000)]


def test_without_a_name_the_questions_are_listed(
    command: Command, json_command: JsonCommand
) -> None:
    assert [one["name"] for one in json_command("ask")] == [one.name for one in QUESTIONS]
    assert "How did a post grow?" in command("ask").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "error: there is no question 'nothing': `manage.py ask` lists them"),
        (("country-mix", "--param", "days=x"), "error: days of country-mix is a number, not 'x'"),
        (("country-mix", "--param", "x=1"), "error: country-mix has no parameter x; it has days"),
        (("country-mix", "--param", "days"), "Error: --param is NAME=VALUE, not 'days'"),
        (("country-mix", "--csv", "--json"), "Error: --csv and --json exclude each other"),
    ],
)
def test_what_cannot_be_asked_is_said(
    arguments: tuple[str, ...], said: str, command: Command
) -> None:
    result = command("ask", *arguments)
    assert result.exit_code in {1, 2}
    assert said in result.stderr
