from __future__ import annotations

import pytest

from crawler.errors import Reason
from crawler.walls import Verdict, reason_at, verdict_of

PADDING = b"<script>var texts = 'captcha-verify Log in to TikTok Please wait...';</script>" * 300
POST = "https://www.tiktok.com/@mia/video/7106594312292453675"


def page(body: str) -> bytes:
    return f"<html><head><title></title></head><body>{body}</body></html>".encode()


CHALLENGES = [
    page('Please wait...<div id="cs" class="x"></div>'),
    page("<p>Please wait...</p><p id=wci></p>"),
    page("<script>_wafchallengeid</script>"),
    page("<script>waforiginalreid</script>"),
    page("<script src=waf-jschallenge.js></script>"),
    page("<script>new SlardarWAF()</script>"),
    page("<script>waf-aiso</script>"),
]
CAPTCHAS = [
    page('<div id="x-captcha-verify-image"></div>'),
    page('<div class="captcha-verify-container"></div>'),
    page('<div class="captcha_verify_container"></div>'),
    page('<div id="captcha_container_1"></div>'),
    page('<div class="a secsdk-captcha-b"></div>'),
    page('<div id="tiktok-verify-ele"></div>'),
    page("Drag the slider to fit the puzzle"),
    page("Verify to continue:"),
    page("Rotate the shapes"),
    page("Click on the shapes with the same size"),
]
SEEN = [
    (page("<h1>Log in to TikTok</h1>"), Verdict.LOGIN_WALL),
    (page("may not be comfortable for some audiences"), Verdict.AGE_GATE),
    (page("This video isn't available in your country"), Verdict.REGION_BLOCK),
    (page("This video isn’t available in your region"), Verdict.REGION_BLOCK),
    (page("This video isn&#39;t available in your country or region"), Verdict.REGION_BLOCK),
    (page("Video currently unavailable"), Verdict.UNAVAILABLE),
    (page("Couldn't find this account"), Verdict.UNAVAILABLE),
    (page("This account is private"), Verdict.UNAVAILABLE),
    (page("No content"), Verdict.UNAVAILABLE),
    (page("<p>Something went wrong</p>"), Verdict.REFRESH),
    (page("<button> Refresh </button>"), Verdict.REFRESH),
    (page(""), Verdict.SHELL),
    (b"", Verdict.EMPTY_BODY),
    (b" \n", Verdict.EMPTY_BODY),
]


@pytest.mark.parametrize("body", CHALLENGES)
def test_a_challenge_is_recognised(body: bytes) -> None:
    assert verdict_of(body, status=200, url=POST) is Verdict.WAF_CHALLENGE


@pytest.mark.parametrize("body", CAPTCHAS)
@pytest.mark.parametrize("status", [200, 403])
def test_a_captcha_is_recognised(body: bytes, status: int) -> None:
    assert verdict_of(body, status=status, url=POST) is Verdict.CAPTCHA


@pytest.mark.parametrize(("body", "verdict"), SEEN)
def test_what_a_reader_sees_is_recognised(body: bytes, verdict: Verdict) -> None:
    assert verdict_of(body, status=200, url=POST) is verdict


@pytest.mark.parametrize(("body", "verdict"), SEEN[:12])
def test_it_is_recognised_amid_scripts_full_of_other_words(body: bytes, verdict: Verdict) -> None:
    large = body.replace(b"</body>", PADDING + b"</body>")
    assert verdict_of(large, status=200, url=POST) is verdict


def test_a_large_page_whose_scripts_were_cut_off_is_a_shell() -> None:
    cut = b"<html><body>" + PADDING + b"<script>captcha-verify Log in to TikTok"
    assert verdict_of(cut, status=200, url=POST) is Verdict.SHELL


def test_the_refusal_of_a_media_server_is_recognised() -> None:
    body = b"<HTML><TITLE>Access Denied</TITLE>Reference #18.5e6f</HTML>"
    assert verdict_of(body, status=403, url="https://v16.tiktok.com/a") is Verdict.ACCESS_DENIED


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (403, Verdict.BLOCKED),
        (429, Verdict.BLOCKED),
        (404, Verdict.NOT_FOUND),
        (410, Verdict.NOT_FOUND),
        (500, Verdict.UPSTREAM_ERROR),
        (503, Verdict.UPSTREAM_ERROR),
        (200, Verdict.SHELL),
    ],
)
def test_the_status_speaks_when_the_page_does_not(status: int, verdict: Verdict) -> None:
    assert verdict_of(page("oops"), status=status, url=POST) is verdict


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("/login", Verdict.LOGIN_WALL),
        ("/login/phone?redirect=x", Verdict.LOGIN_WALL),
        ("/loginless", Verdict.SHELL),
        ("/hk/notfound", Verdict.REGION_BLOCK),
        ("/@login", Verdict.SHELL),
    ],
)
def test_where_the_page_leads_speaks_first(path: str, verdict: Verdict) -> None:
    assert verdict_of(page(""), status=200, url=f"https://www.tiktok.com{path}") is verdict


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (Verdict.SERVED, None),
        (Verdict.WAF_CHALLENGE, Reason.CHALLENGE),
        (Verdict.CAPTCHA, Reason.CAPTCHA),
        (Verdict.LOGIN_WALL, Reason.LOGIN_REQUIRED),
        (Verdict.AGE_GATE, Reason.LOGIN_REQUIRED),
        (Verdict.EMPTY_BODY, Reason.UPSTREAM_BLOCKED),
        (Verdict.REGION_BLOCK, Reason.REGION_BLOCKED),
        (Verdict.UNAVAILABLE, Reason.UPSTREAM_BLOCKED),
        (Verdict.ACCESS_DENIED, Reason.UPSTREAM_BLOCKED),
        (Verdict.REFRESH, Reason.UPSTREAM_BLOCKED),
        (Verdict.SHELL, Reason.UPSTREAM_BLOCKED),
        (Verdict.NOT_FOUND, Reason.NOT_FOUND),
        (Verdict.BLOCKED, Reason.UPSTREAM_BLOCKED),
        (Verdict.UPSTREAM_ERROR, Reason.UPSTREAM_ERROR),
    ],
)
def test_a_verdict_means_a_reason(verdict: Verdict, reason: Reason | None) -> None:
    assert reason_at(POST, verdict) is reason


def test_a_missing_profile_is_a_missing_user() -> None:
    assert reason_at("https://www.tiktok.com/@mia", Verdict.NOT_FOUND) is Reason.USER_NOT_FOUND
    assert reason_at("http://[", Verdict.NOT_FOUND) is Reason.NOT_FOUND
