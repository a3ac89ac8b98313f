"""What TikTok's status codes and messages mean: one table of each.

The message tells more than the code: 10204 alone stands for deleted, self-only, geo-fenced and
cross-border posts. The meanings are those that yt-dlp, gallery-dl, pytok and TikTok-Api have met.
"""

from __future__ import annotations

from crawler.errors import Reason

_MESSAGES = (
    ("status_deleted", Reason.VIDEO_DELETED),
    ("status_self_see", Reason.VIDEO_PRIVATE),
    ("status_friend_see", Reason.VIDEO_PRIVATE),
    ("author_secret", Reason.VIDEO_PRIVATE),
    ("status_reviewing", Reason.VIDEO_UNAVAILABLE),
    ("status_audit_not_pass", Reason.VIDEO_UNAVAILABLE),
    ("content_classification", Reason.LOGIN_REQUIRED),
    ("cross_border_violation", Reason.REGION_BLOCKED),
    ("person_geo_fencing", Reason.REGION_BLOCKED),
    ("copyright_geo_filter", Reason.REGION_BLOCKED),
)
_CODES = {
    -1: Reason.UPSTREAM_BLOCKED,
    4: Reason.UPSTREAM_ERROR,
    10000: Reason.CAPTCHA,
    10101: Reason.LOGIN_REQUIRED,
    10102: Reason.LOGIN_REQUIRED,
    10110: Reason.CAPTCHA,
    10201: Reason.UPSTREAM_ERROR,
    10202: Reason.NOT_FOUND,
    10203: Reason.NOT_FOUND,
    10204: Reason.VIDEO_UNAVAILABLE,
    10215: Reason.VIDEO_UNAVAILABLE,
    10216: Reason.VIDEO_PRIVATE,
    10221: Reason.USER_NOT_FOUND,
    10222: Reason.ACCOUNT_PRIVATE,
    10231: Reason.REGION_BLOCKED,
    100002: Reason.USER_NOT_FOUND,
    100004: Reason.UPSTREAM_ERROR,
    209002: Reason.LOGIN_REQUIRED,
    3002060: Reason.HIDDEN_BY_OWNER,
}
_UNAVAILABLE = range(10200, 10300)
"""Codes of this family that nobody has explained say that the post cannot be had."""


def reason_of(code: int, message: str) -> Reason | None:
    """Why there is no content, or None when neither the message nor the code says so."""
    for part in message.split("&"):
        for words, reason in _MESSAGES:
            if words in part:
                return reason
    if code == 0:
        return None
    if code in _CODES:
        return _CODES[code]
    return Reason.VIDEO_UNAVAILABLE if code in _UNAVAILABLE else Reason.UPSTREAM_ERROR


def read_status(payload: dict[str, object]) -> tuple[int, str]:
    """The code and message of a payload, under any of their names; 0 and ``""`` when missing.

    Both spellings can stand in one payload with different codes: the larger one counts.
    """
    codes = [_to_code(payload.get(name)) for name in ("statusCode", "status_code", "code")]
    messages = (
        payload.get(name) for name in ("statusMsg", "status_msg", "statusMessage", "message")
    )
    code = max(codes, key=lambda code: (abs(code) > 0, code))
    return code, next((text for text in messages if isinstance(text, str) and text), "")


def _to_code(value: object) -> int:
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 20:
        return int(value)
    return 0
