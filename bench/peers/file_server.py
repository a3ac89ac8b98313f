"""Where media come from: files of any length, as fast as the kernel takes them.

``python -m bench.peers.file_server PORT``; ``GET /8000000.mp4`` has that many bytes.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import cast

import uvloop

_LENGTH = re.compile(rb"GET /(\d+)\.mp4")
_CHUNK = memoryview(bytes(range(256)) * 1024)


class Files(asyncio.Protocol):
    """One connection; it answers one request after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._head = b""
        self._left = 0
        self._is_full = False

    def data_received(self, data: bytes) -> None:
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if end:
            self._head = rest
            found = _LENGTH.match(head)
            assert found
            self._left = int(found[1])
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\n\r\n"
                % self._left
            )
            self._send()

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._send()

    def _send(self) -> None:
        while self._left and not self._is_full:
            chunk = _CHUNK[: self._left]
            self._left -= len(chunk)
            self._transport.write(chunk)


async def serve() -> None:
    """Serve until SIGTERM."""
    server = await asyncio.get_running_loop().create_server(Files, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
