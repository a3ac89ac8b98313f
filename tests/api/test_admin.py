from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from accounts.collections import prepare
from services.redis import EmbeddedValkey
from settings.env import Environment, SettingsError, read_environment
from settings.plans import PlanName
from settings.secrets import admin_token
from tests.api.conftest import ADMIN_TOKEN as TOKEN
from tests.api.conftest import serving

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase

    from services.mongodb import Document
    from tests.api.conftest import Answer, Api, Callers

ACCOUNTS = "/admin/v1/accounts"
AUDIT = "/admin/v1/audit"
ME = "/api/v1/user/me"


async def ask(
    api: Api, method: str, path: str, body: dict[str, Any] | None = None, token: str = TOKEN
) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    return await api.call(method, path, headers=headers, json=body)


def error(answer: Answer) -> tuple[int, str]:
    assert answer.body["success"] is False
    return answer.status, answer.body["error"]


async def test_an_account_is_made_shown_and_listed(
    api: Api, database: AsyncDatabase[Document]
) -> None:
    await prepare(database)

    made = await ask(api, "POST", ACCOUNTS, {"email": "Ada@Example.com", "plan": "pro"})
    await ask(api, "POST", ACCOUNTS, {"email": "bob@example.com", "plan": "free"})

    account = made.body
    assert (made.status, account["email"], account["plan"]) == (201, "ada@example.com", "pro")
    assert (account["status"], account["last_request_at"]) == ("active", None)
    for who in (account["id"], "ada@example.com", "ADA@example.com"):
        assert (await ask(api, "GET", f"{ACCOUNTS}/{who}")).body == account
    first = await ask(api, "GET", f"{ACCOUNTS}?limit=1")
    rest = await ask(api, "GET", f"{ACCOUNTS}?cursor={first.body['next_cursor']}")
    shown = [one["email"] for page in (first, rest) for one in page.body["accounts"]]
    assert sorted(shown) == ["ada@example.com", "bob@example.com"]
    twice = await ask(api, "POST", ACCOUNTS, {"email": "ada@example.com", "plan": "pro"})
    assert error(twice) == (409, "Account exists")


async def test_a_suspended_account_is_refused_at_its_next_call(api: Api, callers: Callers) -> None:
    account, key = await callers.make(PlanName.FREE)
    path = f"{ACCOUNTS}/{account.email}"
    assert (await api.call("GET", ME, key=key)).status == 200

    suspended = await ask(api, "PATCH", path, {"status": "suspended"})
    refused = await api.call("GET", ME, key=key)
    resumed = await ask(api, "PATCH", path, {"status": "active", "plan": "pro"})
    admitted = await api.call("GET", ME, key=key)

    assert (suspended.body["status"], suspended.body["effective"]) == ("suspended", True)
    assert error(refused) == (403, "Account suspended")
    assert (resumed.body["status"], resumed.body["plan"]) == ("active", "pro")
    assert (admitted.status, admitted.body["rate_limit"]) == (200, "100 per minute")


async def test_keys_are_managed_for_an_account(api: Api, callers: Callers) -> None:
    account, _ = await callers.make(PlanName.FREE)
    keys = f"{ACCOUNTS}/{account.id}/keys"

    made = await ask(api, "POST", keys, {"label": "shop"})
    path = f"/admin/v1/keys/{made.body['id']}"
    edited = await ask(api, "PATCH", path, {"label": "stall", "allow": ["127.0.0.1"]})
    rotated = await ask(api, "POST", f"{path}/rotate", {"overlap_s": 60})
    revoked = await ask(api, "DELETE", path)
    listed = await ask(api, "GET", f"{keys}?limit=2")

    assert made.status == rotated.status == 201
    assert (edited.body["label"], edited.body["allow"]) == ("stall", ["127.0.0.1/32"])
    assert rotated.body["replaces"]["id"] == made.body["id"]
    assert (revoked.status, revoked.body["status"]) == (200, "revoked")
    assert (await api.call("GET", ME, key=made.body["key"])).status == 401
    assert (await api.call("GET", ME, key=rotated.body["key"])).status == 200
    assert len(listed.body["keys"]) == 2
    assert listed.body["next_cursor"] is not None
    again = await ask(api, "POST", f"{path}/rotate", {})
    assert error(again) == (409, "Key not usable")


