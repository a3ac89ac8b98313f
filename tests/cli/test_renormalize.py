from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from services.mongodb import Document

if TYPE_CHECKING:
    from tests.cli.conftest import Command, JsonCommand


@pytest.mark.usefixtures("on_servers")
def test_it_ends_with_1_when_an_item_could_not_be_read_and_names_it(
    command: Command, json_command: JsonCommand, mongodb_server: str
) -> None:
    none = {"read": 0, "renewed": 0, "passed": 0, "failed": 0}
    assert json_command("renormalize", "--kind", "video", "--since", "2026-01-01") == none
    now = datetime.now(UTC)
    with MongoClient[Document](mongodb_server) as client:
        client.get_default_database().raw_items.insert_one(
            {
                "_id": "7",
                "kind": "video",
                "layout": "desktop",
                "spider": "jobs",
                "observed_at": now,
                "expire_at": now.replace(year=now.year + 1),
                "data": b"no zstd",
            }
        )
    shown = command("renormalize")
    assert shown.exit_code == 1
    assert "7: " in shown.stderr
    assert "1 raw items read: 0 documents renewed" in shown.output
