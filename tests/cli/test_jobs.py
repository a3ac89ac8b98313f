from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from accounts import collections as of_accounts
from crawler.errors import Reason
from crawler.items import Kind
from crawler.jobs.collections import CRAWL_JOBS, prepare
from crawler.jobs.crawl import CrawlOptions
from crawler.jobs.records import Job, Outcome
from crawler.jobs.webhooks import collections as of_webhooks
from tests.crawler.jobs.conducting import Stage, stored, videos

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from tests.cli.conftest import Command, JsonCommand

pytestmark = pytest.mark.usefixtures("on_servers")
GONE = videos(1)[0].value


def gone_first(job: Job) -> Outcome:
    if job.target.value == GONE:
        return Outcome(key=job.target.key, reason=Reason.VIDEO_DELETED, upstream_message="removed")
    return stored(job)


@pytest.fixture
async def stage(database: AsyncDatabase[Document], redis_client: Redis) -> Stage:
    for each in (of_accounts.prepare, prepare, of_webhooks.prepare):
        await each(database)
    return await Stage.set(database, redis_client)


@pytest.fixture
async def ended(stage: Stage) -> str:
    """An account's crawl of three posts of which one is gone."""
    options = CrawlOptions(labels=("shoes",))
    crawl = await stage.crawls.create(videos(3), options, owner=None)
    await stage.run(crawl, gone_first)
    await stage.database[CRAWL_JOBS].update_one({"_id": crawl.id}, {"$set": {"owner": "acc_1"}})
    return crawl.id


@pytest.fixture
async def waiting(stage: Stage) -> str:
    """The operator's crawl of which nothing has begun."""
    return (await stage.crawls.create(videos(2), owner=None)).id


def test_crawls_of_all_are_listed_newest_first(
    command: Command, json_command: JsonCommand, ended: str, waiting: str
) -> None:
    newest, oldest = json_command("jobs", "list")
    assert (newest["id"], newest["owner"], newest["state"]) == (waiting, None, "queued")
    assert (oldest["id"], oldest["owner"], oldest["state"]) == (ended, "acc_1", "partial")
    for asked in (["--owner", "acc_1"], ["--label", "shoes"], ["--state", "partial"]):
        assert [one["id"] for one in json_command("jobs", "list", *asked)] == [ended]
    assert json_command("jobs", "list", "--schedule", "sched_1") == []
    shown = command("jobs", "list").stdout
    assert "operator" in shown
    assert waiting in shown


def test_a_crawl_is_shown_with_the_outcome_of_each_target(
    command: Command, json_command: JsonCommand, ended: str
) -> None:
    shown = json_command("jobs", "show", ended)
    assert shown["verdicts"] == {"stored": 2, "video_deleted": 1}
    assert [one["state"] for one in shown["targets"]] == ["failed", "succeeded", "succeeded"]
    assert shown["targets"][0]["reason"] == "video_deleted"
    of_people = command("jobs", "show", ended).stdout
    assert "stored 2, video_deleted 1" in of_people
    assert "removed" in of_people


def test_targets_are_shown_as_far_as_they_are_wanted(
    command: Command, json_command: JsonCommand, ended: str
) -> None:
    failed = json_command("jobs", "show", ended, "--state", "failed")
    assert [one["value"] for one in failed["targets"]] == [GONE]
    first = command("jobs", "show", ended, "--limit", "2")
    assert "the first 2 targets" in first.stderr
    assert json_command("jobs", "show", ended, "--limit", "0")["targets"] == []


async def test_coverage_and_falls_are_shown_in_percent(
    stage: Stage, command: Command, json_command: JsonCommand, ended: str
) -> None:
    fall = {"field": "music.url", "was": 0.9, "is": 0.25}
    coverage = {"description": 1.0, "music.url": 0.25}
    await stage.database[CRAWL_JOBS].update_one(
        {"_id": ended}, {"$set": {"falls": [fall], "coverage": coverage}}
    )
    text = (await asyncio.to_thread(command, "jobs", "show", ended)).stdout
    assert "description 100%, music.url 25%" in text
    assert "music.url from 90% to 25%" in text
    assert (await asyncio.to_thread(json_command, "jobs", "show", ended))["falls"] == [fall]


async def test_failed_targets_are_crawled_again(stage: Stage, command: Command, ended: str) -> None:
    await stage.database[CRAWL_JOBS].update_one({"_id": ended}, {"$set": {"owner": None}})
    said = await asyncio.to_thread(command, "jobs", "retry", ended)
    assert said.stdout == f"{ended} goes on: 1 targets are crawled again\n"

    again = await stage.run(await stage.crawls.get(ended))

    assert (again.state.value, again.attempts) == ("succeeded", 2)
    items = (await stage.crawls.items(again)).items
    assert [item.kind for item in items] == [Kind.VIDEO] * 3


async def test_a_crawl_is_cancelled(stage: Stage, command: Command, waiting: str) -> None:
    said = await asyncio.to_thread(command, "jobs", "cancel", waiting)
    assert said.stdout == f"{waiting} is being cancelled\n"
    await stage.turn(3)
    assert (await stage.crawls.get(waiting)).state.value == "cancelled"


@pytest.mark.parametrize("name", ["show", "retry", "cancel"])
def test_a_crawl_that_is_not_there_is_told_of(command: Command, name: str) -> None:
    result = command("jobs", name, "crl_none")
    assert result.exit_code == 1
    assert result.stderr == "Error: there is no crawl crl_none\n"


def test_what_its_state_does_not_allow_is_said(command: Command, ended: str, waiting: str) -> None:
    for asked, said in (
        (("cancel", ended), "is partial: nothing is to be cancelled"),
        (("retry", waiting), "is queued: it can be retried at its end"),
    ):
        result = command("jobs", *asked)
        assert result.exit_code == 1
        assert said in result.stderr
