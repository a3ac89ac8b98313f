"""An export that is killed goes on where it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.documents.mongo import to_mongo
from tests.api.conftest import a_video
from tests.cli.running import wait_until

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

PROJECT = Path(__file__).parents[2]
COUNT = 20_000


@pytest.mark.drill
async def test_a_killed_export_goes_on_where_it_was(
    database: AsyncDatabase[Document], mongodb_uri: str, redis_url: str, tmp_path: Path
) -> None:
    video = to_mongo(a_video(description="é" * 1000))
    for first in range(0, COUNT, 5000):
        numbers = range(first, first + 5000)
        await database.videos.insert_many(video | {"_id": f"{number:06}"} for number in numbers)
    variables = os.environ | {"MONGODB_URI": mongodb_uri, "REDIS_URL": redis_url}

    def begin(out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "export", "videos", "--fields", "all"]
        return subprocess.Popen(
            [*command, "--out", str(out)], cwd=PROJECT, env=variables, stderr=subprocess.DEVNULL
        )

    killed, whole = tmp_path / "killed.csv.gz", tmp_path / "whole.csv.gz"
    note = tmp_path / "killed.csv.gz.part.json"
    export = begin(killed)
    wait_until(note.exists)
    export.kill()
    export.wait()
    left = json.loads(note.read_text())["documents"]

    assert not killed.exists()
    assert 0 < left < COUNT
    assert [begin(path).wait(60) for path in (killed, whole)] == [0, 0]
    assert killed.read_bytes() == whole.read_bytes()
    assert files_in(tmp_path) == [killed.name, whole.name]


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())
