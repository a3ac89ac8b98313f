from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from accounts.accounts import Status
from settings.plans import PlanName
from tests.api.conftest import serving

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document
    from settings.env import Environment
    from tests.api.conftest import Answer, Api, Callers

KEYS = "/api/v1/user/keys"
ME = "/api/v1/user/me"


async def issue(api: Api, key: str, **asked: Any) -> dict[str, Any]:
    answer = await api.call("POST", KEYS, key=key, json=asked)
    assert answer.status == 201, answer.body
    body: dict[str, Any] = answer.body
    return body


async def own(api: Api, key: str) -> dict[str, Any]:
    """The key that asks, as the list shows it."""
    listed = await api.call("GET", KEYS, key=key)
    (one,) = [one for one in listed.body["keys"] if one["current"]]
    return dict(one)


async def status(api: Api, key: str, **headers: str) -> int:
    return (await api.call("GET", ME, key=key, headers=headers)).status


def error(answer: Answer) -> tuple[int, str]:
    assert answer.body["success"] is False
    return answer.status, answer.body["error"]


async def test_a_key_is_issued_shown_once_and_works(api: Api, callers: Callers) -> None:
    account, key = await callers.make(PlanName.PRO)

    made = await issue(
        api, key, label="shop", expires_at="2099-01-01T02:00:00+02:00", allow=["127.0.0.1", "::1"]
    )

    secret = made.pop("key")
    assert secret.startswith(made["begins"])
    assert made.pop("id").startswith("key_")
    assert made.pop("created_at").endswith("Z")
    assert made == {
        "account_id": account.id,
        "begins": secret[:8],
        "label": "shop",
        "status": "active",
        "allow": ["127.0.0.1/32", "::1/128"],
        "expires_at": "2099-01-01T00:00:00Z",
        "revoked_at": None,
        "last_used_at": None,
        "replaced_by": None,
        "current": False,
    }
    assert await status(api, secret) == 200
    listed = await api.call("GET", KEYS, key=key)
    assert [one["label"] for one in listed.body["keys"]].count("shop") == 1
    assert [one["current"] for one in listed.body["keys"]].count(True) == 1
    assert secret not in str(listed.body)


async def test_keys_are_listed_a_page_at_a_time(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.PRO)
    made = {(await issue(api, key))["id"] for _ in range(4)}
    made.add((await own(api, key))["id"])

    first = await api.call("GET", f"{KEYS}?limit=3", key=key)
    rest = await api.call("GET", f"{KEYS}?limit=3&cursor={first.body['next_cursor']}", key=key)

    assert [len(page.body["keys"]) for page in (first, rest)] == [3, 2]
    assert rest.body["next_cursor"] is None
    assert {one["id"] for page in (first, rest) for one in page.body["keys"]} == made


async def test_these_calls_cost_nothing_and_count_towards_the_rate(
    api: Api, callers: Callers
) -> None:
    _, key = await callers.make(PlanName.FREE)

    listed = await api.call("GET", KEYS, key=key)
    wrong = await api.call("POST", KEYS, key=key, json={"label": 1})
    absent = await api.call("DELETE", f"{KEYS}/key_none", key=key)

    assert [one.headers["X-RateLimit-Remaining"] for one in (listed, wrong, absent)] == [
        *("9", "8", "7")
    ]
    assert wrong.body["requests_remaining"] == 50


async def test_a_rotated_key_works_on_for_its_overlap(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.PRO, label="shop")
    old = await own(api, key)

    answer = await api.call("POST", f"{KEYS}/{old['id']}/rotate", key=key, json={"overlap_s": 60})

    body = answer.body
    assert (answer.status, body["label"], body["effective"]) == (201, "shop", True)
    assert body["replaces"]["id"] == old["id"]
    assert body["replaces"]["replaced_by"] == body["id"]
    assert body["replaces"]["expires_at"] is not None
    assert body["replaces"]["current"] is True
    assert [await status(api, one) for one in (key, body["key"])] == [200, 200]
    again = await api.call("POST", f"{KEYS}/{old['id']}/rotate", key=key)
    assert error(again) == (409, "Key not usable")
    assert body["id"] in again.body["detail"]


