from __future__ import annotations

from typing import Any

import pytest

from pipelines.media import choose, read_renditions

V16 = "https://v16.example/"
PAGE = "https://www.tiktok.com/aweme/v1/play/?video_id="


def rendition(name: str, codec: str = "h264", **changes: Any) -> dict[str, Any]:
    file = {"UrlList": [V16 + name], "Width": 576, "Height": 1024, "DataSize": "9"}
    return {
        "CodecType": codec,
        "Bitrate": 500,
        "PlayAddr": file | changes.pop("file", {}),
        **changes,
    }


def chosen(*renditions: dict[str, Any], **video: Any) -> str | None:
    file = {"bitrateInfo": list(renditions), **video}
    media = choose(file, read_renditions(file))
    return media.url if media else None


def test_h264_of_the_largest_short_side_wins_over_more_bits() -> None:
    large = rendition("large", Bitrate=400, file={"Width": 1280, "Height": 720})
    assert chosen(rendition("small", Bitrate=900), large) == V16 + "large"


def test_of_equal_size_the_one_of_most_bits_wins() -> None:
    assert chosen(rendition("few", Bitrate=100), rendition("many", Bitrate=900)) == V16 + "many"


def test_a_larger_h265_does_not_win_over_h264() -> None:
    large = rendition("large", "h265_hvc1", file={"Width": 1080, "Height": 1920})
    assert chosen(large, rendition("small")) == V16 + "small"


def test_the_clean_address_is_taken_before_h265() -> None:
    h265 = rendition("h265", "h265_hvc1")
    assert chosen(h265, playAddr=V16 + "clean") == V16 + "clean"
    assert chosen(h265, downloadAddr=V16 + "marked") == V16 + "h265"


@pytest.mark.parametrize(
    "undecodable",
    [rendition("h266", "bytevc2"), rendition("h266", "h264", file={"UrlKey": "v09_bytevc2_720p"})],
)
def test_what_no_player_decodes_is_never_chosen(undecodable: dict[str, Any]) -> None:
    assert chosen(undecodable) is None
    assert chosen(undecodable, playAddr=V16 + "clean") == V16 + "clean"
    assert chosen(playAddr=V16 + "clean", codecType="bytevc2") is None


def test_paths_without_sound_are_never_chosen() -> None:
    soundless = V16 + "media-video-hvc1/a"
    mixed = rendition("a", file={"UrlList": [soundless, V16 + "b"]})
    assert chosen(mixed) == V16 + "b"
    assert chosen(rendition("a", file={"UrlList": [soundless]}), playAddr=soundless) is None


def test_the_page_s_own_host_is_the_last_of_the_clean_ones() -> None:
    both = rendition("a", file={"UrlList": [PAGE + "a", V16 + "a"]})
    only = rendition("b", Bitrate=900, file={"UrlList": [PAGE + "b"]})
    assert chosen(both, only) == V16 + "a"
    assert chosen(only, playAddr=V16 + "clean") == V16 + "clean"
    assert chosen(only, downloadAddr=V16 + "marked") == PAGE + "b"


def test_a_watermarked_file_is_taken_only_when_there_is_nothing_else_and_says_so() -> None:
    media = choose({"downloadAddr": V16 + "marked", "playAddr": ""}, [])
    assert media is not None
    assert (media.url, media.watermark) == (V16 + "marked", True)
    clean = choose({"downloadAddr": V16 + "marked", "playAddr": V16 + "clean"}, [])
    assert clean is not None
    assert (clean.url, clean.watermark) == (V16 + "clean", False)


@pytest.mark.parametrize(
    "address",
    [
        [{"src": ""}, {"src": V16 + "clean"}],
        ["", V16 + "clean"],
        {"UrlList": [V16 + "clean"]},
        "//v16.example/clean",
    ],
)
def test_the_clean_address_is_read_in_every_shape(address: object) -> None:
    assert chosen(playAddr=address) == V16 + "clean"


def test_the_newer_structure_stands_in_for_an_empty_address() -> None:
    assert chosen(playAddr="", PlayAddrStruct={"UrlList": [V16 + "clean"]}) == V16 + "clean"


@pytest.mark.parametrize("video", [{}, {"playAddr": ""}, {"bitrateInfo": None}, {"playAddr": 5}])
def test_a_post_without_a_file_has_no_media(video: dict[str, Any]) -> None:
    assert choose(video, read_renditions(video)) is None


@pytest.mark.parametrize(
    ("codec_type", "url_key", "codec"),
    [
        ("h264", None, "h264"),
        ("h265_hvc1", None, "h265"),
        (None, "v09_bytevc1_720p_1", "h265"),
        (None, "v09_h264_720p_1", "h264"),
        ("bytevc2", None, "bytevc2"),
        (None, None, None),
    ],
)
def test_the_codec_is_read_from_its_name_or_from_the_key(
    codec_type: str | None, url_key: str | None, codec: str | None
) -> None:
    info = {"CodecType": codec_type, "PlayAddr": {"UrlKey": url_key}}
    assert read_renditions({"bitrateInfo": [info]})[0].codec == codec


def test_a_single_rendition_may_come_without_its_list() -> None:
    [only] = read_renditions({"bitrateInfo": rendition("a")})
    assert (only.width, only.height, only.size, only.urls) == (576, 1024, 9, [V16 + "a"])
