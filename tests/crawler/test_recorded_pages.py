from __future__ import annotations

import pytest

from crawler.errors import Reason
from crawler.items import Layout
from crawler.page import read_page
from crawler.walls import Verdict
from tests.pipelines.recorded import FOLDER

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no recorded responses in {FOLDER}")

SERVED, SHELL = Verdict.SERVED, Verdict.SHELL
POSTS = {
    "video-page/universal-video-embongdaily.html": ("7524919459643919624", Layout.DESKTOP),
    "video-page/reflow-photo-mu33.html": ("7610426235671350549", Layout.REFLOW),
}


@pytest.mark.parametrize(
    ("file", "verdict", "reason"),
    [
        ("blocked/security-check-captcha.html", Verdict.CAPTCHA, Reason.CAPTCHA),
        ("blocked/waf-please-wait-2026-03.html", Verdict.WAF_CHALLENGE, Reason.CHALLENGE),
        ("blocked/video-10204-deleted.html", SERVED, Reason.VIDEO_DELETED),
        (
            "hashtag-page/universal-tag-shell-tiktokmademebuyit.html",
            Verdict.REFRESH,
            Reason.UPSTREAM_BLOCKED,
        ),
        ("user-page/universal-user-alcaldiasa.html", SERVED, None),
        ("user-page/universal-user-rapvietvevo.html", SERVED, None),
        ("user-page/universal-user-small-korean.html", SERVED, None),
        ("user-page/sigi-user-dylanlemay.html", SERVED, None),
        *((file, SERVED, None) for file in POSTS),
    ],
)
def test_a_recorded_page_has_its_verdict(
    file: str, verdict: Verdict, reason: Reason | None
) -> None:
    page = read_page((FOLDER / file).read_bytes())
    assert (page.verdict, page.reason) == (verdict, reason)


@pytest.mark.parametrize("file", POSTS)
def test_a_recorded_post_is_found_in_its_layout_and_in_no_page_of_another(file: str) -> None:
    video_id, layout = POSTS[file]
    body = (FOLDER / file).read_bytes()
    page = read_page(body, video_id=video_id)
    assert page.item is not None
    assert (page.item["id"], page.layout) == (video_id, layout)
    assert read_page(body, video_id="7300000000000000001").reason is Reason.VIDEO_UNAVAILABLE


def test_the_page_of_a_photo_post_without_its_data_names_the_address_that_has_it() -> None:
    state = (FOLDER / "blocked/universal-without-detail-scope.json").read_text()
    element = f'<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__">{state}</script>'
    page = read_page(f"<html><body>{element}</body></html>".encode())
    assert (page.verdict, page.reason) == (SHELL, Reason.UPSTREAM_BLOCKED)
    assert page.canonical is not None
    assert "/photo/" in page.canonical


def test_the_earlier_profile_lists_its_thirty_posts() -> None:
    page = read_page((FOLDER / "user-page/sigi-user-dylanlemay.html").read_bytes())
    assert (len(page.items), page.layout) == (30, Layout.SIGI)


@pytest.mark.parametrize("file", POSTS)
def test_a_recorded_page_cut_off_anywhere_is_never_a_missing_post(file: str) -> None:
    body = (FOLDER / file).read_bytes()
    for part in range(1, 20):
        page = read_page(body[: len(body) * part // 20])
        assert page.item is not None or page.reason is Reason.UPSTREAM_BLOCKED
