"""Doing once what is asked twice: answers that are kept by an account's idempotency keys.

Redis holds them sealed, for an answer may hold a secret such as a key that was just issued: without
``SECRET_KEY`` neither an answer nor an idempotency key can be read there.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import zstandard
from redis.exceptions import RedisError

from accounts.errors import KeyReusedError, LimitsUnavailableError, UnderWayError
from services.scripts import Script
from services.sealing import Seal, derived

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.limits import Admission
    from services.wire import Wire, Word

KEPT_S = 24 * 3600
MOST_BYTES = 256 * 1024
"""The largest answer that is kept, compressed."""

_claim, _keep = (Script(Path(__file__).with_name(f"{name}.lua")) for name in ("claim", "keep"))


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given the first time."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that is now the one with its idempotency key."""

    name: str
    owner: str


def answers_seal(secret: bytes) -> Seal:
    """What answers are sealed with."""
    return Seal(secret, b"answers")


def open_answer(seal: Seal, name: str, sealed: bytes) -> Kept:
    """An answer as it was given.

    Raises:
        SealError: it was sealed with another secret, or under another name.
    """
    whole = zstandard.decompress(seal.open(sealed, about=name))
    head, _, body = whole.partition(b"\n")
    status, headers = orjson.loads(head)
    return Kept(status, headers, body)


class Once:
    """Idempotency keys of all accounts; one for each process."""

    def __init__(self, wire: Wire, secret: bytes, *, lease_s: float, kept_s: int = KEPT_S) -> None:
        self._wire = wire
        self._secret = derived(secret, b"names")
        self._seal = answers_seal(secret)
        self._lease_ms = int(lease_s * 1000)
        self._kept_s = kept_s

    async def claim(
        self, admission: Admission, *, key: str, request: Iterable[bytes], request_id: str
    ) -> Claim | Kept:
        """Claim an idempotency key for a request, or find the answer to the same request.

        A claim takes back the admission's place in the rate: the request is to be admitted anew.

        Raises:
            KeyReusedError: another request had this key.
            UnderWayError: the same request is being worked on.
            LimitsUnavailableError: Redis does not answer.
        """
        account_id = admission.account_id
        name = f"once:{account_id}:{self._digest((key.encode(),))}"
        arguments: list[Word] = [self._digest(request), request_id, self._lease_ms, admission.at_us]
        answer = await self._run(_claim, [name, f"rate:{account_id}"], arguments)
        match answer:
            case [b"claimed"]:
                return Claim(name, request_id)
            case [b"kept", sealed]:
                return open_answer(self._seal, name, sealed)
            case [b"reused"]:
                raise KeyReusedError
            case _:
                raise UnderWayError

    async def keep(self, claim: Claim, answer: Kept) -> bool:
        """End a claim with its answer; False when that is too large, or the claim has lapsed.

        Raises:
            LimitsUnavailableError: Redis does not answer; the claim lapses by itself.
        """
        sealed = self._sealed(claim.name, answer)
        if len(sealed) > MOST_BYTES:
            await self.release(claim)
            return False
        arguments: list[Word] = [claim.owner, sealed, self._kept_s]
        return bool(await self._run(_keep, [claim.name], arguments))

    async def release(self, claim: Claim) -> None:
        """End a claim without an answer: the next request with its key does the work.

        Raises:
            LimitsUnavailableError: Redis does not answer; the claim lapses by itself.
        """
        await self._run(_keep, [claim.name], [claim.owner, b"", 0])

    async def _run(self, script: Script, keys: list[str], arguments: list[Word]) -> Any:
        try:
            return await self._wire.run(script, keys, arguments)
        except (RedisError, OSError) as error:
            raise LimitsUnavailableError(str(error) or "no answer in time") from error

    def _digest(self, parts: Iterable[bytes]) -> str:
        digest = blake2b(key=self._secret, digest_size=16)
        for part in parts:
            digest.update(b"%d:%b" % (len(part), part))
        return digest.hexdigest()

    def _sealed(self, name: str, answer: Kept) -> bytes:
        head = orjson.dumps([answer.status, answer.headers])
        packed = zstandard.compress(head + b"\n" + answer.body, 1)
        return self._seal.close(packed, about=name)
