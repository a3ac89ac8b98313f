from __future__ import annotations

import pytest

from api.subtitles import UnreadableError, convert

VTT = "WEBVTT\n\nNOTE a\n\n00:01.000 --> 00:02.500 align:start\n{A} <b>&amp;</b> b\n"
SRT = "1\n00:00:01,000 --> 00:00:02,500\n{A} & b --> c\n"
JSON = '{"utterances": [{"start_time": 3661001, "end_time": 3662000, "text": "a <b>\\n\\n & c"}]}'


def converted(text: str, given: str | None, wanted: str) -> str:
    return convert(text.encode(), given, wanted).decode()


@pytest.mark.parametrize(("text", "given", "form"), [(VTT, "webvtt", "vtt"), (SRT, "srt", "srt")])
def test_what_is_in_the_wanted_form_stays_as_it_is(text: str, given: str, form: str) -> None:
    assert converted(text, given, form) == text
    assert converted("\ufeff" + text, given, form) == text


def test_webvtt_becomes_srt_without_its_marks() -> None:
    assert converted(VTT, "webvtt", "srt").strip() == "1\n00:00:01,000 --> 00:00:02,500\n{A} & b"


def test_srt_becomes_webvtt_with_the_arrow_between_times_alone() -> None:
    body = converted(SRT, "srt", "vtt")
    assert body.startswith("WEBVTT\n\n")
    assert "00:00:01.000 --> 00:00:02.500\n{A} & b -> c" in body


def test_the_creators_json_becomes_both() -> None:
    times = "01:01:01{0}001 --> 01:01:02{0}000\n"
    assert times.format(".") + "a &lt;b&gt;\n&amp; c" in converted(JSON, "creator_caption", "vtt")
    assert times.format(",") + "a <b>\n& c" in converted(JSON, "creator_caption", "srt")


@pytest.mark.parametrize("given", [None, "new"])
@pytest.mark.parametrize("text", [VTT, SRT])
def test_a_kind_that_is_not_named_is_seen_in_the_text(given: str | None, text: str) -> None:
    assert "00:00:01,000" in converted(text, given, "srt")


@pytest.mark.parametrize("given", ["webvtt", "srt", "creator_caption", None])
@pytest.mark.parametrize(
    "text",
    [
        *("", "<HTML>Access Denied</HTML>", "[]", "{}", "null", '{"utterances": 5}'),
        '{"utterances": [{"text": "no times"}]}',
        '{"utterances": [{"text": "a", "start_time": "x", "end_time": null}]}',
        '{"utterances": [{"text": 5, "start_time": 1, "end_time": 2}]}',
    ],
)
def test_what_are_no_subtitles_is_refused(given: str | None, text: str) -> None:
    for wanted in ("vtt", "srt"):
        with pytest.raises(UnreadableError):
            convert(text.encode(), given, wanted)