async def test_rotating_the_key_in_use_without_overlap_hands_over_at_once(
    api: Api, callers: Callers
) -> None:
    _, key = await callers.make(PlanName.PRO)
    old = await own(api, key)

    answer = await api.call("POST", f"{KEYS}/{old['id']}/rotate", key=key, json={"overlap_s": 0})

    assert answer.body["replaces"]["status"] == "revoked"
    assert [await status(api, one) for one in (key, answer.body["key"])] == [401, 200]


async def test_a_key_may_end_itself(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.PRO)
    other = (await issue(api, key))["key"]
    mine = await own(api, key)

    answer = await api.call("DELETE", f"{KEYS}/{mine['id']}", key=key)

    assert (answer.status, answer.body["status"], answer.body["current"]) == (200, "revoked", True)
    assert answer.body["effective"] is True
    assert [await status(api, one) for one in (key, other)] == [401, 200]
    again = await api.call("DELETE", f"{KEYS}/{mine['id']}", key=other)
    assert (again.status, again.body["revoked_at"]) == (200, answer.body["revoked_at"])


async def test_a_key_is_edited_and_what_is_not_named_stays(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.PRO)
    made = await issue(api, key, label="shop", allow=["192.0.2.0/24"])
    assert await status(api, made["key"]) == 403
    path = f"{KEYS}/{made['id']}"

    named = await api.call("PATCH", path, key=key, json={"label": "stall"})
    opened = await api.call("PATCH", path, key=key, json={"allow": []})
    unnamed = await api.call("PATCH", path, key=key, json={"label": None})

    assert (named.body["label"], named.body["allow"]) == ("stall", ["192.0.2.0/24"])
    assert (opened.body["label"], opened.body["allow"]) == ("stall", [])
    assert unnamed.body["label"] is None
    assert await status(api, made["key"]) == 200


async def test_a_key_cannot_lock_itself_out(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.PRO)
    mine = await own(api, key)
    path = f"{KEYS}/{mine['id']}"

    refused = await api.call("PATCH", path, key=key, json={"allow": ["192.0.2.0/24"]})
    kept = await api.call("PATCH", path, key=key, json={"allow": ["192.0.2.0/24", "127.0.0.0/8"]})

    assert error(refused) == (409, "Key would lock you out")
    assert "127.0.0.1" in refused.body["detail"]
    assert kept.status == 200
    assert await status(api, key) == 200


async def test_keys_of_others_are_not_there(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.PRO)
    _, foreign = await callers.make(PlanName.PRO)
    theirs = await own(api, foreign)

    answers = [
        await api.call("DELETE", f"{KEYS}/{theirs['id']}", key=key),
        await api.call("PATCH", f"{KEYS}/{theirs['id']}", key=key, json={"label": "x"}),
        await api.call("POST", f"{KEYS}/{theirs['id']}/rotate", key=key),
        await api.call("DELETE", f"{KEYS}/%ff", key=key),
    ]
    odd = await api.call("DELETE", f"{KEYS}/%00%24ne", key=key)

    assert {error(answer) for answer in answers} == {(404, "Key not found")}
    assert error(odd) == (400, "Invalid parameter")
    assert await own(api, foreign) == theirs
    listed = await api.call("GET", KEYS, key=key)
    assert theirs["id"] not in {one["id"] for one in listed.body["keys"]}


async def test_an_account_has_twenty_keys_at_most(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.PRO)
    for _ in range(19):
        await issue(api, key)

    answer = await api.call("POST", KEYS, key=key, json={})

    assert error(answer) == (409, "Too many keys")
    assert "revoke one" in answer.body["detail"]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"label": ""}, "label"),
        ({"label": "x" * 65}, "label"),
        ({"label": "two\nlines"}, "label"),
        ({"label": {"$ne": None}}, "label"),
        ({"allow": "10.0.0.1"}, "allow"),
        ({"allow": None}, "allow"),
        ({"allow": ["10.0.0.1", "office"]}, "allow"),
        ({"allow": [1]}, "allow"),
        ({"allow": [f"10.0.0.{number}" for number in range(51)]}, "allow"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"expires_at": 4070908800}, "expires_at"),
    ],
    ids=str,
)
async def test_what_is_wrong_with_a_key_is_said(
    asked: dict[str, Any], name: str, api: Api, key: str
) -> None:
    answer = await api.call("POST", KEYS, key=key, json=asked)

    assert error(answer) == (400, "Invalid parameter")
    assert answer.body["detail"].startswith(f"The parameter '{name}' must be ")


