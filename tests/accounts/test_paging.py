from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import IndexModel

from accounts.errors import CursorError
from accounts.paging import read_page
from tests.pipelines.test_collections import stages_of

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)


def a_thing(thing_id: str, at: datetime | None) -> dict[str, Any]:
    return {"_id": thing_id, "of": "mara", "at": at}


@pytest.fixture
async def things(database: AsyncDatabase[Document]) -> AsyncCollection[Document]:
    things = database["things"]
    await things.create_indexes([IndexModel([("of", 1), ("at", -1), ("_id", -1)], name="pages")])
    await things.insert_many(
        [
            *(a_thing(f"old{n}", NOON - timedelta(days=n)) for n in range(3)),
            *(a_thing(f"same{n}", NOON + timedelta(hours=1)) for n in range(3)),
            *(a_thing(f"timeless{n}", None) for n in range(3)),
        ]
    )
    return things


async def walk(things: AsyncCollection[Document], limit: int) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = await read_page(things, {"of": "mara"}, by="at", limit=limit, cursor=cursor)
        found += [thing["_id"] for thing in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9])
async def test_pages_hold_everything_once_newest_first_and_the_timeless_last(
    things: AsyncCollection[Document], limit: int
) -> None:
    assert await walk(things, limit) == [
        *("same2", "same1", "same0", "old0", "old1", "old2"),
        *("timeless2", "timeless1", "timeless0"),
    ]


async def test_what_is_added_meanwhile_moves_nothing(things: AsyncCollection[Document]) -> None:
    first = await read_page(things, {"of": "mara"}, by="at", limit=4, cursor=None)
    await things.insert_one(a_thing("new", NOON + timedelta(days=1)))

    second = await read_page(things, {"of": "mara"}, by="at", limit=2, cursor=first.cursor)

    assert [thing["_id"] for thing in second.items] == ["old1", "old2"]


@pytest.mark.parametrize("last", [a_thing("same1", NOON), a_thing("timeless2", None)])
async def test_a_page_in_the_middle_is_one_range_of_an_index(
    things: AsyncCollection[Document], last: dict[str, Any]
) -> None:
    from accounts.paging import older

    query = {"$and": [{"of": "mara"}, older("at", last["at"], last["_id"])]}
    plan = await things.find(query).sort([("at", -1), ("_id", -1)]).explain()

    stages = [one["stage"] for one in stages_of(plan["queryPlanner"]["winningPlan"])]
    assert stages.count("IXSCAN") == 1
    assert not {"SORT", "OR", "COLLSCAN"} & set(stages)


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "bm9uZQ==", "MTIz", "!", "OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ=="]
)
async def test_a_cursor_that_no_page_gave_is_refused(
    things: AsyncCollection[Document], cursor: str
) -> None:
    with pytest.raises(CursorError):
        await read_page(things, {}, by="at", limit=1, cursor=cursor)
