"""Endpoints of schedules: crawls that begin by themselves. They cost what their crawls deliver."""

from __future__ import annotations

from aiohttp import web

from api import crawl_examples
from api import schedule_examples as examples
from api.calls import DATA
from api.changing import respond
from api.documented import documented
from api.errors import (
    INVALID_PARAMETER,
    MISSING_PARAMETER,
    OF_BODIES,
    OF_KEYS,
    SCHEDULE_BUSY,
    SCHEDULE_NOT_FOUND,
    TOO_MANY_SCHEDULES,
)
from api.middlewares.gate import behind_gate
from api.owned import admit_free
from api.parts import ENVIRONMENT, SCHEDULES
from api.schedules import edit_of, read_targets_of, read_wish
from api.schemas.keys import PageRequest
from api.schemas.schedules import (
    RunAnswer,
    RunsAnswer,
    ScheduleAnswer,
    ScheduleDetailAnswer,
    ScheduleEdit,
    ScheduleRequest,
    SchedulesAnswer,
)
from api.webhooks import check_webhook, telling_why
from crawler.jobs.crawl import CrawlState
from crawler.jobs.schedules.schedule import LEAST_EVERY_S
from crawler.jobs.schedules.shapes import show_run, show_schedule
from crawler.jobs.shapes import asked_as
from settings.plans import PLANS

_TAG = "Schedules"
_PATH = "/api/v1/schedules"
_ONE = (SCHEDULE_NOT_FOUND, *OF_KEYS)


@documented(
    tag=_TAG,
    summary="Make a schedule",
    body=ScheduleRequest,
    body_example=examples.REQUEST,
    files_taken={"text/csv": crawl_examples.CSV, "multipart/form-data": examples.FORM},
    answers={201: (ScheduleAnswer, "The schedule", examples.SCHEDULE)},
    answer_headers={"Location": "Where it is shown."},
    problems=(MISSING_PARAMETER, *OF_BODIES, TOO_MANY_SCHEDULES, *OF_KEYS),
)
async def create_schedule(request: web.Request) -> web.Response:
    """Have a crawl begin by itself, by `cron` in a time zone or each so many seconds.

    What is due while the crawl of the run before goes on is skipped. A minute is the shortest time
    between two runs. Targets may be sent as a CSV file, as those of a crawl.
    """
    asked = request[DATA]
    wish = await read_wish(asked)
    admission = await admit_free(request)
    await check_webhook(request, wish.options.webhook)
    async with telling_why():
        schedule = await request.app[SCHEDULES].create(
            wish,
            owner=admission.account_id,
            at_most=PLANS[admission.plan].schedules,
            least_s=LEAST_EVERY_S,
        )
    response = respond(show_schedule(schedule), status=201)
    address = request.app[ENVIRONMENT].public_address
    response.headers["Location"] = f"{address}{_PATH}/{schedule.id}"
    return response


@documented(
    tag=_TAG,
    summary="List the schedules",
    query=PageRequest,
    answers={200: (SchedulesAnswer, "The schedules", examples.SCHEDULES)},
    problems=(INVALID_PARAMETER, *OF_KEYS),
)
async def list_schedules(request: web.Request) -> web.Response:
    """The account's schedules, newest first."""
    owner = (await admit_free(request)).account_id
    async with telling_why():
        page = await request.app[SCHEDULES].page(owner=owner, **request[DATA])
    shown = [show_schedule(one) for one in page.items]
    return respond({"schedules": shown, "next_cursor": page.cursor})


@documented(
    tag=_TAG,
    summary="Show a schedule",
    answers={200: (ScheduleDetailAnswer, "The schedule", examples.DETAIL)},
    problems=(INVALID_PARAMETER, *_ONE),
)
async def show_one(request: web.Request) -> web.Response:
    """A schedule, its next five times and its targets."""
    owner, schedules = (await admit_free(request)).account_id, request.app[SCHEDULES]
    async with telling_why():
        schedule = await schedules.get(request.match_info["id"], owner=owner)
        targets = await schedules.targets(schedule)
    return respond({**show_schedule(schedule), "targets": [asked_as(one) for one in targets]})