async def test_the_audit_tells_what_was_done_and_in_which_request(
    api: Api, callers: Callers
) -> None:
    account, _ = await callers.make(PlanName.FREE)
    await callers.make(PlanName.FREE)
    made = await ask(
        api, "POST", f"{ACCOUNTS}/{account.id}/keys", {"expires_at": "2099-01-01T00:00:00Z"}
    )
    changed = await ask(api, "PATCH", f"{ACCOUNTS}/{account.id}", {"plan": "pro"})

    of_one = await ask(api, "GET", f"{AUDIT}?account={account.email}")
    of_all = await ask(api, "GET", AUDIT)

    newest, issued, *older = of_one.body["records"]
    assert newest["id"].startswith("aud_")
    assert newest == {
        "id": newest["id"],
        "at": newest["at"],
        "who": "admin",
        "what": "account_changed",
        "account_id": account.id,
        "key_id": None,
        "before": {"plan": "free"},
        "after": {"plan": "pro"},
        "request_id": changed.headers["X-Request-ID"],
    }
    assert issued["after"] == {"expires_at": "2099-01-01T00:00:00Z"}
    assert issued["key_id"] == made.body["id"]
    assert {record["who"] for record in older} == {"system"}
    assert len(of_all.body["records"]) == len(of_one.body["records"]) + 2
    assert made.body["key"] not in str(of_all.body)


async def test_these_calls_know_neither_rate_nor_month(api: Api, callers: Callers) -> None:
    account, key = await callers.make(PlanName.FREE)

    answers = [await ask(api, "GET", f"{ACCOUNTS}/{account.id}") for _ in range(70)]

    assert {answer.status for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0].headers
    mine = await api.call("GET", ME, key=key)
    assert mine.headers["X-RateLimit-Remaining"] == "9"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ACCOUNTS),
        ("POST", ACCOUNTS),
        ("GET", f"{ACCOUNTS}/a@example.com"),
        ("PATCH", f"{ACCOUNTS}/a@example.com"),
        ("GET", f"{ACCOUNTS}/a@example.com/keys"),
        ("POST", f"{ACCOUNTS}/a@example.com/keys"),
        ("POST", "/admin/v1/keys/key_a/rotate"),
        ("PATCH", "/admin/v1/keys/key_a"),
        ("DELETE", "/admin/v1/keys/key_a"),
        ("GET", AUDIT),
    ],
)
async def test_nothing_opens_but_the_token(method: str, path: str, api: Api, key: str) -> None:
    wrong = [
        {},
        {"X-API-Key": key},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
        {"Authorization": TOKEN},
    ]
    for headers in wrong:
        answer = await api.call(method, path, headers=headers)
        assert error(answer) == (401, "Unauthorized"), headers
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    for token in (key, TOKEN + "x", TOKEN[:-1], TOKEN.upper()):
        answer = await api.call(method, path, headers={"Authorization": f"Bearer {token}"})
        assert error(answer) == (401, "Invalid admin token"), token


async def test_the_token_is_no_api_key(api: Api) -> None:
    assert error(await api.call("GET", ME, key=TOKEN)) == (401, "Invalid API Key")


async def test_guesses_are_limited_by_address_and_the_holder_is_not_locked_out(
    api: Api, key: str
) -> None:
    assert (await ask(api, "GET", AUDIT)).status == 200

    guesses = await asyncio.gather(
        *(ask(api, "GET", AUDIT, token=f"guess {number}") for number in range(70))
    )

    refused = [answer for answer in guesses if answer.status == 429]
    assert [answer.status for answer in guesses].count(401) == 60
    assert len(refused) == 10
    assert error(refused[0]) == (429, "Rate limit exceeded")
    assert refused[0].headers["Retry-After"] == str(refused[0].body["retry_after"])
    assert error(await api.call("GET", ME, key="tk_unknown"))[0] == 429
    assert (await ask(api, "GET", AUDIT)).status == 200


