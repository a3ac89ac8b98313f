from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("video", "7106594312292453675"), 1, "Error: no post 7106594312292453675 is stored"),
        (("user", "@Nobody.here"), 1, "nothing of user nobody.here is stored"),
        (("hashtag", "a b"), 2, "expected a hashtag such as #cooking"),
    ],
)
@pytest.mark.usefixtures("on_servers")
def test_what_cannot_be_reported_is_said(
    arguments: tuple[str, ...], code: int, said: str, command: Command, tmp_path: Path
) -> None:
    shown = command("report", *arguments, "--out", str(tmp_path / "out"))
    assert shown.exit_code == code
    assert said in shown.stderr
    assert not (tmp_path / "out").exists()
