from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from pipelines.collections import VIDEOS
from services.mongodb import Document
from tests.pipelines.posts import START

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command, JsonCommand


@pytest.mark.usefixtures("on_servers")
def test_a_user_is_erased_when_that_is_sure_with_a_receipt_that_names_nobody(
    command: Command, json_command: JsonCommand, mongodb_server: str, tmp_path: Path
) -> None:
    with MongoClient[Document](mongodb_server) as client:
        videos = client.get_default_database()[VIDEOS]
        author = {"id": "6801", "username": "ada.bakes"}
        post = {"_id": "73001", "type": "video", "url": "", "observed_at": START}
        videos.insert_one(post | {"author": author})

        unsure = command("erase", "user", "@Ada.Bakes")  # nobody answers
        assert (unsure.exit_code, "1 posts" in unsure.stderr) == (1, True)
        assert videos.count_documents({}) == 1

        receipt = tmp_path / "receipt.json"
        erased = command("erase", "user", "@Ada.Bakes", "--yes", "--out", str(receipt))
        assert erased.exit_code == 0, erased.stderr
        assert videos.count_documents({}) == 0
    shown = json.loads(receipt.read_text())
    assert shown["counts"]["videos"] == 1
    assert (shown["was_stored"], shown["is_complete"]) == (True, True)
    assert not any(word in receipt.read_text() for word in ("ada", "6801", "73001"))

    again = json_command("erase", "user", "ada.bakes", "--yes")
    assert (again["was_stored"], again["is_complete"]) == (False, True)
    assert "refused from now on" in command("erase", "user", "nobody", "--yes").output
    assert command("erase", "user", "@", "--yes").exit_code == 2