async def test_what_is_wrong_with_other_requests_is_said(api: Api, key: str) -> None:
    mine = await own(api, key)
    path = f"{KEYS}/{mine['id']}"

    for overlap_s in (-1, 2_592_001, 1.5, True, "60", None):
        answer = await api.call("POST", f"{path}/rotate", key=key, json={"overlap_s": overlap_s})
        assert error(answer) == (400, "Invalid parameter"), overlap_s
    assert error(await api.call("PATCH", path, key=key, json={})) == (400, "Missing parameter")
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x", "limit=" + "9" * 5000):
        answer = await api.call("GET", f"{KEYS}?{query}", key=key)
        assert error(answer) == (400, "Invalid parameter"), query
        assert "'limit'" in answer.body["detail"] or "'cursor'" in answer.body["detail"]


async def test_whoever_may_not_call_may_not_manage_keys(api: Api, callers: Callers) -> None:
    account, key = await callers.make(PlanName.PRO)

    assert error(await api.call("GET", KEYS)) == (401, "Unauthorized")
    assert error(await api.call("POST", KEYS, key="tk_no", json={})) == (401, "Invalid API Key")
    await callers.accounts.set_status(account.id, Status.SUSPENDED)
    assert error(await api.call("POST", KEYS, key=key, json={})) == (403, "Account suspended")
    assert len(await callers.keys.list(account.id)) == 1


async def test_an_account_of_rapidapi_gets_no_keys_here(
    api: Api, callers: Callers, database: AsyncDatabase[Document]
) -> None:
    account, key = await callers.make(PlanName.PRO)
    stored = await database.accounts.find_one({"_id": account.id})
    assert stored is not None
    await database.accounts.insert_one(stored | {"_id": "rapidapi:ada", "email": "rapidapi:ada"})
    await database.keys.update_one(
        {"account_id": account.id}, {"$set": {"account_id": "rapidapi:ada"}}
    )

    answer = await api.call("POST", KEYS, key=key, json={})

    assert error(answer) == (403, "Forbidden")
    assert "RapidAPI" in answer.body["detail"]


async def test_changes_are_in_the_audit_under_the_key_that_asked(
    api: Api, callers: Callers, database: AsyncDatabase[Document]
) -> None:
    _, key = await callers.make(PlanName.PRO)
    mine = await own(api, key)

    answer = await api.call("POST", KEYS, key=key, json={"label": "shop"})

    record = await database.audit.find_one({"key_id": answer.body["id"]})
    assert record is not None
    assert record["who"] == mine["id"]
    assert record["request_id"] == answer.headers["X-Request-ID"]
    assert record["what"] == "key_issued"


PROXIES = ["127.0.0.0/8", "2001:db8:99::/48"]


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("203.0.113.7", 200),
        ("::ffff:203.0.113.7", 200),
        ("2001:db8:1::7", 200),
        ("203.0.113.7:4711", 200),
        ("[2001:db8:1::7]:4711", 200),
        ("203.0.113.7, 2001:db8:99::1, 127.0.0.2", 200),
        ("203.0.113.7, 198.51.100.9", 403),
        ("198.51.100.9", 403),
        ("2001:db8:2::7", 403),
        ("203.0.113.7, nonsense", 403),
        (None, 403),
    ],
)
async def test_an_allow_list_sees_past_trusted_proxies(
    forwarded: str | None, expected: int, environment: Environment, callers: Callers
) -> None:
    _, key = await callers.make(PlanName.PRO, allow=["203.0.113.0/24", "2001:db8:1::/48"])
    trusting = environment.model_validate({**environment.model_dump(), "trusted_proxies": PROXIES})
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    async with serving(trusting) as api:
        assert await status(api, key, **headers) == expected


async def test_an_untrusted_peer_cannot_say_where_it_is(api: Api, callers: Callers) -> None:
    _, key = await callers.make(PlanName.PRO, allow=["203.0.113.0/24"])

    assert await status(api, key, **{"X-Forwarded-For": "203.0.113.7"}) == 403
