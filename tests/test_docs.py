"""The pages for readers, held to the code: nothing is missing, no link is dead, queries run."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from analysis.dictionary import dictionary
from api import connections, errors
from api.errors import Problem
from api.metrics import Metrics
from api.scrape import Reading
from crawler.errors import Reason
from crawler.jobs.workers import Told
from pipelines.collections import DOCUMENTS, ROWS, prepare
from pipelines.documents.nulls import NullReason
from pipelines.normalize import normalize_video
from pipelines.posts import Post
from pipelines.snapshots import SnapshotsPipeline
from pipelines.store import StorePipeline
from settings.env import Environment
from settings.plans import PLANS
from tests.pipelines.cases import read_case

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

PROJECT = Path(__file__).parent.parent
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
CLIENT, OPERATOR, ANALYST = (
    (PROJECT / "docs" / f"{reader}.md").read_text() for reader in ("client", "operator", "analyst")
)
PACKAGES = ("settings", "services", "accounts", "crawler", "pipelines", "analysis", "api", "cli")
PROBLEMS = [
    problem
    for module in (errors, connections)
    for problem in vars(module).values()
    if isinstance(problem, Problem)
]
POST_ID = "7106594312292453675"
GROWTH = 40


def rows_of(page: str) -> list[list[str]]:
    """The cells of every table of a page."""
    lines = (line for line in page.splitlines() if line.startswith("| "))
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def row_of(page: str, *cells: str) -> list[str]:
    """The one row of a page that begins with these cells."""
    (row,) = (row for row in rows_of(page) if row[: len(cells)] == list(cells))
    return row


def written(default: object) -> str:
    """A default as the operator would write it."""
    if default is None or default == ():
        return "–"
    if isinstance(default, bool):
        text = str(default).lower()
    elif isinstance(default, tuple):
        text = ",".join(str(part) for part in default)
    else:
        text = str(default)
    return f"`{text}`"


@pytest.mark.parametrize("name", Environment.model_fields)
def test_a_setting_has_a_row_with_its_default(name: str) -> None:
    row = row_of(OPERATOR, f"`{name.upper()}`")
    assert row[1] == written(Environment.model_fields[name].default)
    assert row[2]


def test_no_setting_is_listed_that_is_not_read() -> None:
    listed = [row[0] for row in rows_of(OPERATOR) if re.fullmatch(r"`[A-Z0-9_]{4,}`", row[0])]
    assert sorted(listed) == sorted(f"`{name.upper()}`" for name in Environment.model_fields)


def test_settings_listed_without_effect_are_used_nowhere() -> None:
    idle = OPERATOR.partition("no effect in this version")[2].partition("\n## ")[0]
    names = [row[0].strip("`").lower() for row in rows_of(idle) if row[0] != "variable"]
    assert names
    use = re.compile(rf"environment\.({'|'.join(names)})\b")
    sources = [path for package in PACKAGES for path in (PROJECT / package).rglob("*.py")]
    assert [use.findall(path.read_text()) for path in sources if use.search(path.read_text())] == []


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_has_a_row_with_its_status(reason: Reason) -> None:
    row = row_of(CLIENT, f"`{reason.value}`")
    assert row[1:3] == [str(reason.policy.status), "yes" if reason.policy.retryable else "no"]
    assert row[3]


@pytest.mark.parametrize("reason", NullReason)
def test_a_reason_of_a_null_has_a_row(reason: NullReason) -> None:
    assert row_of(CLIENT, f"`{reason.value}`")[1]


@pytest.mark.parametrize("reason", Reason)
def test_the_tries_of_a_reason_are_listed(reason: Reason) -> None:
    page = (PROJECT / "docs" / "decisions" / "0005-tries-on-the-queue.md").read_text()
    named = [row[1] for row in rows_of(page) if f"`{reason.value}`" in row[0]]
    rest = [row[1] for row in rows_of(page) if row[0].startswith("all others")]
    assert (named or rest) == [str(reason.policy.tries)]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.error)
def test_an_error_has_a_row_with_its_further_keys(problem: Problem) -> None:
    row = row_of(CLIENT, str(problem.status), f"`{problem.error}`")
    assert set(problem.example) <= set(re.findall(r"`(\w+)`", row[3]))


def test_the_metrics_are_listed_as_they_are() -> None:
    counted = dict.fromkeys(["tiktok/verdict/served", "tiktok/new/thing"], 1)
    reading = Reading(mongodb_up=True, uptime_percent=1, told=Told(workers=(), counted=counted))
    shown = re.findall(r"^# TYPE (\w+) (\w+)$", Metrics().write([reading]).decode(), re.MULTILINE)
    listed = [row[:2] for row in rows_of(OPERATOR) if row[0].startswith("`tiktok_")]
    assert sorted(row for row in listed if row[1] in {"counter", "gauge", "histogram"}) == sorted(
        [f"`{name}`", kind] for name, kind in shown
    )


def test_the_plans_are_listed_as_they_are() -> None:
    for plan in PLANS.values():
        assert row_of(CLIENT, plan.name.title)[1:] == [
            f"{plan.requests_per_month:,}",
            str(plan.requests_per_minute),
            "yes" if plan.country_detection else "no",
        ]


def test_the_dictionary_is_what_the_documents_make_of_it() -> None:
    assert (PROJECT / "docs" / "data-dictionary.md").read_text() == dictionary()


@pytest.mark.parametrize("name", DOCUMENTS | ROWS)
def test_a_collection_of_crawls_has_its_row_for_analysts(name: str) -> None:
    assert row_of(ANALYST, f"`{name}`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_notebook_is_kept_without_what_it_showed() -> None:
    cells = json.loads((PROJECT / "docs" / "analysis" / "notebook.ipynb").read_text())["cells"]
    ran = [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
    assert ran == []


def test_the_make_targets_of_the_readme_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|\$ )make ([a-z]+)\b", (PROJECT / "README.md").read_text()))
    assert {"run", "test"} <= named <= targets


def test_every_pinned_library_has_its_reason() -> None:
    page = (PROJECT / "docs" / "decisions" / "0006-libraries.md").read_text()
    named = {name.strip().lower() for row in rows_of(page) for name in row[0].split(",")}
    pins = re.findall(r"^([\w-]+)==", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)
    assert {name.lower() for name in pins} <= named


async def store_twice(uri: str) -> None:
    """Take a post through the pipelines at two times, with more views at the second."""
    raw = read_case("desktop").raw
    store, snapshots = StorePipeline(uri, raw_ttl_s=3600), SnapshotsPipeline(uri)
    for hours in (0, 24):
        video = normalize_video(raw)
        video.id = raw.video_id = POST_ID
        video.author.username = "pim.skates23"
        video.hashtags = ["cooking"]
        video.statistics.views = 1000 + (GROWTH if hours else 0)
        video.statistics.exact = True
        video.observed_at = raw.observed_at + timedelta(hours=hours)
        post = await store.process_item(Post(raw=raw, video=video))
        await snapshots.process_item(post)
    await store.close_spider()
    await snapshots.close_spider()


async def test_the_queries_for_analysts_answer(
    mongodb_uri: str, database: AsyncDatabase[Document]
) -> None:
    await prepare(database)
    await store_twice(mongodb_uri)
    _, *queries = re.findall(r"```python\n(.*?)```", ANALYST, re.DOTALL)
    with MongoClient[Any](mongodb_uri, tz_aware=True) as client:
        answers = [answer(query, client) for query in queries]
    newest, seen, rates, growth, hashtags, raw_items = answers
    assert [row["_id"] for row in newest] == [POST_ID]
    assert [row["statistics"]["views"] for row in seen] == [1000 + GROWTH]
    assert [row["posts"] for row in rates] == [1]
    assert rates[0]["rate"] > 0
    assert [row["grown_by"] for row in growth] == [None, GROWTH]
    assert hashtags == [{"_id": "cooking", "posts": 1, "views": 1000 + GROWTH}]
    sent = read_case("desktop").raw.data
    assert raw_items == [sent | {"music": without_tokens(sent["music"])}]


def without_tokens(music: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in music.items() if name != "tt2dsp"}


def answer(query: str, client: MongoClient[Any]) -> list[Any]:
    """What a query of the page leaves in ``rows``."""
    names: dict[str, Any] = {"db": client.get_default_database()}
    exec(f"import json\n{query}", names)  # noqa: S102 - our own page
    rows: list[Any] = names["rows"]
    return rows