@documented(
    tag=_TAG,
    summary="Change a schedule",
    body=ScheduleEdit(partial=True),
    body_example=examples.EDIT,
    answers={200: (ScheduleAnswer, "The schedule", examples.SCHEDULE)},
    problems=(MISSING_PARAMETER, *OF_BODIES, SCHEDULE_BUSY, *_ONE),
)
async def edit_schedule(request: web.Request) -> web.Response:
    """Change what is named of a schedule; another time holds from now on.

    A crawl that runs goes on as it is.
    """
    asked = request[DATA]
    targets = await read_targets_of(asked)
    owner = (await admit_free(request)).account_id
    await check_webhook(request, asked.get("webhook"))
    async with telling_why():
        schedule = await request.app[SCHEDULES].edit(
            request.match_info["id"],
            lambda old: edit_of(old, asked, targets),
            owner=owner,
            least_s=LEAST_EVERY_S,
        )
    return respond(show_schedule(schedule))


@documented(
    tag=_TAG,
    summary="Pause a schedule",
    answers={200: (ScheduleAnswer, "The schedule", examples.PAUSED)},
    problems=(INVALID_PARAMETER, *_ONE),
)
async def pause_schedule(request: web.Request) -> web.Response:
    """Let nothing of a schedule begin by itself; a crawl that runs goes on."""
    owner = (await admit_free(request)).account_id
    async with telling_why():
        schedule = await request.app[SCHEDULES].pause(request.match_info["id"], owner=owner)
    return respond(show_schedule(schedule))


@documented(
    tag=_TAG,
    summary="Resume a schedule",
    answers={200: (ScheduleAnswer, "The schedule", examples.SCHEDULE)},
    problems=(INVALID_PARAMETER, SCHEDULE_BUSY, *_ONE),
)
async def resume_schedule(request: web.Request) -> web.Response:
    """Let a schedule run by itself again; what was due meanwhile is not made up for."""
    owner = (await admit_free(request)).account_id
    async with telling_why():
        schedule = await request.app[SCHEDULES].resume(request.match_info["id"], owner=owner)
    return respond(show_schedule(schedule))


@documented(
    tag=_TAG,
    summary="Run a schedule now",
    answers={202: (RunAnswer, "The run", examples.ASKED)},
    answer_headers={"Location": "Where its crawl can be watched."},
    problems=(INVALID_PARAMETER, SCHEDULE_BUSY, *_ONE),
)
async def run_schedule(request: web.Request) -> web.Response:
    """Begin a crawl of a schedule now, paused or not; when it is due next stays as it is."""
    owner = (await admit_free(request)).account_id
    async with telling_why():
        run = await request.app[SCHEDULES].run(request.match_info["id"], owner=owner)
    response = respond(show_run(run, CrawlState.QUEUED), status=202)
    address = request.app[ENVIRONMENT].public_address
    response.headers["Location"] = f"{address}/api/v1/crawls/{run.crawl}"
    return response


@documented(
    tag=_TAG,
    summary="List a schedule's runs",
    query=PageRequest,
    answers={200: (RunsAnswer, "The runs", examples.RUNS)},
    problems=(INVALID_PARAMETER, *_ONE),
)
async def list_runs(request: web.Request) -> web.Response:
    """What became of each time at which a schedule was due, newest first; kept for 90 days."""
    owner, schedules = (await admit_free(request)).account_id, request.app[SCHEDULES]
    async with telling_why():
        schedule = await schedules.get(request.match_info["id"], owner=owner)
        page = await schedules.runs(schedule.id, **request[DATA])
        states = await schedules.crawl_states(page.items)
    shown = [show_run(one, states.get(one.crawl or "")) for one in page.items]
    return respond({"runs": shown, "next_cursor": page.cursor})


@documented(
    tag=_TAG,
    summary="Delete a schedule",
    answers={200: (ScheduleAnswer, "The schedule as it was", examples.SCHEDULE)},
    problems=(INVALID_PARAMETER, *_ONE),
)
async def delete_schedule(request: web.Request) -> web.Response:
    """Delete a schedule; a crawl that runs goes on, and its crawls stay."""
    owner = (await admit_free(request)).account_id
    async with telling_why():
        schedule = await request.app[SCHEDULES].remove(request.match_info["id"], owner=owner)
    return respond(show_schedule(schedule))


_THIS = _PATH + "/{id}"
ROUTES = [
    web.post(_PATH, behind_gate(create_schedule)),
    web.get(_PATH, behind_gate(list_schedules), allow_head=False),
    web.get(_THIS, behind_gate(show_one), allow_head=False),
    web.patch(_THIS, behind_gate(edit_schedule)),
    web.delete(_THIS, behind_gate(delete_schedule)),
    web.post(f"{_THIS}/pause", behind_gate(pause_schedule)),
    web.post(f"{_THIS}/resume", behind_gate(resume_schedule)),
    web.post(f"{_THIS}/run", behind_gate(run_schedule)),
    web.get(f"{_THIS}/runs", behind_gate(list_runs), allow_head=False),
]
