from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from services.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence


class Store:
    """Takes one event-loop turn a write, and refuses negative numbers."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    async def write(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.groups.append(list(numbers))
        await asyncio.sleep(0.01)
        return [
            number if number >= 0 else ValueError(f"{number} is negative") for number in numbers
        ]


async def test_the_first_is_written_alone_and_what_waited_meanwhile_together() -> None:
    store = Store()
    commits = GroupCommit(store.write)

    first = asyncio.create_task(commits.submit(0))
    await asyncio.sleep(0.001)
    await asyncio.gather(first, *(commits.submit(number) for number in range(1, 6)))

    assert store.groups == [[0], [1, 2, 3, 4, 5]]


async def test_no_write_is_larger_than_allowed_and_none_is_forgotten() -> None:
    store = Store()
    commits = GroupCommit(store.write, at_most=100)

    await asyncio.gather(*(commits.submit(number) for number in range(250)))

    assert [len(group) for group in store.groups] == [100, 100, 50]
    assert [number for group in store.groups for number in group] == list(range(250))


async def test_only_the_refused_one_fails() -> None:
    commits = GroupCommit(Store().write)

    ended = await asyncio.gather(
        *(commits.submit(number) for number in (1, -2, 3)), return_exceptions=True
    )

    assert ended[0] == 1
    assert isinstance(ended[1], ValueError)
    assert ended[2] == 3


async def test_a_write_that_raises_fails_its_group_and_the_next_goes_on() -> None:
    async def refuse(numbers: Sequence[int]) -> list[int]:
        if 13 in numbers:
            raise ConnectionError("no primary")
        return list(numbers)

    commits = GroupCommit(refuse)

    with pytest.raises(ConnectionError):
        await commits.submit(13)
    await commits.submit(14)


async def test_a_caller_who_gives_up_takes_nobody_along() -> None:
    store = Store()
    commits = GroupCommit(store.write)
    leaving = asyncio.create_task(commits.submit(1))
    staying = asyncio.create_task(commits.submit(2))
    await asyncio.sleep(0.001)

    leaving.cancel()
    await staying

    assert store.groups == [[1, 2]]
