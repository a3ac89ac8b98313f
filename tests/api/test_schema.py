"""The description of the API, held against the API by a program that reads only the description."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from accounts import strangers
from settings.plans import PLANS, PlanName
from tests.api.conftest import ADMIN_TOKEN
from tests.api.finding import find
from tests.api.listing import lists_at_work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from tests.api.conftest import Api, Callers, Worker
    from tests.api.listing import ListWorker

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
EXAMPLES = 8
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)


@pytest.fixture
async def lists(
    worker: Worker, database: AsyncDatabase[Document], redis_client: Redis
) -> AsyncIterator[ListWorker]:
    """Workers that find whatever they are asked for."""
    worker.outcome = lambda job: find(worker, database, job)
    async with lists_at_work(database, redis_client) as lists:
        yield lists


@pytest.fixture
async def tireless(callers: Callers, api: Api, monkeypatch: pytest.MonkeyPatch) -> str:
    """A key whose rate no test can spend, at an address that may send any unknown keys."""
    monkeypatch.setattr(strangers, "FAILURES_A_MINUTE", 1_000_000)
    plan = replace(PLANS[PlanName.BUSINESS], requests_per_minute=1_000_000)
    monkeypatch.setitem(PLANS, PlanName.BUSINESS, plan)
    _, key = await callers.make(PlanName.BUSINESS)
    await api.extract(key)
    return key


@pytest.mark.drill
@pytest.mark.usefixtures("lists")
async def test_no_answer_differs_from_the_description(
    api: Api, tireless: str, database: AsyncDatabase[Document], tmp_path: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(SCHEMATHESIS, "run", f"{api.url}/openapi.json", "--url", api.url),
        *("--header", f"X-API-Key: {tireless}", "--checks", ",".join(CHECKS)),
        *("--header", f"Authorization: Bearer {ADMIN_TOKEN}"),
        *("--max-examples", str(EXAMPLES), "--seed", "7", "--continue-on-failure"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert b"Unresolvable references" not in output, output.decode()
    changes = {(one["who"][:4], one["what"]) async for one in database.audit.find()}
    assert {("admi", "account_created"), ("key_", "key_issued")} <= changes
