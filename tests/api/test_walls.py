"""What callers hear while TikTok refuses: at once, from Redis, with the time to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.egress.ledger import Ledger
from crawler.egress.names import egresses_of
from crawler.errors import Reason
from crawler.jobs.queue import STREAMS
from crawler.jobs.records import Lane
from tests.api.conftest import VIDEO_ID, Api, a_video, put, serving
from tests.crawler.egress.gates import a_policy

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from settings.env import Environment

PROXIES = ("http://ann:s3cret@127.0.0.1:9", "http://127.0.0.1:10")


async def wall(redis: Redis, egress: str, target: str = "video:1", *, blocks: int = 1) -> None:
    ledger = Ledger(redis, a_policy(blocks=blocks, first_s=100), worker="worker_1")
    await ledger.block(egress, [target], Reason.CAPTCHA, is_probe=False, postpones=True)


async def test_while_the_breaker_is_open_the_answer_is_503_at_once(
    api: Api, key: str, redis_client: Redis
) -> None:
    await wall(redis_client, "direct")

    answer = await api.extract(key)

    assert answer.status == 503
    assert answer.body["reason"] == "upstream_blocked"
    assert answer.body["retryable"] is True
    assert 85 <= int(answer.headers["Retry-After"]) <= 110
    assert await redis_client.xlen(STREAMS[Lane.DEMAND]) == 0


async def test_cached_answers_go_on_while_it_is_open(
    api: Api, key: str, redis_client: Redis
) -> None:
    await put(redis_client, a_video())
    await wall(redis_client, "direct")

    assert (await api.extract(key)).status == 200


async def test_a_postponed_video_is_answered_with_the_reason_of_its_block(
    api: Api, key: str, redis_client: Redis
) -> None:
    await wall(redis_client, "direct", f"video:{VIDEO_ID}", blocks=5)

    answer = await api.extract(key)

    assert (answer.status, answer.body["reason"]) == (503, "captcha")
    assert 85 <= int(answer.headers["Retry-After"]) <= 110
    assert await redis_client.xlen(STREAMS[Lane.DEMAND]) == 0


async def test_one_proxy_that_is_left_is_enough_to_ask(
    environment: Environment, key: str, redis_client: Redis
) -> None:
    names = list(egresses_of(PROXIES))
    changed = environment.model_copy(update={"proxy_urls": PROXIES, "extract_timeout_s": 0.1})
    async with serving(changed) as api:
        await wall(redis_client, names[0])
        assert (await api.extract(key)).body["reason"] == "timeout"
        assert await redis_client.xlen(STREAMS[Lane.DEMAND]) == 1

        await redis_client.delete(f"flight:video:{VIDEO_ID}")
        await wall(redis_client, names[1])
        assert (await api.extract(key)).body["reason"] == "upstream_blocked"
