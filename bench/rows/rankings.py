"""How long rankings over thirty days take, as the API asks for them."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from analysis.rollups.tops import By, Where, Window, rising_music, rising_videos, top_hashtags
from bench.filled import PLAN
from bench.table import Row, at_most, bound

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

_LAST = PLAN.until - timedelta(days=1)
_WINDOW = Window(first=_LAST - timedelta(days=29), last=_LAST)
_LIMIT = 100
_WHERES = {"": Where(), ", of one country": Where(country="US")}


async def rankings(database: AsyncDatabase[Document], rounds: int) -> list[Row]:
    """A row for each ranking, of all posts and of those of a country."""
    rows = []
    for words, where in _WHERES.items():
        for name, ask in (
            ("hashtags/top", partial(top_hashtags, by=By.VIEWS)),
            ("videos/rising", rising_videos),
            ("music/rising", rising_music),
        ):
            taken = []
            for _ in range(rounds):
                began = time.perf_counter()
                found = await ask(database, _WINDOW, where=where, limit=_LIMIT)
                taken.append(time.perf_counter() - began)
                assert found, name
            what = f"`/analytics/{name}`, 30 days{words}"
            rows.append(bound(what, taken, limit=at_most(2, " s")))
    return rows
