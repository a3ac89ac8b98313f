"""Describing an endpoint where it is written: for documentation and validation alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp_apispec import docs, request_schema

from api.errors import INVALID_PARAMETER, KEY_REUSED, UNDER_WAY, ApiError, Problem
from api.schemas.errors import (
    ConflictAnswer,
    ErrorAnswer,
    ForbiddenAnswer,
    OurFaultAnswer,
    RequestErrorAnswer,
    TooManyAnswer,
    UnavailableAnswer,
    VideoNotFoundAnswer,
)
from api.uploads import FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from marshmallow import Schema

    from api.middlewares import Handler

    H = TypeVar("H", bound=Handler)

SCHEMAS: Mapping[int, type[Schema]] = {
    400: RequestErrorAnswer,
    401: ErrorAnswer,
    403: ForbiddenAnswer,
    404: VideoNotFoundAnswer,
    409: ConflictAnswer,
    413: RequestErrorAnswer,
    416: ErrorAnswer,
    422: ErrorAnswer,
    429: TooManyAnswer,
    500: OurFaultAnswer,
    503: UnavailableAnswer,
}

BODY_EXAMPLE = "x-body-example"
"""Where an operation bears the example of its body until it is OpenAPI 3."""

OTHER_CONTENT = "x-content"
"""Where an answer bears what it may be beside JSON, as OpenAPI 3 writes it."""

OTHER_BODIES = "x-bodies"
"""Where an operation bears what its body may be beside JSON, as OpenAPI 3 writes it."""

_ID = {"X-Request-ID": {"type": "string", "description": "The id of this request in our log."}}
_FILE = {
    **_ID,
    "Accept-Ranges": {"type": "string", "description": "`bytes`: parts may be asked for."},
    "Content-Disposition": {"type": "string", "description": "A name to save the file under."},
}
_PART = {"Content-Range": {"type": "string", "description": "Which part it is, of how many bytes."}}
_WAIT = {"Retry-After": {"type": "integer", "description": "Seconds to wait."}}
_BINARY = {"type": "string", "format": "binary"}
_TEXTS: Mapping[str, dict[str, Any]] = {
    # Readers of OpenAPI take the schema of such a stream for that of each of its events.
    "text/event-stream": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
        "required": ["data"],
    },
    "application/vnd.apache.parquet": _BINARY,
    "application/gzip": _BINARY,
    "application/zstd": _BINARY,
}
_RATE = {
    "X-RateLimit-Limit": {"type": "integer", "description": "Requests a minute."},
    "X-RateLimit-Remaining": {"type": "integer", "description": "What is left of them."},
    "X-RateLimit-Reset": {
        "type": "integer",
        "description": "Unix seconds at which the oldest counted request is forgotten.",
    },
    "RateLimit-Policy": {
        "type": "string",
        "description": 'What the plan allows, such as `"minute";q=30;w=60, "month";q=1000`.',
    },
    "RateLimit": {
        "type": "string",
        "description": 'What is left of it, such as `"minute";r=28;t=12, "month";r=949`.',
    },
}
_REPLAYED = {
    "Idempotent-Replayed": {
        "type": "string",
        "description": "`true` on the answer that was given to the same `Idempotency-Key` before.",
    }
}
_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "A new random value for each request: sent again with it, the request is not"
    " done and charged again but answered as it was. Kept for 24 hours.",
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "pattern": "^[!-~]([ -~]*[!-~])?$",
}


def documented(
    *,
    tag: str,
    summary: str,
    answers: Mapping[int, tuple[type[Schema] | None, str, Any]] | None = None,
    files: tuple[str, ...] = (),
    texts: Mapping[str, str] | None = None,
    problems: Iterable[Problem] = (),
    body: type[Schema] | Schema | None = None,
    body_example: Mapping[str, Any] | None = None,
    files_taken: Mapping[str, Any] | None = None,
    query: type[Schema] | None = None,
    headers: Mapping[str, str] | None = None,
    answer_headers: Mapping[str, str] | None = None,
    needs_key: bool = True,
) -> Callable[[H], H]:
    """Say what an endpoint takes and answers; its docstring is the description.

    ``files`` are the content types of what is answered where that is no JSON, ``texts`` those that
    are text, each with an example; where an answer 200 has a schema too, it is JSON or one of them.
    ``headers`` are those that it reads, ``answer_headers`` those of its ``answers``, both with what
    they mean. An answer without a schema has no body.
    ``files_taken`` are the content types that are taken instead of JSON, each with an example: of a
    file, or of a form that has one.
    """
    more_headers = {
        name: {"type": "string", "description": meaning}
        for name, meaning in (answer_headers or {}).items()
    }

    def describe(handler: H) -> H:
        docs(
            tags=[tag],
            summary=summary,
            description=" ".join((handler.__doc__ or "").split()),
            operationId=getattr(handler, "__name__", ""),
            security=[{"ApiKey": []}] if needs_key else [],
            parameters=[
                *(
                    {"in": "header", "name": name, "description": meaning, "type": "string"}
                    for name, meaning in (headers or {}).items()
                ),
                *(_words(body) if body and files_taken else ()),
            ],
            **({BODY_EXAMPLE: body_example} if body_example else {}),
            **({OTHER_BODIES: _files_taken(files_taken)} if files_taken else {}),
            responses={
                **{
                    str(status): {
                        "description": description,
                        **_body(schema, description, example),
                        **(_texts(texts, description) if texts and status == 200 else {}),
                        "headers": _headers(status, needs_key=needs_key) | more_headers,
                    }
                    for status, (schema, description, example) in (answers or {}).items()
                },
                **(_files(files) if files else {}),
                **_errors(problems, needs_key=needs_key),
            },
        )(handler)
        if query is not None:
            request_schema(query, location="querystring")(handler)
        if body is not None:
            request_schema(body, required=True)(handler)
        return handler

    return describe


def _files(content_types: tuple[str, ...]) -> dict[str, Any]:
    content = {one: {"schema": {"type": "string", "format": "binary"}} for one in content_types}
    return {
        status: {OTHER_CONTENT: content, "description": description, "headers": _FILE | more}
        for status, description, more in (("200", "The file", {}), ("206", "A part of it", _PART))
    }


def _files_taken(examples: Mapping[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        content_type: {"schema": _form(example) if isinstance(example, dict) else text}
        | {"example": example}
        for content_type, example in examples.items()
    }


def _words(body: type[Schema] | Schema) -> Iterator[dict[str, Any]]:
    """What goes with a file in the query: the body's fields but the file itself, as words."""
    for name, field in (body() if isinstance(body, type) else body).fields.items():
        if name != FILE:
            meaning = field.metadata["description"]
            yield {"in": "query", "name": name, "description": meaning, "type": "string"}


