from __future__ import annotations

import socket
from typing import Any

import pytest

from crawler.hosts import GuardedResolver, HostRefusedError, Hosts


@pytest.mark.parametrize(
    "inwards", ["64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "127.0.0.1", "224.0.0.1"]
)
async def test_a_name_that_leads_inwards_has_no_media(
    inwards: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(_host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        family = socket.AF_INET6 if ":" in inwards else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (inwards, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(HostRefusedError):
        await GuardedResolver(Hosts([".tiktokcdn.com"])).resolve("v16.tiktokcdn.com", 443)
