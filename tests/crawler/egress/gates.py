"""Gates of a worker, for tests: with steps small enough to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.egress.gate import Gate
from crawler.egress.ledger import Ledger, Policy
from crawler.egress.names import DIRECT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis


def a_policy(
    *,
    concurrency: int = 64,
    delay_s: float = 0,
    first_s: float = 60,
    max_s: float = 1800,
    blocks: int = 5,
    window_s: float = 600,
    probe_s: float = 10,
) -> Policy:
    """The policy of the default settings, but for what is named."""
    return Policy(
        concurrency=concurrency,
        delay_s=delay_s,
        first_s=first_s,
        max_s=max_s,
        blocks=blocks,
        window_s=window_s,
        probe_s=probe_s,
    )


def a_gate(
    redis: Redis,
    *,
    egresses: Iterable[str] = (DIRECT,),
    policy: Policy | None = None,
    worker: str = "worker_1",
) -> Gate:
    """The gate of one worker."""
    ledger = Ledger(redis, policy or a_policy(), worker=worker)
    return Gate(dict.fromkeys(egresses), ledger)
