"""The same cached answer as such services are usually written: FastAPI, slowapi, Redis, MongoDB.

Served by ``python -m bench.peers.fastapi_peer PORT MONGODB_URI REDIS_SOCKET``, one process. What
it looks up is put there by :mod:`bench.rows.cached`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pymongo import AsyncMongoClient, ReturnDocument
from redis.asyncio import Redis
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PORT, MONGODB_URI, REDIS_SOCKET = int(sys.argv[1]), sys.argv[2], sys.argv[3]
MONTH = 100_000


def key_of(request: Request) -> str:
    """What the rate belongs to."""
    return request.headers.get("X-API-Key", "")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect, and close the connections."""
    app.state.mongodb = AsyncMongoClient(MONGODB_URI)
    app.state.redis = Redis(unix_socket_path=REDIS_SOCKET, decode_responses=True)
    yield
    await app.state.redis.aclose()
    await app.state.mongodb.close()


limiter = Limiter(key_func=key_of, storage_uri=f"redis+unix://{REDIS_SOCKET}", headers_enabled=True)
app = FastAPI(lifespan=lifespan)
app.state.limiter = limiter
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)


class Extraction(BaseModel):
    """The body of a request."""

    url: str
    extract_metadata: bool = True
    extract_country: bool = False


async def account_of(request: Request, x_api_key: Annotated[str, Header()]) -> dict[str, Any]:
    """Look the key up and count the request to its account's month."""
    accounts = request.app.state.mongodb.peer.accounts
    account: dict[str, Any] | None = await accounts.find_one_and_update(
        {"key": hashlib.sha256(x_api_key.encode()).hexdigest(), "used": {"$lt": MONTH}},
        {"$inc": {"used": 1}},
        return_document=ReturnDocument.AFTER,
    )
    if account is None:
        raise HTTPException(401, "Invalid API Key")
    return account


@app.post("/api/v1/video/extract")
@limiter.limit("500/minute")
async def extract(
    request: Request,
    extraction: Extraction,
    account: Annotated[dict[str, Any], Depends(account_of)],
) -> JSONResponse:
    """Answer a cached post."""
    started = perf_counter()
    video_id = extraction.url.rsplit("/", 1)[-1]
    cached = await request.app.state.redis.get(f"peer:video:{video_id}")
    if cached is None:
        raise HTTPException(404, "Video not found")
    video = json.loads(cached)
    elapsed_ms = int((perf_counter() - started) * 1000)
    await request.app.state.mongodb.peer.usage.insert_one(
        {
            "account": account["_id"],
            "video_id": video_id,
            "status": 200,
            "cached": True,
            "elapsed_ms": elapsed_ms,
            "at": datetime.now(UTC),
        }
    )
    answer: dict[str, Any] = {"success": True, "video_url": video["video_url"]}
    if extraction.extract_metadata:
        answer["metadata"] = video["metadata"]
    return JSONResponse(
        answer
        | {
            "cached": True,
            "requests_remaining": MONTH - account["used"],
            "process_time_ms": elapsed_ms,
        }
    )


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=PORT,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
