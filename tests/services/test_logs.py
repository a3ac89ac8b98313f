from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import orjson
import pytest

from services import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "tk_q1w2e3r4t5y6u7i8o9p0"


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_text_line_says_when_who_and_about_what() -> None:
    stream = io.StringIO()
    logs.configure(level="INFO", form="text", stream=stream)
    logs.about.set("req_1")

    logging.getLogger("part").info("done in %d ms", 5)
    logging.getLogger("part").debug("nobody sees this")

    (line,) = stream.getvalue().splitlines()
    assert line.endswith("Z INFO part [req_1] done in 5 ms")


def test_a_json_line_is_one_object_with_its_traceback() -> None:
    stream = io.StringIO()
    logs.configure(level="INFO", form="json", stream=stream)

    try:
        raise ValueError(KEY)
    except ValueError:
        logging.getLogger("part").exception("failed")

    line = orjson.loads(stream.getvalue())
    assert (line["level"], line["logger"], line["message"]) == ("ERROR", "part", "failed")
    assert "ValueError: tk_…" in line["traceback"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_holds_a_key_or_a_password(form: logs.Form) -> None:
    stream = io.StringIO()
    logs.configure(level="INFO", form=form, stream=stream)

    logging.getLogger("part").info("%s at %s", KEY, "redis://name:password@127.0.0.1/0")

    assert KEY not in stream.getvalue()
    assert "password" not in stream.getvalue()
    assert "127.0.0.1" in stream.getvalue()


def test_a_made_admin_token_is_blotted_out() -> None:
    assert logs.redact("Bearer adm_q1w2e3r4t5y6 of tk_q1w2e3r4") == "Bearer adm_… of tk_…"
