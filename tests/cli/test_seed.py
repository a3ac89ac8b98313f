from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command, JsonCommand


@pytest.mark.usefixtures("on_servers")
def test_a_sample_is_written_once(command: Command, json_command: JsonCommand) -> None:
    sizes = ("--videos", "60", "--days", "10", "--until", "2026-07-01", "--comments", "0")
    written = json_command("seed", "sample", *sizes)
    assert written["videos"] == 60
    assert "comments" not in written

    again = command("seed", "sample", *sizes)
    assert again.exit_code == 1
    assert again.stderr.startswith("error: this sample is in the database")
    other = command("seed", "sample", *sizes, "--seed", "2")
    assert other.stderr.startswith("error: the database tiktok holds videos already")
