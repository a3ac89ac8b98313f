from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from crawler.jobs.workers import Workers, WorkerState
from pipelines.collections import VIDEOS
from services import redis
from services.mongodb import Document
from tests.pipelines.posts import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Command

ELSEWHERE = "restored"


@pytest.fixture
def backed_up(on_servers: None, command: Command, mongodb_server: str, tmp_path: Path) -> Path:
    """A backup of a database with an account and a post."""
    assert command("account", "create", "--email", "a@example.com", "--plan", "pro").exit_code == 0
    assert command("migrate").exit_code == 0
    with MongoClient[Document](mongodb_server) as client:
        post = {"_id": "7", "type": "video", "url": "https://…", "observed_at": START}
        client.get_default_database()[VIDEOS].insert_one(post)
    shown = command("backup", str(tmp_path / "backup"))
    assert shown.exit_code == 0, shown.stderr
    assert "documents are in" in shown.output
    return tmp_path / "backup"


@pytest.fixture
def elsewhere(mongodb_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty database, which commands take from now on."""
    start, _, options = mongodb_server.partition("?")
    uri = f"{start.rpartition('/')[0]}/{ELSEWHERE}?{options}"
    monkeypatch.setenv("MONGODB_URI", uri)
    yield uri
    with MongoClient[Document](mongodb_server) as client:
        client.drop_database(ELSEWHERE)


@pytest.mark.drill
def test_a_backup_is_restored_into_an_empty_database_or_by_force(
    backed_up: Path, command: Command, elsewhere: str, data_dir: Path
) -> None:
    shown = command("restore", str(backed_up))
    assert shown.exit_code == 0, shown.stderr
    assert "warning" not in shown.stderr
    with MongoClient[Document](elsewhere) as client:
        found = client[ELSEWHERE]
        assert [one["_id"] for one in found[VIDEOS].find()] == ["7"]
        assert found.accounts.count_documents({"email": "a@example.com"}) == 1
        assert "hashtag_pages" in found[VIDEOS].index_information()
        assert "loading" not in found.list_collection_names()
        found[VIDEOS].insert_one({"_id": "8", "type": "video", "url": "", "observed_at": START})

        refused = command("restore", str(backed_up))
        assert refused.exit_code == 1
        assert "--force" in refused.stderr
        assert found[VIDEOS].count_documents({}) == 2

        (data_dir / "secret-key").write_text("another")
        forced = command("restore", str(backed_up), "--force")
        assert forced.exit_code == 0, forced.stderr
        assert "another SECRET_KEY" in forced.stderr
        assert [one["_id"] for one in found[VIDEOS].find()] == ["7"]


def test_nothing_is_restored_beside_workers_or_from_half_a_file(
    backed_up: Path, command: Command, elsewhere: str, redis_url: str
) -> None:
    asyncio.run(tell_of_a_worker(redis_url))
    refused = command("restore", str(backed_up))
    assert (refused.exit_code, "at work" in refused.stderr) == (1, True)

    asyncio.run(tell_of_a_worker(redis_url, is_leaving=True))
    content = backed_up.read_bytes()
    backed_up.write_bytes(content[: len(content) // 2])
    cut = command("restore", str(backed_up), "--force")
    assert (cut.exit_code, "cut off" in cut.stderr) == (1, True)
    with MongoClient[Document](elsewhere) as client:
        assert client[ELSEWHERE].list_collection_names() == []


async def tell_of_a_worker(url: str, *, is_leaving: bool = False) -> None:
    state = WorkerState(
        id="worker_1", host="h", pid=1, started_at=0, memory_bytes=0, in_hand=0, fetching=0
    )
    async with redis.connect(url) as client:
        workers = Workers(client)
        await (workers.leave(state.id) if is_leaving else workers.tell(state, {}))
