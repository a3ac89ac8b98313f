"""Posts in recorded JSON, whatever lists and wrappers they stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.site.recorded import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]


def find_items(data: object) -> Iterator[tuple[str, Shape, Json]]:
    """Every post in ``data``: its id, its shape, and the record as it stands."""
    if isinstance(data, list):
        for part in data:
            yield from find_items(part)
    elif isinstance(data, dict):
        shape = _shape_of(data)
        if shape is not None:
            yield _id_of(data, shape), shape, data
            return
        for part in data.values():
            yield from find_items(part)


def _shape_of(data: Json) -> Shape | None:
    if _is_id(get(data, "itemInfos", "id")):
        return Shape.NESTED
    if _is_id(data.get("aweme_id")) and "author" in data and "cid" not in data:
        return Shape.AWEME
    if _is_id(data.get("id")) and ("createTime" in data or "desc" in data):
        has_media = isinstance(data.get("video"), dict) or "imagePost" in data
        has_counts = "author" in data and ("stats" in data or "statsV2" in data)
        return Shape.LIST if has_media or has_counts else None
    return None


def _id_of(data: Json, shape: Shape) -> str:
    if shape is Shape.NESTED:
        return str(data["itemInfos"]["id"])
    return str(data["aweme_id"] if shape is Shape.AWEME else data["id"])


def _is_id(value: object) -> bool:
    return str(value).isdigit()


def get(data: object, *names: str) -> Any:
    """What lies under those keys, one below the other; None when one is missing."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data
