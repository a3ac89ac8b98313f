from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from crawler.jobs.collections import CRAWL_JOBS
from crawler.jobs.schedules.collections import SCHEDULES
from services.mongodb import DATABASE, Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    from tests.cli.conftest import Command, JsonCommand

pytestmark = pytest.mark.usefixtures("on_servers")


@pytest.fixture
def stored(mongodb_uri: str) -> Iterator[Database[Document]]:
    with MongoClient[Document](mongodb_uri) as client:
        yield client[DATABASE]


DAILY = ("--cron", "30 6 * * *", "--timezone", "Europe/Berlin")


def test_a_schedule_is_added_listed_shown_and_removed(
    command: Command, json_command: JsonCommand
) -> None:
    made = json_command(
        *("schedule", "add", "user", "@Mara", "zoe", *DAILY, "--name", "shoes"),
        *("--missed", "skip", "--grace", "1h", "--limit", "5", "--since", "2026-01-02"),
        *("--within", "10m", "--only-new", "--max-age", "1d", "--label", "a", "--label", "b"),
    )
    runs = made.pop("next_runs")
    assert len(runs) == 5
    assert all(one.endswith(":30:00Z") for one in runs)
    assert made == {
        "id": made["id"],
        "name": "shoes",
        "owner": None,
        "state": "active",
        "cron": "30 6 * * *",
        "timezone": "Europe/Berlin",
        "every": None,
        "missed": "skip",
        "grace": 3600,
        "target_count": 2,
        "limit": 5,
        "since": "2026-01-02T00:00:00Z",
        "until": None,
        "within_s": 600,
        "only_new": True,
        "max_age": 86400,
        "labels": ["a", "b"],
        "webhook": None,
        "last_crawl": None,
        "created_at": made["created_at"],
    }
    every = json_command("schedule", "add", "hashtag", "cooking", "--every", "90s")
    assert [one["id"] for one in json_command("schedule", "list")] == [every["id"], made["id"]]
    shown = json_command("schedule", "show", made["id"])
    assert shown["targets"] == [
        {"type": "user", "value": "mara"},
        {"type": "user", "value": "zoe"},
    ]
    assert json_command("schedule", "remove", made["id"]) == {"id": made["id"], "removed": True}
    assert [one["id"] for one in json_command("schedule", "list")] == [every["id"]]


def test_people_see_times_with_their_distance_from_utc(
    command: Command, json_command: JsonCommand
) -> None:
    made = json_command("schedule", "add", "user", "mara", "--cron", "30 6 1 7 *", *DAILY[2:])
    for asked in (("list",), ("show", made["id"])):
        assert "-07-01 06:30:00+02:00" in command("schedule", *asked).stdout
    assert "user mara" in command("schedule", "show", made["id"]).stdout
    assert command("schedule", "next", made["id"]).stdout.count("-07-01 06:30:00+02:00") == 5


def test_as_many_of_the_next_runs_are_listed_as_are_wanted(json_command: JsonCommand) -> None:
    made = json_command("schedule", "add", "user", "mara", *DAILY)
    listed = json_command("schedule", "next", made["id"], "--count", "7")
    assert listed[:5] == made["next_runs"]
    assert len(listed) == 7
    json_command("schedule", "pause", made["id"])
    assert json_command("schedule", "next", made["id"]) == []


def test_targets_of_many_types_come_from_a_file(json_command: JsonCommand, tmp_path: Path) -> None:
    file = tmp_path / "targets.csv"
    file.write_text("type,value\nuser,@mara\nsearch,red shoes\n")
    made = json_command("schedule", "add", "--file", str(file), "--every", "1d")
    targets = json_command("schedule", "show", made["id"])["targets"]
    assert [one["type"] for one in targets] == ["user", "search"]


def test_a_schedule_is_run_at_once_and_the_run_is_in_its_history(
    command: Command, json_command: JsonCommand, stored: Database[Document]
) -> None:
    made = json_command("schedule", "add", "user", "mara", "--every", "1h")
    run = json_command("schedule", "run", made["id"])
    assert (run["kind"], run["state"], run["crawl_state"]) == ("asked", "started", "queued")
    crawl = stored[CRAWL_JOBS].find_one({"_id": run["crawl"]})
    assert crawl is not None
    assert (crawl["owner"], crawl["schedule"]) == (None, made["id"])
    again = command("schedule", "run", made["id"])
    assert again.exit_code == 1
    assert run["crawl"] in again.stderr
    assert json_command("schedule", "history", made["id"]) == [run]
    shown = command("schedule", "history", made["id"]).stdout
    assert run["crawl"] in shown
    assert "+00:00" in shown


def test_a_schedule_is_paused_and_resumed(json_command: JsonCommand) -> None:
    made = json_command("schedule", "add", "user", "mara", "--every", "1h")
    paused = json_command("schedule", "pause", made["id"])
    assert (paused["state"], paused["next_runs"]) == ("paused", [])
    resumed = json_command("schedule", "resume", made["id"])
    assert (resumed["state"], resumed["next_runs"]) == ("active", made["next_runs"])


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["user", "mara"], 2, "--cron or with --every"),
        (["user", "mara", *DAILY, "--every", "1h"], 2, "--cron or with --every"),
        (["user", "mara", "--cron", "often"], 1, "--cron must be five fields"),
        (["user", "mara", "--cron", "@daily", "--timezone", "Berlin"], 1, "--timezone must be"),
        (["user", "mara", "--every", "0"], 1, "--every must be a number of seconds from 1 to"),
        (["user", "no name", *DAILY], 2, "target 1: expected a username"),
        (["people", "mara", *DAILY], 2, "the type must be one of"),
        (["user", *DAILY], 2, "there are no targets"),
        ([*DAILY], 2, "name a TYPE"),
        (["user", "mara", *DAILY, "--since", "2026-02-01", "--until", "2026-01-01"], 2, "--until"),
        (["user", "mara", *DAILY, "--webhook", "http://127.0.0.1/x"], 1, "webhook"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    command: Command, asked: list[str], code: int, said: str
) -> None:
    result = command("schedule", "add", *asked)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", ["show", "next", "pause", "resume", "remove", "run", "history"])
def test_a_schedule_that_is_not_there_is_told_of(command: Command, name: str) -> None:
    result = command("schedule", name, "sched_none")
    assert result.exit_code == 1
    assert "there is no schedule sched_none" in result.stderr


def test_schedules_of_accounts_are_seen_too(
    command: Command, json_command: JsonCommand, stored: Database[Document]
) -> None:
    made = json_command("schedule", "add", "user", "mara", "--every", "1h")
    stored[SCHEDULES].update_one({"_id": made["id"]}, {"$set": {"owner": "acc_1"}})
    assert json_command("schedule", "list")[0]["owner"] == "acc_1"
    assert "acc_1" in command("schedule", "list").stdout
