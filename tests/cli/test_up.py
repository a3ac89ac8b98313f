from __future__ import annotations

import csv
import json
import os
import signal
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from cli.ports import answers, free_port
from tests.cli.running import is_running, running, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Command
    from tests.cli.running import Running

pytestmark = pytest.mark.drill

FOUND = "https://www.tiktok.com/@_/video/7106594312292453675"
DELETED = "https://www.tiktok.com/@_/video/7000000000000030300"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("up")
    with running(folder, ARCHIVE_URL=str(folder / "archive")) as up:
        yield up


def test_the_curl_line_works_when_it_is_pasted(up: Running) -> None:
    answer = up.paste()
    assert answer["success"] is True
    assert answer["metadata"]["video_id"] in up.curl_line


def test_the_video_of_the_pasted_line_is_fetched_by_a_plain_get(up: Running) -> None:
    answer = up.paste()
    post_id = answer["metadata"]["video_id"].encode()

    whole = requests.get(answer["video_url"], timeout=10)
    part = requests.get(answer["video_url"], headers={"Range": "bytes=5-9"}, timeout=10)

    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "video/mp4")
    assert whole.content[:1000] == (post_id * 60)[:1000]
    assert (part.status_code, part.content) == (206, (post_id * 2)[5:10])


def test_what_was_crawled_is_kept_and_given_from_there(up: Running) -> None:
    answer = up.paste()
    post_id = answer["metadata"]["video_id"]
    kept = Path(up.variables["ARCHIVE_URL"]) / "site-sample" / post_id
    wait_until(lambda: bool(list(kept.glob("video-h264-*.mp4"))))
    (file,) = kept.glob("video-h264-*.mp4")
    wait_until(lambda: not up.waiting("archive"))
    file.write_bytes(b"as it is kept")

    given = requests.get(answer["video_url"], headers={"Range": "bytes=3-"}, timeout=10)

    assert (given.status_code, given.content) == (206, b"it is kept")
    file.unlink()


def test_a_second_start_is_told_who_holds_the_data(up: Running) -> None:
    second = up.command("up")
    assert second.returncode == 1
    assert second.stderr.startswith(f"error: {up.folder} is in use by process {up.supervisor.pid}")
    assert "(manage.py up, since 20" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_the_demo_key_is_for_the_owner_alone(up: Running) -> None:
    key = up.folder / "demo-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text() in up.curl_line


def test_other_commands_attach_to_what_runs(up: Running) -> None:
    told = json.loads(up.command("doctor", "--json").stdout)
    assert told["mongodb_uri"] == up.servers["mongodb_uri"]
    assert told["redis_url"] == up.servers["redis_url"]
    assert list(told["processes"]) == [
        "mongodb",
        "redis",
        "site",
        "worker-1",
        "archive",
        "scheduler",
        "api",
    ]
    assert told["ok"] is True
    (demo,) = json.loads(up.command("account", "list", "--json").stdout)
    assert demo["email"] == "demo@example.com"


def test_it_is_said_that_no_browser_runs(up: Running) -> None:
    assert "lists are answered with browser_unavailable, for BROWSER_WORKERS is 0" in up.output


def test_posts_are_crawled_into_a_file(up: Running, tmp_path: Path) -> None:
    out = tmp_path / "posts.jsonl"
    crawled = up.command("crawl", "video", FOUND, "--out", str(out))
    assert crawled.returncode == 0, crawled.stderr
    (row,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (row["kind"], row["item"]["video_id"]) == ("video", "7106594312292453675")


def test_posts_are_crawled_into_a_table(up: Running, tmp_path: Path) -> None:
    out = tmp_path / "posts.csv"
    crawled = up.command("crawl", "video", FOUND, "--out", str(out))
    assert crawled.returncode == 0, crawled.stderr
    with out.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["video_id"] == "7106594312292453675"
    assert row["author_username"] in up.curl_line


def test_a_crawl_tells_which_targets_have_no_post(up: Running, tmp_path: Path) -> None:
    links = tmp_path / "links.txt"
    links.write_text(f"{FOUND}\n\n{DELETED}\n")
    crawled = up.command("crawl", "video", "--file", str(links))
    assert crawled.returncode == 1
    assert "video:7000000000000030300: video_deleted\n" in crawled.stderr
    said = crawled.stdout.strip().partition(" partial: ")[2]
    assert sorted(said.split(", ")) == ["1 items", "1 stored", "1 video_deleted"]


def test_a_killed_part_is_started_again(up: Running) -> None:
    before = up.processes
    for name in ("api", "worker-1"):
        os.kill(before[name], signal.SIGKILL)

    wait_until(lambda: all(up.processes[name] != before[name] for name in ("api", "worker-1")))
    wait_until(lambda: answers(f"{up.address}/health"))
    assert up.paste()["success"] is True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_everything_ends_when_asked_to(number: signal.Signals, tmp_path: Path) -> None:
    with running(tmp_path) as up:
        processes = up.processes
        assert up.end(number) == 0
        assert [name for name, pid in processes.items() if is_running(pid)] == []
        assert not (up.folder / "servers.json").exists()


def test_a_port_in_use_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("API_PORT", str(port))
        result = command("up")
    assert result.exit_code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr
    assert "set API_PORT" in result.stderr


def test_a_wildcard_host_needs_a_public_address(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_HOST", "0.0.0.0")  # noqa: S104 - refused, not bound
    result = command("up")
    assert result.exit_code == 1
    assert "set PUBLIC_URL" in result.stderr


def test_an_archive_that_cannot_be_written_is_named(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ARCHIVE_URL", str(tmp_path / "file" / "kept"))
    monkeypatch.setenv("API_PORT", str(free_port()))
    for arguments in (["up"], ["serve"], ["worker", "--archive"]):
        result = command(*arguments)
        assert result.exit_code == 1
        assert result.stderr.startswith("error: ARCHIVE_URL: ")
        assert result.stderr.endswith(": name a folder that may be written\n")


def test_the_worker_of_the_archive_needs_one(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARCHIVE_URL", raising=False)
    result = command("worker", "--archive")
    assert result.exit_code == 1
    assert "set ARCHIVE_URL to a folder or s3://bucket/prefix" in result.stderr


def test_a_site_that_is_not_there_is_named(command: Command) -> None:
    result = command("up", "--site", "/nowhere")
    assert result.exit_code == 1
    assert result.stderr == "error: SITE=/nowhere is neither 'sample' nor a folder\n"