async def test_a_right_guess_helps_nobody_whose_guesses_are_spent(
    api: Api,
) -> None:
    await asyncio.gather(*(ask(api, "GET", AUDIT, token=f"guess {one}") for one in range(60)))

    assert (await ask(api, "GET", AUDIT)).status == 429


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", ACCOUNTS, {"plan": "pro"}, (400, "Missing parameter")),
        ("POST", ACCOUNTS, {"email": "a@example.com"}, (400, "Missing parameter")),
        ("POST", ACCOUNTS, {"email": "nobody", "plan": "pro"}, (400, "Invalid parameter")),
        ("POST", ACCOUNTS, {"email": {"$ne": 1}, "plan": "pro"}, (400, "Invalid parameter")),
        ("POST", ACCOUNTS, {"email": "a@b.com", "plan": "gold"}, (400, "Invalid parameter")),
        ("POST", ACCOUNTS, {"email": "İ" * 64 + "@b", "plan": "pro"}, (400, "Invalid parameter")),
        ("PATCH", f"{ACCOUNTS}/acc_none", {}, (400, "Missing parameter")),
        ("PATCH", f"{ACCOUNTS}/acc_none", {"status": "gone"}, (400, "Invalid parameter")),
        ("PATCH", f"{ACCOUNTS}/acc_none", {"plan": "pro"}, (404, "Account not found")),
        ("GET", f"{ACCOUNTS}/%00", None, (404, "Account not found")),
        ("GET", f"{ACCOUNTS}/acc_none/keys", None, (404, "Account not found")),
        ("POST", f"{ACCOUNTS}/acc_none/keys", {}, (404, "Account not found")),
        ("GET", f"{AUDIT}?account=acc_none", None, (404, "Account not found")),
        ("GET", f"{AUDIT}?limit=0", None, (400, "Invalid parameter")),
        ("GET", f"{AUDIT}?cursor=x", None, (400, "Invalid parameter")),
        ("PATCH", "/admin/v1/keys/key_none", {"label": "x"}, (404, "Key not found")),
        ("PATCH", "/admin/v1/keys/key_none", {}, (400, "Missing parameter")),
        ("POST", "/admin/v1/keys/key_none/rotate", {}, (404, "Key not found")),
        ("DELETE", "/admin/v1/keys/key_none", None, (404, "Key not found")),
        ("GET", "/admin/v1/nothing", None, (404, "Endpoint not found")),
    ],
)
async def test_what_is_wrong_is_said(
    method: str, path: str, body: dict[str, Any] | None, expected: tuple[int, str], api: Api
) -> None:
    assert error(await ask(api, method, path, body)) == expected


@pytest.mark.hasty
@pytest.mark.drill
async def test_a_change_that_redis_does_not_hear_of_is_202_and_told_when_it_is_back(
    environment: Environment, callers: Callers, tmp_path: Path
) -> None:
    account, key = await callers.make(PlanName.FREE)
    (issued,) = await callers.keys.list(account.id)
    server = EmbeddedValkey(tmp_path)
    await asyncio.to_thread(server.start)
    update = {"redis_url": server.url}
    try:
        async with serving(environment.model_copy(update=update)) as api:
            assert (await api.call("GET", ME, key=key)).status == 200
            await asyncio.to_thread(server.stop)
            path = f"/admin/v1/keys/{issued.id}"
            rotated = await ask(api, "POST", f"{path}/rotate", {"overlap_s": 0})
            suspended = await ask(api, "PATCH", f"{ACCOUNTS}/{account.id}", {"status": "active"})
            revoked = await ask(api, "DELETE", path)
            wrong = await ask(api, "DELETE", path, token="another token, long enough")
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(10):
                while (answer := await api.call("GET", ME, key=key)).status != 401:
                    assert answer.status in {200, 503}
                    await asyncio.sleep(0.02)
    finally:
        await asyncio.to_thread(server.stop)

    for answer in (rotated, suspended, revoked):
        assert (answer.status, answer.body["effective"]) == (202, False), answer.body
    assert rotated.body["key"].startswith("tk_")
    assert error(wrong) == (401, "Invalid admin token")


@pytest.mark.hasty
async def test_without_mongodb_it_is_said_within_a_second(environment: Environment) -> None:
    nowhere = {"mongodb_uri": "mongodb://127.0.0.1:1"}
    async with serving(environment.model_copy(update=nowhere)) as api:
        async with asyncio.timeout(2):
            answer = await ask(api, "GET", AUDIT)

    assert (answer.status, answer.body["reason"]) == (503, "storage_unavailable")
    assert "Retry-After" in answer.headers


async def test_the_token_stands_in_no_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await ask(api, "GET", AUDIT)
    await ask(api, "GET", AUDIT, token="a guess that nobody sees")

    assert TOKEN not in caplog.text
    assert "a guess that nobody sees" not in caplog.text


def test_a_token_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    environment = Environment(data_dir=tmp_path / "data")

    token = admin_token(environment)

    assert token.startswith("adm_")
    assert admin_token(environment) == token
    path = tmp_path / "data" / "admin-token"
    assert path.read_text() == token
    assert path.stat().st_mode & 0o777 == 0o600
    assert admin_token(environment.model_copy(update={"admin_token": TOKEN})) == TOKEN


def test_a_short_token_is_refused_at_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_TOKEN", "short")

    with pytest.raises(SettingsError, match="ADMIN_TOKEN"):
        read_environment()
