"""What becomes of a whole installation when its processes are killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from cli.ports import answers, free_port
from tests.chromium import in_chromium
from tests.cli.running import PROJECT, is_running, running, wait_until

if TYPE_CHECKING:
    from tests.cli.running import Running

pytestmark = pytest.mark.drill

IDS = [str(7_300_000_000_000_000_000 + number) for number in range(1, 41)]


def crawl(up: Running) -> set[str]:
    """Crawl posts and answer the ids of those that were acknowledged."""
    out = up.log.with_name("posts.jsonl")
    links = [f"https://www.tiktok.com/@_/video/{post_id}" for post_id in IDS]
    crawled = up.command("crawl", "video", *links, "--out", str(out))
    assert crawled.returncode == 0, crawled.stderr
    return {json.loads(line)["item"]["video_id"] for line in out.read_text().splitlines()}


def stored(up: Running) -> set[str]:
    """The ids of the posts in MongoDB."""
    with MongoClient[dict[str, str]](up.servers["mongodb_uri"]) as client:
        return {document["_id"] for document in client.get_default_database()["videos"].find()}


def test_killing_the_parent_leaves_no_process_and_loses_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as up:
        acknowledged = crawl(up)
        first_line = up.curl_line
        processes = up.processes
        os.kill(up.supervisor.pid, signal.SIGKILL)
        wait_until(lambda: not any(is_running(pid) for pid in processes.values()))

    with running(tmp_path, API_PORT=up.variables["API_PORT"]) as again:
        assert acknowledged == set(IDS)
        assert stored(again) >= acknowledged
        assert again.curl_line == first_line
        assert again.paste()["success"] is True


@pytest.mark.parametrize("name", ["mongodb", "redis", "site", "worker-1", "api"])
def test_whatever_is_killed_is_started_again(name: str, tmp_path: Path) -> None:
    with running(tmp_path) as up:
        before = up.servers
        crawl(up)
        os.kill(up.processes[name], signal.SIGKILL)

        wait_until(lambda: up.processes[name] != before["processes"][name])
        wait_until(lambda: answers(f"{up.address}/health"))
        wait_until(lambda: answers(up.site))
        assert up.servers["mongodb_uri"] == before["mongodb_uri"]
        wait_until(lambda: up.paste()["success"])
        assert stored(up) >= set(IDS)
        assert crawl(up) == set(IDS)


@in_chromium
def test_a_killed_browser_worker_is_started_again_and_leaves_no_browser(tmp_path: Path) -> None:
    with running(tmp_path, BROWSER_WORKERS="1") as up:
        before = up.processes["browser-1"]
        wait_until(lambda: bool(browsers(up)))
        os.kill(before, signal.SIGKILL)

        wait_until(lambda: up.processes["browser-1"] != before)
        wait_until(lambda: bool(browsers(up)))
        assert up.end(signal.SIGTERM) == 0
        wait_until(lambda: not processes_of(tmp_path))


def browsers(up: Running) -> list[str]:
    """The browser workers that say that they are there."""
    told = json.loads(up.command("workers", "--json").stdout)
    return [one["id"] for one in told if one["kind"] == "browser" and one["alive"]]


def test_a_start_that_is_broken_off_at_any_time_leaves_nothing(tmp_path: Path) -> None:
    moments = random.Random(7)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL) * 4:
        supervisor = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--site", "sample"],
            env=os.environ | {"DATA_DIR": str(tmp_path), "API_PORT": str(free_port())},
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0.2, 3))
        supervisor.send_signal(number)
        supervisor.wait(60)
        wait_until(lambda: not processes_of(tmp_path))


def processes_of(folder: Path) -> list[str]:
    """The processes whose arguments or environment name the folder."""
    return [entry.name for entry in Path("/proc").glob("[0-9]*") if str(folder) in told_by(entry)]


def told_by(process: Path) -> str:
    try:
        told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    except OSError:
        return ""
    return told.decode(errors="replace")
