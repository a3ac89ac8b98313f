"""The programs of the quickstart page, run as they stand there against a running API."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.errors import Reason
from crawler.jobs.records import Outcome
from pipelines.documents.video import Statistics
from tests.api.conftest import LINK, VIDEO_ID, a_video, put

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from crawler.jobs.records import Job
    from tests.api.conftest import Api, Worker

PROJECT = Path(__file__).parent.parent.parent
PAGE = (PROJECT / "docs" / "quickstart.md").read_text()
MODULES = {"NODE_PATH": os.environ.get("NODE_PATH", str(PROJECT / "node_modules"))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How the program of a section is run, and what that needs."""

    title: str
    fence: str
    command: tuple[str, ...]
    check: tuple[str, ...]

    @property
    def program(self) -> str:
        """The program as it stands on the page."""
        section = PAGE.partition(f"\n## {self.title}\n")[2]
        found = re.search(rf"```{self.fence}\n(.*?)```", section, re.DOTALL)
        assert found is not None
        return found[1]

    @property
    def is_here(self) -> bool:
        """Whether this machine can run it."""
        if shutil.which(self.check[0]) is None:
            return False
        asked = subprocess.run(
            self.check, capture_output=True, env=os.environ | MODULES, check=False
        )
        return asked.returncode == 0


LANGUAGES = [
    Language(title="Shell", fence="sh", command=("sh",), check=("jq", "--version")),
    Language(
        title="Python",
        fence="python",
        command=(sys.executable,),
        check=(sys.executable, "-c", "import requests"),
    ),
    Language(
        title="JavaScript",
        fence="javascript",
        command=("node",),
        check=("node", "-e", "require('axios')"),
    ),
    Language(
        title="PHP",
        fence="php",
        command=("php",),
        check=("php", "-r", "exit(function_exists('curl_init') ? 0 : 1);"),
    ),
]


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client's program in a folder of its own."""

    language: Language
    folder: Path
    api: Api

    async def run(self, key: str) -> Ended:
        script = self.folder / "program"
        script.write_text(self.language.program)
        process = await asyncio.create_subprocess_exec(
            *self.language.command,
            script,
            LINK,
            cwd=self.folder,
            env=os.environ | MODULES | {"TIKTOK_API": self.api.url, "TIKTOK_API_KEY": key},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert process.returncode is not None
        return Ended(process.returncode, output.decode(), errors.decode())


@pytest.fixture(params=LANGUAGES, ids=lambda language: language.title)
def client(request: pytest.FixtureRequest, api: Api, tmp_path: Path) -> Client:
    language: Language = request.param
    if not language.is_here:
        pytest.skip(f"{' '.join(language.check)} does not work here")
    return Client(language=language, folder=tmp_path, api=api)


async def test_the_program_says_what_it_was_told(
    client: Client, redis_client: Redis, key: str
) -> None:
    await put(redis_client, a_video(statistics=Statistics(views=3131)))

    ended = await client.run(key)

    assert (ended.code, ended.errors) == (0, "")
    assert ended.output == f"{VIDEO_ID}: 3131 views, 99999 requests left this month\n"


async def test_the_program_waits_and_asks_again(client: Client, worker: Worker, key: str) -> None:
    async def refuse_first(job: Job) -> Outcome:
        if len(worker.crawled) > 1:
            return await worker.publish(job)
        return Outcome(key=job.target.key, reason=Reason.UPSTREAM_BLOCKED, retry_after_s=1)

    worker.outcome = refuse_first

    ended = await client.run(key)

    assert ended.code == 0, ended.errors
    assert ended.output.startswith(f"{VIDEO_ID}: ")
    assert len(worker.crawled) == 2


async def test_the_program_names_the_reason_of_an_absence(
    client: Client, redis_client: Redis, key: str
) -> None:
    await redis_client.hset(f"video:{VIDEO_ID}", "reason", "video_private")

    ended = await client.run(key)

    assert (ended.code, ended.output) == (1, "")
    assert "Video not found: video_private" in ended.errors


async def test_the_program_does_not_insist_on_a_wrong_key(client: Client) -> None:
    ended = await client.run("tk_wrong")

    assert (ended.code, ended.output) == (1, "")
    assert "Invalid API Key" in ended.errors


def test_the_languages_of_the_page_are_all_run() -> None:
    sections = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert [language.title for language in LANGUAGES] == sections
