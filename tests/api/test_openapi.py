from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from pipelines.documents.nulls import NullReason
from tests.api.conftest import EXTRACT, LINK, VIDEO_ID, Api, a_video, put

if TYPE_CHECKING:
    from redis.asyncio import Redis


BATCH = f"{EXTRACT}/batch"
VIDEO = "/api/v1/videos/{id}"
FILE = re.compile(r"(video|audio|image)/|text/vtt|application/x-subrip")


@pytest.fixture
async def description(api: Api) -> dict[str, Any]:
    answer = await api.call("GET", "/openapi.json")
    assert answer.status == 200
    body: dict[str, Any] = answer.body
    return body


def conforms(description: dict[str, Any], body: Any, status: int, path: str, method: str) -> bool:
    schema = description["paths"][path][method]["responses"][str(status)]["content"][
        "application/json"
    ]["schema"]
    text = {**description, **schema}
    return bool(OAS30Validator(text).is_valid(body))


async def test_it_is_valid_openapi_3(description: dict[str, Any]) -> None:
    validate(description)

    assert description["openapi"] == "3.0.3"
    assert description["components"]["securitySchemes"] == {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "AdminToken": {"type": "http", "scheme": "bearer"},
    }


async def test_every_route_is_described(api: Api, description: dict[str, Any]) -> None:
    unlisted = re.compile(r"/openapi\.json|/docs|/static/")
    for route in api.app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if not unlisted.match(path) and route.method != "HEAD":
            assert route.method.lower() in description["paths"][path], path


async def test_every_answer_has_a_schema_and_an_example_that_fits_it(
    description: dict[str, Any],
) -> None:
    count = 0
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if status == "304":
                    assert "content" not in response
                    continue
                if any(FILE.match(one) for one in response["content"]):
                    assert status in {"200", "206"}
                    assert all(FILE.match(one) for one in response["content"])
                    continue
                for content_type, content in response["content"].items():
                    examples = content["examples"].values()
                    assert examples, (path, status)
                    if content_type != "application/json":
                        assert all(isinstance(one["value"], str) for one in examples)
                        continue
                    for example in examples:
                        count += 1
                        fits = conforms(description, example["value"], int(status), path, method)
                        assert fits, (path, status, example)
    assert count >= 17


async def test_all_errors_of_an_extraction_are_described(description: dict[str, Any]) -> None:
    responses = description["paths"][EXTRACT]["post"]["responses"]

    assert set(responses) == {
        *("200", "400", "401", "403", "404", "409", "413", "422", "429", "500", "503"),
    }
    assert description["paths"][EXTRACT]["post"]["security"] == [{"ApiKey": []}]
    assert "X-RateLimit-Reset" in responses["429"]["headers"]
    assert "Retry-After" in responses["503"]["headers"]


async def test_the_body_is_described(description: dict[str, Any]) -> None:
    body = description["paths"][EXTRACT]["post"]["requestBody"]

    assert body["required"] is True
    schema = description["components"]["schemas"]["ExtractRequest"]
    assert schema["required"] == ["url"]
    assert schema["properties"]["extract_metadata"]["default"] is True


async def test_a_batch_and_a_post_are_described(description: dict[str, Any]) -> None:
    batch = description["components"]["schemas"]["BatchRequest"]
    urls, age = batch["properties"]["urls"], batch["properties"]["max_age"]
    read = description["paths"][VIDEO]["get"]
    parameters = {parameter["name"]: parameter for parameter in read["parameters"]}

    assert (batch["required"], urls["minItems"], urls["maxItems"]) == (["urls"], 1, 100)
    assert (age["type"], age["minimum"], age["maximum"]) == ("integer", 0, 2_592_000)
    assert set(parameters) == {
        *("id", "extract_country", "max_age", "quality", "codec", "If-None-Match"),
    }
    assert parameters["max_age"]["schema"]["maximum"] == 2_592_000
    assert "ETag" in read["responses"]["304"]["headers"]
    assert "content" not in read["responses"]["304"]


async def test_every_reason_of_a_null_is_described(description: dict[str, Any]) -> None:
    absent = description["components"]["schemas"]["Meta"]["properties"]["absent"]

    assert absent["additionalProperties"]["enum"] == [reason.value for reason in NullReason]


async def test_real_answers_fit_the_description(
    api: Api, key: str, redis_client: Redis, description: dict[str, Any]
) -> None:
    await put(redis_client, a_video())
    found = await api.extract(key)
    wrong = await api.extract(key, "wrong")
    health = await api.call("GET", "/health")
    me = await api.call("GET", "/api/v1/user/me", key=key)
    usage = await api.call("GET", "/api/v1/user/usage?period=week", key=key)
    batch = await api.call("POST", BATCH, key=key, json={"urls": [LINK, "wrong"]})
    video = await api.call("GET", f"/api/v1/videos/{VIDEO_ID}", key=key)

    assert conforms(description, batch.body, 200, BATCH, "post")
    assert conforms(description, video.body, 200, VIDEO, "get")
    assert conforms(description, found.body, 200, EXTRACT, "post")
    assert conforms(description, wrong.body, 400, EXTRACT, "post")
    assert conforms(description, health.body, 200, "/health", "get")
    assert conforms(description, me.body, 200, "/api/v1/user/me", "get")
    assert conforms(description, usage.body, 200, "/api/v1/user/usage", "get")
    assert not conforms(description, {"success": True}, 200, EXTRACT, "post")


async def test_the_page_of_the_documentation_needs_nothing_from_elsewhere(api: Api) -> None:
    async with api.session.get(api.url + "/docs") as response:
        page = await response.text()
        assert response.status == 200
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert len(parts) >= 3
    for part in parts:
        assert part.startswith("/static/swagger/")
        async with api.session.get(api.url + part) as response:
            assert response.status == 200, part
    assert 'url: "/openapi.json"' in page


async def test_the_administration_has_a_door_of_its_own(description: dict[str, Any]) -> None:
    operations = {
        (path, method): operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }
    of_admin = {place: one for place, one in operations.items() if place[0].startswith("/admin/")}

    assert len(of_admin) == 10
    for operation in of_admin.values():
        assert operation["tags"] == ["Administration"]
        assert operation["security"] == [{"AdminToken": []}]
        assert set(operation["responses"]["429"]["headers"]) == {"X-Request-ID", "Retry-After"}
    rest = [one for place, one in operations.items() if place not in of_admin]
    assert not [one for one in rest if {"AdminToken": []} in one["security"]]


async def test_periods_of_usage_are_described(description: dict[str, Any]) -> None:
    (period,) = description["paths"]["/api/v1/user/usage"]["get"]["parameters"]

    assert (period["name"], period["in"], period["required"]) == ("period", "query", False)
    assert period["schema"]["enum"] == ["today", "week", "month", "all"]
    assert period["schema"]["default"] == "month"
