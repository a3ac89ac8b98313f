from __future__ import annotations

import asyncio
import gzip
import io
import subprocess
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from api import exports
from pipelines.documents.mongo import to_mongo
from settings.plans import PlanName
from tests.api.conftest import VIDEO_ID, a_video, put, until
from tests.api.crawling import error

if TYPE_CHECKING:
    import pytest
    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from tests.api.conftest import Api, Callers

EXPORTS = "/api/v1/exports"
LARGE = "é" * 250_000


async def download(api: Api, key: str, query: str) -> tuple[Any, bytes]:
    async with api.session.get(f"{api.url}{EXPORTS}?{query}", headers={"X-API-Key": key}) as answer:
        return answer, await answer.read()


async def remaining(api: Api, key: str) -> int:
    me = await api.call("GET", "/api/v1/user/me", key=key)
    return int(me.body["requests_remaining"])


async def test_a_business_account_exports_for_one_request(
    api: Api, key: str, database: AsyncDatabase[Document]
) -> None:
    before = await remaining(api, key)
    await database.videos.insert_one(to_mongo(a_video()))

    (csv, text), (parquet, table) = await asyncio.gather(
        download(api, key, "kind=videos&format=csv&fields=id,country&user=someone&compress=gzip"),
        download(api, key, "kind=videos&format=parquet&since=0431-01-01&until=2099-01-01"),
    )

    assert (csv.status, parquet.status) == (200, 200)
    assert csv.headers["Content-Type"] == "application/gzip"
    assert csv.headers["Content-Disposition"] == 'attachment; filename="videos.csv.gz"'
    assert csv.headers["X-RateLimit-Limit"] == "500"
    assert gzip.decompress(text) == f"id,country\r\n{VIDEO_ID},SE\r\n".encode()
    assert parquet.headers["Content-Type"] == "application/vnd.apache.parquet"
    assert pq.read_table(io.BytesIO(table)).num_rows == 0  # none says when it was made
    assert await remaining(api, key) == before - 2


async def test_what_cannot_be_is_refused_and_costs_nothing(
    api: Api, key: str, callers: Callers
) -> None:
    before = await remaining(api, key)
    for query, said in (
        ("", "'kind' is required"),
        ("kind=posts", "'kind' must be one of 'videos'"),
        ("kind=videos&format=xml", "'format' must be"),
        ("kind=videos&fields=nam", "'fields' is wrong: there is no field 'nam'"),
        ("kind=videos&fields=a%20b", "'fields' must be names of columns"),
        ("kind=music&hashtag=a", "'hashtag' is wrong: does not hold for music"),
        ("kind=videos&since=2024-01-02&until=2024-01-01", "'until' is wrong"),
    ):
        answer = await api.call("GET", f"{EXPORTS}?{query}", key=key)
        assert answer.status == 400, query
        assert said in answer.body["detail"]
    _, of_pro = await callers.make(PlanName.PRO)
    refused = await api.call("GET", f"{EXPORTS}?kind=videos", key=of_pro)
    assert error(refused) == (403, "Exports not available")
    assert refused.body["current_plan"] == "pro"
    assert refused.body["upgrade_url"] == "https://example.com/upgrade"
    assert await remaining(api, of_pro) == 10_000
    assert await remaining(api, key) == before


async def test_an_export_whose_caller_leaves_is_made_no_further(
    api: Api, callers: Callers, database: AsyncDatabase[Document], redis_client: Redis
) -> None:
    account, key = await callers.make(PlanName.BUSINESS)
    _, other = await callers.make(PlanName.BUSINESS)
    await database.videos.insert_many(
        to_mongo(a_video(f"{number}", description=LARGE)) for number in range(40)
    )
    await put(redis_client, a_video())
    path, query = f"{api.url}{EXPORTS}", {"kind": "videos", "fields": "description"}

    async with (
        api.session.get(path, params=query, headers={"X-API-Key": key}) as first,
        api.session.get(path, params=query, headers={"X-API-Key": key}) as second,
    ):
        third = await api.call("GET", EXPORTS, key=key, params=query)
        fourth = await api.call("GET", EXPORTS, key=other, params=query)
        cached = await api.extract(key)
        assert (first.status, second.status) == (200, 200)
        second.close()
        first.close()

    async def are_gone() -> bool:
        return await redis_client.zcard(f"exports:{account.id}") == 0 and not children()

    assert error(third) == (429, "Too many streams")
    assert third.body["detail"] == "Maximum 2 streams at once for Business plan"
    assert error(fourth) == (429, "Too many streams")
    assert "of all accounts" in fourth.body["detail"]
    assert (cached.status, cached.body["cached"]) == (200, True)
    assert await remaining(api, other) == 100_000
    await until(are_gone)


async def test_an_export_that_fails_is_never_taken_for_whole(
    api: Api, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await remaining(api, key)
    monkeypatch.setattr(exports, "_MANAGE", "/nowhere/manage.py")
    answer = await api.call("GET", f"{EXPORTS}?kind=videos", key=key)
    assert error(answer) == (500, "Internal server error")
    assert await remaining(api, key) == before


def children() -> list[str]:
    """The processes of this one that make exports."""
    listed = subprocess.run(
        ["/usr/bin/pgrep", "-f", "manage.py export videos --out -"],
        capture_output=True,
        text=True,
        check=False,
    )
    return listed.stdout.split()
