"""Having a question answered, and explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pymongo.asynchronous.database import AsyncDatabase

    from analysis.questions.question import Question
    from services.mongodb import Document


async def ask(
    database: AsyncDatabase[Document],
    question: Question,
    values: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
) -> list[Document]:
    """The answer's rows, with its columns in their order.

    Args:
        database: where to ask.
        question: what.
        values: of parameters that are to be others than in the file.
        now: the moment that windows end at; MongoDB's own clock without it.

    Raises:
        ServiceError: the question has no such parameter.
        PyMongoError: MongoDB does not answer.
    """
    cursor = await database[question.collection].aggregate(
        question.pipeline(values, now=now), allowDiskUse=True
    )
    return [{name: row.get(name) for name in question.columns} async for row in cursor]


async def explain(
    database: AsyncDatabase[Document],
    question: Question,
    values: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
) -> Document:
    """How MongoDB goes about it.

    Raises:
        ServiceError: the question has no such parameter.
        PyMongoError: MongoDB does not answer.
    """
    asked = {
        "aggregate": question.collection,
        "pipeline": question.pipeline(values, now=now),
        "cursor": {},
    }
    return await database.command("explain", asked, verbosity="queryPlanner")
