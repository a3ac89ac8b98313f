"""Reading single values out of what TikTok sends: total functions, None for what is no such value.

The same key comes as a number on one page and as a string on the next, empty, or not at all.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_LARGEST = 2**63 - 1
_NO_IDS = frozenset({"", "0"})
_LATEST_SECONDS = 4102444800
_EXPIRY_KEYS = ("expire", "x-expires")
_EXPIRY_PATH = re.compile(r"/[0-9a-f]{32}/([0-9a-f]{8})/")


def as_dict(value: object) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The list; a single object stands for a list of one."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []


def dicts(value: object) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [one for one in as_list(value) if isinstance(one, dict)]


def to_int(value: object) -> int | None:
    """A number that cannot be negative, such as a counter, from any of its spellings."""
    if isinstance(value, str):
        text = value.strip()
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            return None
        value = int(text)
    elif isinstance(value, float):
        if not value.is_integer():
            return None
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        return None
    return value


def to_float(value: object) -> float | None:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e15 else None


def to_bool(value: object) -> bool | None:
    """True and false, also as the numbers that some layouts use."""
    if isinstance(value, bool):
        return value
    return bool(value) if isinstance(value, int) and value in {0, 1} else None


def to_text(value: object) -> str | None:
    """A text with something in it."""
    return to_utf8(value) if isinstance(value, str) and value.strip() else None


def to_id(value: object) -> str | None:
    """An id as a string; TikTok writes none as 0."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    if isinstance(value, str) and value not in _NO_IDS:
        return to_utf8(value)
    return None


def to_url(value: object) -> str | None:
    """An http(s) address; those without a scheme get https."""
    if not isinstance(value, str):
        return None
    address = to_utf8(value.strip().replace("\\u0026", "&"))
    if address.startswith("//"):
        return f"https:{address}"
    return address if address.startswith(("https://", "http://")) else None


def first_url(*values: object) -> str | None:
    """The first of several values that is an address, or holds a list of addresses."""
    for value in values:
        held = value
        if isinstance(value, dict):
            held = value.get("urlList") or value.get("url_list") or value.get("UrlList")
        for one in held if isinstance(held, list) else (held,):
            if address := to_url(one):
                return address
    return None


def to_time(value: object) -> datetime | None:
    """A moment from Unix seconds, written as a number or as a string."""
    seconds = to_int(value)
    if seconds is None or not 0 < seconds < _LATEST_SECONDS:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def expiry_of(address: str | None) -> datetime | None:
    """When a signed address stops working, as far as it says so itself.

    ``expire`` or ``x-expires`` in the query; in the older form hexadecimal seconds in the path.
    """
    if address is None:
        return None
    try:
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query, max_num_fields=200))
    except ValueError:
        return None
    for key in _EXPIRY_KEYS:
        if moment := to_time(query.get(key)):
            return moment
    found = _EXPIRY_PATH.search(parts.path)
    return to_time(int(found[1], 16)) if found else None


def to_utf8(text: str) -> str:
    """The text without lone surrogates, which no database takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
