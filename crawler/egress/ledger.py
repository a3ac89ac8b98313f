"""What all workers know together of the egresses, kept in Redis."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from crawler.egress.states import POSTPONED_UNTIL, postponement_key, state_key
from services.scripts import Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from crawler.errors import Reason
    from settings.env import Environment

LAPSE_S = 3.0
"""A worker that is silent for so long loses its share."""
_JITTER = 0.1
_random = random.Random()  # noqa: S311 - no secret

_block, _hold, _probe, _pace = (
    Script(Path(__file__).with_name(f"{name}.lua")) for name in ("block", "hold", "probe", "pace")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How politely each egress is used; times in seconds."""

    concurrency: int
    delay_s: float
    first_s: float
    max_s: float
    blocks: int
    window_s: float
    probe_s: float
    """How long a probe may stay unheard of before another one may be made."""

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """As the operator has set it."""
        return cls(
            concurrency=environment.egress_concurrency,
            delay_s=environment.egress_delay_s,
            first_s=environment.backoff_first_s,
            max_s=environment.backoff_max_s,
            blocks=environment.breaker_blocks,
            window_s=environment.breaker_window_s,
            probe_s=environment.extract_timeout_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a worker has and wants of one egress."""

    egress: str
    wants: int
    has: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a worker may do through one egress."""

    share: int
    is_blocked: bool
    """Whether a block was noted since its last page was served."""
    is_open: bool
    """Whether its breaker is open."""
    wait_s: float
    """How long an open one is not to be probed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """What followed from a block."""

    delay_s: float
    """For how long the target is postponed; 0 when it is not."""
    wait_s: float
    """For how long the egress is closed to all; 0 when it is open to others."""


class Ledger:
    """Reads and writes it; every method is one round trip and may raise ``RedisError``."""

    def __init__(self, redis: Redis, policy: Policy, *, worker: str) -> None:
        self._redis = redis
        self._worker = worker
        self.policy = policy

    async def hold(self, needs: Sequence[Need]) -> tuple[float, list[Grant]]:
        """Take this worker's share of each egress, good until ``LAPSE_S`` from now.

        Returns:
            For how long some target may be postponed, and what is granted of each egress.
        """
        keys = [POSTPONED_UNTIL]
        arguments: list[Any] = [self._worker, int(LAPSE_S * 1000), self.policy.concurrency]
        for need in needs:
            keys += [state_key(need.egress), _shares_key(need.egress)]
            arguments += [need.wants, need.has]
        postponed_ms, *flat = await _hold.call(self._redis, keys, arguments)
        grants = [
            Grant(share=share, is_blocked=blocked == 1, is_open=is_open == 1, wait_s=ms / 1000)
            for share, blocked, is_open, ms in zip(
                *(flat[place::4] for place in range(4)), strict=True
            )
        ]
        return postponed_ms / 1000, grants

    async def give_up(self, egresses: Sequence[str]) -> None:
        """Leave this worker's shares to the others."""
        pipeline = self._redis.pipeline(transaction=False)
        for egress in egresses:
            pipeline.hdel(_shares_key(egress), self._worker)
        await pipeline.execute()

    async def block(
        self,
        egress: str,
        targets: Sequence[str],
        reason: Reason,
        *,
        is_probe: bool,
        postpones: bool,
        named_s: int | None = None,
    ) -> Blocked:
        """Note that a wall stood where content should be.

        Args:
            egress: through which the page was asked for.
            targets: keys of the target, the one that counts first.
            reason: what stood there.
            is_probe: whether it was the probe of an open breaker.
            postpones: whether the target is not to be asked for again for a while.
            named_s: for how long, if TikTok itself said so; else the back-off's own step.
        """
        policy = self.policy
        keys = [state_key(egress), f"egress:{egress}:blocks", POSTPONED_UNTIL]
        keys += map(postponement_key, dict.fromkeys(targets))
        delay_ms, wait_ms, _ = await _block.call(
            self._redis,
            keys,
            [
                *(targets[0], reason.value, policy.concurrency, policy.blocks),
                *(int(each * 1000) for each in (policy.window_s, policy.first_s, policy.max_s)),
                _random.uniform(1 - _JITTER, 1 + _JITTER),
                int(min(named_s or 0, policy.max_s) * 1000),
                *(int(is_probe), int(postpones)),
            ],
        )
        return Blocked(delay_s=delay_ms / 1000, wait_s=wait_ms / 1000)

    async def serve(self, egress: str) -> None:
        """Note that a page was served: all is well again."""
        await self._redis.delete(state_key(egress), f"egress:{egress}:blocks")

    async def probe(self, egress: str) -> float:
        """Ask to be the probe of an open breaker: -1 yes, 0 it is closed, else seconds to wait."""
        answer = await _probe.call(
            self._redis, [state_key(egress)], [int(self.policy.probe_s * 1000)]
        )
        return -1.0 if answer == -1 else int(answer) / 1000

    async def leave_probe(self, egress: str) -> None:
        """Let somebody else probe: this one has told nothing."""
        await self._redis.hdel(state_key(egress), "probe")

    async def pace(self, egress: str) -> float:
        """Take the next moment for a bulk page and answer the seconds until then."""
        delay_ms = int(self.policy.delay_s * 1000)
        return int(await _pace.call(self._redis, [f"egress:{egress}:next"], [delay_ms])) / 1000


def _shares_key(egress: str) -> str:
    return f"egress:{egress}:shares"
