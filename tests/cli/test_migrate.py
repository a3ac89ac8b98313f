from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from pipelines.migrations.all import MIGRATIONS
from services.mongodb import Document

if TYPE_CHECKING:
    from tests.cli.conftest import Command, JsonCommand


@pytest.mark.usefixtures("on_servers")
def test_a_new_database_is_made_and_has_every_migration(
    command: Command, json_command: JsonCommand
) -> None:
    ran = json_command("migrate")
    assert [one["number"] for one in ran] == [one.number for one in MIGRATIONS]
    assert command("migrate").output == "nothing to do: all migrations have run\n"


@pytest.mark.usefixtures("on_servers")
def test_the_collections_are_there(command: Command, mongodb_server: str) -> None:
    with MongoClient[Document](mongodb_server) as client:
        database = client.get_default_database()
        database.drop_collection("videos")
        shown = command("migrate")
        assert "say of raw items" in shown.output
        assert "username_pages" in database.videos.index_information()
