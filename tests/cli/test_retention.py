from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from services.mongodb import Document

if TYPE_CHECKING:
    from tests.cli.conftest import Command, JsonCommand


@pytest.mark.usefixtures("on_servers")
def test_retention_is_shown_tried_and_applied(
    command: Command,
    json_command: JsonCommand,
    mongodb_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "nothing is limited" in command("retention", "show").output
    monkeypatch.setenv("RETENTION", "comments=90")
    old = datetime.now(UTC) - timedelta(days=91)
    with MongoClient[Document](mongodb_server) as client:
        comments = client.get_default_database().comments
        comments.insert_one({"_id": "1", "observed_at": old})
        rule = {"collection": "comments", "days": 90, "by": "observed_at", "too_old": 1}
        assert json_command("retention", "show") == [rule]
        assert json_command("retention", "apply", "--dry-run") == {"comments": 1}
        assert comments.count_documents({}) == 1
        assert json_command("retention", "apply") == {"comments": 1}
        assert comments.count_documents({}) == 0

    for wrong in ("comments", "comments=0", "accounts=30"):
        monkeypatch.setenv("RETENTION", wrong)
        refused = command("retention", "show")
        assert (refused.exit_code, "RETENTION: " in refused.stderr) == (1, True)
