from __future__ import annotations

import io
import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import orjson
import pytest

from services import logs, tracing
from tests.collector import Collector

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
    logging.captureWarnings(capture=False)
    sys.excepthook = sys.__excepthook__


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


@pytest.mark.parametrize(
    "line",
    [
        "Cookie: tt_chain_token=SECRET; ttwid=SECRET",
        "{'Cookie': 'a=SECRET', 'Range': 'bytes=0-'}",
        '{"cookies": {"tt_chain_token": "SECRET"}}',
        "RawVideo(cookies={'tt_chain_token': '\"SECRET+/==\"'}, user_agent=None)",
        "(b'X-RapidAPI-Proxy-Secret', b'SECRET')",
        "x-api-key: SECRET",
        "Proxy-Authorization: Basic SECRET",
        "Set-Cookie: msToken=SECRET; Path=/",
        "GET /api/v1/video/1/stream?exp=1&account=a&sig=SECRET",
        "http://me:SECRET@proxy:8080 and redis://:SECRET@host/0",
        "unix:///run/redis.sock?db=0&password=SECRET",
        "an odd one: hidden-SECRET-word",
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_holds_a_cookie_a_header_or_a_hidden_word(form: logs.Form, line: str) -> None:
    stream = io.StringIO()
    logs.configure(level="INFO", form=form, stream=stream, secrets=["hidden-SECRET-word", "an"])

    logging.getLogger("part").info("begin %s", line)
    logs.hide([])

    assert "SECRET" not in stream.getvalue()
    assert "begin" in stream.getvalue()


def test_what_is_no_secret_is_left_as_it_is() -> None:
    text = "http://127.0.0.1:4000/@someone/video/1 has no cookie, see https://a.b/@c and sign=1"

    assert logs.redact(text) == text


def test_what_ends_a_process_is_a_line_like_all_others() -> None:
    program = (
        "from services import logs; import warnings\n"
        "logs.configure(level='INFO', form='json')\n"
        "warnings.warn('old', stacklevel=1)\n"
        f"raise ValueError('{KEY}')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    warning, fault = (orjson.loads(line) for line in ended.stderr.splitlines())
    assert ended.returncode == 1
    assert (warning["level"], warning["logger"]) == ("WARNING", "py.warnings")
    assert (fault["level"], fault["logger"]) == ("CRITICAL", "services.logs")
    assert "ValueError: tk_…" in fault["traceback"]


async def test_a_line_inside_a_trace_names_it() -> None:
    stream = io.StringIO()
    logs.configure(level="INFO", form="json", stream=stream)

    async with Collector() as collector, tracing.tracing(collector.url, process="test"):
        with tracing.span("request"):
            logging.getLogger("part").info("inside")
            trace = tracing.traceparent().split("-")[1]
    logging.getLogger("part").info("outside")

    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    inside, outside = (line for line in lines if line["logger"] == "part")
    assert inside["trace"] == trace
    assert "trace" not in outside
