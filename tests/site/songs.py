"""The music of synthetic posts: original sounds, songs, and sounds that were removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.site.people import person
from tests.site.renditions import signature

if TYPE_CHECKING:
    from random import Random

Json = dict[str, Any]

_SONGS = (
    ("Copper Moon", "The Late Trains", "Copper Moon"),
    ("Ночной рейс", "Vera K & Timur", ""),
    ("Sunday Bread", "Olu, Mina & The Ovens", "Crumbs"),
    ("雨の日のワルツ", "小川ひかり", "雨の日"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """A sound that posts use."""

    id: str
    title: str
    author: str
    album: str
    original: bool
    duration_s: int


def draw_song(rng: Random, *, username: str) -> Song:
    """Draw a sound: mostly the author's own, at times a song or one that was removed."""
    kind = rng.random()
    if kind < 0.5:
        return _original(rng, username=username)
    if kind < 0.55:
        return Song(id="0", title="", author="", album="", original=False, duration_s=0)
    number = rng.randrange(len(_SONGS))
    title, author, album = _SONGS[number]
    song_id = str(6_800_000_000_000_000_100 + number)
    return Song(id=song_id, title=title, author=author, album=album, original=False, duration_s=60)


def song(song_id: str) -> Song:
    """The sound of that id, for its own page."""
    title, author, album = _SONGS[int(song_id) % len(_SONGS)]
    return Song(id=song_id, title=title, author=author, album=album, original=False, duration_s=60)


def _original(rng: Random, *, username: str) -> Song:
    nickname = person(username).nickname
    return Song(
        id=str(rng.randrange(6_700_000_000_000_000_000, 7_400_000_000_000_000_000)),
        title=f"original sound - {nickname}",
        author=nickname,
        album="",
        original=True,
        duration_s=rng.randrange(5, 180),
    )


def song_json(one: Song, url: str) -> Json:
    """The ``music`` object of an item."""
    media = f"{url}/media/music/{one.id}"
    known = one.id != "0"
    return {
        "id": one.id,
        "title": one.title,
        "playUrl": f"{media}/sound.mp3?{signature()}&mime_type=audio_mpeg" if known else "",
        "coverLarge": f"{media}/large.jpeg",
        "coverMedium": f"{media}/medium.jpeg",
        "coverThumb": f"{media}/thumb.jpeg",
        "authorName": one.author,
        "original": one.original,
        "private": False,
        "duration": one.duration_s,
        "album": one.album,
        "scheduleSearchTime": 0,
        "collected": False,
        "preciseDuration": {"preciseDuration": one.duration_s + 0.25},
        "isCopyrighted": False,
        "tt2dsp": {"tt_to_dsp_song_infos": []},
    }
