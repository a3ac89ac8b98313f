from __future__ import annotations

from time import time

import pytest
from yarl import URL

from api.links import Grant, LinkRefusedError, Links

ID = "7106594312292453675"
LINKS = Links(b"s" * 32, address="https://api.example.com")


def written(expires: int) -> URL:
    return URL(LINKS.write(ID, account="acc_1", expires=expires).decode())


def test_a_link_is_read_back_as_it_was_written() -> None:
    expires = int(time()) + 60
    link = written(expires)
    assert link.path == f"/api/v1/video/{ID}/stream"
    assert link.query["exp"] == str(expires)
    assert LINKS.read(ID, link.query) == Grant(video_id=ID, account="acc_1", expires=expires)


@pytest.mark.parametrize(
    "change", [{"exp": "99999999999"}, {"account": "acc_2"}, {"sig": "0" * 64}, {"sig": "é"}]
)
def test_a_changed_link_is_refused(change: dict[str, str]) -> None:
    query = {**written(int(time()) + 60).query, **change}
    with pytest.raises(LinkRefusedError, match="signature"):
        LINKS.read(ID, query)


def test_a_link_of_another_post_is_refused() -> None:
    with pytest.raises(LinkRefusedError, match="signature"):
        LINKS.read("7106594312292453676", written(int(time()) + 60).query)


def test_a_link_of_another_secret_is_refused() -> None:
    other = Links(b"t" * 32, address="https://api.example.com")
    with pytest.raises(LinkRefusedError, match="signature"):
        other.read(ID, written(int(time()) + 60).query)


def test_an_expired_link_is_refused() -> None:
    with pytest.raises(LinkRefusedError, match="expired"):
        LINKS.read(ID, written(int(time()) - 1).query)


def test_an_empty_query_is_refused() -> None:
    with pytest.raises(LinkRefusedError, match="signature"):
        LINKS.read(ID, {})
