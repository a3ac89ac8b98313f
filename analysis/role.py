"""The analysts' role: to read what crawls collect and the views, and nothing of accounts."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pymongo.errors import OperationFailure

import analysis.rollups.collections
import crawler.jobs.collections
import crawler.jobs.schedules.collections
import pipelines.collections
from analysis.views.all import VIEWS
from services.errors import ServiceError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document

logger = logging.getLogger(__name__)

ROLE = "analyst"
READABLE = (
    *pipelines.collections.DOCUMENTS,
    *pipelines.collections.ROWS,
    *analysis.rollups.collections.SCHEMAS,
    *crawler.jobs.collections.SCHEMAS,
    *crawler.jobs.schedules.collections.SCHEMAS,
    *(view.name for view in VIEWS),
)
"""What an analyst may read."""
_ACTIONS = ["find", "collStats", "indexStats", "listIndexes"]
_OF_ADDRESS = ("authSource", "authMechanism")


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyst:
    """A user of MongoDB who has the role."""

    name: str


async def grant(database: AsyncDatabase[Document]) -> None:
    """Make the role, or have it say what this version says.

    Raises:
        PyMongoError: MongoDB does not answer, or our own user may make no roles.
    """
    privileges: list[dict[str, Any]] = [
        {"resource": {"db": database.name, "collection": ""}, "actions": ["listCollections"]},
        *(
            {"resource": {"db": database.name, "collection": name}, "actions": _ACTIONS}
            for name in READABLE
        ),
    ]
    told = await database.command("rolesInfo", ROLE, showPrivileges=True)
    if not told["roles"]:
        await database.command("createRole", ROLE, privileges=privileges, roles=[])
        return
    # To have a role updated as a whole takes rights on all databases, which our own user lacks.
    await database.command("grantPrivilegesToRole", ROLE, privileges=privileges)
    wanted = [privilege["resource"] for privilege in privileges]
    (role,) = told["roles"]
    gone = [one for one in role["privileges"] if one["resource"] not in wanted]
    if gone:
        await database.command("revokePrivilegesFromRole", ROLE, privileges=gone)


async def refresh(database: AsyncDatabase[Document]) -> None:
    """Have the role say what this version says, if there is one.

    Raises:
        PyMongoError: MongoDB does not answer.
    """
    try:
        told = await database.command("rolesInfo", ROLE)
        if told["roles"]:
            await grant(database)
    except OperationFailure as error:
        logger.warning("what analysts may read stays as it was: code %s", error.code)


async def add(database: AsyncDatabase[Document], name: str, password: str) -> Analyst:
    """Make an analyst; one who is there gets the password.

    Raises:
        ServiceError: there is such a user who is no analyst, or the name cannot be one.
        PyMongoError: MongoDB does not answer, or our own user may make no users.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
        raise ServiceError(f"{name!r} cannot be a name: use letters, digits, dots and hyphens")
    await grant(database)
    told = await database.command("usersInfo", name)
    if told["users"]:
        _check(told["users"][0], database.name)
        await database.command("updateUser", name, pwd=password)
    else:
        await database.command("createUser", name, pwd=password, roles=[ROLE])
    return Analyst(name=name)


async def remove(database: AsyncDatabase[Document], name: str) -> None:
    """Take an analyst away; connections that are open end with their next question.

    Raises:
        ServiceError: there is no such analyst.
        PyMongoError: MongoDB does not answer, or our own user may not do this.
    """
    told = await database.command("usersInfo", name)
    if not told["users"]:
        raise ServiceError(f"there is no analyst {name}")
    _check(told["users"][0], database.name)
    await database.command("dropUser", name)


async def analysts(database: AsyncDatabase[Document]) -> list[Analyst]:
    """All who have the role, by name."""
    told = await database.command("usersInfo", 1)
    found = [user for user in told["users"] if _roles(user) == [(ROLE, database.name)]]
    return [Analyst(name=user["user"]) for user in sorted(found, key=lambda user: user["user"])]


async def is_open(database: AsyncDatabase[Document]) -> bool:
    """Whether a client without a name may read the accounts, on a database reached like that."""
    try:
        await database.accounts.find_one({}, {"_id": 1})
    except OperationFailure:
        return False
    return True


def address_for(uri: str, *, database: str, name: str = "", password: str = "") -> str:
    """The service's own address with another's name and password in it, or with none."""
    parts = urlsplit(uri)
    hosts = parts.netloc.rpartition("@")[2]
    options = [one for one in parts.query.split("&") if one and not one.startswith(_OF_ADDRESS)]
    if not name:
        return f"{parts.scheme}://{hosts}/{database}?{'&'.join(options)}"
    options.append(f"authSource={database}")
    who = f"{quote(name, safe='')}:{quote(password, safe='')}"
    return f"{parts.scheme}://{who}@{hosts}/{database}?{'&'.join(options)}"


def _check(user: dict[str, Any], database: str) -> None:
    if _roles(user) != [(ROLE, database)]:
        raise ServiceError(f"{user['user']} is a user with other rights: take another name")


def _roles(user: dict[str, Any]) -> list[tuple[str, str]]:
    return [(role["role"], role["db"]) for role in user["roles"]]
