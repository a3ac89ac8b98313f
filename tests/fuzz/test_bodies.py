from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settings.plans import PlanName
from tests.api.conftest import EXTRACT
from tests.fuzz.depth import QUICK

if TYPE_CHECKING:
    from tests.api.conftest import Api, Callers

NAMES = (
    st.sampled_from(["url", "urls", "extract_metadata", "extract_country", "max_age", "$where"])
    | st.text()
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$gt", "$ne", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=5).map(
    lambda fields: orjson.dumps({**fields}, option=orjson.OPT_NON_STR_KEYS)
)
BODIES = st.binary(max_size=300) | OBJECTS
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Encoding": st.sampled_from(["gzip", "deflate", "br", "identity", "x"]),
        "Content-Type": st.sampled_from(["application/json", "text/plain; charset=utf-16", "x"]),
    },
)
DOCUMENTED = {400, 403, 413, 429}


PATHS = (EXTRACT, f"{EXTRACT}/batch")


async def check(api: Api, key: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    async with api.session.post(
        api.url + path, data=body, headers={"X-API-Key": key, **headers}
    ) as response:
        answer: dict[str, Any] = orjson.loads(await response.read())
        is_batch = path != EXTRACT and response.status == 200
        assert is_batch or response.status in DOCUMENTED, (response.status, body, headers)
        assert response.headers["X-Request-ID"].startswith("req_")
    # Links that are none are what a batch answers, one by one.
    for refused in answer["outcomes"] if is_batch else [answer]:
        assert refused["success"] is False
        assert {"error", "detail"} <= refused.keys()


async def many(api: Api, callers: Callers, count: int, path: str) -> int:
    """Ask with generated bodies; hypothesis runs in a thread, the requests in this loop."""
    _, key = await callers.make(PlanName.BUSINESS)
    loop = asyncio.get_running_loop()
    tried = 0

    @settings(QUICK, max_examples=count, suppress_health_check=list(HealthCheck))
    @given(body=BODIES, headers=HEADERS)
    def ask(body: bytes, headers: dict[str, str]) -> None:
        nonlocal tried
        tried += 1
        asyncio.run_coroutine_threadsafe(check(api, key, path, body, headers), loop).result(20)

    await asyncio.to_thread(ask)
    return tried


@pytest.mark.parametrize("path", PATHS)
async def test_any_body_is_refused_in_the_documented_way(
    api: Api, callers: Callers, path: str
) -> None:
    assert await many(api, callers, 100, path) >= 50


@pytest.mark.drill
@pytest.mark.parametrize("path", PATHS)
async def test_any_body_at_length(api: Api, callers: Callers, path: str) -> None:
    assert await many(api, callers, 2_000, path) >= 1_000
