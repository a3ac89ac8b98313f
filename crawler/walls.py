"""Pages that stand where content should be: recognised by their marks, never worked around."""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import urlsplit

from crawler.errors import Reason


class Verdict(StrEnum):
    """What a response turned out to be; each is a counter."""

    SERVED = "served"
    WAF_CHALLENGE = "waf_challenge"
    CAPTCHA = "captcha"
    LOGIN_WALL = "login_wall"
    AGE_GATE = "age_gate"
    EMPTY_BODY = "empty_body"
    REGION_BLOCK = "region_block"
    UNAVAILABLE = "unavailable"
    ACCESS_DENIED = "access_denied"
    REFRESH = "refresh"
    SHELL = "shell"
    NOT_FOUND = "not_found"
    BLOCKED = "blocked"
    UPSTREAM_ERROR = "upstream_error"


_REASONS = {
    Verdict.SERVED: None,
    Verdict.WAF_CHALLENGE: Reason.CHALLENGE,
    Verdict.CAPTCHA: Reason.CAPTCHA,
    Verdict.LOGIN_WALL: Reason.LOGIN_REQUIRED,
    Verdict.AGE_GATE: Reason.LOGIN_REQUIRED,
    Verdict.EMPTY_BODY: Reason.UPSTREAM_BLOCKED,
    Verdict.REGION_BLOCK: Reason.REGION_BLOCKED,
    # Texts are localised and change: without a status code that agrees they prove nothing.
    Verdict.UNAVAILABLE: Reason.UPSTREAM_BLOCKED,
    Verdict.ACCESS_DENIED: Reason.UPSTREAM_BLOCKED,
    Verdict.REFRESH: Reason.UPSTREAM_BLOCKED,
    Verdict.SHELL: Reason.UPSTREAM_BLOCKED,
    Verdict.NOT_FOUND: Reason.NOT_FOUND,
    Verdict.BLOCKED: Reason.UPSTREAM_BLOCKED,
    Verdict.UPSTREAM_ERROR: Reason.UPSTREAM_ERROR,
}
BLOCKS = frozenset(
    {
        Verdict.WAF_CHALLENGE,
        Verdict.CAPTCHA,
        Verdict.LOGIN_WALL,
        Verdict.EMPTY_BODY,
        Verdict.UNAVAILABLE,
        Verdict.ACCESS_DENIED,
        Verdict.REFRESH,
        Verdict.SHELL,
        Verdict.BLOCKED,
    }
)
"""What says that TikTok dislikes an egress; a 5xx or a code about one post does not."""
SERVED = frozenset({Verdict.SERVED, Verdict.AGE_GATE})
"""What says that TikTok answers an egress."""
_CHALLENGE_LARGEST = 16 * 1024
_CHALLENGE = re.compile(
    rb"_wafchallengeid|waforiginalreid|waf-jschallenge|SlardarWAF|waf-aiso|Please wait\.\.\."
)
_CAPTCHA = re.compile(
    rb"captcha-verify|captcha_verify_container|id=[\"']?captcha_container|secsdk-captcha"
    rb"|tiktok-verify-ele|id=[\"']?captcha-config|Drag the slider to fit the puzzle"
    rb"|Verify to continue|Rotate the shapes|Click on the shapes with the same size"
)
_MARKS = (
    (Verdict.CAPTCHA, _CAPTCHA),
    (Verdict.LOGIN_WALL, re.compile(rb"Log in to TikTok")),
    (Verdict.AGE_GATE, re.compile(rb"may not be comfortable for some audiences")),
    (
        Verdict.REGION_BLOCK,
        re.compile(rb"isn(?:'|\xe2\x80\x99|&#x27;|&#39;)t available in your (?:country|region)"),
    ),
    (
        Verdict.UNAVAILABLE,
        re.compile(
            rb"Video currently unavailable|Couldn(?:'|\xe2\x80\x99)t find this account"
            rb"|This account is private|No content"
        ),
    ),
    (Verdict.REFRESH, re.compile(rb"Something went wrong|>\s*Refresh\s*<")),
)
_UNSEEN = re.compile(rb"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_LOGIN_PATH = re.compile(r"/login(?:/|$)")
_PROFILE_PATH = re.compile(r"/@[^/]+/*$")
_CLOSED_COUNTRY_PATH = re.compile(r"/[a-z]{2}/notfound(?:/|$)")


def verdict_of(body: bytes, *, status: int, url: str) -> Verdict:
    """What a response without data is.

    Only what a reader would see counts, beside the small challenge and captcha pages: the scripts
    of an ordinary page are full of captcha and login words.
    """
    path = _path(url)
    if _LOGIN_PATH.match(path):
        return Verdict.LOGIN_WALL
    if _CLOSED_COUNTRY_PATH.match(path):
        return Verdict.REGION_BLOCK
    if len(body) < _CHALLENGE_LARGEST:
        if _CHALLENGE.search(body):
            return Verdict.WAF_CHALLENGE
        if _CAPTCHA.search(body):
            return Verdict.CAPTCHA
        if b"Access Denied" in body and b"Reference" in body:
            return Verdict.ACCESS_DENIED
    return _verdict_of_status(status) or _verdict_of_sight(body)


def reason_at(url: str, verdict: Verdict) -> Reason | None:
    """What a verdict means for the target at this address."""
    if verdict is Verdict.NOT_FOUND and _PROFILE_PATH.match(_path(url)):
        return Reason.USER_NOT_FOUND
    return _REASONS[verdict]


def _verdict_of_status(status: int) -> Verdict | None:
    if status in {403, 429}:
        return Verdict.BLOCKED
    if status in {404, 410}:
        return Verdict.NOT_FOUND
    return Verdict.UPSTREAM_ERROR if status >= 500 else None


def _verdict_of_sight(body: bytes) -> Verdict:
    if not body.strip():
        return Verdict.EMPTY_BODY
    seen = _UNSEEN.sub(b"", body)
    return next((verdict for verdict, mark in _MARKS if mark.search(seen)), Verdict.SHELL)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
