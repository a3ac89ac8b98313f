"""Where a post is from, and in which languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.documents.video import Place
from pipelines.values import as_dict, to_id, to_text

if TYPE_CHECKING:
    from pipelines.documents.video import Video

_UNKNOWN_LANGUAGES = frozenset({"un", "und"})


def add_place(video: Video, item: dict[str, Any]) -> None:
    """Add country, region, place and languages; what the page says of its viewer is no source."""
    video.country = _country(item.get("locationCreated"))
    video.place = _place(as_dict(item.get("poi")))
    video.region = video.author.region or (video.place.province if video.place else None)
    video.language = language_of(item.get("textLanguage"))
    spoken = as_dict(as_dict(item.get("video")).get("claInfo")).get("originalLanguageInfo")
    video.spoken_language = language_of(as_dict(spoken).get("languageCode"))


def _country(value: object) -> str | None:
    country = to_text(value)
    is_code = country is not None and len(country) == 2 and country.isascii() and country.isalpha()
    return country.upper() if country and is_code else None


def _place(poi: dict[str, Any]) -> Place | None:
    if not poi:
        return None
    return Place(
        id=to_id(poi.get("id")),
        name=to_text(poi.get("name")),
        address=to_text(poi.get("address")),
        city=to_text(poi.get("city")),
        province=to_text(poi.get("province")),
        country=to_text(poi.get("country")),
        country_geoname=to_id(poi.get("countryCode")),
        category=to_text(poi.get("category")),
    )


def language_of(value: object) -> str | None:
    """A language, unless TikTok says that it knows none."""
    language = to_text(value)
    return None if language in _UNKNOWN_LANGUAGES else language