def _form(example: Mapping[str, Any]) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in example}
    return {"type": "object", "properties": properties, "required": [FILE]}


def _body(schema: type[Schema] | None, description: str, example: Any) -> dict[str, Any]:
    return {"schema": schema, "examples": {description: example}} if schema else {}


def with_idempotency(operation: Mapping[str, Any]) -> dict[str, Any]:
    """An operation as it is with the header that makes it safe to send again."""
    responses = dict(operation["responses"])
    for status, ours in _errors((INVALID_PARAMETER, UNDER_WAY, KEY_REUSED), needs_key=True).items():
        theirs = responses.get(status, ours)
        examples = {**ours["examples"], **theirs["examples"]}
        responses[status] = {**theirs, "examples": examples, "description": "; ".join(examples)}
    for status, response in responses.items():
        if status.startswith("2") or status == "404":
            responses[status] = {**response, "headers": {**response["headers"], **_REPLAYED}}
    parameters = [*operation["parameters"], _IDEMPOTENCY_KEY]
    return {**operation, "parameters": parameters, "responses": responses}


def _texts(texts: Mapping[str, str], title: str) -> dict[str, Any]:
    content = {
        content_type: {
            "schema": _TEXTS.get(content_type, {"type": "string"}),
            "examples": named_examples({title: example}),
        }
        for content_type, example in texts.items()
    }
    return {OTHER_CONTENT: content}


def named_examples(examples: Mapping[str, Any]) -> dict[str, Any]:
    """Examples by their titles, as OpenAPI 3 writes them."""
    return {
        title.replace(" ", "-"): {"summary": title, "value": value}
        for title, value in examples.items()
    }


def _errors(problems: Iterable[Problem], *, needs_key: bool) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for problem in problems:
        response = responses.setdefault(
            str(problem.status),
            {
                "schema": _schema(problem),
                "description": "",
                "headers": _headers(problem.status, needs_key=needs_key),
                "examples": {},
            },
        )
        response["examples"][problem.error] = ApiError(problem, **problem.example).body
        response["description"] = "; ".join(response["examples"])
    return responses


def _schema(problem: Problem) -> type[Schema]:
    """The shape of an error; what is missing and no video has no reason."""
    is_plain = problem.status == 404 and not problem.example
    return ErrorAnswer if is_plain else SCHEMAS[problem.status]


def _headers(status: int, *, needs_key: bool) -> dict[str, Any]:
    return {
        **_ID,
        **(_RATE if needs_key and status != 401 else {}),
        **(_WAIT if status in {409, 429, 503} and needs_key else {}),
    }
