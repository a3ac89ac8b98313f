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

    from tests.cli.conftest import Command

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


def link(video_id: str) -> str:
    return f"https://www.tiktok.com/@_/video/{video_id}"


@pytest.mark.drill
def test_posts_are_written_as_lines_of_json(crawl: Command, tmp_path: Path) -> None:
    out, links = tmp_path / "posts.jsonl", tmp_path / "links.txt"
    links.write_text("\n".join(map(link, IDS)) + "\n\n")

    result = crawl(link(IDS[0]), "--file", str(links), "--out", str(out))

    assert result.exit_code == 0, result.stderr
    assert f"20 stored, written to {out}" in result.stdout
    posts = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(post["video_id"] for post in posts) == IDS


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


def test_a_post_that_is_gone_is_named_and_the_others_are_there(
    crawl: Command, tmp_path: Path
) -> None:
    out = tmp_path / "posts.jsonl"

    result = crawl(link(IDS[0]), link(GONE), "--out", str(out))

    assert result.exit_code == 1
    assert f"video:{GONE}: video_deleted" in result.stderr
    assert len(out.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "at least one link"),
        (("https://example.com/1",), "https://example.com/1"),
        (("https://www.tiktok.com/@mara",), "leads to a user, not to a post"),
        ((link(IDS[0]), "--out", "posts.xlsx"), "ends in .jsonl or .csv"),
        ((link(IDS[0]), "--out", "no/such/folder/posts.csv"), "no/such/folder"),
        (("--file", "no-such-file"), "no-such-file"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_starts(
    arguments: tuple[str, ...], says: str, command: Command
) -> None:
    result = command("crawl", "video", *arguments)

    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
