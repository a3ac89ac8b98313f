from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Command, JsonCommand

IDS = [str(7_300_000_000_000_000_000 + number) for number in range(1, 21)]
GONE = "7000000000000030300"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.site", "--parent-death"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    with process:
        process.terminate()


@pytest.fixture
def crawl(
    command: Command, on_servers: None, site: str, monkeypatch: pytest.MonkeyPatch
) -> Command:
    monkeypatch.setenv("TIKTOK_URL", site)
    return lambda *arguments: command("crawl", "video", *arguments)


@pytest.fixture
def crawl_any(command: Command, on_servers: None) -> Command:
    return lambda *arguments: command("crawl", *arguments)


def link(video_id: str) -> str:
    return f"https://www.tiktok.com/@_/video/{video_id}"


@pytest.mark.drill
def test_posts_are_written_as_lines_of_json(crawl: Command, tmp_path: Path) -> None:
    out, links = tmp_path / "posts.jsonl", tmp_path / "links.txt"
    links.write_text("\n".join(map(link, IDS)) + "\n\n")

    result = crawl(link(IDS[0]), "--file", str(links), "--out", str(out))

    assert result.exit_code == 0, result.stderr
    assert "succeeded: 20 stored, 20 items" in result.stdout
    assert f"20 items are written to {out}" in result.stderr
    posts = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(post["item"]["video_id"] for post in posts) == IDS


@pytest.mark.drill
def test_cells_of_csv_are_no_formulas(crawl: Command, tmp_path: Path) -> None:
    out = tmp_path / "posts.csv"

    assert crawl(*map(link, IDS), "--out", str(out)).exit_code == 0

    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["video_id"] for row in rows) == IDS
    descriptions = [row["description"] for row in rows]
    assert any(text.startswith("'=SUM(") for text in descriptions)
    assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r")) for text in descriptions)


@pytest.mark.drill
def test_a_post_that_is_gone_is_named_and_the_others_are_there(
    crawl: Command, tmp_path: Path
) -> None:
    out = tmp_path / "posts.jsonl"

    result = crawl(link(IDS[0]), link(GONE), "--out", str(out))

    assert result.exit_code == 1
    assert f"video:{GONE}: video_deleted" in result.stderr
    assert len(out.read_text().splitlines()) == 1


def test_a_file_of_links_tells_what_each_leads_to(crawl_any: Command, tmp_path: Path) -> None:
    links = tmp_path / "links.txt"
    links.write_text(f"{link(IDS[0])}\nhttps://example.com/1\n")
    result = crawl_any("--file", str(links))
    assert result.exit_code == 2
    assert "line 2: " in result.stderr


def test_a_crawl_is_left_to_others_with_all_that_was_asked_for(
    crawl_any: Command, json_command: JsonCommand, tmp_path: Path
) -> None:
    targets = tmp_path / "targets.csv"
    targets.write_text(f"type,value\nuser,@mara\nvideo,{IDS[0]}\n")
    made = json_command(
        *("crawl", "--file", str(targets), "--detach", "--limit", "5", "--only-new"),
        *("--since", "2026-01-02", "--until", "2026-02-02", "--within", "10m"),
        *("--max-age", "1d", "--label", "a", "--label", "b"),
    )
    expected = {
        "owner": None,
        "state": "queued",
        "limit": 5,
        "since": "2026-01-02T00:00:00Z",
        "until": "2026-02-02T00:00:00Z",
        "within_s": 600,
        "only_new": True,
        "max_age": 86400,
        "labels": ["a", "b"],
    }
    assert {name: made[name] for name in expected} == expected
    shown = json_command("jobs", "show", made["id"])["targets"]
    assert [(one["type"], one["value"]) for one in shown] == [("user", "mara"), ("video", IDS[0])]
    said = crawl_any("user", "zoe", "--detach").stdout
    assert "manage.py jobs follow crawl_" in said


def test_a_crawl_that_was_left_is_followed_to_its_end(
    crawl: Command, command: Command, json_command: JsonCommand, tmp_path: Path
) -> None:
    out = tmp_path / "posts.csv"
    made = json_command("crawl", "video", IDS[0], GONE, "--detach")
    result = command("jobs", "follow", made["id"], "--out", str(out), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["verdicts"] == {"stored": 1, "video_deleted": 1}
    assert f"video:{GONE}: video_deleted" in result.stderr
    with out.open(newline="") as file:
        assert [row["video_id"] for row in csv.DictReader(file)] == [IDS[0]]


@pytest.mark.usefixtures("on_servers")
def test_what_cannot_be_waited_for_is_said(command: Command) -> None:
    for asked, said in (
        (("jobs", "follow", "crawl_none"), "there is no crawl crawl_none"),
        (("crawl", "video", IDS[0], "--detach", "--webhook", "http://127.0.0.1/x"), "--webhook"),
    ):
        result = command(*asked)
        assert result.exit_code == 1
        assert said in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "there are no targets"),
        (("https://example.com/1",), "target 1: "),
        (("https://www.tiktok.com/@mara",), "leads to a user"),
        ((link(IDS[0]), "--out", "posts.xlsx"), "ends in .jsonl or .csv"),
        ((link(IDS[0]), "--out", "no/such/folder/posts.csv"), "no/such/folder"),
        (("--file", "no-such-file"), "no-such-file"),
        ((link(IDS[0]), "--detach", "--out", "posts.csv"), "leave out --detach"),
        ((link(IDS[0]), "--since", "2026-02-01", "--until", "2026-01-01"), "later than --since"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_starts(
    arguments: tuple[str, ...], says: str, command: Command
) -> None:
    result = command("crawl", "video", *arguments)

    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
