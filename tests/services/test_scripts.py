from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ResponseError

from services.scripts import Script, call_all

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis


@pytest.fixture
def add(tmp_path: Path) -> Script:
    path = tmp_path / "add.lua"
    path.write_text("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    return Script(path)


async def test_a_server_that_has_forgotten_a_script_is_told_it_again(
    add: Script, redis_client: Redis
) -> None:
    assert await add.call(redis_client, ["n"], [2]) == 2
    await redis_client.script_flush()

    assert await add.call(redis_client, ["n"], [3]) == 5


async def test_no_call_of_a_group_is_done_twice_when_some_scripts_are_unknown(
    add: Script, tmp_path: Path, redis_client: Redis
) -> None:
    path = tmp_path / "append.lua"
    path.write_text("return redis.call('APPEND', KEYS[1], ARGV[1])")
    unknown = Script(path)
    await add.call(redis_client, ["n"], [1])

    answers = await call_all(
        redis_client,
        [(add, ["n"], [1]), (unknown, ["s"], ["a"]), (add, ["n"], [1]), (unknown, ["s"], ["b"])],
    )

    assert answers == [2, 1, 3, 2]
    assert await redis_client.get("s") == "ab"


async def test_calls_are_done_in_their_order_though_the_server_knows_only_the_last(
    tmp_path: Path, redis_client: Redis
) -> None:
    first, last = tmp_path / "first.lua", tmp_path / "last.lua"
    first.write_text("return redis.call('APPEND', KEYS[1], 'first ')")
    last.write_text("return redis.call('APPEND', KEYS[1], 'last')")
    await redis_client.script_load(last.read_text())

    await call_all(redis_client, [(Script(first), ["s"], []), (Script(last), ["s"], [])])

    assert await redis_client.get("s") == "first last"


async def test_a_call_that_fails_leaves_the_others(add: Script, redis_client: Redis) -> None:
    await redis_client.set("word", "seven")

    first, failed, third = await call_all(
        redis_client, [(add, ["n"], [1]), (add, ["word"], [1]), (add, ["n"], [1])]
    )

    assert (first, third) == (1, 2)
    assert isinstance(failed, ResponseError)
    with pytest.raises(ResponseError, match="not an integer"):
        await add.call(redis_client, ["word"], [1])
