"""A connection to Redis for what every request does: the commands of many callers travel at once.

redis-py costs more processor time than all else that such a request does in Redis' name, and sends
a command again when its answer got lost, which a charge does not bear. Here a command is sent
once, the next one does not wait for its answer, and answers come back in the order of the commands.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from typing import TYPE_CHECKING, Any, Self, cast

import hiredis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.exceptions import (
    ConnectionError,  # noqa: A004 - so that callers catch one family
    NoScriptError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from services.tasks import ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.scripts import Script

logger = logging.getLogger(__name__)

Word = str | int | float | bytes

_FIRST_PAUSE_S = 0.02
_LAST_PAUSE_S = 0.5
_MANY = 24
"""With more answers owed than this, what one turn of the loop asks is written at its end: a write
costs more than the command in it. With fewer, whoever asks first would only wait."""


class Wire:
    """Commands to one server; an async context manager that keeps itself connected.

    While the server is away a call waits for it, and no call takes longer than ``timeout_s``.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._options: dict[str, Any] = dict(parse_url(url))
        self._timeout_s = timeout_s
        self._connection: _Connection | None = None
        self._is_connected = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep_connected(), name="wire to Redis")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeper is not None:
            await ended(self._keeper)

    async def call(self, *command: Word) -> Any:
        """The answer to a command, with text as ``bytes``.

        Raises:
            ResponseError: the server refuses the command.
            ConnectionError: no answer came; whether the command was done is not known.
        """
        connection = self._connection
        if connection is not None and connection.is_open:
            return await connection.send(command)
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = await self._connected()
                return await connection.send(command)
        except TimeoutError:
            raise ConnectionError("Redis is not reached") from None

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Word]) -> Any:
        """The answer of a script; a server that has forgotten it is told it again.

        Raises:
            ResponseError: the script has failed.
            ConnectionError: no answer came; whether the script ran is not known.
        """
        connection = self._connection
        command = ("EVALSHA", script.digest, len(keys), *keys, *arguments)
        try:
            if connection is not None and connection.is_open:
                return await connection.send(command)
            return await self.call(*command)
        except NoScriptError:
            return await self.call("EVAL", script.text, len(keys), *keys, *arguments)

    async def _connected(self) -> _Connection:
        while self._connection is None or not self._connection.is_open:
            self._is_connected.clear()
            await self._is_connected.wait()
        return self._connection

    async def _keep_connected(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                async with asyncio.timeout(self._timeout_s):
                    connection = await self._connect()
            except (RedisError, OSError) as error:
                if pause_s == _FIRST_PAUSE_S:
                    logger.warning("Redis is not reached: %s", error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LAST_PAUSE_S)
                continue
            pause_s = _FIRST_PAUSE_S
            await self._use(connection)

    async def _use(self, connection: _Connection) -> None:
        self._connection = connection
        self._is_connected.set()
        try:
            await connection.until_lost()
            logger.warning("the connection to Redis is lost")
        finally:
            self._connection = None
            connection.close()
            await connection.until_lost()

    async def _connect(self) -> _Connection:
        loop, options = asyncio.get_running_loop(), self._options
        connection = _Connection(self._timeout_s)
        if "path" in options:
            await loop.create_unix_connection(lambda: connection, options["path"])
        else:
            await loop.create_connection(
                lambda: connection,
                options.get("host", "localhost"),
                options.get("port", 6379),
                ssl=_tls(options),
            )
        try:
            await connection.greet(options)
        except BaseException:
            connection.close()
            raise
        return connection


class _Connection(asyncio.Protocol):
    """One connection: who waits is answered in the order of asking."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(replyError=_error)
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._unsent: list[bytes] = []
        self._watch: asyncio.TimerHandle | None = None
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    def send(self, command: tuple[Word, ...]) -> asyncio.Future[Any]:
        packed = hiredis.pack_command(command)  # type: ignore[arg-type] # it takes any length
        answer: asyncio.Future[Any] = self._loop.create_future()
        now = self._loop.time()
        self._waiting.append((now, answer))
        if self._watch is None:
            self._watch = self._loop.call_at(now + self._timeout_s, self._look_at_the_oldest)
        if self._unsent or len(self._waiting) > _MANY:
            self._write_later(packed)
        else:
            self._transport.write(packed)
        return answer

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._answer(reply)
        except (hiredis.HiredisError, IndexError):
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        while self._waiting:
            _, answer = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(ConnectionError("the connection to Redis is lost"))
        self._lost.set_result(None)

    async def greet(self, options: dict[str, Any]) -> None:
        """Say who we are, and make sure that the server has loaded its data."""
        if options.get("password"):
            await self.send(("AUTH", options.get("username") or "default", options["password"]))
        if options.get("db"):
            await self.send(("SELECT", options["db"]))
        await self.send(("PING",))

    async def until_lost(self) -> None:
        await asyncio.shield(self._lost)

    def close(self) -> None:
        self._transport.abort()

    def _write_later(self, packed: bytes) -> None:
        if not self._unsent:
            self._loop.call_soon(self._write)
        self._unsent.append(packed)

    def _write(self) -> None:
        self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def _answer(self, reply: Any) -> None:
        # Whoever stopped waiting keeps the place in the row: the answer is owed all the same.
        _, answer = self._waiting.popleft()
        if answer.done():
            return
        if not isinstance(reply, RedisError):
            answer.set_result(reply)
            return
        answer.set_exception(reply)
        if isinstance(reply, ReadOnlyError):
            # The primary has moved: its address is to be looked up anew.
            self._transport.abort()

    def _look_at_the_oldest(self) -> None:
        """Give the server up when it owes the oldest answer for too long: all others come after."""
        self._watch = None
        if not self._waiting:
            return
        due = self._waiting[0][0] + self._timeout_s
        if self._loop.time() >= due:
            self._transport.abort()
        else:
            self._watch = self._loop.call_at(due, self._look_at_the_oldest)


def _error(text: str) -> RedisError:
    for word, kind in (("NOSCRIPT", NoScriptError), ("READONLY", ReadOnlyError)):
        if text.startswith(word):
            return kind(text)
    return ResponseError(text)


def _tls(options: dict[str, Any]) -> ssl.SSLContext | None:
    """The same words in the address as redis-py reads, for ``rediss://`` only."""
    if options.get("connection_class") is not SSLConnection:
        return None
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    if options.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if options.get("ssl_certfile"):
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    return context
