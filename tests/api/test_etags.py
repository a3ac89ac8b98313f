from __future__ import annotations

from dataclasses import replace
from time import time
from typing import TYPE_CHECKING

import pytest

from api.answers import Entry
from api.etags import known_tag, tag
from pipelines.documents.video import Image, Media, Music, Statistics
from pipelines.publish import fields_of
from tests.api.conftest import a_video

if TYPE_CHECKING:
    from pipelines.documents.video import Video

FAR = int(time()) + 3600


def entry_of(video: Video, field: str = "answer") -> Entry:
    fields = fields_of(video)
    return Entry(fields[field].encode(), fields["media"].encode())


def is_known(video: Video, again: Video, *, link_end: int = FAR) -> bool:
    return known_tag(entry_of(again), tag(entry_of(video), link_end=link_end)) is not None


def test_a_post_that_says_the_same_keeps_its_tag_though_its_addresses_are_new() -> None:
    def seen(mark: str) -> Video:
        video = a_video(
            thumbnail=f"https://example.com/{mark}.jpeg",
            music=Music(id="1", url=f"https://example.com/{mark}.mp3"),
            images=[Image(url=f"https://example.com/{mark}.jpeg", width=1)],
        )
        video.media = Media(url=f"https://example.com/{mark}.mp4")
        video.author.avatar = f"https://example.com/{mark}.png"
        return video

    assert tag(entry_of(seen("a")), link_end=FAR) == tag(entry_of(seen("b")), link_end=FAR)
    assert is_known(seen("a"), seen("b"))


@pytest.mark.parametrize(
    "changed",
    [
        a_video(statistics=Statistics(views=8)),
        a_video(description="Another caption"),
        a_video(thumbnail="https://example.com/a.jpeg"),
        replace(a_video(), media=None),
    ],
    ids=["views", "caption", "a thumbnail where there was none", "no file"],
)
def test_a_post_that_says_something_else_has_another_tag(changed: Video) -> None:
    assert not is_known(a_video(), changed)
    assert is_known(changed, changed)


def test_another_wish_has_another_tag() -> None:
    plain, country = entry_of(a_video()), entry_of(a_video(), "answer_country")

    assert known_tag(country, tag(plain, link_end=FAR)) is None


def test_an_answer_whose_link_has_ended_is_not_held_to_be_good() -> None:
    assert not is_known(a_video(), a_video(), link_end=int(time()) + 5)


def test_an_answer_without_a_link_stays_good() -> None:
    photos = replace(a_video(), type="photo", media=None)

    assert is_known(photos, photos, link_end=0)


@pytest.mark.parametrize(
    "named",
    ["", "*", '"x"', 'W/"0000000000000000-0"', '"' * 50, "W/" * 9, "\u00e9", '"-ff"'],
)
def test_what_is_no_tag_of_ours_is_not_known(named: str) -> None:
    assert known_tag(entry_of(a_video()), named) is None


def test_one_of_several_tags_is_found() -> None:
    entry = entry_of(a_video())
    own = tag(entry, link_end=FAR)

    assert known_tag(entry, f'"other", {own}, W/"more"') == own
    assert known_tag(entry, own.removeprefix("W/")) == own
