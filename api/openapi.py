"""The API's description in OpenAPI 3, and the page that shows it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from aiohttp import web
from aiohttp_apispec import AiohttpApiSpec
from aiohttp_apispec.utils import get_path

from api.body import BodyParser
from api.calls import DATA
from api.documented import (
    BODY_EXAMPLE,
    OTHER_BODIES,
    OTHER_CONTENT,
    named_examples,
    with_idempotency,
)
from api.version import version

if TYPE_CHECKING:
    from collections.abc import Mapping

OPENAPI_PATH = "/openapi.json"
DOCS_PATH = "/docs"
STATIC_PATH = "/static/swagger"
JSON = "application/json"

_DESCRIPTION = """\
Turns TikTok links into video addresses and metadata.

Every answer bears `X-Request-ID`; every answer to a valid key bears the `X-RateLimit-…` headers.
Every error has `success: false`, `error` (words that stay) and `detail` (for a reader).
"""


class OpenApi(AiohttpApiSpec):  # type: ignore[misc] # the package has no types
    """Registers schemas, validation and documentation of all routes that the application has."""

    _made: ClassVar[dict[tuple[Any, ...], dict[str, Any]]] = {}

    def __init__(self, app: web.Application, *, address: str) -> None:
        self._address = address
        with warnings.catch_warnings():
            # The package keeps what it needs on the application under plain strings.
            warnings.simplefilter("ignore", web.NotAppKeyWarning)
            super().__init__(
                url=OPENAPI_PATH,
                app=app,
                request_data_name=DATA,
                swagger_path=DOCS_PATH,
                static_path=STATIC_PATH,
                in_place=True,
                title="TikTok Video Intelligence API",
                version=version(),
                info={"description": _DESCRIPTION},
            )
            app["_apispec_parser"] = BodyParser()

    def _register(self, app: web.Application) -> None:
        """Describe the application's routes; the same ones at the same address once only."""
        key = (self._address, *((route.method, get_path(route)) for route in app.router.routes()))
        if key not in self._made:
            super()._register(app)
            self._made[key] = app["swagger_dict"]
        app["swagger_dict"] = self._made[key]

    def _update_paths(self, data: dict[str, Any], method: str, url_path: str) -> None:
        """Describe one route; the package would use up what the handler was described with."""
        if method == "head":
            return
        if method in {"post", "patch"} and {"ApiKey": []} in data["security"]:
            data = with_idempotency(data)
        parameters = [*data["parameters"]]
        super()._update_paths({**data, "parameters": parameters}, method, url_path)

    def swagger_dict(self) -> dict[str, Any]:
        """The description; the package makes Swagger 2.0 of the routes, this OpenAPI 3.0.3."""
        swagger: dict[str, Any] = super().swagger_dict()
        return {
            "openapi": "3.0.3",
            "info": swagger["info"],
            "servers": [{"url": self._address}],
            "paths": {
                path: {method: _operation(one) for method, one in operations.items()}
                for path, operations in swagger["paths"].items()
            },
            "components": {
                "schemas": _moved(swagger.get("definitions", {})),
                "securitySchemes": {
                    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                    "AdminToken": {"type": "http", "scheme": "bearer"},
                },
            },
        }


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    """One operation, with its body out of its parameters and its answers by content type."""
    left_out = {"produces", "parameters", BODY_EXAMPLE, OTHER_BODIES}
    kept = {name: one for name, one in operation.items() if name not in left_out}
    parameters = operation.get("parameters", ())
    body = next((one for one in parameters if one["in"] == "body"), None)
    if body is not None:
        kept["requestBody"] = {
            "required": body.get("required", False),
            "content": {
                JSON: {"schema": _moved(body["schema"]), "example": operation[BODY_EXAMPLE]},
                **operation.get(OTHER_BODIES, {}),
            },
        }
    kept["parameters"] = [_parameter(one) for one in parameters if one["in"] != "body"]
    kept["responses"] = {
        status: _response(response) for status, response in operation["responses"].items()
    }
    return kept


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    outside = {"name", "in", "required", "description"}
    return {
        **{name: value for name, value in parameter.items() if name in outside},
        "schema": _moved({k: v for k, v in parameter.items() if k not in outside}),
    }


def _response(response: Mapping[str, Any]) -> dict[str, Any]:
    content = dict(response.get(OTHER_CONTENT, {}))
    if "schema" in response:
        examples = named_examples(response.get("examples", {}))
        content[JSON] = {"schema": _moved(response["schema"]), "examples": examples}
    return {
        "description": response["description"],
        "headers": {
            name: {"description": header["description"], "schema": {"type": header["type"]}}
            for name, header in response.get("headers", {}).items()
        },
        **({"content": content} if content else {}),
    }


def _moved(schema: Any) -> Any:
    """A schema with its references where OpenAPI 3 keeps schemas, and null in its own words."""
    if isinstance(schema, list):
        return [_moved(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {name: _moved(value) for name, value in schema.items() if name != "x-nullable"}
    if isinstance(moved.get("$ref"), str):
        moved["$ref"] = moved["$ref"].replace("#/definitions/", "#/components/schemas/")
    if schema.get("x-nullable"):
        moved["nullable"] = True
    return moved
