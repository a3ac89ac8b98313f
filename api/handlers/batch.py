"""The endpoint that extracts many videos at once."""

from __future__ import annotations

from aiohttp import web

from api.answers import Wish
from api.calls import CALL, DATA
from api.documented import documented
from api.errors import OF_EXTRACTIONS
from api.examples import BATCH_ANSWER, BATCH_REQUEST
from api.middlewares.envelope import JSON
from api.parts import BATCHES
from api.schemas.batch import BatchAnswer, BatchRequest


@documented(
    tag="Video",
    summary="Extract up to 100 videos",
    body=BatchRequest,
    body_example=BATCH_REQUEST,
    answers={200: (BatchAnswer, "An outcome for each link", BATCH_ANSWER)},
    problems=OF_EXTRACTIONS,
)
async def extract_batch(request: web.Request) -> web.Response:
    """What extractions of the links would have answered, each with the status it would have had.

    Each link counts as one request towards the rate and is charged when it is answered 200 or 404.
    Links to the same video are crawled and charged once. When no link was answered and the reason
    is the account's or the service's, the whole request has that error.
    """
    asked = request[DATA]
    body = await request.app[BATCHES].answer(request[CALL], asked["urls"], Wish.of(asked))
    return web.Response(body=body, headers={"Content-Type": JSON})
