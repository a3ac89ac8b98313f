"""The collections of schedules: validators and named indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import ASCENDING, DESCENDING, IndexModel

from crawler.jobs.schedules.schedule import Missed, RunKind, RunState, ScheduleState
from services import mongodb
from services.schemas import collection, count, listing, moment, one_of, part, text

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

SCHEDULES = "schedules"
SCHEDULE_TARGETS = "schedule_targets"
SCHEDULE_RUNS = "schedule_runs"

SCHEMAS = {
    SCHEDULES: collection(
        "A crawl that begins by itself.",
        ["owner", "state", "timezone", "missed", "options", "target_count", "revision", "next_at"],
        owner=text("The account whose it is; null for the operator's own.", nullable=True),
        name=text("What the owner calls it.", nullable=True),
        state=one_of(ScheduleState, "Whether it runs by itself."),
        cron=text("When it is due, as cron writes it; null with every_s.", nullable=True),
        timezone=text("The time zone of cron."),
        every_s=count(
            "Seconds from one run to the next; null with cron.", nullable=True, minimum=1
        ),
        begin_at=moment("When its timetable begins."),
        missed=one_of(Missed, "What becomes of runs that nobody could start in time."),
        grace_s=count("How many seconds late a run may begin and still count as on time."),
        options=part("What holds for all targets of its crawls."),
        target_count=count("How many targets each crawl has."),
        targets=text("Id of their list in `schedule_targets`."),
        revision=count("How often it was changed, from 1."),
        created_at=moment("When it was made."),
        next_at=moment("When it is due next; null while it is paused.", nullable=True),
        pending=part("The run that is being started.", nullable=True),
        last_crawl=text("The crawl of its last run.", nullable=True),
    ),
    SCHEDULE_TARGETS: collection(
        "The targets of a schedule, or of one that it had before.",
        ["targets"],
        targets=listing("For each its type, value and username."),
        expire_at=moment("When MongoDB deletes it; absent while a schedule has it."),
    ),
    SCHEDULE_RUNS: collection(
        "A run of a schedule; its id is made of the schedule and the time that it was due.",
        ["schedule", "due_at", "begun_at", "kind", "state", "targets"],
        schedule=text("The schedule."),
        due_at=moment("When it was due."),
        begun_at=moment("When a scheduler saw to it."),
        kind=one_of(RunKind, "Why it is there."),
        state=one_of(RunState, "What became of it."),
        reason=text("Why it was skipped.", nullable=True),
        crawl=text("Its crawl.", nullable=True),
        missed_since=moment("The first run that this one makes up for.", nullable=True),
        targets=text("Id of its list in `schedule_targets`."),
        expire_at=moment("When MongoDB deletes it."),
    ),
}
INDEXES = {
    SCHEDULES: [
        IndexModel(
            [("owner", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
            name="newest_of_owner",
        ),
        IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
        IndexModel([("next_at", ASCENDING)], name="due"),
        IndexModel(
            [("pending.taken_at", ASCENDING)],
            name="in_hand",
            partialFilterExpression={"pending.taken_at": {"$exists": True}},
        ),
    ],
    SCHEDULE_TARGETS: [IndexModel([("expire_at", ASCENDING)], name="expiry", expireAfterSeconds=0)],
    SCHEDULE_RUNS: [
        IndexModel(
            [("schedule", ASCENDING), ("due_at", DESCENDING), ("_id", DESCENDING)],
            name="newest_of_schedule",
        ),
        IndexModel([("expire_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
}


async def prepare(database: AsyncDatabase[Document]) -> None:
    """Make or update every collection; several processes may do this at once."""
    await mongodb.prepare(database, SCHEMAS, INDEXES)
